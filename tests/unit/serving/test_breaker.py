"""When is a dependency left alone, and when is it asked again?"""

import pytest
from prometheus_client import REGISTRY

from serving.resilience.breaker import STORE, Breaker


def after(*ends: bool, failures: int = 5, apart_s: float = 0.01) -> Breaker:
    """A breaker that has seen these, True for what worked, so far apart."""
    breaker = Breaker(STORE, failures)
    for number, worked in enumerate(ends):
        (breaker.worked if worked else breaker.failed)(number * apart_s)
    return breaker


@pytest.mark.parametrize(("seen", "is_open"), [
    ([False] * 4, False),
    ([False] * 5, True),
    ([False] * 4 + [True] + [False] * 4, False),
    ([True, False] * 10, True),
    ([True, True, False] * 9, False),
    ([False] * 5 + [True], False),
], ids=["four", "five in a row", "one that works between", "half of twenty", "a third", "worked again"])  # fmt: skip
def test_it_opens_after_five_in_a_row_or_half_of_twenty(seen: list[bool], is_open: bool) -> None:
    assert after(*seen).open is is_open


def test_failures_long_ago_are_forgotten() -> None:
    assert not after(*[True, False] * 10, apart_s=1.2).open


def test_an_open_one_lets_one_call_through_a_second_and_closes_when_that_works() -> None:
    before = REGISTRY.get_sample_value("rto_breakers_open", {"of": STORE}) or 0.0
    breaker = after(*[False] * 5)
    assert REGISTRY.get_sample_value("rto_breakers_open", {"of": STORE}) == before + 1
    assert [breaker.lets(at) for at in (0.1, 0.5, 0.7)] == [False] * 3
    assert [breaker.lets(at) for at in (1.2, 1.3, 1.9)] == [True, False, False]
    breaker.failed(1.4)
    assert breaker.lets(2.5)
    breaker.worked(2.6)
    assert breaker.lets(2.7)
    assert REGISTRY.get_sample_value("rto_breakers_open", {"of": STORE}) == before


def test_the_control_never_opens() -> None:
    assert not after(*[False] * 100, failures=10**9).open
