"""What the lines of many orders say together is what they say one order at a time."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.files.outcomes import MIXED, decided_by, verdicts
from tests.helpers.tables import edges

WORDS = [
    "",
    "dispatched",
    "delivered",
    "returned",
    "partially_delivered",
    "rto_started",
    "rto_received",
    "cancelled",
    "lost",
]
LINES = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(WORDS)), min_size=1, max_size=14)


@given(LINES, st.sampled_from(["all", "any"]))
def test_many_orders_are_decided_as_each_alone(lines: list[tuple[int, str]], decide: Literal["all", "any"]) -> None:
    known = {o: i for i, o in enumerate(dict.fromkeys(o for o, _ in lines))}
    owner = np.array([known[o] for o, _ in lines])
    kind = np.array([WORDS.index(word) for _, word in lines])
    deciding, mixed = verdicts(owner, kind, WORDS, decide)
    for order in known.values():
        own = [i for i in range(len(lines)) if owner[i] == order]
        said = decided_by([lines[i][1] for i in own], decide)
        assert mixed[order] == (said == MIXED)
        first = [i for i in own if lines[i][1] == said]
        assert deciding[order] == (first[0] if first and said != MIXED else -1)


ANY = """
lines                          | all         | any
delivered rto_started          | mixed       | rto_started
rto_received dispatched        | dispatched  | rto_received
cancelled rto_started          | rto_started | rto_started
cancelled cancelled            | cancelled   | cancelled
delivered delivered            | delivered   | delivered
lost delivered                 | mixed       | mixed
rto_started rto_received       | rto_started | rto_started
"""


@pytest.mark.parametrize(("lines", "all_decide", "any_decides"), edges(ANY))
def test_one_line_that_came_back_decides_where_the_mapping_says_so(
    lines: str, all_decide: str, any_decides: str
) -> None:
    assert (decided_by(lines.split()), decided_by(lines.split(), "any")) == (all_decide, any_decides)
