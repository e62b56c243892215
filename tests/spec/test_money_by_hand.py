"""What each action is worth, worked out with pencil and paper; and the tables of docs/decisions.md, recomputed."""

from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from data.contract import Action
from serving.decisions.explain import break_even, explain, ships_up_to
from serving.decisions.policy import Policy, decide, default_policy, evaluate, evaluate_prepaid

POLICY = default_policy("INR")
assert isinstance(POLICY, Policy)

BY_HAND = """
action        | value | p    | if prepaid | Rs      | by hand
allow_cod     | 745   | 0    |            | 267.25  | .45*745 - 75 - 18 - 35 + 60
allow_cod     | 745   | 1    |            | -200.35 | -75 - 65 - 18 - 20 - .03*745
allow_cod     | 745   | .300 |            | 126.97  | .7*267.25 - .3*200.35
allow_cod     | 300   | 0    |            | 116.00  | .45*300 + 49 - 75 - 18 - 35 + 60: a small cart pays for delivery
allow_cod     | 2000  | 0    |            | 827.00  | .45*2000 - 75 - 18 - 40 + 60: the cash fee is 2 %
prepaid_nudge | 745   | 0    |            | 263.27  | .2*(335.25 - 75 - 18 - 14.90 - 40 + 60) + .8*267.25
prepaid_nudge | 745   | 1    |            | -169.22 | .07031*247.35 - .02319*215.25 - .9065*200.35
confirm_call  | 745   | 0    |            | 245.24  | .985*267.25 - 18
confirm_call  | 745   | 1    |            | -130.30 | .1134*267.25 - .71178*200.35 - 18
confirm_message | 745 | 0    |            | 264.65  | .994*267.25 - 1
confirm_message | 745 | 1    |            | -161.76 | .04825*267.25 - .86677*200.35 - 1
partial_prepaid | 745 | 0    |            | 118.90  | .55*(267.25 - .02*99) - .45*60: cash fee on the other 646
partial_prepaid | 745 | 1    |            | 16.00   | .15058*267.25 - .11832*200.35 - .2689*1.98: the advance is given back
partial_prepaid | 90  | 0    |            | 3.09    | .55*(.45*90 + 49 - 93 - 1.80 + 60) - 27: Rs 99 covers it all, no cash, no cash fee
prepaid_only  | 745   | 0    |            | 37.26   | .28*287.35 - .72*60
prepaid_only  | 745   | 1    |            | 21.87   | .10215*287.35 - .03475*215.25
prepaid_only  | 745   | .500 | .040       | 30.80   | r = .1369*(.85*.04 + .15*.5); (.20845-r)*287.35 - r*215.25 - 21.60
"""


def table(text: str) -> list[dict[str, str]]:
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.strip().splitlines()]
    head, *rows = (line for line in lines if set("".join(line)) != {"-"})
    return [dict(zip(head, row, strict=True)) for row in rows]


def in_rupees(minor: int) -> str:
    return str(Decimal(minor) / 100 + Decimal("0.00"))


@pytest.mark.parametrize("row", table(BY_HAND), ids=lambda r: f"{r['action']}-{r['value']}-{r['p']}")
def test_the_value_of_an_action_checks_by_hand(row):
    q = float(row["if prepaid"]) if row["if prepaid"] else None
    values = {v.action.name.lower(): v for v in evaluate(float(row["p"]), q, int(row["value"]) * 100, POLICY)}
    assert in_rupees(values[row["action"]].expected_value_minor) == row["Rs"]


@pytest.mark.parametrize(("p", "rupees"), [(0, "287.35"), (1, "-215.25"), (0.02, "277.30")])
def test_a_prepaid_order_pays_the_payment_fee_and_no_cash_fee(p, rupees):
    # delivered 335.25 - 75 - 18 - 14.90 + 60; back -200.35 - 14.90
    assert in_rupees(evaluate_prepaid(p, 745_00, POLICY)[0].expected_value_minor) == rupees


DOCUMENT = (Path(__file__).parents[2] / "docs" / "decisions.md").read_text(encoding="utf-8")


def documented(head: str) -> list[dict[str, str]]:
    """The table of the document whose head row starts with `head`."""
    start = DOCUMENT.index(f"| {head}")
    return table(DOCUMENT[start : DOCUMENT.index("\n\n", start)])


def test_the_worked_example_of_the_document_recomputes_from_its_own_text():
    *lines, total = documented("line |")
    for line in lines:
        product = Decimal(line["share of orders"]) * Decimal(line["Rs each"])
        assert str(product.quantize(Decimal("0.01"), ROUND_HALF_UP)) == line["Rs"], line["line"]
    assert sum(Decimal(line["Rs"]) for line in lines) == Decimal(total["Rs"].strip("*"))


def test_the_worked_example_is_what_the_program_says():
    *lines, _ = documented("line |")
    terms = explain(0.41, None, 745_00, Action.CONFIRM_CALL, POLICY)
    assert [(t.name, in_rupees(t.minor)) for t in terms] == [(line["line"], line["Rs"]) for line in lines]
    assert [t.formula.split()[0] for t in terms] == [line["share of orders"] for line in lines]


def test_the_actions_of_the_document_are_what_the_program_says():
    values = evaluate(0.41, None, 745_00, POLICY)
    one, p = np.array([745_00]), np.array([410])
    (down,), (up,) = POLICY.swings(known=False).around(p, p, one, [value.action for value in values])
    told = []
    for value, less, more in zip(values, down, up, strict=True):
        low, high = (in_rupees(round(value.expected_value_minor + by)) for by in (-less, more))
        told.append(
            {
                "action": value.action.name.lower(),
                "Rs": in_rupees(value.expected_value_minor),
                "95 %": f"{low} to {high}",
            }
        )
    assert told == documented("action |")
    assert decide(values, Action.ALLOW_COD).action is Action.CONFIRM_CALL


def test_the_interval_of_the_document_checks_by_hand():
    # answered by half as many, or half as many more: +-.5 of what the answers bring; and so part by part
    safe, back, p = Decimal("267.25"), Decimal("200.35"), Decimal("0.41")
    brings = {"cancels": p * Decimal("0.08498") * back, "repaired": p * Decimal("0.04825") * (safe + back)}
    loses = (1 - p) * Decimal("-0.006") * safe
    swings = [(brings["cancels"] + brings["repaired"]) / 2, loses / 2, brings["cancels"] * 6 / 10, loses * 6 / 10,
              brings["repaired"] * 8 / 10]  # fmt: skip
    half = sum(s * s for s in swings).sqrt()
    [message] = [row for row in documented("action |") if row["action"] == "confirm_message"]
    assert message["95 %"] == f"{Decimal('89.82') - half:.2f} to {Decimal('89.82') + half:.2f}"


@pytest.mark.parametrize("row", documented("order value, Rs"), ids=lambda r: r["order value, Rs"])
def test_the_take_over_risks_of_the_document_are_what_the_program_says(row):
    value_minor = int(row["order value, Rs"]) * 100
    told = {f"{a.name.lower()} from": p for a, p in break_even(POLICY, value_minor).items()}
    told["ships up to"] = ships_up_to(POLICY, value_minor)
    assert {name: f"{p:.3f}" for name, p in told.items()} == {k: v for k, v in row.items() if k in told}


def test_the_advice_at_745_changes_where_the_document_says():
    advised = [decide(evaluate(k / 1000, None, 745_00, POLICY), Action.ALLOW_COD).action for k in range(1001)]
    changes = {now.name.lower(): k / 1000 for k, (was, now) in enumerate(pairwise(advised), 1) if was != now}
    assert changes == {
        "confirm_message": 0.064, "confirm_call": 0.382, "partial_prepaid": 0.464, "prepaid_only": 0.933,
    }  # fmt: skip
    for p in changes.values():
        assert f"at {p}" in DOCUMENT
