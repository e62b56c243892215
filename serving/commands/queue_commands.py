"""`rto queue`: whom to call or message today."""

import csv
import sys
from pathlib import Path
from typing import Any

import click

from data.console import Session, emit, note, table
from data.errors import UsageError
from data.options import JSON, POOL
from data.pool import replace_text
from serving.calling.queue_answers import MOST_CONTACTS, MOST_DAYS, queue_told
from serving.calling.queue_push import Push, push, require_safe
from serving.calling.queueing import Wanted
from serving.clock import Clock
from serving.commands.policy_commands import MERCHANT
from serving.commands.serve_commands import merchant_of
from serving.reports.downloads import guarded
from serving.web.webhook_keys import WebhookKeys

_COLUMNS = ("rank", "order_id", "saving_minor", "currency", "p_rto", "buyer_delivered", "buyer_rto", "reasons", "link")
_TO_FILL_IN = ("outcome", "contacted_at")
"""Columns of the CSV that callers fill in and `rto contacts` reads."""


@click.command("queue", epilog="Example: rto queue --merchant asha-fashion --capacity 200 --out today.csv")
@MERCHANT
@click.option(
    "--capacity", default=100, show_default=True, type=click.IntRange(1, MOST_CONTACTS), help="Contacts of the day."
)
@click.option(
    "--by", default="call", show_default=True, type=click.Choice(["call", "message"]), help="How they are asked."
)
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1, MOST_DAYS), help="Orders of the last so many days."
)
@click.option("--link", default="", help="Your own page of an order, with {order_id} in it.")
@click.option("--push", "url", help="An https address that takes the queue, signed with a secret of `rto webhooks`.")
@click.option(
    "--source", default="dialler", show_default=True, help="Whose secret signs: `rto webhooks create --source`."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A CSV to write; default: a table.")
@POOL
@JSON
@click.pass_obj
def queue_command(
    session: Session, merchant: str | None, capacity: int, by: str, days: int, link: str, url: str | None, source: str,
    out: Path | None, pool: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Cash orders that were scored and wait for dispatch, ranked by what a contact is expected to save.

    Held-out orders, orders on their way and buyers who were tried already are not in it. No phone number is: look the order up.
    What came of a contact: fill in the last two columns of the CSV for `rto contacts`, or POST /v1/queue/outcomes.
    """
    found, merchant_id = merchant_of(session, pool, merchant)
    wanted = Wanted(merchant_id, f"confirm_{by}", capacity, days, Clock().now(), link)
    signing = None if url is None else _signing(session, require_safe(url), merchant_id, source, wanted.now)
    told = queue_told(found, found.merchants()[merchant_id], wanted)
    rows = told["orders"]
    if signing is not None:
        done = push(told, signing)
        note(f"{len(rows):,} orders pushed to {done['pushed_to']}, answered {done['status']}")
    if out is not None:
        replace_text(out, _csv(rows))
        note(f"{len(rows):,} orders written to {out}")
    emit(rows, as_json, lambda told: _show(told, out))


def _signing(session: Session, url: str, merchant_id: str, source: str, now: int) -> Push:
    """Raises UsageError QUEUE003 where no secret signs."""
    live = WebhookKeys.under(session.home).live_alone(merchant_id, source)
    if not live:
        to_do = f"rto webhooks create --merchant {merchant_id} --source {source}, and give it to the dialler"
        where = f"webhook secrets of {merchant_id}, {source}"
        raise UsageError("QUEUE003", where, got="no live one", expected="one or two", to_do=to_do)
    return Push(url, live, now)


def _csv(rows: list[dict[str, Any]]) -> str:
    from io import StringIO

    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_COLUMNS, *_TO_FILL_IN])
    writer.writerows([*(_cell(row[name]) for name in _COLUMNS), "", ""] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """As a spreadsheet may read it."""
    told = "; ".join(value) if isinstance(value, list) else value
    return guarded(told) if isinstance(told, str) else told


def _show(rows: list[dict[str, Any]], out: Path | None) -> None:
    if out is None and rows:
        table(_COLUMNS[:-1], [tuple(str(_cell(row[name])) for name in _COLUMNS[:-1]) for row in rows])
    elif out is None:
        print("nobody to ask: no scored cash order waits for dispatch", file=sys.stdout)
