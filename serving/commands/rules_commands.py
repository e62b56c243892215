"""Commands of this room: rules, lists."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from data.console import Session, emit, fields, progress, table
from data.errors import CheckFailed, UsageError
from data.keeping.database import open_database
from data.options import JSON, POOL
from serving.clock import Clock
from serving.commands.policy_commands import DAYS, MERCHANT, hand_of
from serving.decisions.lists import ALLOW, BLOCK, KINDS
from serving.policies.list_store import NAME, ListStore
from serving.policies.policy_hand import Draft
from serving.web.http import rfc3339


@click.group("rules")
def rules_group() -> None:
    """The rules of a policy: check them, try them."""


@rules_group.command("check", epilog="Example: rto rules check policy.toml --merchant asha-fashion")
@click.argument("file", type=click.Path(path_type=Path))
@MERCHANT
@POOL
@JSON
@click.pass_obj
def check_command(session: Session, file: Path, merchant: str | None, pool: str | None, as_json: bool) -> None:
    """Find rules that can never decide (dead, shadowed) and pairs that contradict each other, each with an order that shows it.

    Ends with 13 if there is anything dead or shadowed; contradicting rules are told, the first of them decides.
    """
    from serving.decisions.rule_check import findings
    from serving.policies.policy_show import show_findings

    draft = hand_of(session, pool, merchant).draft(file)
    shop = draft.ready()
    found = [one.as_dict() for one in findings(shop.rules.rules, Clock().now())] + _both(draft)
    result = {"rules": len(shop.rules.rules), "lists": len(shop.lists), "findings": found}
    emit(result, as_json, show_findings)
    useless = [one for one in found if one["kind"] in ("dead", "shadowed")]
    if useless:
        first = useless[0]
        raise CheckFailed("RULE006", f"{file.name}, rule {first['rule']!r}", got=f"{first['kind']}: {first['said']}",
                          expected="rules that can decide", to_do="remove it, move it up, or mend its condition")  # fmt: skip


def _both(draft: Draft) -> list[dict[str, Any]]:
    """Who stands on an allow list and on a block list of the same kind."""
    pairs = [
        (a, b) for a in draft.lists for b in draft.lists if (a.effect, b.effect) == (ALLOW, BLOCK) and a.kind == b.kind
    ]
    found = []
    for allow, block in pairs:
        if n := len(np.intersect1d(allow.rows.keys, block.rows.keys, assume_unique=True)):
            said = f"{n:,} rows are on both; the block list {block.name!r} decides"
            names = {"rule": f"list {allow.name}", "other": f"list {block.name}"}
            found.append({"kind": "contradicting", **names, "said": said})
    return found


@rules_group.command("backtest", epilog="Example: rto rules backtest policy.toml --merchant asha-fashion --days 90")
@click.argument("file", type=click.Path(path_type=Path))
@MERCHANT
@DAYS
@POOL
@JSON
@click.pass_obj
def backtest_command(
    session: Session, file: Path, merchant: str | None, days: int, pool: str | None, as_json: bool
) -> None:
    """What each rule and list would have done to past orders, against the same policy without any; with examples."""
    from serving.decisions.rules import RuleBook
    from serving.policies.past_making import past_of
    from serving.policies.policy_show import show_backtest
    from serving.policies.pricing import priced
    from serving.policies.simulating import backtest
    from serving.scores.score_file import published

    hand = hand_of(session, pool, merchant)
    shop, bundle = hand.draft(file).ready(), published(hand.pool)
    with progress() as tell:
        past = past_of(hand.pool, bundle, Clock().now(), tell)
    shop = priced(shop, past, past.rows_of(hand.merchant_id, days))
    alone = replace(shop, rules=RuleBook(), lists=())
    emit(backtest(past, hand.merchant_id, (shop, alone), days), as_json, show_backtest)


@click.group("lists")
def lists_group() -> None:
    """Allow and block lists: import them, look at them."""


@lists_group.command("import", epilog="Example: rto lists import resellers.csv --name resellers --kind phone")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="How the policy names it: small letters, digits, '-' and '_'.")
@click.option("--kind", required=True, type=click.Choice(KINDS), help="What its values are.")
@click.option("--skip-bad-rows", is_flag=True, help="Leave bad rows out and count them.")
@MERCHANT
@POOL
@JSON
@click.pass_obj
def import_command(
    session: Session,
    file: Path,
    name: str,
    kind: str,
    skip_bad_rows: bool,
    merchant: str | None,
    pool: str | None,
    as_json: bool,
) -> None:
    """Import a list from CSV: a value a row, and where you like your own label and a last day (until).

    Persons are kept as tokens; labels are what you will see of them. Nothing goes live: a policy names the list, and is simulated
    and published with the rows it has then.
    """
    from serving.policies.list_import import ListFile, import_list

    if not NAME.fullmatch(name):
        raise UsageError(
            "LIST002",
            "--name",
            got=repr(name),
            expected="small letters, digits, '-' and '_', at most 40",
            to_do="give the list such a name",
        )
    if not file.is_file():
        raise UsageError("LIST002", str(file), got="no such file", expected="a CSV file", to_do="check the path")
    hand = hand_of(session, pool, merchant)
    connection = open_database(hand.pool.database)
    try:
        with progress() as tell:
            told = import_list(
                connection, hand.pool, hand.merchant, ListFile(file, name, kind, skip_bad_rows), Clock().now(), tell
            )
    finally:
        connection.close()
    emit(told, as_json, lambda r: fields([(key, value) for key, value in r.items() if value not in ([], {})]))


@lists_group.command("show", epilog="Example: rto lists show --merchant asha-fashion")
@click.option("--name", help="Show the labels of one list; default: all lists in a few words.")
@MERCHANT
@POOL
@JSON
@click.pass_obj
def show_command(session: Session, name: str | None, merchant: str | None, pool: str | None, as_json: bool) -> None:
    """The lists of a merchant, or the labels of one: rows without a label are counted. Values cannot be shown."""
    hand = hand_of(session, pool, merchant)
    store = ListStore(hand.pool, hand.merchant_id)
    if name is not None:
        rows = store.rows(name, store.current(name))
        labels = [rows.label(row) for row in range(len(rows))]
        named = sorted(label for label in labels if label)
        told = {"name": name, "rows": len(rows), "without_label": labels.count(None), "labels": named}
        emit(told, as_json, lambda r: print("\n".join([*r["labels"], f"{r['without_label']:,} rows without a label"])))
        return
    found = [store.about(one, store.current(one)) for one in store.names()]
    rows_ = [one | {"imported_at": rfc3339(one["imported_at"])} for one in found]
    names = ("name", "kind", "rows", "refused", "repeated", "imported_at", "file")
    emit(rows_, as_json, lambda r: table(names, [tuple(one[n] for n in names) for one in r]))
