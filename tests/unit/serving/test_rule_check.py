"""Are dead, shadowed and contradicting rules found, and is what is said of them true of every order?"""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.contract import Action
from data.errors import PlanError
from serving.decisions.rule_check import boxes, findings
from serving.decisions.rule_text import condition
from serving.decisions.rules import Rule, RuleBook
from tests.helpers.traits import PlainTraits

CALL, REFUSE = Action.CONFIRM_CALL, Action.PREPAID_ONLY


def rule(
    name: str, when: str, then: Action | None = CALL, channels: tuple[str, ...] = (), until: int | None = None
) -> Rule:
    return Rule(name, condition(when, name), then, channels, until)


def told(*rules: Rule, now: int = 10) -> list[tuple[str, str, str | None]]:
    return [(one.kind, one.rule, one.other) for one in findings(rules, now)]


@pytest.mark.parametrize(
    "when",
    [
        "value < 100 and value > 200",
        "value >= 100 and value < 100",
        "state = Bihar and state = Goa",
        "tier != low and tier != medium and tier != high",
        "hour is missing and hour < 6",
        "state in [Bihar] and state not in [bihar]",
        "hour = 6 and hour not in [6]",
    ],
)
def test_a_rule_that_can_match_nothing_is_dead(when: str):
    assert told(rule("r", when)) == [("dead", "r", None)]


def test_a_rule_that_has_ended_is_dead_and_shadows_nobody():
    assert told(rule("old", "value > 0", until=10), rule("new", "value > 5")) == [("dead", "old", None)]
    assert told(rule("old", "value > 0", until=11), rule("new", "value > 5")) == []  # the old one will end before it


def test_a_rule_whose_orders_are_all_taken_is_shadowed():
    wide, narrow = rule("wide", "value >= 1000"), rule("narrow", "value > 2000 and state = Bihar", REFUSE)
    assert told(wide, narrow) == [("shadowed", "narrow", "wide")]
    assert told(narrow, wide) == [], "a special case before a general one is as it should be"
    either = rule("either", "value > 1500 and hour < 6 or value > 1500 and hour >= 6")
    assert told(wide, either) == [("shadowed", "either", "wide")]
    assert told(rule("web", "value >= 1000", channels=("web",)), narrow) == [("contradicting", "narrow", "web")]


def test_rules_that_disagree_on_some_orders_contradict_and_an_order_shows_it():
    [one] = findings([rule("dear", "value > 1000"), rule("far", "state in [Bihar, Goa] and hour >= 6", REFUSE)], 0)
    assert (one.kind, one.rule, one.other) == ("contradicting", "far", "dear")
    assert "an order with state = bihar and hour = 6 and value = 1000.01;" in one.said
    assert "rule 'dear' stands first and says confirm_call, not prepaid_only" in one.said
    assert told(rule("dear", "value > 1000"), rule("far", "state = Bihar")) == [], "they agree"


def test_too_many_combinations_are_refused():
    when = " and ".join(f"(hour = {i} or hour = {i + 1} or value = {i})" for i in range(8))
    with pytest.raises(PlanError, match="RULE004 rule 'r'"):
        boxes(rule("r", when))


TESTS = st.sampled_from(
    ["value < 2", "value >= 2", "value = 1", "value != 1", "value not in [0, 3]", "value in [0, 3]", "value is missing",
     "value is known", "state = a", "state != a", "state in [a, b]", "state not in [a, b]", "state is missing"]
)  # fmt: skip
WHEN = st.recursive(
    TESTS,
    lambda part: st.tuples(part, st.sampled_from(["and", "or"]), part).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
    max_leaves=4,
)
POINTS = list(product([None, 0, 1, 2, 3], [None, "a", "b", "c"]))
EVERY = PlainTraits(
    len(POINTS), {"value": [None if v is None else v * 100 for v, _ in POINTS], "state": [s for _, s in POINTS]}
)


@settings(deadline=None)
@given(st.lists(st.tuples(WHEN, st.sampled_from([CALL, REFUSE])), min_size=1, max_size=3))
def test_what_is_found_is_true_of_every_order(told_rules):
    rules = [rule(str(i), when, then) for i, (when, then) in enumerate(told_rules)]
    book = RuleBook(tuple(rules))
    first = book.first(EVERY)
    for i, (value, state) in enumerate(POINTS):
        alone = PlainTraits(1, {"value": [None if value is None else value * 100], "state": [state]})
        assert book.first(alone)[0] == first[i], "one order by itself is no other"
    for one in findings(rules, 0):
        mine = book.matches(rules[int(one.rule)], EVERY)
        if one.kind == "dead":
            assert not mine.any()
        elif one.kind == "shadowed":
            assert not (first == int(one.rule)).any()
        else:
            assert (mine & book.matches(rules[int(str(one.other))], EVERY)).any()
    for i, (one, mine) in enumerate((r, book.matches(r, EVERY)) for r in rules):
        if not mine.any() and not boxes(one):
            assert ("dead", str(i)) in [(f.kind, f.rule) for f in findings(rules, 0)]
