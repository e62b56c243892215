"""`rto state verify`: does the kept state say what the ledger says, now and whenever something was decided by it?"""

from datetime import datetime
from typing import Any

import click

from data.console import Session, emit, fields, note, progress, table
from data.errors import CheckFailed, DataError, UsageError
from data.options import JSON, POOL
from data.pool import Merchant, Pool, open_pool
from features.commands import state_group
from features.commands import verify_state as verify_keys
from serving.commands.serve_commands import merchant_of

_DAY = click.DateTime(["%Y-%m-%d"])


@state_group.command("verify", epilog="Example: rto state verify --decisions --day 2026-02-11 && echo all agree")
@click.option("--decisions", is_flag=True, help="Recompute what each decision saw, instead of comparing keys.")
@click.option("--day", type=_DAY, help="Decisions of one day of the merchant's own time zone.")
@click.option("--from", "first", type=_DAY, help="... from this day on.")
@click.option("--to", "last", type=_DAY, help="... through this day.")
@click.option("--merchant", help="... of one merchant; default: of the whole pool.")
@POOL
@JSON
@click.pass_obj
def verify_command(
    session: Session, decisions: bool, day: datetime | None, first: datetime | None, last: datetime | None,
    merchant: str | None, pool: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Compare every key of the online state with a fold of the whole history: counts exactly, decayed sums to 1e-9.

    With --decisions: fold the ledger as it was at each decision's moment, and compare what its model saw, feature by
    feature: mismatch (another value), missing (none where there is one), extra (one where there is none). It runs beside
    the service, takes one fold and then the news between the decisions, and needs memory for the keys alone.

    Exit status: 0 if all agree; 13 if something differs; 11 if a decision could not be recomputed, as its model is gone.
    """
    if not decisions:
        if day or first or last or merchant:
            raise UsageError("CLI008", "rto state verify", got="a day or merchant without --decisions",
                             expected="the whole state, or --decisions", to_do="add --decisions")  # fmt: skip
        verify_keys(open_pool(session.home, pool), as_json)
        return
    if day and (first or last):
        raise UsageError(
            "CLI008",
            "--day",
            got="a day and a span",
            expected="--day, or --from and --to",
            to_do="leave one of the two out",
        )
    found, merchants = _whose(session, pool, merchant)
    _verify_decisions(found, merchants, (day or first, day or last), as_json)


def _whose(session: Session, pool: str | None, merchant: str | None) -> tuple[Pool, list[Merchant]]:
    if merchant is None:
        found = open_pool(session.home, pool)
        return found, list(found.merchants().values())
    found, one = merchant_of(session, pool, merchant)
    return found, [found.merchants()[one]]


def _verify_decisions(
    pool: Pool, merchants: list[Merchant], days: tuple[datetime | None, datetime | None], as_json: bool
) -> None:
    from serving.keeping.kept_decisions import Span
    from serving.keeping.seen_again import saw_again

    first, last = (None if one is None else one.date() for one in days)
    with progress() as tell:
        told = saw_again(pool, [Span.of_days(one, first, last) for one in merchants], tell)
    result = {"pool": pool.name, "merchants": [one.merchant_id for one in merchants], **told.as_dict()}
    emit(result, as_json, _show)
    where = f"decisions of pool {pool.name}"
    if told.rows.differing:
        got = f"{told.rows.differing} of {told.rows.compared} saw what the ledger does not say"
        to_do = "rto state verify, then rto state rebuild"
        raise CheckFailed("STATE004", where, got=got, expected="what a fold of the ledger says", to_do=to_do)
    if told.not_made:
        n = sum(one["decisions"] for one in told.not_made.values())
        raise DataError("STATE005", where, got=f"{n} of {told.decisions} that cannot be recomputed",
                        expected="what they were made with", to_do="see what is named above")  # fmt: skip


def _show(result: dict[str, Any]) -> None:
    fields([(name, result[name]) for name in ("pool", "decisions", "unscored", "compared", "differing")])
    counts = ("mismatch", "missing", "extra")
    wrong = [one for one in result["features"] if any(one[name] for name in counts)]
    if wrong:
        rows = [(one["name"], *(one[name] for name in ("compared", *counts)), f"{one['smape']:.2g}", one["decision_ids"][0])
                for one in wrong]  # fmt: skip
        table(("feature", "compared", *counts, "smape", "as decision"), rows)
    elif result["compared"]:
        note(f"all {len(result['features'])} features of {result['compared']} decisions agree with the ledger")
    for name, what in (("out_of_reach", "out of reach"), ("not_made", "not recomputed")):
        for one in result[name]:
            print(f"{one['decisions']} {what}, as {one['decision_id']}: {one['because']}")
