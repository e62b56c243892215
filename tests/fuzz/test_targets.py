"""Damaged examples of everything that comes from outside: taken or refused, never a third way. `make fuzz` looks longer."""

import random

import pytest

from tests.fuzz.targets import TARGETS
from tests.helpers.damage import damage

CASES = 1_500


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_damaged_is_taken_or_refused(name: str) -> None:
    target, rng = TARGETS[name], random.Random(7)
    seeds = target.seeds()
    for seed in seeds:
        target.run(seed)
    for _ in range(CASES):
        found = rng.choice(seeds)
        for _ in range(rng.randrange(1, 4)):
            found = damage(found, rng) or b"0"
        target.run(found)


def test_what_a_target_does_not_expect_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a reader that breaks on a cut-off text."""
    monkeypatch.setattr("tests.fuzz.targets.read_email", lambda text: text.index("@example.in"))
    with pytest.raises((ValueError, AttributeError)):
        test_what_is_damaged_is_taken_or_refused("person")
