"""Caps: what is counted, whose place is free, and when nothing holds any more."""

from fractions import Fraction

from data.contract import Action
from serving.decisions.caps import Cap, Caps
from serving.policies.budget import WINDOW_DAYS, Budget, Counted
from tests.helpers.traits import PlainTraits

REFUSE, CALL, SHIP = Action.PREPAID_ONLY, Action.CONFIRM_CALL, Action.ALLOW_COD
QUARTER = Cap(REFUSE, share=Fraction(1, 4))
BY_STATE = Cap(REFUSE, "state", share=Fraction(1, 2))
TWO_A_DAY = Cap(CALL, a_day=2)


def one(subject: str, action: Action, day: int = 100, state: str = "GOA") -> Counted:
    return Counted(subject, day, action, (("all", ""), ("state", state)))


def test_a_share_of_the_orders_of_a_week_is_used_and_never_exceeded():
    budget, told = Budget(), list[tuple[int, bool]]()
    for i in range(200):
        day = 100 + i // 10
        full = budget.used_up(QUARTER, "", f"o{i}", day)
        budget.count(one(f"o{i}", SHIP if full else REFUSE, day))
        told.append((day, not full))
        week = [refused for d, refused in told if d > day - WINDOW_DAYS]
        assert sum(week) <= len(week) / 4
    assert sum(refused for _, refused in told) >= 0.22 * len(told)


def test_what_is_a_week_old_counts_no_more():
    budget = Budget([one("old", REFUSE, 100), *(one(f"o{i}", SHIP, 100) for i in range(3))])
    assert budget.used_up(QUARTER, "", "new", 100 + WINDOW_DAYS - 1)
    for i in range(3):
        budget.count(one(f"n{i}", SHIP, 100 + WINDOW_DAYS))
    assert not budget.used_up(QUARTER, "", "new", 100 + WINDOW_DAYS), "three orders and this one: one of four"


def test_an_order_asked_about_again_finds_its_place_free_and_counts_once():
    budget = Budget()
    for i in range(3):
        budget.count(one(f"o{i}", SHIP))
    for _ in range(5):
        assert not budget.used_up(QUARTER, "", "mine", 100)
        budget.count(one("mine", REFUSE))
    assert budget.used_up(QUARTER, "", "other", 100)
    budget.count(one("mine", SHIP, 101))  # it is decided otherwise the day after
    assert not budget.used_up(QUARTER, "", "other", 101)


def test_groups_are_counted_apart():
    budget = Budget([one("a", REFUSE, state="BIHAR"), one("b", SHIP, state="BIHAR"), one("c", SHIP), one("d", SHIP)])
    assert budget.used_up(BY_STATE, "BIHAR", "new", 100)
    assert not budget.used_up(BY_STATE, "GOA", "new", 100)


def test_so_many_a_day_are_of_one_day():
    budget = Budget([one("a", CALL), one("b", CALL)])
    assert budget.used_up(TWO_A_DAY, "", "c", 100)
    assert not budget.used_up(TWO_A_DAY, "", "c", 101)
    assert not budget.used_up(TWO_A_DAY, "", "a", 100), "its own place"


def test_caps_and_protection_end():
    record = {"buyer_delivered": [3, 2, 3, None], "buyer_rto": [0, 0, 1, None]}
    caps = Caps(never_refuse_after=3, until=10)
    assert caps.protects(PlainTraits(4, record, now=9)).tolist() == [True, False, False, False]
    assert not caps.protects(PlainTraits(4, record, now=10)).any()


def test_names_say_what_is_limited():
    assert [cap.name for cap in (QUARTER, BY_STATE, TWO_A_DAY)] == [
        "prepaid_only.share", "prepaid_only.share_per_state", "confirm_call.a_day",
    ]  # fmt: skip
