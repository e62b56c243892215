"""A few rows stand for all: the verdict, the counts and the rows named are those of judging every row."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.checks import judge as module
from data.checks.asked import Asked
from data.checks.catalog import checks_of
from data.checks.check import Check, Given, Suite
from data.checks.frames import ChecksBroken
from data.checks.judge import Finding, judge
from data.checks.witnesses import witnesses_of
from data.contract import DAY

EXPORTED_AT = 20_000 * DAY
N = 300


def some(rng: np.random.Generator, *values: Any) -> "np.ndarray[Any, Any]":
    return np.array(values, dtype=object)[rng.integers(0, len(values), N)]


def orders(seed: int) -> pd.DataFrame:
    """Orders of which some break every rule there is."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "order_id": np.array([None if i % 97 == 5 else f"o{i % (N - seed)}" for i in range(N)], dtype=object),
        "merchant_id": some(rng, "m", "m", "n", ""),
        "placed_at": rng.integers(-DAY, EXPORTED_AT + 20 * DAY, N),
        "amount_minor": np.where(rng.random(N) < 0.1, np.nan, rng.normal(100, 50 * (seed % 2), N)),
        "amount_times_usual": rng.normal(500, 300, N),
        "currency": some(rng, "INR", "USD", "Rs", None),
        "payment_method": some(rng, "cod", "prepaid", "cash", None),
        "n_units": np.full(N, np.nan) if seed == 3 else rng.integers(0, 9, N).astype(float),
        "discount_minor": np.zeros(N),
        "shipping_fee_minor": np.where(np.arange(N) == 7, -np.inf, np.inf),
        "country": some(rng, "IN", "IN", "AE", None),
        "pincode": some(rng, "560001", "5600O1", None, "800001"),
    })  # fmt: skip


def news(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    happened = rng.integers(0, EXPORTED_AT, N)
    return pd.DataFrame({
        "event_id": np.array([None if i % 89 == 3 else f"e{i % (N - seed)}" for i in range(N)], dtype=object),
        "order_id": some(rng, "o1", None), "merchant_id": some(rng, "m", ""), "source": some(rng, "s", "t"),
        "type": some(rng, "delivered", "teleported", None), "reason": some(rng, None, "refused", "bored"),
        "happened_at": happened, "known_at": happened + rng.integers(-DAY * seed, DAY, N),
        "placed_at": np.where(rng.random(N) < 0.2, np.nan, rng.integers(0, EXPORTED_AT, N)),
    })  # fmt: skip


def judged(suite: Suite, frame: pd.DataFrame) -> dict[str, Finding]:
    asked = {name for check in checks_of(suite) for name in check.columns} - set(frame.columns)
    checks = [check for check in checks_of(suite) if not asked & set(check.columns)]
    return judge(suite, Asked(frame), checks, {Given.EXPORTED_AT: EXPORTED_AT})


@pytest.mark.parametrize("as_text", [object, "str"])
@pytest.mark.parametrize("seed", [0, 1, 3])
@pytest.mark.parametrize(("suite", "made"), [(Suite.ORDERS, orders), (Suite.NEWS, news)])
def test_what_a_few_rows_say_is_what_all_rows_say(
    suite: Suite, made: Any, seed: int, as_text: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = made(seed)
    texts = [name for name, column in frame.items() if column.dtype.kind == "O"]
    frame = frame.astype(dict.fromkeys(texts, as_text))
    few = judged(suite, frame)
    monkeypatch.setattr(module, "witnesses_of", lambda check, frame, limits: None)
    every = judged(suite, frame)
    assert {c: (f.passed, f.n_checked, f.n_failed) for c, f in few.items()} == {
        c: (f.passed, f.n_checked, f.n_failed) for c, f in every.items()
    }
    assert {c: f.rows[:5] for c, f in few.items()} == {c: f.rows[:5] for c, f in every.items()}
    assert sum(not f.passed for f in few.values()) >= 5


def of(code: str) -> Check:
    return next(c for suite in (Suite.ORDERS, Suite.NEWS) for c in checks_of(suite) if c.code == code)


@pytest.mark.parametrize(
    ("code", "columns", "rows"),
    [
        ("DQ101", {"order_id": ["a", None, "b", None]}, [0, 1]),
        ("DQ107", {"payment_method": ["cod", None, "cash", "cod"]}, [0, 2]),
        ("DQ111", {"pincode": ["1", "1", "2", None], "country": ["AE", "IN", "IN", "IN"]}, [1, 2]),
        ("DQ104", {"amount_minor": [5.0, -1.0, np.nan, 2.0, 3.0]}, [1, 0, 3]),
        ("DQ208", {"known_at": [5, 1, 9], "happened_at": [1, 2, 8]}, [0, 1, 2]),
        ("DQ102", {"merchant_id": ["m", "m", "n", "m"], "order_id": ["1", "2", "1", "1"]}, [0, 3, 1]),
    ],
)
def test_the_rows_that_are_judged(code: str, columns: dict[str, list[Any]], rows: list[int]) -> None:
    found = witnesses_of(of(code), pd.DataFrame(columns), {})
    assert found is not None
    assert set(found.rows.tolist()) == set(rows)


@pytest.mark.parametrize("code", ["DQ100", "DQ121"])
def test_a_rule_about_a_share_or_the_whole_sees_every_row(code: str) -> None:
    assert witnesses_of(of(code), orders(0), {}) is None


def test_a_verdict_that_no_row_explains_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    real = module._run

    def blamed(*args: Any) -> Any:
        results = real(*args)
        for result in results.values():
            result.success = not result.success
        return results

    monkeypatch.setattr(module, "_run", blamed)
    with pytest.raises(ChecksBroken, match="DQ109"):
        judge(Suite.ORDERS, Asked(orders(0)[["discount_minor"]]), [of("DQ109")], {})
