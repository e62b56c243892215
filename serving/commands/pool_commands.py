"""`rto pool`: what the merchants of a pool share."""

import click

from data.console import Session, emit, fields
from data.options import JSON, POOL
from data.pool import open_pool


@click.group("pool")
def pool_group() -> None:
    """What the merchants of a pool share."""


@pool_group.command("strangers", epilog="Example: rto pool strangers apart --pool network")
@click.argument("how", type=click.Choice(["apart", "shared"]), required=False)
@POOL
@JSON
@click.pass_obj
def strangers_command(session: Session, how: str | None, pool: str | None, as_json: bool) -> None:
    """May a buyer of whom a merchant knows no outcome itself be scored by what others of the pool know? Says it, or sets it.

    `shared`: yes, as at first. `apart`: as somebody nobody knows, so that no merchant can learn of a stranger by asking; a
    running service follows within a second.
    """
    found = open_pool(session.home, pool)
    if how is not None:
        found.keep_strangers_apart(how == "apart")
    told = {"pool": found.name, "strangers": "apart" if found.strangers_apart else "shared"}
    emit(told, as_json, lambda r: fields(list(r.items())))
