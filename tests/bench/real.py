"""`make bench-real`: where the model stands on real order files, beside its baselines and beside an earlier checkout.

The files are not part of the project (their owners gave no licence): name the folder they lie in. Each shop is imported and
trained by the project's own commands in an installation of its own; what was told before the cut trains, what was told
after it tests, and the reporting delay lies between. `--against` runs the same commands of another checkout, on the same
rows. Prints a table, writes dated JSON, and with `--write` docs/real-files.md. Nothing is asserted.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.console import table
from tests.bench.journey import RTO, rto

PAGE = Path(__file__).parents[2] / "docs" / "real-files.md"
HEADERS = ("file", "test orders", "RTO", "model", "AUC", "log loss", "95 %", "log loss, model less this one, 95 %")


HEAD = """# On real files

Three shops' order files that others published. They are thin: a few hundred returns, no phone, no address, mostly no moment
at which an outcome was told. What they can show is that nothing is made of nothing: AUC and log loss beside the
constant and the logistic regression on the same rows, past trains, future tests, the reporting delay lies between.
Nothing was tuned on the test orders; plans choose their shape on orders before the cut.

What counts as come back:

{labels}

Written by `make bench-real ARGS="FOLDER --against CHECKOUT --write"` on {date}; *before* is the same training by the commit in
which the training lab began, on the same rows. The last column is paired: below 0 the model is the better one.

"""


@dataclass(frozen=True, slots=True)
class File:
    """A real export, the mapping that reads it, and what its label is."""

    name: str
    file: str
    mapping: str
    label: str
    skip_bad_rows: bool = False


FILES = (
    File("Amazon.in", "amazon_in_orders_2022.csv.gz", "amazon-in", "returned, returning or rejected"),
    File("Indonesia", "indonesia_shop_orders_2023_2025.csv.gz", "indonesia-marketplace", "delivery failed", True),
    File("UCI", "uci_online_retail_2010_2011.parquet", "uci-online-retail", "proxy: credited within 30 days", True),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.real", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the real files")
    parser.add_argument("--against", type=Path, help="an earlier checkout, with its environment made")
    parser.add_argument("--show", dest="shown", type=Path, help="measure nothing: show a JSON written before")
    parser.add_argument("--write", action="store_true", help="refresh docs/real-files.md")
    asked = parser.parse_args()
    found = json.loads(asked.shown.read_text()) if asked.shown else _fresh(asked.data, asked.against)
    rows = cells(found["files"])
    if not rows:
        raise SystemExit(f"none of {', '.join(one.file for one in FILES)} lies in {asked.data}")
    table(HEADERS, rows)
    if asked.write:
        PAGE.write_text(page(found["at"], rows), encoding="utf-8")


def _fresh(data: Path, against: Path | None) -> dict[str, Any]:
    found = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "files": measured(data, against)}
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    name = datetime.now(UTC).strftime("real-%Y-%m-%dT%H%M%S.json")
    (results / name).write_text(json.dumps(found, indent=1) + "\n")
    return found


def measured(folder: Path, against: Path | None) -> list[dict[str, Any]]:
    """What training says of each file that is there, now and by the other checkout."""
    ways = {"now": RTO} | ({"before": against / ".venv" / "bin" / "rto"} if against else {})
    return [
        {"name": one.name, "label": one.label}
        | {way: _trained(folder / one.file, one, command) for way, command in ways.items()}
        for one in FILES
        if (folder / one.file).is_file() or print(f"  {one.file} is not there", file=sys.stderr)
    ]


def _trained(file: Path, one: File, command: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        skip = ["--skip-bad-rows"] if one.skip_bad_rows else []
        rto(Path(home), "import", str(file), "--mapping", one.mapping, *skip, command=command)
        told = rto(Path(home), "train", command=command).answer
    return {"counts": told["counts"], "shape": told["shape"], "scopes": told["scopes"]}


def cells(files: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Rows of the table: the baselines beside the model, then the model before."""
    rows: list[tuple[str, ...]] = []
    for file in files:
        for name in ("constant", "logistic regression", "model"):
            rows.append(_row(file, "now", name, name))
        if "before" in file:
            rows.append(_row(file, "before", "model", "model before"))
    return rows


def _row(file: dict[str, Any], way: str, name: str, called: str) -> tuple[str, ...]:
    scope = file[way]["scopes"][0]
    found, paired = scope["metrics"][name], scope["against"].get(name, {})
    cell = (
        file["name"],
        f"{found['n']:,}",
        f"{found['positives']:,}",
        called,
        f"{found['auc']:.4f}",
        f"{found['log_loss']:.4f}",
    )
    if name == "model":
        return *cell, f"AUC {scope['auc'][0]:.3f} to {scope['auc'][1]:.3f}", ""
    low, high = paired["log_loss"][1:]
    return *cell, "", f"{low:+.4f} to {high:+.4f}"


def page(at: str, rows: list[tuple[str, ...]]) -> str:
    """The whole page."""
    lines = ["| " + " | ".join(line) + " |" for line in (HEADERS, ("---",) * len(HEADERS), *rows)]
    labels = "\n".join(f"- **{one.name}**: {one.label}." for one in FILES)
    return HEAD.format(date=at[:10], labels=labels) + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
