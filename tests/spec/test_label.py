"""What became of an order, and who caused it: every edge of the rule of design section 4. Days since the order."""

import pytest

from data.label import label
from features.contribution import Measure, contribution
from features.labels import labels_at
from features.one_order import order_news
from tests.helpers.histories import history_of
from tests.helpers.tables import day, edges, news

LABELS = """
news                                                     | asof | label
placed@0                                                 | 100  | none  | open
dispatched@1 out_for_delivery@3                          | 100  | none  | in transit is never delivered
attempt_failed@3/refused                                 | 100  | none  | a failed attempt decides nothing
delivered@5                                              | 100  | 0     |
rto_started@5                                            | 100  | 1     | on its way back
rto_received@9                                           | 100  | 1     | back, though nobody told that it started
rto_started@5 rto_received@9                             | 100  | 1     |
rto_started@5 delivered@7                                | 100  | 0     | delivered after all
delivered@5 rto_started@7                                | 100  | 1     | the last one decides
rto_started@5 delivered@6 rto_received@9                 | 100  | 1     | the last of three
rto_started@7 delivered@5~8                              | 100  | 1     | by when it happened, not when it was told
delivered@5 returned@9                                   | 100  | 0     | a customer's return is no RTO
returned@9                                               | 100  | none  | nobody told that it was delivered
delivered@5 cancelled@6                                  | 100  | 0     |
delivered@5 lost@6                                       | 100  | 0     |
rto_started@5 cancelled@6                                | 100  | 1     | a shop that tidies up
rto_started@5 lost@6                                     | 100  | 1     | lost on its way back
rto_started@5 cancelled@6 delivered@7                    | 100  | 0     |
cancelled@2                                              | 100  | none  | never shipped
cancelled@2 rto_started@5                                | 100  | 1     | the parcel had left
cancelled@2 delivered@5                                  | 100  | 0     |
lost@9                                                   | 100  | none  |
partially_delivered@5                                    | 100  | none  | mixed
partially_delivered@5 rto_started@6                      | 100  | none  | mixed: not every line came back
rto_started@5 partially_delivered@6                      | 100  | none  | mixed
delivered@5 partially_delivered@6                        | 100  | none  | mixed
partially_delivered@5 delivered@8                        | 100  | 0     | the rest was delivered later
partially_delivered@5#p correction@6>p rto_started@7     | 100  | 1     |
delivered@5 rto_started@5                                | 100  | 1     | one instant: rto_started ranks later
rto_started@5 delivered@5                                | 100  | 1     | whatever the order of arrival
delivered@5 partially_delivered@5                        | 100  | 0     | one instant: delivered ranks later
rto_started@5#a correction@8>a                           | 100  | none  | taken back
delivered@4 rto_started@5#a correction@8>a               | 100  | 0     | what remains decides
delivered@4 rto_started@5#a correction@8~20>a            | 19.9 | 1     | the correction is not yet known
delivered@4 rto_started@5#a correction@8~20>a            | 20   | 0     | known at that very instant counts for a label
rto_started@5#a correction@8>z                           | 100  | 1     | a correction of nothing
rto_started@5#a correction@8>a!courier                   | 100  | 1     | another source's event of that name
rto_started@5#a correction@6#c>a correction@7>c          | 100  | none  | a correction cannot be taken back
rto_started@5#a correction@6>a rto_started@7#b           | 100  | 1     | told anew under an id of its own
rto_started@5~9                                          | 8.9  | none  | not yet told
rto_started@5~9                                          | 9    | 1     |
unplaced delivered@5                                     | 100  | none  | nobody placed it
unplaced placed@0~50 delivered@5                         | 49   | none  | news before its order waits
unplaced placed@0~50 delivered@5                         | 50   | 0     |
unplaced placed@0#p delivered@5 correction@6>p           | 100  | none  | the order itself was taken back
"""


@pytest.mark.parametrize(("text", "asof", "expected"), edges(LABELS))
def test_the_label_of_an_order(text: str, asof: str, expected: str) -> None:
    told = news(text.removeprefix("placed@0").strip())
    for arrived in (told, told[::-1]):
        got = label(order_news(arrived), day(asof))
        assert ("none" if got != got else str(int(got))) == expected


@pytest.mark.parametrize(("text", "asof", "expected"), edges(LABELS))
def test_the_compiled_labels_of_a_history_say_the_same(text: str, asof: str, expected: str) -> None:
    told = news(text.removeprefix("placed@0").strip())
    history = history_of([{"order_id": "o1", "merchant_id": "m1", "placed_at": day(0)}], told)
    got = labels_at(history, day(asof)).y[0]
    assert ("none" if got != got else str(int(got))) == expected


def test_mixed_orders_have_no_label_and_are_counted() -> None:
    rows = [{"order_id": f"o{i}", "merchant_id": "m1", "placed_at": day(0)} for i in range(3)]
    said = ["partially_delivered@5 rto_started@6", "delivered@5", "partially_delivered@4"]
    told = [t for i, text in enumerate(said) for t in news(text, order_id=f"o{i}")]
    labels = labels_at(history_of(rows, told), day(100))
    assert labels.mixed == 2
    assert [y == y for y in labels.y] == [False, True, False]


CAUSES = """
news                                                               | buyer | place
rto_started@5                                                      | 1     | 1     | no reason told: the buyer
rto_started@5/refused                                              | 1     | 1     |
rto_started@5/fake_or_no_intent                                    | 1     | 1     |
rto_started@5/unreachable                                          | 1     | 1     |
rto_started@5/bad_address                                          | 1     | 1     |
rto_started@5/other                                                | 1     | 1     |
rto_started@5/no_attempt                                           | -     | 1     | the courier never came
rto_started@5/damaged                                              | -     | 1     |
attempt_failed@3/no_attempt rto_started@5                          | -     | 1     | the last reason at or before rto_started
attempt_failed@3/no_attempt attempt_failed@4/refused rto_started@5 | 1     | 1     |
attempt_failed@3/refused attempt_failed@4/no_attempt rto_started@5 | -     | 1     |
attempt_failed@3/no_attempt attempt_failed@4 rto_started@5         | -     | 1     | an attempt without a reason says nothing
attempt_failed@3/no_attempt rto_started@5/refused                  | 1     | 1     | its own reason is the last
rto_started@5 rto_received@9/damaged                               | 1     | 1     | a reason told later is too late
rto_started@5 rto_started@6/no_attempt                             | 1     | 1     | the first start counts
rto_received@9/no_attempt                                          | -     | 1     | nobody told a start
attempt_failed@8/damaged rto_received@9                            | -     | 1     |
attempt_failed@5/no_attempt rto_started@5                          | -     | 1     | one instant: the attempt ranks first
attempt_failed@3/refused#a attempt_failed@3/no_attempt#b rto_started@5 | - | 1     | one instant, one type: by event id
attempt_failed@3/no_attempt#a attempt_failed@3/refused#b rto_started@5 | 1 | 1     |
attempt_failed@3/no_attempt#a correction@4>a rto_started@5         | 1     | 1     | the reason was taken back
attempt_failed@3/no_attempt rto_started@5 delivered@8              | 0     | 0     | delivered after all: nobody's RTO
attempt_failed@3/no_attempt delivered@8                            | 0     | 0     |
attempt_failed@3/no_attempt cancelled@4                            | -     | -     | no outcome at all
"""


@pytest.mark.parametrize(("text", "buyer", "place"), edges(CAUSES))
def test_what_the_courier_caused_is_not_on_the_buyers_record(text: str, buyer: str, place: str) -> None:
    for told in (news(text), news(text)[::-1]):
        said = contribution(is_cod=True, amount_minor=1.0, news=order_news(told), before=day(100))
        for weights, expected in ((said.buyer, buyer), (said.everyone, place)):
            outcome = "-" if weights[Measure.KNOWN] == 0 else str(int(weights[Measure.RTO]))
            assert outcome == expected
            assert weights[Measure.COD_KNOWN] == weights[Measure.KNOWN]
            assert weights[Measure.COD_RTO] == weights[Measure.RTO]
        if place == "1":
            assert label(order_news(told), day(100)) == 1
