"""What a rule means: which orders each condition matches, edge by edge; and what cannot be meant."""

import pytest

from data.contract import Action
from data.errors import PlanError
from serving.decisions.effects import HARSHNESS
from serving.decisions.rule_text import condition, structured
from serving.decisions.rules import Rule, RuleBook, at_stage
from serving.decisions.stages import STAGES, offered
from tests.helpers.traits import PlainTraits

ORDERS = PlainTraits(
    4,
    {  #             a            b              c            d
        "value":     [2500_00,     2499_99,       None,        40_00],
        "state":     ["BIHAR",     "ODISHA",      None,        "UTTAR PRADESH"],
        "channel":   ["web",       "App",         None,        "web"],
        "p_rto":     [0.3,         0.301,         0.9,         0.0],
        "phone_valid": [1.0,       0.0,           None,        1.0],
        "hour":      [0.0,         23.0,          None,        12.0],
        "tier":      ["medium",    "medium",      "high",      "low"],
    },
)  # fmt: skip

MEANING = """
condition                                           | matches | why
value >= 2500                                       | a       | rupees, to the paisa
value > 2499.98                                     | ab      |
value < 2500                                        | bd      | what is not known is not less
value != 40                                         | ab      | nor different
value is missing                                    | c       |
value is known                                      | abd     |
state = Bihar                                       | a       | case does not count
state = orissa                                      | b       | nor does the spelling of a state
state = Uttar Pradesh                               | d       | words need no quotes
state in [BR, "uttar pradesh"]                      | ad      | codes of states do
state not in [Bihar]                                | bd      | what is not known is not elsewhere
channel = app                                       | b       |
p_rto > 0.3                                         | bc      | risks are read in thousandths
p_rto > 30%                                         | bc      |
phone_valid = no                                    | b       |
hour < 6 or hour >= 23                              | ab      |
value >= 2500 or state = ODISHA and p_rto < 0.3     | a       | and binds before or
(value >= 2500 or state = ODISHA) and p_rto > 0.3   | b       |
tier = high and value is missing                    | c       |
"""


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()[1:]]


@pytest.mark.parametrize(("text", "matches", "why"), rows(MEANING), ids=lambda v: v)
def test_a_condition_matches(text: str, matches: str, why: str):
    rule = Rule("r", condition(text, "rule r"), Action.CONFIRM_CALL)
    found = RuleBook((rule,)).matches(rule, ORDERS).tolist()
    assert "".join(name for name, there in zip("abcd", found, strict=True) if there) == matches, why
    alone = [
        RuleBook((rule,)).first(PlainTraits(1, {k: [v[i]] for k, v in ORDERS.columns.items()})).tolist()
        for i in range(4)
    ]
    assert alone == [[0 if there else -1] for there in found], "one order by itself is no other"
    again = Rule("r", condition(str(rule.when), "rule r"), Action.CONFIRM_CALL)
    assert RuleBook((again,)).matches(again, ORDERS).tolist() == found, "what is shown of a rule says the same"


BAD = """
condition                        | code    | says
value >=                         | RULE001 | the end after >=
value >= 2500 and                | RULE001 | the end after and
(value > 3                       | RULE001 | a closing )
value => 3                       | RULE001 | a value
state in Bihar                   | RULE001 | a list in [ ]
value > 3 state = Goa            | RULE003 | a number
phone = 9000090000               | RULE002 | rules never name persons
vlaue > 3                        | RULE002 | did you mean value?
state > Bihar                    | RULE003 | one of =, !=, in
value = cheap                    | RULE003 | a number
p_rto > 3                        | RULE003 | 0 to 1
tier = dangerous                 | RULE003 | one of low, medium, high
phone_valid = maybe              | RULE003 | yes or no
"""


@pytest.mark.parametrize(("text", "code", "says"), rows(BAD), ids=lambda v: v)
def test_a_condition_that_cannot_be_meant_is_refused(text: str, code: str, says: str):
    with pytest.raises(PlanError) as refused:
        condition(text, "policy.toml, rule 'r'")
    assert refused.value.code == code
    assert says in str(refused.value)
    assert refused.value.where == "policy.toml, rule 'r'"


def test_drop_downs_say_the_same_as_text():
    told = {"all": [{"trait": "value", "op": ">=", "value": 2500},
                    {"any": [{"trait": "state", "op": "in", "value": ["Bihar", "Goa"]}, {"trait": "hour", "op": "is missing"}]}]}  # fmt: skip
    assert structured(told, "r") == condition("value >= 2500 and (state in [Bihar, Goa] or hour is missing)", "r")
    for odd in ({"all": []}, {"trait": "value"}, {"all": [1]}, {"any": "x"}, {}):
        with pytest.raises(PlanError, match="RULE001"):
            structured(odd, "r")


def test_the_first_rule_that_matches_decides_within_its_channels_and_days():
    def rule(name: str, when: str, **more: object) -> Rule:
        return Rule(name, condition(when, name), Action.CONFIRM_CALL, **more)  # type: ignore[arg-type]

    book = RuleBook((rule("ended", "p_rto >= 0", until=5), rule("app", "p_rto >= 0", channels=("app",)),
                     rule("dear", "value >= 2500"), rule("rest", "p_rto >= 0.9")))  # fmt: skip
    assert book.first(PlainTraits(4, ORDERS.columns, now=5)).tolist() == [2, 1, 3, -1]
    assert book.first(PlainTraits(4, ORDERS.columns, now=4)).tolist() == [0, 0, 0, 0]
    for now, wanted in ((5, [2, 1, 3, -1]), (4, [0] * 4)):
        one = [PlainTraits(1, {k: [v[i]] for k, v in ORDERS.columns.items()}, now) for i in range(4)]
        assert [int(book.first(order)[0]) for order in one] == wanted


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("wanted", list(Action))
def test_what_a_stage_no_longer_allows_becomes_the_harshest_that_is_no_harsher(stage: str, wanted: Action):
    still = offered(stage, tuple(Action))
    found = at_stage(wanted, still, HARSHNESS)
    assert found == wanted if wanted in still else found in still
    assert HARSHNESS[found] == max(HARSHNESS[a] for a in still if HARSHNESS[a] <= HARSHNESS[wanted])
