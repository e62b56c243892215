"""Are single orders that are scored at once what each of them is alone, to the last digit, and does none pay for another?"""

from typing import Any

import pytest

from serving.api import Api
from serving.desk import Desk
from serving.resilience import moment
from serving.resilience.moment import Question
from serving.scorer import Scored
from serving.web.http import Refusal
from serving.web.schema import ScoreIn
from tests.helpers.installation import NOW, OTHER_SHOP, POOL, SHOP, Installation, SetClock, an_order, ask

ORDERS: list[dict[str, Any]] = [
    an_order(), an_order(customer={}), an_order(payment_method="prepaid"), an_order(amount_minor=None),
    an_order(shipping_address={"pincode": "800001", "city": "Patna"}), an_order(checkout_id="c-88"),
]  # fmt: skip
REFUSED = an_order(shipping_address={"pincode": "12"})


@pytest.fixture
def desk(own: Installation) -> Desk:
    return Api(own.home, SetClock(), on_loopback=True).desks.desks[POOL]


def question(desk: Desk, order: dict[str, Any], i: int) -> Question:
    merchant = (SHOP, OTHER_SHOP)[i % 2]
    told = ScoreIn.model_validate(ask(order, explain=i) | {"merchant_id": merchant}, strict=False)
    asked = Question(desk.merchants[merchant], told.stage, told.options, [told.order], NOW + i, "r", lambda _: {}, 0.0)
    asked.ids[0] = f"d{i}"
    return asked


def scored(own: Installation, desk: Desk, questions: list[Question]) -> list[Any]:
    with own.database() as connection:
        return moment.singles(connection, [(desk, desk.bundle(), one) for one in questions])


def test_together_each_is_what_it_is_alone(own: Installation, desk: Desk):
    questions = [question(desk, order, i) for i, order in enumerate(ORDERS)]
    together = scored(own, desk, questions)
    assert [type(one) for one in together] == [Scored] * len(ORDERS)
    assert [one.answer["status"] for one in together] == ["scored"] * len(ORDERS)
    assert [repr(one) for one in together] == [repr(one) for q in questions for one in scored(own, desk, [q])]


def test_one_that_is_refused_and_one_that_breaks_stay_alone(
    own: Installation, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    questions = [question(desk, order, i) for i, order in enumerate([ORDERS[0], REFUSED, ORDERS[1], ORDERS[2]])]
    real = moment.score_many

    def fragile(connection: Any, bundle: Any, asks: Any, counting: Any) -> Any:
        if any(one.decision_id == "d2" for one in asks):
            raise ZeroDivisionError
        return real(connection, bundle, asks, counting)

    monkeypatch.setattr(moment, "score_many", fragile)
    monkeypatch.setattr(moment, "score", lambda c, b, one, counting: fragile(c, b, [one], counting)[0])
    found = scored(own, desk, questions)
    assert [type(one) for one in found] == [Scored, Refusal, ZeroDivisionError, Scored]
