"""What a merchant may write down as its policy: one shape for TOML files and for JSON over HTTP, refused by field."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from data.contract import Action
from serving.decisions.effects import CAUSES, KINDS

ACTIONS = tuple(a.name.lower() for a in Action)
_ActionName = Literal[ACTIONS]  # type: ignore[valid-type]
_Text = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]


def _exact(value: object) -> object:
    """A number as it was written: 0.45 is 45/100, not the nearest binary fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("a number, as 0.45")
    found = Decimal(str(value))
    if not found.is_finite():
        raise ValueError("a finite number")
    return found


_NUMBER = {"type": "number"}
Share = Annotated[Decimal, BeforeValidator(_exact), WithJsonSchema(_NUMBER)]
_BELOW_HALF = _NUMBER | {"minimum": 0, "exclusiveMaximum": 0.5}
_Holdout = Annotated[
    Share, Field(ge=0, lt=Decimal("0.5"), json_schema_extra={"default": 0.05}), WithJsonSchema(_BELOW_HALF)
]
_Minor = Annotated[int, Field(strict=True)]


def _ends(value: object) -> object:
    """One share alone, or as [expected, low, high]."""
    told = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    if len(told) not in (1, 3):
        raise ValueError("a share, or [expected, low, high]")
    return tuple(told)


_THREE = {"type": "array", "items": _NUMBER, "minItems": 3, "maxItems": 3, "description": "[expected, low, high]"}
Spread = Annotated[tuple[Share, ...], BeforeValidator(_ends), WithJsonSchema({"anyOf": [_NUMBER, _THREE]})]
_Causes = Literal[CAUSES]  # type: ignore[valid-type]
_Kinds = Literal[KINDS]  # type: ignore[valid-type]
_Table = dict[_Kinds, Spread]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class CostsIn(_Part):
    """Any item of `default_costs.ITEMS`; what is left out is as shipped."""

    margin_share: Share | None = None
    forward_minor: _Minor | None = None
    reverse_minor: _Minor | None = None
    packaging_minor: _Minor | None = None
    handling_minor: _Minor | None = None
    damage_share: Share | None = None
    cod_fee_minor: _Minor | None = None
    cod_fee_share: Share | None = None
    gateway_fee_share: Share | None = None
    call_cost_minor: _Minor | None = None
    message_cost_minor: _Minor | None = None
    nudge_discount_minor: _Minor | None = None
    advance_minor: _Minor | None = None
    advance_kept_share: Share | None = None
    shipping_charged_minor: _Minor | None = None
    shipping_free_from_minor: _Minor | None = None
    ltv_minor: _Minor | None = None
    goodwill_minor: _Minor | None = None


class EconomicsIn(CostsIn):
    """unusual: items that are meant although they are past belief.  by_category: what differs for some goods."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    unusual: list[str] = []
    by_category: dict[_Text, CostsIn] = {}


class RowIn(_Part):
    """Parts of one action's row, by kind of order; a part that is named replaces the shipped one."""

    reached: _Table | None = None
    cancels: _Table | None = None
    repaired: _Table | None = None
    pays: _Table | None = None
    delivered_if_paid: _Table | None = None


class EffectsIn(_Part):
    version: _Text
    cause_mix: dict[_Causes, Share] | None = None
    paying_causal_share: Spread | None = None
    confirm_message: RowIn | None = None
    confirm_call: RowIn | None = None
    prepaid_nudge: RowIn | None = None
    partial_prepaid: RowIn | None = None
    prepaid_only: RowIn | None = None


class RuleIn(_Part):
    """when: text (`rule_text.py`), or parts, as a form of drop-downs sends them."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$")]
    when: Annotated[str, Field(max_length=4_000)] | dict[str, Any]
    then: Literal[(*ACTIONS, "expected_value")]  # type: ignore[valid-type]
    channels: list[_Text] = []
    until: date | None = None


class ListIn(_Part):
    """A list that was imported (`rto lists import`). then: what a block list advises; prepaid_only if not said."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    effect: Literal["allow", "block"]
    then: _ActionName | None = None
    channels: list[_Text] = []


class CapIn(_Part):
    """share, share_per_state, share_per_place_tier: of cash orders.  a_day: orders of a local day."""

    share: Share | None = None
    share_per_state: Share | None = None
    share_per_place_tier: Share | None = None
    a_day: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] | None = None


class CapsIn(_Part):
    """How often an action may be advised. never_refuse_after: parcels taken, none come back.  until: the last day."""

    never_refuse_after: Annotated[int, Field(strict=True, ge=1, le=1_000)] | None = None
    until: date | None = None
    prepaid_nudge: CapIn | None = None
    confirm_message: CapIn | None = None
    confirm_call: CapIn | None = None
    partial_prepaid: CapIn | None = None
    prepaid_only: CapIn | None = None


class ExperimentIn(_Part):
    """holdout: share of checkouts the policy does not act on, below a half.  name: another one draws others."""

    holdout: _Holdout = Decimal("0.05")
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")] = "holdout"


class PolicyIn(_Part):
    """One merchant's policy as written."""

    economics: EconomicsIn = EconomicsIn()
    effects: EffectsIn | None = None
    offered: list[_ActionName] | None = None
    default: _ActionName = "allow_cod"
    lists: Annotated[list[ListIn], Field(max_length=50)] = []
    rules: Annotated[list[RuleIn], Field(max_length=200)] = []
    caps: CapsIn = CapsIn()
    experiment: ExperimentIn = ExperimentIn()

    def canonical(self) -> dict[str, Any]:
        """What was said, without spelling: two files that say the same are equal here."""
        return self.model_dump(mode="json", exclude_defaults=True)
