"""`docs/features.md`, written from the catalog itself: `python -m features.page > docs/features.md`."""

import json
from pathlib import Path
from typing import Any

from features.catalog import CATALOG, LEVELLED, fingerprint
from features.commands import source_in_words
from features.contribution import Measure
from features.keys import KINDS
from features.links import MOST
from features.sources import Feature, Historical

WORTH = Path(__file__).parents[1] / "docs" / "features-worth.json"
"""What `make bench-features ARGS="--keep"` measured."""

INTRO = """# Features

What the model looks at. A feature's name is its column's name everywhere: training table, bundle, decision, reasons.

This page is written by `python -m features.page > docs/features.md`; a test holds it to the code. The same list on the
command line is `rto features list`; `rto features explain NAME --order ID` shows which orders made one value, and what
was not yet known.

How to read it: **by** names the key under which other orders are summed; an order's own contribution never counts.
A half-life of 90 d means that an order placed 90 days ago counts half. A **rate** `a / b by x > y > z` is the share a / b
of key x, shrunk towards y's, and that towards z's, in proportion to how little is known of each. **Sign**: + the risk
never falls as the value grows, - it never rises, blank either; in brackets only where fewer than 100,000 orders are there to
learn from. A missing key or column gives a missing value, never 0.

**Carts.** Orders that a buyer places within one clock hour share their fate, so their outcomes are one piece of
evidence: under the keys of a buyer, rates and the counts marked *one for each cart* weigh each outcome by carts /
outcomes. Counts of orders placed, open or cancelled count orders.

**Links** (*other names by phone*) count the different values that other orders brought to the key, the order's own left
out. They do not fade, a correction takes back, and they stop at {most}: read "{most} or more".
"""

MEASURES: dict[Measure, str] = {
    Measure.PLACED: "orders placed",
    Measure.COD_PLACED: "of those, cash on delivery",
    Measure.KNOWN: "orders delivered or RTO",
    Measure.RTO: "orders that came back",
    Measure.COD_KNOWN: "cash orders delivered or RTO",
    Measure.COD_RTO: "cash orders that came back",
    Measure.CANCELLED: "cancelled before dispatch",
    Measure.OPEN: "placed, not yet delivered, returned, cancelled or lost",
    Measure.COD_REFUSED: "cash on delivery was refused by us",
    Measure.SWITCHED: "switched to prepaid",
    Measure.AMOUNT: "amount, minor units of money",
    Measure.DELIVERED: "orders that were taken",
    Measure.NOT_TAKEN: "orders under way, or that came back",
    Measure.REFUSED: "orders that came back for another reason than the next two, or for none told",
    Measure.UNREACHABLE: "orders that came back because the buyer was not reached",
    Measure.BAD_ADDRESS: "orders that came back because the address was not found",
    Measure.FAILED_ATTEMPTS: "attempts to deliver that failed, whatever became of the order",
    Measure.COD_DELIVERED: "cash orders that were taken",
}
"""What each measure sums, in words."""


def page() -> str:
    """The page as Markdown."""
    history = [f for f in CATALOG if isinstance(f.source, Historical)]
    own = [f for f in CATALOG if not isinstance(f.source, Historical)]
    parts = [INTRO.format(most=MOST), f"\n{len(CATALOG)} features, catalog `{fingerprint()}`.\n"]
    parts += ["\n## What they are worth\n", _worth(json.loads(WORTH.read_text(encoding="utf-8")))]
    parts += ["\n## From the history of other orders\n", _table(history)]
    parts += ["\n## From the order itself\n", _table(own)]
    parts += ["\n## Levels\n", _levels(), "\n## Keys\n", _keys(), "\n## Measures\n", _measures()]
    return "".join(parts)


_KINDS = {
    "without": """
**Ablation.** The same trees without one group of columns. A difference near 0 may still be worth its columns on another
shop's log: this market tells every field, so groups stand in for one another; see the decisions in docs/adr for real files.
""",
    "tried": """
**Tried and left.** Columns or ways to grow trees that are not in the default.
""",
    "given": """
**What is left to gain.** The same trees, given what no log tells: the true effects of all places, goods, shops and couriers,
or the oracle's view of each buyer. What still lies between them and the oracle is what trees lose by learning the shape of
the equations from so many orders.
""",
}


def _worth(told: dict[str, Any]) -> str:
    gap, low, high = told["gap"]
    parts = [
        f"""
Measured by `make bench-features ARGS="--keep"` on {told["at"]}: preset `{told["preset"]}` (parameters
`{told["parameters"][:12]}`), {told["orders"]:,} orders, seed {told["seed"]}; trees grown on {told["learn"]:,} orders, judged on
{told["n"]:,} cash orders of the untouched future. The whole catalog lies {gap:.4f} ({low:.4f} to {high:.4f})
AUC below the observable oracle. Differences to the whole catalog, with 95 % intervals (paired); AUC above 0 and log
loss below 0 is better.
"""
    ]
    for kind, intro in _KINDS.items():
        rows = [one for one in told["lines"] if one["kind"] == kind]
        parts += [intro, "\n| | columns | AUC | log loss |\n|---|---|---|---|\n", *map(_line, rows)]
    if told.get("below"):
        parts += [_BELOW, _below("as it is", told["below"])]
        parts += [_below(f"given {one['name']}", one["below"]) for one in told["lines"] if one.get("below")]
    return "".join(parts)


_BELOW = """
Against the goals of docs/quality.md, on this one split: how far below the oracle each of them would stand.

| | AUC gap, goal .012 | log loss above, goal .010 | lift at 10 %, share, goal .97 | first orders' AUC gap, goal .015 |
|---|---|---|---|---|
"""


def _below(name: str, below: dict[str, Any]) -> str:
    cells = []
    for one in (below[goal] for goal in ("auc", "log_loss", "lift", "first_auc")):
        value, *ends = one
        cells.append(f"{value:.4f}" + ("" if ends[0] is None else f" ({ends[0]:.4f} to {ends[1]:.4f})"))
    return f"| {name} | {' | '.join(cells)} |\n"


def _line(one: dict[str, Any]) -> str:
    figures = (f"{mean:+.4f} ({low:+.4f} to {high:+.4f})" for mean, low, high in (one["auc"], one["log_loss"]))
    return f"| {one['name']} | {one['columns']:+d} | {' | '.join(figures)} |\n"


def _table(features: list[Feature]) -> str:
    head = "\n| name | unit | where it comes from | sign | reason code | why |\n|---|---|---|---|---|---|\n"
    return head + "".join(_row(f) for f in features)


def _row(feature: Feature) -> str:
    sign = {1: "+", 0: "", -1: "-"}[feature.monotone]
    if sign and not feature.firm:
        sign = f"({sign})"
    where = source_in_words(feature)
    return f"| `{feature.name}` | {feature.unit} | {where} | {sign} | `{feature.reason}` | {feature.why} |\n"


def _levels() -> str:
    told = "\nCommon values of these columns become features of their own in each training, named as `state=BIHAR`:\n"
    head = "\n| column | reason code | why |\n|---|---|---|\n"
    return told + head + "".join(f"| `{c}` | `{reason}` | {why} |\n" for c, (reason, why) in LEVELLED.items())


def _keys() -> str:
    told = "\nAn RTO that the courier caused adds nothing under the keys of the buyer.\n"
    head = "\n| key | columns | whose |\n|---|---|---|\n"
    rows = (f"| {k.name} | {', '.join(k.columns) or 'one for all'} | {_whose(k.buyer)} |\n" for k in KINDS.values())
    return told + head + "".join(rows)


def _whose(buyer: bool) -> str:
    return "the buyer's" if buyer else ""


def _measures() -> str:
    head = "\n| measure | what is summed |\n|---|---|\n"
    return head + "".join(f"| {m.name.lower().replace('_', ' ')} | {MEASURES[m]} |\n" for m in Measure)


if __name__ == "__main__":
    print(page(), end="")
