"""One merchant's loop gone wild is told to wait; the others are answered as ever."""

from collections.abc import Iterator

import httpx
import pytest

from serving.api import Api
from serving.web.http import Refusal
from serving.web.limits import Limits
from tests.helpers.installation import OTHER_SHOP, SHOP, Installation, SetClock, an_order, ask, running, tell

FEW = 0.01
"""A second: one is let through, and the next in a minute and a half, however slow the machine is."""


@pytest.fixture
def limited(own: Installation) -> Iterator[httpx.Client]:
    with running(Api(own.home, SetClock(), on_loopback=True, per_second=FEW)) as client:
        yield client


def test_above_its_limit_a_merchant_is_told_to_wait_and_no_other_is(limited: httpx.Client):
    asked = [limited.post("/v1/score", json=ask(an_order())) for _ in range(40)]
    refused = [one for one in asked if one.status_code == 429]
    assert [one.status_code for one in asked] == [200] + 39 * [429]
    assert (refused[0].json()["error"]["code"], refused[0].headers["retry-after"]) == ("too_many", "1")
    assert limited.post("/v1/score", json=ask(an_order(), OTHER_SHOP)).status_code == 200
    assert tell(limited, "o-1", "dispatched").status_code == 429


def test_without_a_limit_nobody_waits(own: Installation):
    """The control."""
    with running(Api(own.home, SetClock(), on_loopback=True, per_second=0)) as client:
        assert {client.post("/v1/score", json=ask(an_order())).status_code for _ in range(40)} == {200}


def test_a_bucket_fills_as_time_goes_by_and_never_beyond_its_burst():
    limits = Limits(10.0)
    for _ in range(20):
        limits.take(SHOP, 1, 100.0)
    with pytest.raises(Refusal):
        limits.take(SHOP, 1, 100.05)
    limits.take(SHOP, 1, 100.2)
    limits.take(SHOP, 20, 500.0)
    with pytest.raises(Refusal):
        limits.take(SHOP, 1, 500.0)


def test_a_batch_larger_than_the_bucket_passes_when_it_is_full_and_is_paid_for():
    limits = Limits(10.0)
    limits.take(SHOP, 200, 0.0)
    with pytest.raises(Refusal):
        limits.take(SHOP, 1, 17.9)
    limits.take(SHOP, 1, 18.2)
