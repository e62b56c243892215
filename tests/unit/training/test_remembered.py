"""What was asked before is answered from memory, by content, and only where that was asked for."""

import numpy as np
import pytest

from training.remembered import remembered, remembering

ASKED: list[str] = []


@remembered
def total(x: np.ndarray, names: tuple[str, ...], factor: float = 1.0) -> float:
    ASKED.append(",".join(names))
    return float(x.sum() * factor)


@pytest.fixture(autouse=True)
def nothing_asked():
    ASKED.clear()


def test_a_copy_of_the_same_rows_is_the_same_question():
    x = np.arange(6.0)
    with remembering():
        assert total(x, ("a",)) == total(x.copy(), ("a",)) == 15
    assert ASKED == ["a"]


@pytest.mark.parametrize(
    ("x", "names", "factor"),
    [
        (np.arange(6.0) + np.eye(6)[2], ("a",), 1.0),
        (np.arange(6.0).reshape(2, 3), ("a",), 1.0),
        (np.arange(6), ("a",), 1.0),
        (np.arange(6.0), ("a", "b"), 1.0),
        (np.arange(6.0), ("a",), 2.0),
    ],
    ids=["another number", "another shape", "another type", "another name", "another factor"],
)
def test_another_question_is_asked_anew(x, names, factor):
    with remembering():
        total(np.arange(6.0), ("a",), factor=1.0)
        assert total(x, names, factor=factor) == x.sum() * factor
    assert len(ASKED) == 2


def test_nothing_is_kept_outside_or_afterwards():
    for _ in range(2):
        total(np.arange(6.0), ("a",))
    with remembering():
        total(np.arange(6.0), ("a",))
    total(np.arange(6.0), ("a",))
    assert len(ASKED) == 4
