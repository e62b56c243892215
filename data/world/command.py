"""The command `simulate`: make a made-up market, or judge one."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data.console import emit, fields, note, progress, table
from data.errors import CheckFailed, UsageError
from data.options import JSON, moment

if TYPE_CHECKING:
    from data.world.marginal import Marginal
    from data.world.presets import Preset


@click.command("simulate", epilog="Example: rto simulate --preset network --orders 500000 --seed 7 --out market")
@click.option("--preset", default="demo", show_default=True, help="Which made-up market: demo, merchant or network.")
@click.option("--orders", type=int, help="How many orders; default: the preset's own number.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same bytes.")
@click.option("--until", default="2026-06-30", show_default=True, help="Last day of the market (ISO date, UTC).")
@click.option("--shift", help="For monitors: no drift of its own, and one shift: none, concept or mix.")
@click.option("--shift-at", default=0.7, show_default=True, help="With --shift: at this share of the period.")
@click.option(
    "--logging", help="How the shops acted: none, pincode_rule, value_rule or old_model; default: as the preset."
)
@click.option("--explore", type=float, help="Share of cash orders handled by a gentle action at random.")
@click.option("--out", type=click.Path(path_type=Path), help="An empty or new folder; not needed with --check.")
@click.option(
    "--oracle",
    type=click.Path(path_type=Path),
    help="Also write what the best possible model would say of each order, for rto backtest --beside FILE",
)
@click.option("--check", is_flag=True, help="Judge the market: every marginal with its band, source and verdict.")
@JSON
def simulate_command(
    preset: str,
    orders: int | None,
    seed: int,
    until: str,
    shift: str | None,
    shift_at: float,
    logging: str | None,
    explore: float | None,
    out: Path | None,
    oracle: Path | None,
    check: bool,
    as_json: bool,
) -> None:
    """Make a made-up market with known truth, in the native contract.

    Good figures here are not figures on anyone's shop: docs/world.md says what is modelled and what is left out.
    """
    from data.world.policies import acting
    from data.world.presets import preset_named
    from data.world.shifts import shifted
    from data.world.simulate import check_plan

    if out is None and oracle is None and not check:
        raise UsageError(
            "CLI008",
            "--out",
            got="nothing",
            expected="--out FOLDER, --oracle FILE or --check",
            to_do="say where the market goes, or ask with --check whether it looks like one",
        )
    changes = {"--shift": shift, "--logging": logging, "--explore": explore}
    if check and (changed := [name for name, value in changes.items() if value is not None]):
        to_do = "judge the preset as it is, or make the market without judging it: bands are for presets"
        raise UsageError("CLI008", changed[0], got="--check", expected="one of them", to_do=to_do)
    plan, end = preset_named(preset), moment(until, "--until")
    assert end is not None, "the option has a default"
    plan = acting(plan if shift is None else shifted(plan, shift, shift_at), logging, explore)
    orders = plan.n_orders if orders is None else orders
    check_plan(plan, orders, seed, end)
    result, figures = _run(plan, (orders, seed, end), (out, oracle), check)
    note("made up: not a figure of anyone's shop")
    emit(result, as_json, lambda r: _show(r, figures))
    _judge(preset, figures)


def _judge(preset: str, figures: list["Marginal"]) -> None:
    """Raises CheckFailed W005 for figures outside their bands; says how many a market of this size cannot settle."""
    from data.world.marginal import USUAL_SIZE

    if small := sum(not figure.judged for figure in figures):
        note(f"too few orders to judge {small} of {len(figures)} marginals; {USUAL_SIZE:,} are enough")
    if missed := [figure.name for figure in figures if figure.judged and not figure.in_band]:
        expected, to_do = "every marginal in its band", "see docs/world.md: one market in a hundred may have one out"
        raise CheckFailed("W005", preset, got="; ".join(missed), expected=expected, to_do=to_do)


def _run(
    plan: "Preset", size: tuple[int, int, int], to: tuple[Path | None, Path | None], check: bool
) -> tuple[dict[str, Any], list["Marginal"]]:
    from contextlib import nullcontext

    from data.world.frozen import parameters_digest
    from data.world.marginals import marginals
    from data.world.oracle_file import write_oracle
    from data.world.simulate import simulate
    from data.world.write import new_folder, write_files

    (orders, seed, end), (out, oracle) = size, to
    with nullcontext() if out is None else new_folder(out, note) as folder, progress() as tell:
        world = simulate(plan, orders, seed, end, lambda done, total: tell("simulate", done, total + 2))
        if folder is not None:
            tell("write", 7, 8)
            write_files(world, folder)
        if oracle is not None:
            tell("ask the oracle", 7, 8)
            write_oracle(world, oracle)
        figures = marginals(world) if check else []
    result: dict[str, Any] = {"preset": plan.name, "orders": orders, "seed": seed, "parameters": parameters_digest()}
    if out is not None:
        result |= {"out": str(out)} | {path.name: _digest(path) for path in sorted(out.glob("*.parquet"))}
    if oracle is not None:
        result |= {"oracle": str(oracle)}
    return result | ({"marginals": [_row(figure) for figure in figures]} if check else {}), figures


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _row(figure: "Marginal") -> dict[str, Any]:
    value = figure.value if figure.value == figure.value else None  # JSON knows no NaN
    bounds = {"least": figure.least, "most": figure.most, "source": figure.source}
    in_band = figure.in_band if figure.judged else None
    return {"name": figure.name, "value": value, **bounds, "in_band": in_band}


def _show(result: dict[str, Any], figures: list["Marginal"]) -> None:
    fields([(name, value) for name, value in result.items() if name != "marginals"])
    if figures:
        headers = ("marginal", "value", "least", "most", "verdict", "source")
        rows = [(f.name, f"{f.value:.4f}", f"{f.least:.4f}", f"{f.most:.4f}", f.verdict, f.source) for f in figures]
        table(headers, rows)
