"""Commands of this room: policy (what it says, what it would do, which one is live)."""

from pathlib import Path
from typing import Any

import click

from data.console import Session, emit, fields, note, progress, table
from data.contract import Action
from data.errors import UsageError
from data.options import JSON, POOL
from data.pool import replace_text
from serving.clock import Clock
from serving.commands.serve_commands import merchant_of
from serving.decisions.shop import ShopPolicy
from serving.decisions.stages import CHECKOUT, STAGES
from serving.policies.policy_hand import Hand, told, worked_of
from serving.web.http import rfc3339

MERCHANT = click.option("--merchant", help="Whose policy; not needed where there is one merchant.")
FILE = click.argument("file", type=click.Path(path_type=Path))
DAYS = click.option(
    "--days", default=90, show_default=True, type=click.IntRange(1, 3650), help="Of past orders, the last so many days."
)


def hand_of(session: Session, pool: str | None, merchant: str | None) -> Hand:
    """The merchant's policies. Raises UsageError CLI004 for a merchant that is not known."""
    found, merchant_id = merchant_of(session, pool, merchant)
    return Hand(found, found.merchants()[merchant_id])


@click.group("policy")
def policy_group() -> None:
    """A merchant's policy: costs, effects, rules, lists and caps."""


@policy_group.command("draft", epilog="Example: rto policy draft --merchant asha-fashion --out policy.toml")
@MERCHANT
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; default: stdout.")
@POOL
@JSON
@click.pass_obj
def draft_command(session: Session, merchant: str | None, out: Path | None, pool: str | None, as_json: bool) -> None:
    """Write a whole policy to be edited: the live one, or the shipped defaults with the source of each number."""
    from serving.policies.policy_file import Named, draft

    hand = hand_of(session, pool, merchant)
    version = hand.store.live().get(hand.merchant_id)
    text = draft(Named(hand.merchant_id, hand.merchant.currency, "draft")) if version is None else ""
    text = text or hand.store.read(hand.merchant_id, version or 0).text
    if out is not None:
        replace_text(out, text)
    shown = text if out is None else f"written to {out}"
    emit(
        {"merchant": hand.merchant_id, "text": text, "out": out},
        as_json,
        lambda r: print(shown, end="" if out is None else "\n"),
    )


@policy_group.command("simulate", epilog="Example: rto policy simulate policy.toml --merchant asha-fashion --days 90")
@FILE
@MERCHANT
@DAYS
@POOL
@JSON
@click.pass_obj
def simulate_command(
    session: Session, file: Path, merchant: str | None, days: int, pool: str | None, as_json: bool
) -> None:
    """Try a policy on past orders, beside the live one: orders touched, what became of them, rupees with an interval.

    Nothing goes live. The risks of past orders are worked out once for each model and import; the first time takes as long as
    a replay of the history.
    """
    from serving.policies.past_making import past_of
    from serving.policies.policy_show import show_trial
    from serving.policies.pricing import priced
    from serving.policies.simulating import simulate
    from serving.scores.score_file import published

    hand, now = hand_of(session, pool, merchant), Clock().now()
    draft, bundle = hand.draft(file), published(hand.pool)
    shop = draft.ready()
    with progress() as tell:
        past = past_of(hand.pool, bundle, now, tell)
    shop = priced(shop, past, past.rows_of(hand.merchant_id, days))
    result = simulate(past, hand.merchant_id, shop, hand.live(), days)
    short = {name: result[name] for name in ("cash_orders", "touched", "money", "to")}
    trial = {"at": now, "days": days, "bundle": bundle.digest, "result": short, **worked_of(shop)}
    hand.store.keep_trial(hand.merchant_id, draft.digest, trial)
    emit(result, as_json, show_trial)
    if not as_json:
        _note_held_out(shop)
        note(f"nothing has changed; to make it live: rto policy publish {file.name} --merchant {hand.merchant_id}")


def _note_held_out(shop: ShopPolicy) -> None:
    """A policy that names no holdout has one all the same: nobody should learn it from an answer."""
    if shop.experiment.holdout:
        note(f"{float(shop.experiment.holdout):.0%} of checkouts, drawn at random, are shipped as they come whatever is advised: "
             "only against them can be told what the policy saves. [experiment] holdout = 0 draws none")  # fmt: skip


@policy_group.command(
    "publish", epilog="Example: rto policy publish policy.toml --merchant asha-fashion --note 'new courier prices'"
)
@FILE
@MERCHANT
@click.option("--note", "said", default="", help="Why, for those who read the versions later.")
@POOL
@JSON
@click.pass_obj
def publish_command(
    session: Session, file: Path, merchant: str | None, said: str, pool: str | None, as_json: bool
) -> None:
    """Make a policy live that was simulated as it stands. A running service takes it within seconds."""
    from serving.scores.score_file import published

    hand = hand_of(session, pool, merchant)
    draft = hand.draft(file)
    shop = draft.ready()
    version = hand.publish(draft, published(hand.pool).digest, Clock().now(), said)
    result = {"policy": version.policy_id, "digest": version.digest(), "published_at": rfc3339(version.published_at),
              "holdout": float(shop.experiment.holdout), "undo": f"rto policy undo --merchant {hand.merchant_id}"}  # fmt: skip
    emit(result, as_json, lambda r: fields(list(r.items())))
    _note_held_out(shop)


@policy_group.command("undo", epilog="Example: rto policy undo --merchant asha-fashion")
@MERCHANT
@POOL
@JSON
@click.pass_obj
def undo_command(session: Session, merchant: str | None, pool: str | None, as_json: bool) -> None:
    """Go back to the policy that was live before; from the first one, to the shipped defaults."""
    hand = hand_of(session, pool, merchant)
    version = hand.store.undo(hand.merchant_id)
    result = {
        "merchant": hand.merchant_id,
        "live": "shipped defaults" if version is None else f"{hand.merchant_id}@{version}",
    }
    emit(result, as_json, lambda r: fields(list(r.items())))


@policy_group.command("show", epilog="Example: rto policy show --merchant asha-fashion")
@MERCHANT
@click.option(
    "--version", type=click.IntRange(1), help="An earlier version's text; default: all versions, and what is live."
)
@POOL
@JSON
@click.pass_obj
def show_command(session: Session, merchant: str | None, version: int | None, pool: str | None, as_json: bool) -> None:
    """Every version with its day, note and simulated money, the live one marked; or one version as it was written."""
    hand = hand_of(session, pool, merchant)
    if version is not None:
        found = hand.store.read(hand.merchant_id, version)
        emit(told(hand.named(str(version)), found) | {"text": found.text}, as_json, lambda r: print(found.text, end=""))
        return
    live = hand.store.live().get(hand.merchant_id)
    rows = [_row(hand, number, live) for number in hand.store.versions(hand.merchant_id)]
    emit({"merchant": hand.merchant_id, "live": live, "policy": told(hand.live(), None), "versions": rows}, as_json,
         lambda r: _show_versions(r["versions"], hand))  # fmt: skip


def _row(hand: Hand, number: int, live: int | None) -> dict[str, Any]:
    version = hand.store.read(hand.merchant_id, number)
    gained = version.tried["result"]["money"]["against_live"]
    return {"version": number, "live": number == live, "published_at": rfc3339(version.published_at), "note": version.note,
            "simulated_difference_minor": gained["difference_minor"], "digest": version.digest()}  # fmt: skip


def _show_versions(rows: list[dict[str, Any]], hand: Hand) -> None:
    if not rows:
        print(f"{hand.merchant_id} has published nothing: {hand.live().policy_id} decides")
        return
    names = ("version", "live", "published_at", "simulated_difference_minor", "note")
    table(names, [tuple("*" if row[n] is True else "" if row[n] is False else row[n] for n in names) for row in rows])


@policy_group.command("diff", epilog="Example: rto policy diff live policy.toml --merchant asha-fashion")
@click.argument("was")
@click.argument("now")
@MERCHANT
@POOL
@JSON
@click.pass_obj
def diff_command(session: Session, was: str, now: str, merchant: str | None, pool: str | None, as_json: bool) -> None:
    """What two policies say differently. Each is `live`, `shipped`, a version (3, or asha-fashion@3), or a file."""
    from serving.policies.policy_show import differences

    hand = hand_of(session, pool, merchant)
    rows = differences(hand.said(was), hand.said(now))
    emit(rows, as_json, lambda found: table(("what", "was", "now"), [tuple(row.values()) for row in found]))


@policy_group.command("explain", epilog="Example: rto policy explain --merchant asha-fashion --value 745 --risk 0.41")
@MERCHANT
@click.option(
    "--policy",
    "which",
    default="live",
    show_default=True,
    help="live, shipped, a version (3, or asha-fashion@3), or a file.",
)
@click.option("--value", type=float, help="Worth of the goods of an order, in major units (745 for Rs 745).")
@click.option("--risk", type=click.FloatRange(0, 1), help="Its risk under cash on delivery.")
@click.option(
    "--if-prepaid", type=click.FloatRange(0, 1), help="Its risk had the buyer paid; not given: the effect table says."
)
@click.option("--order", "order_id", help="An order placed or imported here, instead of value and risk.")
@click.option("--stage", type=click.Choice(STAGES), default=CHECKOUT, show_default=True, help="What can still be done.")
@POOL
@JSON
@click.pass_obj
def explain_command(
    session: Session, merchant: str | None, which: str, value: float | None, risk: float | None, if_prepaid: float | None,
    order_id: str | None, stage: str, pool: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Every cost with the source of its default, the risks at which actions take over, and for one order every sum."""
    from serving.policies.policy_explain import Kept, Sums, explained, order_asked, show
    from serving.scores.score_file import published

    hand = hand_of(session, pool, merchant)
    shop = hand.named(which)
    order, answer = None, None
    if order_id is not None:
        order, answer = order_asked(hand, shop, published(hand.pool), Kept(order_id, stage, Clock().now()))
    elif (value is None) != (risk is None):
        raise UsageError(
            "CLI003",
            "--value and --risk",
            got="one of them",
            expected="both, or --order ID, or none of the three",
            to_do="give the other one too, or leave both out",
        )
    elif value is not None and risk is not None:
        per_major = shop.money.economics.minor_per_major if shop.money else 100
        order = Sums(risk, if_prepaid, round(value * per_major), stage)
    result = explained(shop, order)
    assert shop.money is not None, "explained refuses a policy without costs"
    money = shop.money
    emit(result | {"answer": answer}, as_json, lambda r: show(r, money, answer))


@policy_group.command(
    "override", epilog="Example: rto policy override dec_1 --action allow_cod --reason 'known buyer' --by asha"
)
@click.argument("decision_id")
@click.option(
    "--action", required=True, type=click.Choice([a.name.lower() for a in Action]), help="What is done instead."
)
@click.option("--reason", required=True, help="Why; no names or numbers of persons.")
@click.option("--by", required=True, help="Who decided, a word of yours.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3650), help="For how long it holds.")
@click.option(
    "--for", "whom", type=click.Choice(["order", "buyer"]), default="order", show_default=True, help="What it is about."
)
@click.option("--appeal", is_flag=True, help="The buyer asked for it.")
@MERCHANT
@POOL
@JSON
@click.pass_obj
def override_command(
    session: Session, decision_id: str, action: str, reason: str, by: str, days: int, whom: str, appeal: bool,
    merchant: str | None, pool: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Decide otherwise about the order of a decision, or about its buyer, over rules, lists and money; with a reason."""
    from serving.policies.overriding import Decided, override

    hand = hand_of(session, pool, merchant)
    decided = Decided(Action[action.upper()], reason, by, days, for_buyer=whom == "buyer", appeal=appeal)
    one = override(hand, decision_id, decided, Clock().now())
    told = one.as_dict() | {"made_at": rfc3339(one.made_at), "until": rfc3339(one.until)}
    told.pop("buyer")
    emit(told, as_json, lambda r: fields([(key, v) for key, v in r.items() if v is not None]))
