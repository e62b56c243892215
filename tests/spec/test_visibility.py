"""What may be seen, and when: only what was told strictly before, never the order itself. Days since the first."""

from typing import Any

import pytest

from data.contract import DAY
from data.errors import DataError
from data.history import History, Told, told_once
from features.catalog import Sum
from features.contribution import Measure
from features.fold import FOREVER
from features.reference import value_at
from features.replay import replay
from tests.helpers.histories import history_of, known_orders
from tests.helpers.tables import day, edges, news, table

ASKED = {"order_id": "o9", "merchant_id": "m1", "payment_method": "cod", "phone": 1, "pincode": "800001",
         "address": 8, "state": "S", "district": "D", "amount_minor": 100.0}  # fmt: skip


def order(order_id: str, placed: float, **columns: Any) -> dict[str, Any]:
    return ASKED | {"order_id": order_id, "placed_at": day(placed)} | columns


def read(history: History, one: Sum) -> float:
    """The sum as the order o9 reads it when placed: by the formula and by the replay, which must agree."""
    row = history.row_of("m1", "o9")
    known = known_orders(history)
    formula = value_at(one, known, known[row], int(history.orders["placed_at"][row]))
    assert replay(history, (one,))[one][row] == pytest.approx(formula, rel=1e-12)
    return formula


VISIBLE = """
order | phone | placed | news                            | placed before | known | rto | open
o1    | 1     | 1      | delivered@5                     | 1             | 1     | 0   | 0
o1    | 1     | 1      | rto_started@5                   | 1             | 1     | 1   | 0
o1    | 1     | 1      | rto_started@5~9.9               | 1             | 1     | 1   | 0
o1    | 1     | 1      | rto_started@5~10                | 1             | 0     | 0   | 1    | known at the very instant
o1    | 1     | 1      | rto_started@5~30                | 1             | 0     | 0   | 1    | happened before, told after
o1    | 1     | 1      | rto_started@5 delivered@7~30    | 1             | 1     | 1   | 0    | the delivery is not yet known
o1    | 1     | 1      | rto_started@5 delivered@7       | 1             | 1     | 0   | 0
o1    | 1     | 1      | rto_started@5#a correction@6>a  | 1             | 0     | 0   | 1
o1    | 1     | 1      | rto_started@5#a correction@6~10>a | 1           | 1     | 1   | 0    | taken back too late
o1    | 1     | 1      | rto_started@5/no_attempt        | 1             | 0     | 0   | 0    | the courier's: not on the buyer
o1    | 1     | 1      | cancelled@2                     | 1             | 0     | 0   | 0
o1    | 2     | 1      | rto_started@5                   | 0             | 0     | 0   | 0    | somebody else's
o1    | -1    | 1      | rto_started@5                   | 0             | 0     | 0   | 0    | nobody's
o1    | 1     | 10     | delivered@12                    | 0             | 0     | 0   | 0    | placed at the very instant
o1    | 1     | 9.9999 | delivered@12                    | 1             | 0     | 0   | 1
o1    | 1     | 11     | delivered@11.5                  | 0             | 0     | 0   | 0    | placed later
o1    | 1     | 1      | unplaced delivered@5            | 0             | 0     | 0   | 0    | nobody placed it
o1    | 1     | 1      | unplaced delivered@5 placed@1~9 | 1             | 1     | 0   | 0    | news before its order
o1    | 1     | 1      | unplaced placed@1~10 delivered@5 | 0            | 0     | 0   | 0    | the order is not yet known
"""


@pytest.mark.parametrize(("order_id", "phone", "placed", "text", "n_placed", "known", "rto", "n_open"), edges(VISIBLE))
def test_what_a_phone_has_done_is_what_was_told_strictly_before(
    order_id: str, phone: str, placed: str, text: str, n_placed: str, known: str, rto: str, n_open: str
) -> None:
    rows = [order(order_id, float(placed), phone=int(phone)), order("o9", 10)]
    told = news(text, order_id=order_id, placed=float(placed)) + news("rto_started@11", order_id="o9", placed=10)
    history = history_of(rows, told)
    expected = {Measure.PLACED: n_placed, Measure.KNOWN: known, Measure.RTO: rto, Measure.OPEN: n_open}
    for measure, value in expected.items():
        assert read(history, Sum("phone", measure)) == float(value), measure


def test_an_order_never_sees_itself_however_early_its_news_is_told() -> None:
    told = news("unplaced placed@9 rto_started@9.5", order_id="o9")  # told before it was placed: a clock that ran ahead
    history = history_of([order("o9", 10)], told)
    for kind in ("phone", "address", "pincode", "all", "merchant"):
        for measure in Measure:
            assert read(history, Sum(kind, measure)) == 0.0


def test_an_order_asked_about_later_still_leaves_itself_out() -> None:
    history = history_of([order("o9", 10)], news("rto_started@11", order_id="o9", placed=10))
    known = known_orders(history)
    assert value_at(Sum("phone", Measure.RTO), known, known[0], day(50)) == 0.0


def test_an_order_of_another_merchant_with_the_same_number_is_another_order() -> None:
    rows = [order("o9", 1, merchant_id="m2"), order("o9", 10)]
    told = news("rto_started@5", order_id="o9", merchant_id="m2", placed=1) + news("", order_id="o9", placed=10)
    history = history_of(rows, told)
    assert read(history, Sum("phone", Measure.RTO)) == 1.0
    assert read(history, Sum("merchant", Measure.RTO)) == 0.0


def test_a_fact_ages_from_the_order_not_from_the_telling() -> None:
    told = news("rto_started@2~9", order_id="o1", placed=0) + news("", order_id="o9", placed=10)
    history = history_of([order("o1", 0), order("o9", 10)], told)
    assert read(history, Sum("phone", Measure.RTO, 10 * DAY)) == pytest.approx(0.5, rel=1e-12)
    assert read(history, Sum("phone", Measure.RTO, FOREVER)) == 1.0


MOVES = """
corrected      | address 7 | address 8 | pin 560001 | pin 800001
placed@0       | 1         | 0         | 1          | 0     | as placed
~9>8           | 0         | 1         | 0          | 0     | all its weights move, to another place too
~10>8          | 1         | 0         | 1          | 0     | known at the very instant
"""


@pytest.mark.parametrize(("corrected", "at_7", "at_8", "at_560001", "at_800001"), edges(MOVES))
def test_a_corrected_address_moves_the_weights_between_keys(
    corrected: str, at_7: str, at_8: str, at_560001: str, at_800001: str
) -> None:
    text = "" if corrected == "placed@0" else f"address_corrected@3{corrected} rto_started@5"
    told = news(text or "rto_started@5", order_id="o1", placed=1)
    for one in (Sum("address", Measure.RTO), Sum("address", Measure.PLACED)):
        for address, expected in ((7, at_7), (8, at_8)):
            rows = [order("o1", 1, address=7, pincode="560001"), order("o9", 10, address=address)]
            assert read(history_of(rows, told + news("", order_id="o9", placed=10)), one) == float(expected)
    for pincode, expected in (("560001", at_560001), ("800001", at_800001)):
        rows = [order("o1", 1, address=7, pincode="560001"), order("o9", 10, pincode=pincode)]
        assert read(history_of(rows, told + news("", order_id="o9", placed=10)), Sum("pincode", Measure.RTO)) == float(
            expected
        )


def test_a_switch_to_prepaid_takes_the_order_out_of_the_cash_figures() -> None:
    for known, cod in (("9", 0.0), ("10", 1.0)):
        told = news(f"switched_to_prepaid@2~{known} rto_started@5", order_id="o1", placed=1)
        history = history_of([order("o1", 1), order("o9", 10)], told + news("", order_id="o9", placed=10))
        assert read(history, Sum("pincode", Measure.RTO)) == 1.0
        assert read(history, Sum("pincode", Measure.COD_RTO)) == cod
        assert read(history, Sum("pincode", Measure.SWITCHED)) == 1.0 - cod


TWICE = """
first                      | again                      | live         | counts as known on day
rto_started@5~7#e          | rto_started@5~9#e          | neither      | 7
rto_started@5~9#e          | rto_started@5~7#e          | neither      | 7
rto_started@5~7#e          | rto_started@5~9#e          | again        | 9     | our own stamp wins
rto_started@5~9#e          | rto_started@5~7#e          | first        | 9
rto_started@5~9#e          | rto_started@5~7#e          | both         | 7
rto_started@5~7#e          | rto_started@5~9#f          | neither      | 7, 9  | two pieces of news
rto_started@5~7#e!shop     | rto_started@5~9#e!courier  | neither      | 7, 9  | an id is unique for its source
"""


@pytest.mark.parametrize(("first", "again", "live", "known"), edges(TWICE))
def test_news_told_twice_counts_once(first: str, again: str, live: str, known: str) -> None:
    told = [
        news("unplaced " + first, live=live in ("first", "both"))[0],
        news("unplaced " + again, live=live in ("again", "both"))[0],
    ]
    for arrived in (told, told[::-1]):
        assert sorted(t.known_at for t in told_once(arrived)) == [day(k) for k in known.split(", ")]


OTHER_CONTENT = """
first                   | again
rto_started@5#e         | delivered@5#e                | another type
rto_started@5#e         | rto_started@6~7#e            | another moment
rto_started@5#e         | rto_started@5/refused#e      | another reason
correction@5#e>a        | correction@5#e>b             | other details
"""


@pytest.mark.parametrize(("first", "again"), edges(OTHER_CONTENT))
def test_one_event_id_with_two_contents_is_refused(first: str, again: str) -> None:
    told = [*news("unplaced " + first), *news("unplaced " + again)]
    for arrived in (told, told[::-1]):
        with pytest.raises(DataError, match="DQ014") as refused:
            told_once(arrived)
        assert "event id of its own" in refused.value.to_do


def test_one_event_id_for_two_orders_is_refused() -> None:
    told: list[Told] = [*news("unplaced delivered@5#e"), *news("unplaced delivered@5#e", order_id="o2")]
    with pytest.raises(DataError, match="DQ014"):
        told_once(told)


def test_the_table_reader_takes_a_remark_and_nothing_more() -> None:
    assert table("a | b\n1 | 2 | why") == [{"a": "1", "b": "2"}]
    with pytest.raises(AssertionError):
        table("a | b\n1 | 2 | 3 | 4")
