"""The table of `make bench-service`, its goals, and docs/service.md."""

from collections.abc import Mapping, Sequence
from typing import Any

HEADERS = (
    "",
    "offered/s",
    "answered/s",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "failed",
    "no answer",
    "full",
    "CPU ms",
    "generator's CPU",
)


def cells(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """The rows as text."""
    return [
        (
            row["what"], f"{row['offered']:.0f}", f"{row['per_second']:.0f}",
            *(f"{row[name]:.1f}" for name in ("p50_ms", "p99_ms", "p999_ms")), str(row["failed"]), str(row["unanswered"]),
            f"{row['full']:.1%}" if row["what"].startswith("ours") and "batch" not in row["what"] else "",
            f"{row['cpu_ms']:.2f}", f"{row['load_cpu']:.0%}",
        )
        for row in rows
    ]  # fmt: skip


def goals(rows: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was wanted, and what came of it."""
    ours, plain, echo = rows["ours"], rows["ours, no reasons"], rows["echo"]
    steady, peak, beyond = rows["ours, 200/s"], rows["ours, 400/s"], rows["ours, twice that"]
    usual, explained = rows["usual"], rows["usual, reasons"]
    full, full_plain = (one["per_second"] * one["full"] for one in (ours, plain))  # a lower rung is no score
    faster, faster_explained = full / usual["per_second"], full / explained["per_second"]
    excess = beyond["excess_p99_ms"]
    return [
        _most("CPU per score, five reasons, times the echo's", ours["cpu_ms"] / echo["cpu_ms"], 2.5),
        _least("throughput with reasons, times the usual stack's without", faster, 3.0),
        _least("both without reasons", full_plain / usual["per_second"], 3.0),
        _least("both with reasons", faster_explained, 5.0),
        _most(
            "the same over 4 connections",
            rows["ours, 4 connections"]["cpu_ms"] / rows["echo, 4 connections"]["cpu_ms"],
            2.5,
        ),
        _most("p99 at capacity, ms (the usual stack's: the goal)", ours["p99_ms"], usual["p99_ms"]),
        _most("200/s: p50, ms", steady["p50_ms"], 5),
        _most("200/s: p99, ms", steady["p99_ms"], 20),
        _most("200/s: p99.9, ms", steady["p999_ms"], 80),
        _most("200/s: failed, unanswered or not from the full rung", _bad(steady), 0),
        _most("400/s: p99, ms", peak["p99_ms"], 50),
        _most("400/s: failed or unanswered", peak["failed"] + peak["unanswered"], 0),
        _most("twice the capacity: 5xx or unanswered", beyond["errors_5xx"] + beyond["unanswered"], 0),
        _most("twice the capacity: p99 of what a lower rung answered, ms", excess, 20),
        _most("twice the capacity: full and in time again after, s", beyond["back_s"], 5),
        _least("orders a second in batches", rows["ours, batches"]["orders_per_second"], 3_000),
    ]


def _bad(row: Mapping[str, Any]) -> float:
    return round(row["failed"] + row["unanswered"] + (1 - row["full"]) * row["per_second"], 3)


def _most(what: str, value: float | None, goal: float) -> dict[str, Any]:
    return {"what": what, "value": value, "goal": f"<= {goal:.4g}", "reached": value is not None and value <= goal}


def _least(what: str, value: float, goal: float) -> dict[str, Any]:
    return {"what": what, "value": value, "goal": f">= {goal:.4g}", "reached": value >= goal}


def goal_cells(found: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            one["what"],
            "none" if one["value"] is None else f"{one['value']:.4g}",
            one["goal"],
            "yes" if one["reached"] else "no",
        )
        for one in found
    ]


HEAD = """# How fast is the service?

Written by `make bench-service ARGS="--write"` on {date}: {machine}, {cores} cores shared by services and load, Python {python},
{libraries}; load {load:.1f} before. {length}

A made-up market of {orders:,} orders (seed {seed}) is imported, learned from and served by `rto serve`: real store, keys asked for, five
reasons, one worker. Its own buyers order again. Beside it, on the same orders and in turns within the same minutes:

| | |
|---|---|
| **echo** | the same mount of BentoML with nothing behind it: it sends back what it is sent |
| **usual** | FastAPI, seven history queries in SQLite by covering indexes, a pandas row, `XGBClassifier` as it comes (100 trees of depth 6) and `predict_proba`; one worker. It asks for no key, weighs no money, keeps no decision |
| **usual, reasons** | and `pred_contribs`, the five strongest |

The generator (`tests/bench/service_load.c`) offers requests at a fixed rate over 127.0.0.1, whether or not those before were answered, and
counts from the moment a request was due; "as fast as it can" is sixteen connections (four, where said) that each ask again once answered. CPU is that of the
service's processes for each answer. A machine that idles between two requests spends several times as much on each, on waking and on
caches gone cold: the echo at 200/s says how much of that is nobody's code.
"""


def page(found: Mapping[str, Any]) -> str:
    """The whole page."""
    about = found["about"]
    libraries = ", ".join(f"{name} {version}" for name, version in about["libraries"].items())
    length = (
        "The long run: 10 minutes at 200/s."
        if about["long"]
        else f"The short run: {about['seconds']:.0f} s of each load."
    )
    length += " Without the deadline of our service: the machine was busy." if about["patient"] else ""
    head = HEAD.format(**{**about, "date": about["at"][:10], "libraries": libraries, "length": length})
    goal_table = _table(("", "value", "goal", "reached"), goal_cells(found["goals"]))
    return f"{head}\n## Goals\n\n{goal_table}\n## Every load\n\n{_table(HEADERS, cells(found['rows']))}"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headers, ["---", *["--:"] * (len(headers) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
