"""What the shops did with each order when it was placed: the logging policy, its draws and their propensities."""

from dataclasses import dataclass, replace

import numpy as np

from data.contract import Action
from data.errors import PlanError
from data.world.checkout import Orders
from data.world.effects import BACK, CALLED_OFF, KEPT, UNPAID, Potential, act
from data.world.handling import Handling
from data.world.logging_plan import LoggingPlan
from data.world.outcomes import ADDRESS, ATTEMPTS, Fate
from data.world.parameter import check_number
from data.world.presets import Preset
from data.world.streams import Flags, Floats, Ints, stream
from data.world.visits import SOCIAL, Market, uniform

POLICIES = ("none", "pincode_rule", "value_rule", "old_model")
GENTLE = (Action.ALLOW_COD, Action.CONFIRM_MESSAGE, Action.CONFIRM_CALL, Action.PREPAID_NUDGE)
"""What may be tried at random: refusing cash at random costs too much goodwill."""


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """(n,) the action taken with each order, and the chance that the policy took that one."""

    action: Ints
    propensity: Floats


def acting(preset: Preset, policy: str | None, explore: float | None) -> Preset:
    """The market whose shops act by `policy`, exploring that share of cash orders; None leaves the preset's own.

    Raises PlanError W002 for a policy that does not exist, or no share.
    """
    if policy is not None and policy not in POLICIES:
        raise _unknown("--logging", policy)
    plan = preset.logging
    policy, explore = plan.policy if policy is None else policy, plan.explore if explore is None else explore
    check_number("--explore", explore, 0.0, 1.0)
    return replace(preset, logging=replace(plan, policy=policy, explore=explore))


def _unknown(where: str, got: str) -> PlanError:
    to_do = "name a logging policy that exists"
    return PlanError("W002", where, got=got, expected=" or ".join(POLICIES), to_do=to_do)


def decide(market: Market, orders: Orders, plan: LoggingPlan) -> Logged:
    """Draw every order's action. Raises PlanError W002 for a policy that does not exist."""
    chances = propensities(recommended(market, orders, plan), orders.cod, plan)
    edges, luck = np.cumsum(chances, axis=1), uniform(market.seed, "policy.draws", len(orders))
    action = np.minimum((edges <= luck[:, None]).sum(axis=1), len(Action) - 1)
    return Logged(action, chances[np.arange(len(orders)), action])


def propensities(wanted: Ints, cod: Flags, plan: LoggingPlan) -> Floats:
    """(n, 6) chance of each action where the policy wants `wanted`; rows add up to 1."""
    count, acts = len(wanted), wanted != Action.ALLOW_COD
    chances = np.zeros((count, len(Action)))
    chances[np.arange(count), wanted] = np.where(acts, 1 - plan.holdout, 1.0)
    chances[:, Action.ALLOW_COD] += plan.holdout * acts
    tried = np.isin(np.arange(len(Action)), GENTLE) / len(GENTLE)
    chances = np.where(cod[:, None], (1 - plan.explore) * chances + plan.explore * tried, chances)
    return np.where(cod[:, None], chances, np.eye(len(Action))[Action.ALLOW_COD])


def recommended(market: Market, orders: Orders, plan: LoggingPlan) -> Ints:
    """(n,) the action the policy wants, before holdout and exploration. Nothing here looks at outcomes."""
    allow = np.full(len(orders), int(Action.ALLOW_COD))
    match plan.policy:
        case "none":
            return allow
        case "pincode_rule":
            return np.where(_listed(market, plan)[orders.visits.place], int(Action.PREPAID_ONLY), allow)
        case "value_rule":
            return np.where(orders.baskets.list_value >= plan.value_limit_rupees, int(Action.PREPAID_ONLY), allow)
        case "old_model":
            return _by_score(old_score(market, orders, plan), orders.cod, plan)
    raise _unknown("policy", plan.policy)


def _listed(market: Market, plan: LoggingPlan) -> Flags:
    """(p,) PIN codes on the shops' list: those thought worst, until they hold the share of volume asked for."""
    geo = market.geography
    noise = stream(market.seed, "policy.pincodes").normal(0, plan.pincode_noise, len(geo.refusal))
    thought = geo.refusal + np.asarray(market.preset.causes.tier)[geo.tier] + noise
    worst = np.argsort(-thought, kind="stable")
    listed = np.zeros(len(worst), dtype=bool)
    listed[worst[np.cumsum(geo.share[worst]) <= plan.worst_pincodes]] = True
    return listed


def old_score(market: Market, orders: Orders, plan: LoggingPlan) -> Floats:
    """(n,) the points of an analyst's scorecard: facts of the order alone, weights from experience, no history."""
    visits, tier = orders.visits, market.geography.tier[orders.visits.place]
    facts = (
        orders.gibberish,
        visits.new_phone,
        visits.source == SOCIAL,
        visits.night,
        orders.baskets.discount_share,
        orders.value,
        tier == 1,
        tier == 2,
    )
    return np.asarray(np.stack(facts, axis=1) @ np.array(plan.old_weights))


def _by_score(score: Floats, cod: Flags, plan: LoggingPlan) -> Ints:
    """No cash for the riskiest, a call for the next, a nudge for the next; shares of all cash orders."""
    ranked = np.sort(score[cod])[::-1]
    cuts = [ranked[min(int(share * len(ranked)), len(ranked) - 1)] for share in np.cumsum(plan.old_model)]
    wants = (Action.PREPAID_ONLY, Action.CONFIRM_CALL, Action.PREPAID_NUDGE)
    chosen = np.select([score > cut for cut in cuts], [int(action) for action in wants], int(Action.ALLOW_COD))
    return np.where(cod, chosen, int(Action.ALLOW_COD))


def handle(market: Market, before: Potential, logged: Logged, fate: Fate) -> tuple[Handling, Fate]:
    """What followed from each order's action: before dispatch, and at the door. fate: if just shipped."""
    after = act(market.preset.effects, before, logged.action)
    asked = before.cod & np.isin(logged.action, (Action.CONFIRM_MESSAGE, Action.CONFIRM_CALL))
    shipped = np.isin(after.outcome, (KEPT, BACK))
    handling = Handling(
        action=logged.action,
        propensity=logged.propensity,
        asked=asked,
        replied=after.answered,
        cancelled=np.isin(after.outcome, (CALLED_OFF, UNPAID)),
        switched=after.paid & shipped,
        repaired=after.answered & shipped & (fate.cause != after.cause) & (fate.cause == ADDRESS),
    )
    cause = np.where(shipped, after.cause, fate.cause)
    missed = np.where(cause > 0, fate.failed_attempts, np.minimum(fate.failed_attempts, ATTEMPTS - 1))
    return handling, Fate(cause, missed, fate.after_all & (cause > 0))
