"""What a training says of its model in one sentence."""

import numpy as np
import pytest

from training.baselines import LOGISTIC
from training.report import MODEL, judge, verdict

N = 4_000


def odds(p: np.ndarray) -> np.ndarray:
    return np.log(p / (1 - p))


def of(model: float, line: float, n: int = N) -> str:
    """A model and a line that see so much of what decides an order; 1 is all of it."""
    rng = np.random.default_rng(3)
    true = 1 / (1 + np.exp(-rng.normal(-1, 1.2, n)))
    y = (rng.random(n) < true).astype(float)
    noise = rng.normal(-1, 1.2, n)
    said = {
        name: 1 / (1 + np.exp(-(share * odds(true) + (1 - share) * noise)))
        for name, share in ((MODEL, model), (LOGISTIC, line))
    }
    scope = judge(said, y, "all orders")
    assert scope is not None
    return verdict(scope.as_dict())


@pytest.mark.parametrize(
    ("model", "line", "said"),
    [(1, 0.5, "better than"), (0.5, 1, "WORSE than"), (1, 1, "as good as"), (0, 0, "do not show")],
)
def test_the_verdict_follows_the_intervals(model: float, line: float, said: str) -> None:
    assert said in of(model, line)
