"""`rto replay`: does every decision of a day come out again as it was answered?"""

from datetime import datetime
from typing import Any

import click

from data.console import Session, emit, fields, note, progress
from data.errors import CheckFailed, DataError
from data.options import JSON, POOL
from serving.commands.policy_commands import MERCHANT
from serving.commands.serve_commands import merchant_of


@click.command("replay", epilog="Example: rto replay --day 2026-02-11 --merchant asha-fashion")
@click.option("--day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="A day of the merchant's own time zone.")
@MERCHANT
@POOL
@JSON
@click.pass_obj
def replay_command(session: Session, day: datetime, merchant: str | None, pool: str | None, as_json: bool) -> None:
    """Make every decision of a day again from what was kept of it, and compare byte for byte with what was answered.

    Exit status: 0 if all are the same; 13 if one differs; 11 if one could not be made again, as its model or policy is gone.
    """
    from data.pool import open_pool
    from serving.keeping.replay_day import replay_day

    if merchant is None and pool is not None:
        found, ids = open_pool(session.home, pool), sorted(open_pool(session.home, pool).merchants())
    else:
        found, one = merchant_of(session, pool, merchant)
        ids = [one]
    known = found.merchants()
    with progress() as tell:
        told = replay_day(found, [known[m] for m in ids], day.date(), tell)
    result = {"pool": found.name, "day": f"{day:%Y-%m-%d}", "merchants": ids, **told.as_dict()}
    emit(result, as_json, _show)
    if told.differing:
        raise CheckFailed("REPLAY002", f"replay of {day:%Y-%m-%d}", got=f"{len(told.differing)} of {told.n} decisions differ",
                          expected="the same bytes", to_do="please report it, unless rto-risk was upgraded since")  # fmt: skip
    if told.not_made:
        n = sum(one["decisions"] for one in told.not_made.values())
        raise DataError("REPLAY001", f"replay of {day:%Y-%m-%d}", got=f"{n} of {told.n} decisions cannot be made again",
                        expected="what they were made with", to_do="see what is named above")  # fmt: skip
    if not told.n:
        note("no decision was kept that day")


def _show(result: dict[str, Any]) -> None:
    fields([(name, result[name]) for name in ("pool", "day", "decisions", "same", "differing", "erased")])
    for one in result["decision_ids"]:
        print(f"differs  {one}")
    for one in result["not_made"]:
        print(f"{one['decisions']} not made again, as {one['decision_id']}: {one['because']}")
