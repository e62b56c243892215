"""From a policy as written (TOML or JSON) to costs and effects, and back to a text that a merchant can edit."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from data.contract import Action
from data.errors import PlanError
from serving.decisions.default_costs import ITEM, ITEMS
from serving.decisions.default_effects import DEFAULT_EFFECTS
from serving.decisions.economics import Economics, economics_of
from serving.decisions.effects import CAUSES, KINDS, PARTS, Effect, Effects, PerCause, Range
from serving.decisions.policy import Policy
from serving.policies.policy_shapes import CostsIn, EffectsIn, PolicyIn, RowIn

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Named:
    """Whose policy is read, from where: for messages."""

    merchant: str
    currency: str
    where: str
    timezone: str = "Asia/Kolkata"


def read_toml(text: str, where: str) -> PolicyIn:
    """A policy from TOML. Raises PlanError POLICY001 for what is no TOML, POLICY002 for a field that does not fit."""
    if len(text) > _MOST_BYTES:
        raise PlanError(
            "POLICY001",
            where,
            got=f"{len(text):,} characters",
            expected="a policy of at most a million",
            to_do="check that this file is the policy; move long lists into `rto lists import`",
        )
    try:
        said = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        to_do = "see docs/decisions.md, or start from: rto policy draft"
        raise PlanError("POLICY001", where, got=str(error), expected="TOML", to_do=to_do) from None
    return shaped(said, where)


def shaped(said: Mapping[str, Any], where: str) -> PolicyIn:
    """A policy from what was told. Raises PlanError POLICY002, naming the field."""
    try:
        return PolicyIn.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"] if part not in ("function-wrap",))
        raise PlanError("POLICY002", f"{where}, {field or 'the whole'}", got=_got(said, first["loc"]),
                        expected=_EXPECTED.get(first["type"], str(first["msg"]).removeprefix("Value error, ")),
                        to_do="every field is in docs/decisions.md; rto policy draft writes a whole file") from None  # fmt: skip


_EXPECTED = {"extra_forbidden": "a field that is known", "missing": "this field"}


def _got(said: Any, path: tuple[Any, ...]) -> str:
    for part in path:
        try:
            said = said[part]
        except (KeyError, IndexError, TypeError):
            return "nothing" if part == path[-1] and isinstance(said, Mapping) else "something else"
    return str(said)[:60]


def money_of(said: PolicyIn, named: Named) -> tuple[Policy, dict[str, Policy]]:
    """The money of a policy, and that of goods for which it differs, by category (as casefolded text).

    Raises PlanError MONEY001 to MONEY008, POLICY003.
    """
    currency = said.economics.currency or named.currency
    effects, offered = effects_of(said.effects), tuple(Action)
    if said.offered is not None:
        offered = tuple(Action[name.upper()] for name in said.offered)
        if len(set(offered)) != len(offered) or not offered:
            raise PlanError("POLICY003", f"{named.where}, offered", got=", ".join(said.offered) or "nothing",
                            expected="each action once; allow_cod is always on offer",
                            to_do="name each action you offer once, allow_cod among them")  # fmt: skip
    told = _costs(said.economics)
    _believable(told, said, named, currency)
    whole = _economics(named.merchant, currency, told)
    parts = {}
    for category, less in said.economics.by_category.items():
        own = _costs(less)
        _believable(own, said, named, currency)
        parts[category.casefold()] = Policy(
            _economics(f"{named.merchant}, {category}", currency, told | own), effects, offered
        )
    return Policy(whole, effects, offered), parts


def _costs(said: CostsIn) -> dict[str, Fraction | int]:
    told = {name: getattr(said, name) for name in ITEM}
    return {name: Fraction(v) if isinstance(v, Decimal) else v for name, v in told.items() if v is not None}


def _economics(version: str, currency: str, told: Mapping[str, Fraction | int]) -> Economics:
    return economics_of(version, currency, told)


def _believable(told: Mapping[str, Fraction | int], said: PolicyIn, named: Named, currency: str) -> None:
    """Raises PlanError MONEY007 for what can hardly be meant and was not said twice. Known for rupees only."""
    unusual = set(said.economics.unusual)
    if strange := sorted(unusual - set(ITEM)):
        raise PlanError(
            "POLICY003",
            f"{named.where}, economics.unusual",
            got=strange[0],
            expected="names of items",
            to_do="take the name from `rto policy show`",
        )
    for name, value in told.items() if currency == "INR" else ():
        item = ITEM[name]
        if value < 0 or value == 0 or item.least <= value <= item.most or name in unusual:
            continue  # below 0 is refused by Economics itself
        slip = "amounts are paise: write Rs 40 as 4000" if name.endswith("_minor") else "shares run from 0 to 1"
        raise PlanError("MONEY007", f"{named.where}, economics.{name}", got=f"{float(value):g}",
                        expected=f"0, or {float(item.least):g} to {float(item.most):g}: {item.what}",
                        to_do=f'{slip}; if it is meant, add unusual = ["{name}"] under [economics]')  # fmt: skip


def effects_of(said: EffectsIn | None) -> Effects:
    """The shipped table with what was told put in its place. Raises PlanError MONEY003."""
    if said is None:
        return DEFAULT_EFFECTS
    rows = []
    for row in DEFAULT_EFFECTS.rows:
        told: RowIn | None = getattr(said, row.action.name.lower(), None)
        rows.append(row if told is None else _row(row, told))
    mix, causal = DEFAULT_EFFECTS.cause_mix, DEFAULT_EFFECTS.paying_causal_share
    causal_range = DEFAULT_EFFECTS.paying_causal_range
    if said.cause_mix is not None:
        mix = PerCause(**{cause: Fraction(said.cause_mix.get(cause, Decimal(0))) for cause in CAUSES})
    if said.paying_causal_share is not None:
        causal, *ends = (Fraction(one) for one in said.paying_causal_share)
        causal_range = (ends[0], ends[1]) if ends else None
    return Effects(said.version, mix, tuple(rows), causal, causal_range)


def _row(row: Effect, told: RowIn) -> Effect:
    ranges = {one.part: one for one in row.ranges}
    for part in PARTS:
        table = getattr(told, part)
        if table is None:
            continue
        given = {kind: tuple(Fraction(one) for one in spread) for kind, spread in table.items()}
        ends = [PerCause(**{kind: spread[place if len(spread) > 1 else 0] for kind, spread in given.items()})
                for place in (0, 1, 2)]  # fmt: skip
        row = replace(row, ranges=(), **{part: ends[0]})  # type: ignore[arg-type]
        ranges.pop(part, None)
        if ends[1] != ends[2]:
            ranges[part] = Range(part, ends[1], ends[2])
    return replace(row, ranges=tuple(ranges.values()), assumed=True)


def draft(named: Named) -> str:
    """A whole policy as shipped, to be edited: every item with what it is and where its number comes from."""
    known = named.currency == "INR"
    lines = [
        f"# The policy of {named.merchant}. Amounts are minor units (paise: Rs 40 is 4000), shares run from 0 to 1.",
        "# Try it: rto policy simulate FILE; nothing goes live before rto policy publish FILE. See docs/decisions.md.",
        'default = "allow_cod"  # the advice where no money can be worked out',
        "offered = [" + ", ".join(f'"{row.action.name.lower()}"' for row in DEFAULT_EFFECTS.rows) + "]",
        "",
        "[economics]",
        f'currency = "{named.currency}"',
    ]
    for item in ITEMS:
        number = f"{float(item.default):g}" if isinstance(item.default, Fraction) else str(item.default)
        start = f"{item.name} = {number}" if known else f"# {item.name} ="
        lines.append(f"{start}  # {item.what}" + (f" ({item.source})" if known else ""))
    return "\n".join([*lines, "", *_LATER, "", *_effect_lines()]) + "\n"


_LATER = """\
# [economics.by_category.shoes]     # what differs for some goods
# margin_share = 0.5

# [caps]                            # limits on what money wants: docs/decisions.md#caps
# never_refuse_after = 4            # parcels taken, none come back: such a buyer is never refused cash
# [caps.prepaid_only]
# share = 0.08                      # of cash orders, over seven days
# share_per_state = 0.15
# [caps.confirm_call]
# a_day = 200

# [experiment]                      # docs/decisions.md#does-it-save-money
# holdout = 0.05                    # share of checkouts that are not acted on, so that savings can be measured

# [[lists]]                         # rto lists import FILE --name resellers --kind phone
# name = "resellers"
# effect = "block"                  # or "allow"
# then = "prepaid_only"

# [[rules]]                         # the first that matches decides: docs/decisions.md#rules
# id = "new-and-dear"
# when = "value >= 2500 and buyer_outcomes = 0 and state in [Bihar, Jharkhand]"
# then = "confirm_call"
# channels = ["web"]
# until = 2026-12-31""".splitlines()


def _effect_lines() -> Iterator[str]:
    yield "# What each action does, as [expected, low, high]. Commented out: as shipped, and it moves with upgrades. To declare"
    yield "# your own, take the # away from [effects] and from the rows you know better."
    yield "# [effects]"
    yield '# version = "mine-1"'
    mix = ", ".join(f"{kind} = {_number(share)}" for kind, share in vars(DEFAULT_EFFECTS.cause_mix).items() if share)
    yield f"# cause_mix = {{ {mix} }}"
    low, high = DEFAULT_EFFECTS.paying_causal_range or (0, 1)
    yield f"# paying_causal_share = [{', '.join(map(_number, (DEFAULT_EFFECTS.paying_causal_share, low, high)))}]"
    for row in DEFAULT_EFFECTS.rows[1:]:
        yield f"# [effects.{row.action.name.lower()}]"
        for one in row.ranges:
            tables = (getattr(row, one.part), one.low, one.high)
            cells = (
                f"{k} = [{', '.join(_number(getattr(t, k)) for t in tables)}]" for k in KINDS if tables[2] != PerCause()
            )
            yield f"# {one.part} = {{ {', '.join(cells)} }}"


def _number(share: Fraction | int) -> str:
    return f"{float(share):.6g}"
