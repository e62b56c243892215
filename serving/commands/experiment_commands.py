"""`rto experiment`: does the policy save money, how long until one can tell, and what would doing one thing have earned."""

from typing import Any

import click
import numpy as np

from data.console import Session, emit, fields
from data.contract import Action
from data.errors import UsageError
from data.options import JSON, POOL
from serving.commands.policy_commands import MERCHANT, hand_of
from serving.decisions.holdout import DEFAULT_HOLDOUT, HOLDOUT
from serving.policies.experiment_log import Shown
from serving.policies.policy_hand import Hand

_FIND = click.option("--find", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True,
                     help="The smallest saving for each checkout worth finding, in major units (10 for Rs 10).")  # fmt: skip


@click.group("experiment")
def experiment_group() -> None:
    """The random holdout of a policy: savings, power, and what other advice would have earned."""


@experiment_group.command("savings", epilog="Example: rto experiment savings --merchant asha-fashion")
@MERCHANT
@POOL
@JSON
@click.pass_obj
def savings_command(session: Session, merchant: str | None, pool: str | None, as_json: bool) -> None:
    """The money for each checkout under the policy less the holdout's, with a 95 % interval, and the naive number beside it."""
    from serving.decisions.savings import naive, saving

    hand = hand_of(session, pool, merchant)
    found = _shown(hand)
    best = saving(found.money, found.held)
    under = ~found.held
    result = {
        "merchant": hand.merchant_id,
        "policy": hand.live().policy_id,
        "currency": hand.live().currency,
        "saving_per_checkout": best.as_dict(),
        "naive_per_checkout_minor": naive(found.money[under], found.acted[under]),
        "arms": {"holdout": int(found.held.sum()), "policy": int(under.sum())},
        "good_buyers_refused": _good_refused(found),
        "held_out_contacted": sum(one.contacted for one in found.checkouts if one.arm == HOLDOUT),
        "checkouts": found.counted(),
    }
    emit(result, as_json, _show_savings)


@experiment_group.command("power", epilog="Example: rto experiment power --merchant asha-fashion --find 10")
@_FIND
@click.option("--deviation", type=click.FloatRange(min=0, min_open=True),
              help="Standard deviation of the money for each checkout, in major units; default: of the log.")  # fmt: skip
@MERCHANT
@POOL
@JSON
@click.pass_obj
def power_command(
    session: Session, find: float, deviation: float | None, merchant: str | None, pool: str | None, as_json: bool
) -> None:
    """How many checkouts it takes to find a saving four times in five, by the share that is held out."""
    from serving.decisions.savings import checkouts_needed

    hand = hand_of(session, pool, merchant)
    policy = hand.live()
    per_major = policy.money.economics.minor_per_major if policy.money else 100
    spread = deviation * per_major if deviation is not None else _deviation(hand)
    own = float(policy.experiment.holdout)
    shares = sorted({0.01, 0.02, float(DEFAULT_HOLDOUT), 0.1, 0.2} | ({own} if own else set()))
    needed = {f"{share:g}": checkouts_needed(spread, find * per_major, share) for share in shares}
    result = {"merchant": hand.merchant_id, "deviation_minor": spread, "find_minor": find * per_major,
              "holdout": own, "checkouts_by_holdout": needed}  # fmt: skip
    shown = [("money deviates by, minor units", f"{spread:,.0f}"), ("holdout now", f"{own:.0%}")]
    shown += [(f"checkouts with {float(share):.0%} held out", f"{n:,}") for share, n in needed.items()]
    emit(result, as_json, lambda r: fields(shown))


@experiment_group.command("evaluate", epilog="Example: rto experiment evaluate allow_cod --merchant asha-fashion")
@click.argument("action", type=click.Choice([a.name.lower() for a in Action]))
@MERCHANT
@POOL
@JSON
@click.pass_obj
def evaluate_command(session: Session, action: str, merchant: str | None, pool: str | None, as_json: bool) -> None:
    """What one action for every checkout would have earned, off the log: IPS, SNIPS, DR. Refused where the log cannot tell."""
    from serving.decisions.off_policy import Logged, Wanted, evaluate

    hand = hand_of(session, pool, merchant)
    rows = [one for one in _shown(hand).checkouts if {action, one.action.name.lower()} <= set(one.worths)]
    logged = Logged(*(np.array([getattr(one, name) for one in rows]) for name in ("action", "propensity", "money")))
    wish = Action[action.upper()]
    possible = np.array([wish in (Action.ALLOW_COD, one.wanted) for one in rows], dtype=bool)
    predicted = np.array([one.worths[action] for one in rows], dtype=float)
    done = np.array([one.worths[one.action.name.lower()] for one in rows], dtype=float)
    answer = evaluate(logged, Wanted(np.full(len(rows), int(wish)), predicted, done, possible))
    result = {"merchant": hand.merchant_id, "action": action, "effective_sample": answer.effective, "matched": answer.matched,
              "estimates": {way: one.as_dict() for way, one in answer.estimates.items()}}  # fmt: skip
    shown = [(f"{way}, minor units a checkout", f"{e.value:,.0f} ({e.low:,.0f} to {e.high:,.0f})")
             for way, e in answer.estimates.items()]  # fmt: skip
    shown += [("effective sample", f"{answer.effective:,.0f}"), ("checkouts", f"{len(rows):,}")]
    emit(result, as_json, lambda r: fields(shown))


def _shown(hand: Hand) -> Shown:
    """What the experiment of the live policy has shown. Raises UsageError EXP003 where it has none."""
    from data.keeping.database import open_database
    from data.segments import load_history
    from serving.policies.experiment_log import shown

    live = hand.live()
    if not live.experiment.holdout:
        raise UsageError("EXP003", f"policy {live.policy_id}", got="no holdout", expected="[experiment] holdout above 0",
                         to_do="publish a policy: 5 % are held out unless it says otherwise")  # fmt: skip
    connection = open_database(hand.pool.database, read_only=True)
    try:
        return shown(connection, load_history(hand.pool), hand.merchant_id, live)
    finally:
        connection.close()


def _deviation(hand: Hand) -> float:
    money = _shown(hand).money
    if len(money) < 2:
        raise UsageError("EXP004", "power", got="no checkouts with a known end yet", expected="some, or --deviation",
                         to_do="pass --deviation; Rs 200 is usual where an order is worth Rs 750")  # fmt: skip
    return float(money.std(ddof=1))


def _good_refused(found: Shown) -> dict[str, Any]:
    """Of held-out orders that were delivered, those the policy wanted to refuse cash: nobody else's end is known."""
    good = [one for one in found.checkouts if one.end == "delivered" and one.arm == HOLDOUT]
    refused = sum(one.wanted is Action.PREPAID_ONLY for one in good)
    return {"refused": refused, "good": len(good), "share": refused / len(good) if good else None}


def _show_savings(r: dict[str, Any]) -> None:
    s, naive, good = r["saving_per_checkout"], r["naive_per_checkout_minor"], r["good_buyers_refused"]
    spoilt = ": what that did is missing in the saving" if r["held_out_contacted"] else ""
    fields([
        ("saving a checkout, minor units", f"{s['value_minor']:,.0f} (95 %: {s['low_minor']:,.0f} to {s['high_minor']:,.0f})"),
        ("naive number, not a saving", "not known" if naive is None else f"{naive:,.0f}"),
        ("checkouts", f"{r['arms']['policy']:,} under the policy, {r['arms']['holdout']:,} held out"),
        ("good buyers it would refuse", f"{good['refused']} of {good['good']} held out and delivered"),
        ("held out, yet contacted", f"{r['held_out_contacted']:,}{spoilt}"),
        ("left out", ", ".join(f"{n:,} {name}" for name, n in r["checkouts"].items() if name != "known")),
    ])  # fmt: skip
