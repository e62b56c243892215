"""Commands of this room: features list and explain, state rebuild and verify."""

from typing import Any

import click

from data.console import Session, emit, fields, note, progress, table
from data.errors import CheckFailed, UsageError
from data.options import JSON, POOL
from data.pool import Pool, open_pool
from features.catalog import CATALOG, FEATURES, LEVELLED, fingerprint
from features.contribution import Measure
from features.links import MOST
from features.sources import Distinct, Feature, FromOrder, Historical, Level, Link, Most, PerCart, Rate, Sum


@click.group("features")
def features_group() -> None:
    """What the model looks at."""


@features_group.command("list", epilog="Example: rto features list --json")
@JSON
def list_command(as_json: bool) -> None:
    """Every feature: name, unit, source, sign, reason code, why."""
    rows = [
        {
            "name": f.name,
            "unit": f.unit,
            "source": source_in_words(f),
            "monotone": f.monotone,
            "reason": f.reason,
            "why": f.why,
        }
        for f in CATALOG
    ]
    emit({"fingerprint": fingerprint(), "features": rows, "levels_of": list(LEVELLED)}, as_json, _show_list)


def source_in_words(feature: Feature) -> str:
    """Where a feature comes from, in words."""
    match feature.source:
        case Sum(key, measure, half_life):
            return f"{_measure(measure)} by {key}, {_memory(half_life)}"
        case Link(key, distinct):
            return f"other {_PLURAL[distinct]} by {key}, at most {MOST}"
        case PerCart(Sum(key, measure, half_life)):
            return f"{_measure(measure)} by {key}, one for each cart, {_memory(half_life)}"
        case Most(handles, measure, half_life, hub_from):
            by = f"by {', '.join(handles)}, whichever is most"
            return (
                f"{_measure(measure)} {by}, one for each cart, {_memory(half_life)}; none with {hub_from} other phones"
            )
        case Rate(chain, of, among, half_life):
            return f"{_measure(of)} / {_measure(among)} by {' > '.join(chain)}, {_memory(half_life)}"
        case FromOrder():
            return "the order itself"
        case Level(column, value):
            return f"{column} is {value}"


_PLURAL = {Distinct.NAME: "names", Distinct.PHONE: "phones", Distinct.ADDRESS: "addresses", Distinct.CART: "carts"}


def _measure(measure: Measure) -> str:
    return measure.name.lower().replace("_", " ")


def _memory(half_life: int) -> str:
    from data.contract import DAY, HOUR

    if half_life == 0:
        return "for ever"
    return f"half-life {half_life // DAY} d" if half_life >= DAY else f"half-life {half_life // HOUR} h"


def _show_list(result: dict[str, Any]) -> None:
    names = ("name", "unit", "source", "monotone", "reason", "why")
    table(names, [tuple(row[n] for n in names) for row in result["features"]])
    print(f"\n{len(result['features'])} features, catalog {result['fingerprint']}; common values of "
          f"{', '.join(result['levels_of'])} become features of their own in training")  # fmt: skip


@features_group.command("explain", epilog="Example: rto features explain buyer_refused_count --order o-1841")
@click.argument("name")
@click.option("--order", "order_id", required=True, help="The merchant's order id.")
@click.option("--merchant", help="Whose order; not needed where the pool has one merchant.")
@POOL
@JSON
@click.pass_obj
def explain_command(
    session: Session, name: str, order_id: str, merchant: str | None, pool: str | None, as_json: bool
) -> None:
    """What a history feature was for one order when it was placed: each order that counted, and what was not yet known."""
    from data.segments import load_history
    from features.explain import explain

    if name not in FEATURES or not isinstance(FEATURES[name].source, Historical):
        expected = "a history feature, see: rto features list"
        raise UsageError(
            "FEAT001",
            f"feature {name!r}",
            got="no such history feature",
            expected=expected,
            to_do="name one of them; `rto features list` says what each is",
        )
    history = load_history(open_pool(session.home, pool))
    merchants = sorted(set(history.orders["merchant_id"]))
    if merchant is None and len(merchants) > 1:
        raise UsageError(
            "CLI004",
            "--merchant",
            got="none",
            expected=f"one of {', '.join(merchants)}",
            to_do="name it with --merchant",
        )
    row = history.row_of(merchant or merchants[0], order_id)
    if row < 0:
        raise UsageError(
            "FEAT002",
            f"order {order_id!r}",
            got="no such order in this pool",
            expected="an order id",
            to_do="check the order id, --merchant and --pool",
        )
    emit(explain(history, FEATURES[name], row), as_json, _show_explained)


def _show_explained(result: dict[str, Any]) -> None:
    fields([("feature", result["feature"]), ("order", result["order_id"]), ("read at", result["read_at"])])
    for one in result["sums"]:
        print(f"\n{one['sum']}: {one['value']}")
        names = ("order_id", "placed_at", "weight", "decay", "adds", "known_at")
        table(names, [tuple(row[n] for n in names) for row in one["counted"]])
        if one.get("opening_balance"):
            print(f"{one['opening_balance']:g} from the opening balance: orders that are no longer kept")
        if one["not_yet_known"]:
            print(f"{one['not_yet_known']} later pieces of news of such orders were not yet known")


@click.group("state")
def state_group() -> None:
    """The online state: the same sums, kept for the service."""


@state_group.command("rebuild", epilog="Example: rto state rebuild")
@POOL
@JSON
@click.pass_obj
def rebuild_command(session: Session, pool: str | None, as_json: bool) -> None:
    """Build the online state anew from segments and live ledger."""
    from data.keeping.database import open_database
    from features.rebuild import rebuild

    found = open_pool(session.home, pool)
    connection = open_database(found.database)
    try:
        with progress() as tell:
            n_keys = rebuild(connection, found, tell)
    finally:
        connection.close()
    emit({"pool": found.name, "keys": n_keys}, as_json, lambda r: fields(list(r.items())))


def verify_state(found: Pool, as_json: bool) -> None:
    """Compare every key of the online state with a fold of the whole history, and say so (`rto state verify`)."""
    from data.keeping.database import open_database
    from data.segments import load_history
    from features.rebuild import verify

    connection = open_database(found.database, read_only=True)
    try:
        wrong = verify(connection, load_history(found))
    finally:
        connection.close()
    emit({"pool": found.name, "wrong": wrong}, as_json, lambda r: note(f"{len(r['wrong'])} keys differ"))
    if wrong:
        got = f"{len(wrong)} keys that differ, as {wrong[0]['kind']}"
        raise CheckFailed(
            "STATE002", "online state", got=got, expected="a fold of the history", to_do="rto state rebuild"
        )
