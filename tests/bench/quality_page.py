"""docs/quality.md: the latest goal table, everybody beside the model, and the model slice by slice."""

from collections.abc import Sequence
from typing import Any

from tests.bench.quality_table import METRICS, goals, models, slices
from training.commands import shape_in_words

HEAD = """# How good is the model?

On a made-up market the best that anybody could say of an order, from what the shops were told by then, is known: the
**observable oracle**. It is given the market's true parameters and who is who, and no model of the log alone can beat it
but by luck. So the distance to it is what the model could still learn; what remains is chance.

> Made up: these are nobody's figures. Good ones here say that what can be read from a log like this is read.

Written by `make bench-quality ARGS="--write"` on {date}: preset `{preset}` (parameters `{digest}`), {orders:,} orders,
seed {seed}, {origins} origins {span} days apart, each judged on the {span} days after it and for calibration on {weekly} days, the calibrator
refreshed every week. Each origin learned from what was known by then alone. Cash orders only; every figure is the mean of
the origins, with a 95 % interval in which orders of one buyer, and of one day, count as dependent.
"""
FLOOR = """
The floor of the ECE is what chance alone makes of a perfectly calibrated model on as many orders in the same bins. Chance
only ever adds to an ECE, so its interval lies mostly below what was measured. Better than the logistic regression is the
model if the worse end of the paired interval is on the good side of 0.

Why the gap stays: [what is left to gain](features.md#what-they-are-worth) measures the same trees given what no log tells.
Given the oracle's own view of each buyer they would still miss the goals for AUC and log loss and only just reach that for the
lift; given the true effects of all places, goods, shops and couriers instead they would miss all three. It takes both, which no
history of orders holds. The goal for first orders lies within the interval of what is reached.
"""


def page(found: dict[str, Any]) -> str:
    """The whole page."""
    about, plan = found["about"], found["backtest"]["plan"]
    rows = goals(found["backtest"], found["gibberish"], found["costs"].get("train"))
    parts = [
        HEAD.format(
            date=about["at"][:10],
            span=plan["span_days"],
            weekly=plan["weekly_days"],
            digest=about["parameters"][:12],
            **about,
        ),
        "\n## Goals\n",
        _table(("", "value", "95 %", "goal", "stretch", "verdict", "orders"), [row.cells() for row in rows]),
        FLOOR,
        "\n## Everybody on the same orders\n",
        _table(("", *METRICS.values()), models(found["backtest"])),
        "\n## Slice by slice\n\nThe ten largest of each kind, with 95 % intervals. *Gap*: AUC of the oracle minus that of"
        " the model. *Said minus came*: mean risk told minus the share that came back.\n",
        _table(("by", "slice", "orders", "RTO", "AUC", "gap", "said minus came"), slices(found["backtest"])),
        "\n## Origins\n",
        _table(("cut", "learned from", "judged on", "gap, days", "shape"), _origins(found["backtest"])),
        "\n## What it took\n\n",
        f"{about['cores']} cores, {about['machine']}, Python {about['python']}.\n\n",
        _table(("command", "wall, s", "CPU, s", "peak, GiB"), _costs(found["costs"])),
    ]
    return "".join(parts)


def _origins(backtest: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            one["cut"],
            f"{one['learned_from']:,}",
            f"{one['judged']:,}",
            f"{one['matures_in_days']:.1f}",
            shape_in_words(one["shape"]),
        )
        for one in backtest["origins"]
    ]


def _costs(costs: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (f"`rto {name}`", f"{one['wall_s']:.0f}", f"{one['cpu_s']:.0f}", f"{one['peak_gib']:.1f}")
        for name, one in costs.items() if one is not None
    ]  # fmt: skip


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n" + "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"
