"""What decides, where several might: the precedence of docs/decisions.md, one row at a time."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from data.contract import Action
from serving.decisions.caps import Cap, Caps, Prices
from serving.decisions.lists import HeldList, Rows
from serving.decisions.rule_text import condition
from serving.decisions.rules import Rule, RuleBook
from serving.decisions.shop import ShopPolicy, shipped
from serving.decisions.stages import STAGES
from serving.policies.choosing import DECIDED_BY, Limits, choose
from serving.scores.weighing import Asked, weighed
from tests.helpers.traits import PlainTraits

BLOCKED, ALLOWED, BOTH, NOBODY = 7, 8, 9, 5
LABELS = ["reseller 7", ""]


def listed(name: str, effect: str, then: Action, *people: int, until: int = 100) -> HeldList:
    ends = np.cumsum([len(LABELS[i % 2]) for i in range(len(people))])
    labels = "".join(LABELS[i % 2] for i in range(len(people))).encode()
    rows = Rows(np.array(people), np.full(len(people), until), ends, labels)
    return HeldList(name, "phone", effect, then, rows, lambda text: -1)


SHOP = replace(
    shipped("INR"),
    rules=RuleBook(
        (
            Rule("far", condition("state = Bihar", "r"), Action.PREPAID_ONLY),
            Rule("leave", condition("state = Goa", "r"), None),
            Rule("all", condition("value >= 5000", "r"), Action.CONFIRM_CALL),
        )
    ),
    lists=(
        listed("resellers", "block", Action.PREPAID_ONLY, BLOCKED, BOTH),
        listed("vip", "allow", Action.ALLOW_COD, ALLOWED, BOTH),
    ),
    caps=Caps((Cap(Action.PREPAID_ONLY, share=Fraction(1, 10)),), never_refuse_after=3),
)
CASES = """
who      | state | value | risk | taken | back | used up | override        | stage    | advice          | decided by     | because            | why
nobody   |       | 745   | .41  |       |      |         |                 | checkout | confirm_call    | expected_value |                    | money alone
nobody   | Bihar | 745   | .41  |       |      |         |                 | checkout | prepaid_only    | rule           | far                | a rule goes before money
nobody   | Goa   | 5000  | .41  |       |      |         |                 | checkout | confirm_call    | expected_value |                    | a rule may leave it to money, and later rules do not apply
nobody   | Goa   | 745   | .97  |       |      |         |                 | checkout | prepaid_only    | expected_value |                    |
allowed  | Bihar | 745   | .97  |       |      |         |                 | checkout | allow_cod       | allow_list     | vip                | an allow list goes before a rule
both     | Bihar | 745   | .05  |       |      |         |                 | checkout | prepaid_only    | block_list     | resellers          | a block list before an allow list
blocked  |       | 745   | .05  | 9     | 0    | yes     |                 | checkout | prepaid_only    | block_list     | resellers          | nor does protection or a cap help
blocked  |       | 745   | .05  |       |      |         | allow_cod       | checkout | allow_cod       | override       |                    | a person goes before all
nobody   |       | 745   | .97  | 3     | 0    |         |                 | checkout | partial_prepaid | protection     | never_refuse_after | who took three is never refused
nobody   | Bihar | 745   | .41  | 3     | 0    |         |                 | checkout | confirm_call    | protection     | never_refuse_after | by no rule either
nobody   |       | 745   | .97  | 2     | 0    |         |                 | checkout | prepaid_only    | expected_value |                    | two are not three
nobody   |       | 745   | .97  | 9     | 1    |         |                 | checkout | prepaid_only    | expected_value |                    | one came back
nobody   |       | 745   | .97  |       |      | yes     |                 | checkout | partial_prepaid | cap            | prepaid_only.share | the next best
nobody   | Bihar | 745   | .41  |       |      | yes     |                 | checkout | confirm_call    | cap            | prepaid_only.share | rules keep within caps
nobody   | Bihar | 745   | .41  |       |      |         |                 | placed   | confirm_call    | rule           | far                | the harshest that can still be done
blocked  |       | 745   | .41  |       |      |         |                 | dispatch | confirm_call    | block_list     | resellers          |
nobody   | Bihar |       | .41  |       |      |         |                 | checkout | prepaid_only    | rule           | far                | without money rules still hold
nobody   |       |       | .41  |       |      |         |                 | checkout | allow_cod       | default        |                    |
"""


def rows() -> list[dict[str, str]]:
    head, *lines = ([cell.strip() for cell in line.split("|")] for line in CASES.strip().splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]


def decided(row: dict[str, str], shop: ShopPolicy = SHOP, paid: bool = False):
    number = {name: float(row[name]) if row[name] else None for name in ("value", "risk", "taken", "back")}
    person = {"blocked": BLOCKED, "allowed": ALLOWED, "both": BOTH, "nobody": NOBODY}[row["who"]]
    value = None if number["value"] is None else number["value"] * 100
    traits = PlainTraits(1, {"state": [row["state"].upper() or None], "value": [value], "p_rto": [number["risk"]], "phone": [person],
                             "buyer_delivered": [number["taken"]], "buyer_rto": [number["back"]]}, now=50)  # fmt: skip
    k = np.array([round((number["risk"] or 0) * 1000)])
    groups = (
        []
        if value is None
        else [
            weighed((shop, shop.money), paid, row["stage"], Asked(np.array([0]), k, k, np.array([int(value)])), False)
        ]
    )
    used_up = {0: frozenset({0})} if row["used up"] else {}
    overrides = {0: Action[row["override"].upper()]} if row["override"] else {}
    stages = np.array([STAGES.index(row["stage"])])
    return choose(shop, traits, groups, stages, np.array([paid]), Limits(used_up, overrides))


@pytest.mark.parametrize("row", rows(), ids=lambda r: r["why"] or r["decided by"])
def test_what_decides(row: dict[str, str]):
    choice = decided(row)
    because = choice.because(0, SHOP)
    found = (Action(int(choice.action[0])).name.lower(), DECIDED_BY[int(choice.by[0])], because.name if because else "")
    assert found == (row["advice"], row["decided by"], row["because"])
    assert int(choice.runner_up[0]) != int(choice.action[0])


def test_an_order_that_is_paid_is_shipped_whatever_else():
    for row in rows()[:8]:
        choice = decided(row, paid=True)
        assert (int(choice.action[0]), DECIDED_BY[int(choice.by[0])]) == (Action.ALLOW_COD, "expected_value")


def test_a_list_tells_its_own_label_and_a_rule_its_words():
    by_list, by_rule = decided(rows()[6]), decided(rows()[1])
    assert by_list.because(0, SHOP).text == "reseller 7"
    assert decided(rows()[5]).because(0, SHOP).text is None, "no label was given"
    assert by_rule.because(0, SHOP).text == 'when state = "Bihar" then prepaid_only'
    assert by_rule.runner_up[0] == Action.CONFIRM_CALL, "second is what money alone wanted"


def test_a_row_of_a_list_that_has_ended_does_not_count():
    ended = replace(SHOP, lists=(listed("resellers", "block", Action.PREPAID_ONLY, BLOCKED, BOTH, until=50),))
    assert DECIDED_BY[int(decided(rows()[6], ended).by[0])] == "expected_value"


def test_the_price_of_a_cap_keeps_an_action_for_orders_that_gain_more_by_it():
    priced = replace(
        SHOP, caps=replace(SHOP.caps, never_refuse_after=None), prices=Prices({("prepaid_only.share", ""): 5_00})
    )
    row = rows()[3] | {"state": ""}
    at = {risk: decided(row | {"risk": risk}, priced) for risk in (".97", "1")}
    gain = {risk: decided(row | {"risk": risk}).action[0] for risk in at}
    assert set(gain.values()) == {Action.PREPAID_ONLY}
    assert [int(one.action[0]) for one in at.values()] == [Action.PARTIAL_PREPAID, Action.PREPAID_ONLY]
    assert DECIDED_BY[int(at[".97"].by[0])] == "cap"
