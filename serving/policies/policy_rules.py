"""Rules, lists and caps of a policy as written, made ready to decide."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import partial
from zoneinfo import ZoneInfo

from data.contract import SECOND, Action
from data.errors import PlanError
from serving.decisions.caps import ALL, PLACE_TIER, STATE, Cap, Caps
from serving.decisions.lists import ALLOW, BLOCK, HeldList
from serving.decisions.rule_text import condition, structured
from serving.decisions.rules import Rule
from serving.policies.list_store import ListStore, thing_key
from serving.policies.policy_file import Named
from serving.policies.policy_shapes import CapIn, PolicyIn

_PER = {"share": ALL, "share_per_state": STATE, "share_per_place_tier": PLACE_TIER}


def rules_of(said: PolicyIn, named: Named) -> tuple[Rule, ...]:
    """The rules in their order. Raises PlanError RULE001 to RULE005."""
    found: list[Rule] = []
    for one in said.rules:
        where = f"{named.where}, rule {one.id!r}"
        if any(rule.rule_id == one.id for rule in found):
            raise PlanError(
                "RULE005",
                where,
                got="a second rule of that id",
                expected="an id of its own for each rule",
                to_do="give one of the two another id",
            )
        when = condition(one.when, where) if isinstance(one.when, str) else structured(one.when, where)
        then = None if one.then == "expected_value" else Action[one.then.upper()]
        if then is not None and said.offered is not None and then.name.lower() not in (*said.offered, "allow_cod"):
            raise PlanError("RULE005", where, got=f"then {one.then}", expected="an action that is offered",
                            to_do="add it to `offered`, or take another")  # fmt: skip
        channels = tuple(channel.strip().casefold() for channel in one.channels)
        found.append(Rule(one.id, when, then, channels, end_of(one.until, named)))
    return tuple(found)


def end_of(day: date | None, named: Named) -> int | None:
    """The end of a day in the merchant's zone, microseconds."""
    if day is None:
        return None
    return int(datetime.combine(day + timedelta(days=1), time(), ZoneInfo(named.timezone)).timestamp()) * SECOND


def caps_of(said: PolicyIn, named: Named) -> Caps:
    """The caps. Raises PlanError CAP001 for one that cannot be kept."""
    found: list[Cap] = []
    for action in Action:
        told: CapIn | None = getattr(said.caps, action.name.lower(), None)
        if told is None:
            continue
        for name, per in _PER.items():
            if (share := getattr(told, name)) is not None:
                found.append(
                    Cap(action, per, share=_share(Fraction(share), f"{named.where}, caps.{action.name.lower()}.{name}"))
                )
        if told.a_day is not None:
            found.append(Cap(action, ALL, a_day=told.a_day))
    return Caps(tuple(found), said.caps.never_refuse_after, end_of(said.caps.until, named))


def _share(share: Fraction, where: str) -> Fraction:
    if not 0 <= share <= 1:
        raise PlanError(
            "CAP001", where, got=f"{float(share):g}", expected="a share from 0 to 1", to_do="write 8 % as 0.08"
        )
    return share


def lists_of(said: PolicyIn, named: Named, store: ListStore, digests: Mapping[str, str]) -> tuple[HeldList, ...]:
    """The lists a policy uses, with the rows that are meant. Raises UsageError LIST003, DataError LIST004."""
    held = []
    for one in said.lists:
        digest = digests[one.name]
        kind = str(store.about(one.name, digest)["kind"])
        then = Action.ALLOW_COD if one.effect == ALLOW else Action[(one.then or "prepaid_only").upper()]
        if one.effect == ALLOW and one.then not in (None, "allow_cod"):
            raise PlanError("LIST005", f"{named.where}, list {one.name!r}", got=f"an allow list that says {one.then}",
                            expected="no `then`: who is allowed pays as usual", to_do=f'effect = "{BLOCK}"')  # fmt: skip
        key_of = partial(thing_key, store.pool.token_key(), kind)
        channels = tuple(channel.strip().casefold() for channel in one.channels)
        held.append(HeldList(one.name, kind, one.effect, then, store.rows(one.name, digest), key_of, channels))
    return tuple(held)


def digests_of(said: PolicyIn, store: ListStore) -> dict[str, str]:
    """The newest import of each list a policy names. Raises UsageError LIST003 for one that nobody imported."""
    return {one.name: store.current(one.name) for one in said.lists}
