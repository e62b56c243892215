"""What an order and its news so far add to its keys: one row, one edge. Only weights that are not 0 are named."""

import pytest

from features.contribution import Measure, contribution
from features.one_order import order_news, resolve
from tests.helpers.tables import day, edges, news

WEIGHTS = """
paid    | news                                        | before | buyer                              | place
cod     | placed@0                                    | 100    | placed cod_placed open amount not_taken | =
prepaid | placed@0                                    | 100    | placed open amount not_taken | =
cod     | placed@0                                    | 0      |                                    | =   | the same instant is too late
cod     | unplaced delivered@5                        | 100    |                                    | =   | news without its order
cod     | unplaced delivered@5 placed@0~9             | 9      |                                    | =   | the order itself is not yet known
cod     | unplaced delivered@5 placed@0~9             | 9.1    | placed cod_placed known cod_known amount delivered cod_delivered | =
cod     | dispatched@1 attempt_failed@3/refused       | 100    | placed cod_placed open amount not_taken failed_attempts | =   | still under way
cod     | delivered@5                                 | 5      | placed cod_placed open amount not_taken | =   | known at 5 is not before 5
cod     | delivered@5                                 | 5.1    | placed cod_placed known cod_known amount delivered cod_delivered | =
cod     | delivered@5~8                               | 8      | placed cod_placed open amount not_taken | =   | told late
prepaid | delivered@5                                 | 100    | placed known amount delivered | =
cod     | rto_started@5                               | 100    | placed cod_placed known rto cod_known cod_rto amount not_taken refused | =
prepaid | rto_started@5                               | 100    | placed known rto amount not_taken refused | =
cod     | rto_started@5 delivered@7                   | 6      | placed cod_placed known rto cod_known cod_rto amount not_taken refused | =
cod     | rto_started@5 delivered@7                   | 7.1    | placed cod_placed known cod_known amount delivered cod_delivered | =
cod     | rto_started@5/no_attempt                    | 100    | placed cod_placed amount | placed cod_placed known rto cod_known cod_rto amount not_taken
prepaid | rto_started@5/damaged                       | 100    | placed amount            | placed known rto amount not_taken
cod     | rto_started@5/unreachable                   | 100    | placed cod_placed known rto cod_known cod_rto amount not_taken unreachable | =
cod     | attempt_failed@3/bad_address rto_started@5  | 100    | placed cod_placed known rto cod_known cod_rto amount not_taken bad_address failed_attempts | = | the last reason told before it turned back
cod     | attempt_failed@3#a correction@4>a delivered@5 | 100  | placed cod_placed known cod_known amount delivered cod_delivered | = | no attempt after all
cod     | cancelled@2                                 | 100    | placed cod_placed cancelled amount | =
cod     | lost@9                                      | 100    | placed cod_placed amount           | =   | closed, without an outcome
cod     | rto_started@5 cancelled@6                   | 100    | placed cod_placed known rto cod_known cod_rto amount not_taken refused | =
cod     | cancelled@2 delivered@5                     | 100    | placed cod_placed known cod_known amount delivered cod_delivered | =
cod     | partially_delivered@5                       | 100    | placed cod_placed amount           | =   | mixed: closed, without an outcome
cod     | cancelled@2#c correction@3>c                | 100    | placed cod_placed open amount not_taken | =   | open again
cod     | switched_to_prepaid@1                       | 100    | placed open switched amount not_taken | =
cod     | switched_to_prepaid@1~4                     | 4      | placed cod_placed open amount not_taken | =
cod     | switched_to_prepaid@1 rto_started@5         | 100    | placed known rto switched amount not_taken refused | =   | no longer a cash order
cod     | rto_started@5 switched_to_prepaid@6~9       | 100    | placed known rto switched amount not_taken refused | =
cod     | switched_to_prepaid@1#s correction@2>s      | 100    | placed cod_placed open amount not_taken | =
cod     | action_taken@0>prepaid_only                 | 100    | placed cod_placed open cod_refused amount not_taken | =
cod     | action_taken@0>confirm_call                 | 100    | placed cod_placed open amount not_taken | =
cod     | confirmed@1 no_reply@1 unreachable@1        | 100    | placed cod_placed open amount not_taken | =
cod     | unplaced placed@0#p delivered@5 correction@6>p | 100 |                                    | =   | taken back whole
"""


@pytest.mark.parametrize(("paid", "text", "before", "buyer", "place"), edges(WEIGHTS))
def test_the_weights_of_an_order(paid: str, text: str, before: str, buyer: str, place: str) -> None:
    told = news(text.removeprefix("placed@0").strip())
    said = contribution(is_cod=paid == "cod", amount_minor=499_00.0, news=order_news(told), before=day(before))
    assert named(said.buyer) == buyer.split()
    assert named(said.everyone) == (buyer if place == "=" else place).split()
    assert said.everyone[Measure.AMOUNT] in (0.0, 499_00.0)


def named(weights: tuple[float, ...]) -> list[str]:
    assert all(w in (0.0, 1.0) for m, w in enumerate(weights) if m != Measure.AMOUNT)
    return [m.name.lower() for m in Measure if weights[m]]


def test_an_unknown_amount_adds_no_money() -> None:
    said = contribution(is_cod=True, amount_minor=float("nan"), news=order_news(news("")), before=day(1))
    assert said.everyone[Measure.AMOUNT] == 0.0


ADDRESSES = """
news                                                                  | before | address
placed@0                                                              | 100    | as placed
address_corrected@1>800001                                            | 1      | as placed | the same instant is too late
address_corrected@1>800001                                            | 1.1    | 800001
address_corrected@1>800001 address_corrected@2>560001                 | 100    | 560001    | the last by when it happened
address_corrected@2>560001 address_corrected@1~9>800001               | 100    | 560001    | told late, happened first
address_corrected@1>800001 address_corrected@2#b>560001               | 2      | 800001
address_corrected@1#a>800001 correction@2>a                           | 100    | as placed | taken back
address_corrected@1>800001 address_corrected@2#b>560001 correction@3>b | 100   | 800001
"""


@pytest.mark.parametrize(("text", "before", "expected"), edges(ADDRESSES))
def test_the_address_an_order_goes_to(text: str, before: str, expected: str) -> None:
    found = resolve(news(text.removeprefix("placed@0").strip()))
    said = contribution(is_cod=True, amount_minor=1.0, news=found.news, before=day(before))
    version = said.address_version
    assert (found.corrected[version - 1]["pincode"] if version else "as placed") == expected
