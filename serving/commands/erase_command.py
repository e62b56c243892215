"""`rto erase`: a person is named at a prompt or in a file, never in an argument that a shell would remember."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import click

from data.arrival import MISSING, Desk, arrive
from data.console import Session, emit, fields, note, progress
from data.errors import NothingNew, UsageError, masked
from data.keeping import journal
from data.keeping.database import Connection, open_database
from data.keeping.traces import Subject
from data.options import JSON, POOL
from data.places import load_register
from data.pool import Merchant, Pool, open_pool
from serving.clock import Clock
from serving.commands.serve_commands import merchant_of

KINDS = ("phone", "email", "customer_id", "device_id", "ip")


@click.command("erase", epilog="Example: rto erase --file forget.txt --yes")
@click.option(
    "--file", type=click.File("r", encoding="utf-8"), help="One phone, e-mail or KIND:VALUE a line; - is stdin."
)
@click.option("--merchant", help="In this merchant's orders alone; default: of every merchant of the pool.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@POOL
@JSON
@click.pass_obj
def erase_command(
    session: Session, file: Any, merchant: str | None, dry_run: bool, yes: bool, pool: str | None, as_json: bool
) -> None:
    """Forget a person: tokens, orders, news, decisions, lists, overrides, state, and the space they took on disk.

    The person is named by what the shop knows: phone, e-mail, or customer_id:, device_id:, ip: and the value; with no
    --file it is asked for. Nothing of it is printed, logged or kept. Orders stay without their buyer: places, goods and
    outcomes still add up. Safe beside the service and after a crash: give the same command again. Older backups still hold
    the person, see docs/operations.md.

    Exit status: 0 if something was erased, or an erasure was finished; 15 if nobody here is known by that.
    """
    from serving.keeping.erasing import erase, handles_of, look

    found, merchants = _whose(session, pool, merchant)
    asked = list(_asked(file))
    connection = open_database(found.database, read_only=True)
    try:
        known = handles_of(one for line in asked for one in _handles(connection, found, merchants, *line))
    finally:
        connection.close()
    subject = Subject(known, frozenset(one.merchant_id for one in merchants))
    traces = look(found, subject)
    preview = {
        "orders": len(traces.orders),
        "handles": traces.counted(traces.gone),
        "shared_handles": traces.counted(traces.shared),
    }
    if dry_run:
        emit({"pool": found.name, "dry_run": True, **preview}, as_json, _show)
        return
    if known and not yes:
        note(f"{len(traces.orders)} orders of pool {found.name} lose their buyer for good")
        click.confirm("Erase?", abort=True, err=True)
    with progress() as tell:
        erased = erase(found, subject, Clock().now(), tell)
    if not known and not erased.finished:
        raise NothingNew("ERASE001", f"pool {found.name}", got=f"{len(asked)} named, none of them known here",
                         expected="somebody with an order, a decision or a row of a list",
                         to_do="nothing, if they were erased before; else check the spelling, --merchant and --pool")  # fmt: skip
    emit(
        {"pool": found.name, "dry_run": False, **preview, **erased.told, "finished_before": erased.finished},
        as_json,
        _show,
    )
    note("backups made before now still hold the person: delete them, or let them age out (docs/operations.md)")


def _whose(session: Session, pool: str | None, merchant: str | None) -> tuple[Pool, list[Merchant]]:
    if merchant is None:
        found = open_pool(session.home, pool)
        return found, list(found.merchants().values())
    found, one = merchant_of(session, pool, merchant)
    return found, [found.merchants()[one]]


def _asked(file: Any) -> Iterator[tuple[str, str, str]]:
    """Where it stands, kind and value of each line."""
    if file is not None:
        lines = enumerate(file, start=1)
    else:
        note("Phone, e-mail or KIND:VALUE of the person, one a line; an empty line ends.")
        lines = enumerate(iter(_typed, ""), start=1)
    for number, line in lines:
        if not (text := line.strip()):
            continue
        kind, _, value = text.partition(":")
        if kind in KINDS and value.strip():
            yield f"line {number}", kind, value.strip()
        else:
            yield f"line {number}", "email" if "@" in text else "phone", text


def _typed() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return str(click.prompt("", default="", prompt_suffix="> ", show_default=False, err=True))


def _handles(
    connection: Connection, pool: Pool, merchants: list[Merchant], where: str, kind: str, value: str
) -> Iterator[tuple[str, int]]:
    """The pseudonyms a value has here: a number may be read by several countries' rules, a customer is each shop's own.

    Raises UsageError ERASE002 for what cannot be one.
    """
    desk = Desk(pool.token_key(), partial(journal.find_pseudonyms, connection), load_register())
    n = len(merchants)
    told: dict[str, Any] = {"order_id": [""] * n, "placed_at": [0] * n, kind: [value] * n}
    told |= {"merchant_id": [one.merchant_id for one in merchants], "country": [one.country for one in merchants]}
    pseudonyms = arrive(told, desk)[kind].tolist()
    if all(one == MISSING for one in pseudonyms):
        expected = f"a phone, an e-mail, or one of {', '.join(f'{one}:' for one in KINDS)} and a value"
        to_do = "mend the line: nothing was erased"
        raise UsageError("ERASE002", where, got=masked(value), expected=expected, to_do=to_do)
    yield from ((kind, one) for one in pseudonyms)


def _show(result: dict[str, Any]) -> None:
    def words(value: Any) -> Any:
        return ", ".join(f"{n} {kind}" for kind, n in value.items()) or "none" if isinstance(value, dict) else value

    fields([(name.replace("_", " "), words(value)) for name, value in result.items()])
    if result["shared_handles"]:
        note("shared handles stand on other orders too: they stay there; name them as well if they are the person's")
