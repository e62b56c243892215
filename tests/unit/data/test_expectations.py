"""Each numbered check passes on good data and fails on data broken in exactly its way."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.checks.asked import Asked
from data.checks.catalog import BY_CODE, CHECKS
from data.checks.check import Check, Severity, Suite
from data.checks.drift import Side
from data.checks.frames import recent_over_before
from data.checks.judge import judge
from data.checks.orders import KNOWN_SHARE_MIN
from data.checks.page import page
from data.checks.sequences import Course, lags
from data.contract import DAY, HOUR, ORDER_STAGE, NewsType, Stage
from data.errors import CheckFailed, Exit
from data.expectations import CheckReport, CheckResult, ChecksBroken, Outcome, Purpose, require, run_checks

ROOT = Path(__file__).parents[3]
N = 2400
EXPORTED_AT = 20_000 * DAY
START = EXPORTED_AT - 130 * DAY


@dataclass
class History:
    """A history that a test may break. Two news for each order: dispatched, then its end."""

    orders: pd.DataFrame
    news: pd.DataFrame
    labels: np.ndarray
    exported_at: int = EXPORTED_AT
    before: Side | None = None

    def checked(self) -> CheckReport:
        drift = None if self.before is None else (self.side(), self.before)
        return run_checks(self.orders, self.news, self.labels, self.exported_at, self.course(), drift)

    def course(self) -> Course:
        codes = {t.name.lower(): int(t) for t in NewsType}
        types = np.array([codes.get(t, 255) for t in self.news["type"]], dtype=np.int64)
        ids = self.news["order_id"].fillna("").tolist()
        start = np.searchsorted(np.arange(len(ids)) // 2, np.arange(len(self.orders) + 1))
        times = (self.news[name].to_numpy(np.int64) for name in ("happened_at", "known_at"))
        counts = np.ones(len(types), dtype=bool)
        return Course(start, types, *times, counts, self.orders["placed_at"].to_numpy())

    def side(self) -> Side:
        orders = {name: column.to_numpy() for name, column in self.orders.items()}
        return Side(orders, self.labels, lags(self.course()), self.exported_at)


def good() -> History:
    i = np.arange(N)
    text = {"order_id": [f"o{k}" for k in i], "merchant_id": ["m1"] * N, "currency": ["INR"] * N, "country": ["IN"] * N}
    text |= {"payment_method": ["cod", "prepaid", "undecided"] * (N // 3), "pincode": ["560085"] * N}
    text["category"] = ["kurta"] * N
    text |= {"state": ["kerala", "bihar"] * (N // 2), "channel": ["web"] * N, "sku": [f"s{k % 37}" for k in i]}
    orders = pd.DataFrame({name: np.array(values, dtype=object) for name, values in text.items()})
    orders["placed_at"] = START + i * (120 * DAY // N)
    for name, value in {"amount_minor": 49_900.0, "discount_minor": 0.0, "shipping_fee_minor": 0.0}.items():
        orders[name] = value + i
    orders["n_units"], orders["phone"], orders["address"] = 1.0, i, i
    orders["pin_known"], orders["phone_valid"] = np.full(N, True, dtype=object), 1.0
    made = History(orders, news_of(orders), np.random.default_rng(5).permutation(i % 4 == 0).astype(float))
    return replace(made, before=made.side())


def news_of(orders: pd.DataFrame) -> pd.DataFrame:
    twice = orders.loc[orders.index.repeat(2), ["order_id", "merchant_id", "placed_at"]].reset_index(drop=True)
    twice["event_id"] = np.array([f"e{k}" for k in range(len(twice))], dtype=object)
    kinds = np.arange(len(orders)) % 4
    ends = np.select([kinds == 0, kinds == 1], ["rto_started", "rto_received"], "delivered")
    starts = np.select([kinds == 1, kinds == 3], ["rto_started", "action_taken"], "dispatched")
    twice["type"] = np.column_stack([starts, ends]).ravel().astype(object)
    twice["reason"] = np.where(twice["type"] == "rto_started", "refused", None)
    twice["source"] = np.full(len(twice), None, dtype=object)
    twice["happened_at"] = twice["placed_at"] + np.tile([DAY, 3 * DAY], len(orders))
    twice["known_at"] = twice["happened_at"] + HOUR
    return twice.astype({"placed_at": "float64"})


def order(column: str, value: object, *rows: int) -> Callable[[History], list[str]]:
    """A break that puts `value` into some orders' `column`; says which orders the check should name."""

    def apply(h: History) -> list[str]:
        h.orders.loc[list(rows), column] = value
        return [f"o{row}" for row in rows]

    return apply


def news(column: str, value: object, *rows: int) -> Callable[[History], list[str]]:
    def apply(h: History) -> list[str]:
        h.news.loc[list(rows), column] = value
        return h.news.loc[list(rows), "order_id"].dropna().tolist()

    return apply


def no_orders(h: History) -> list[str]:
    h.orders, h.news, h.labels = h.orders.iloc[:0], h.news.iloc[:0], h.labels[:0]
    return []


def no_order_id(h: History) -> list[str]:
    order("order_id", None, 7)(h)
    return []  # an order without a number cannot be named


def same_number(h: History) -> list[str]:
    order("order_id", "o5", 6)(h)
    return ["o5"]


def mostly_missing(column: str) -> Callable[[History], list[str]]:
    n_missing = round(N * (1 - KNOWN_SHARE_MIN[column])) + 1
    missing = {"phone": -1, "address": -1, "amount_minor": np.nan}
    rows = np.sort(np.random.default_rng(1).permutation(N)[:n_missing])
    return order(column, missing.get(column), *rows.tolist())


def labels(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[History], list[str]]:
    def apply(h: History) -> list[str]:
        h.labels, h.before = change(h.labels), None
        return []

    return apply


def unlabelled(h: History) -> list[str]:
    rows = np.flatnonzero(np.isin(np.arange(N) % 8, (1, 2, 3, 5, 6)))
    h.labels[rows] = np.nan
    return [f"o{row}" for row in rows]


def immature(h: History) -> list[str]:
    young = h.orders["placed_at"] > h.orders["placed_at"].max() - 28 * DAY
    h.labels[young & (np.arange(N) % 16 != 0)] = 0.0
    return []


def a_day(at: int) -> int:
    return START // DAY + at


def day_left_out(h: History) -> list[str]:
    drop(h, h.orders["placed_at"] // DAY == a_day(60))
    return [str(np.datetime64(a_day(60), "D"))]


def drop(h: History, gone: "pd.Series[bool]") -> None:
    keep = ~gone.to_numpy()
    h.orders, h.labels = h.orders[keep].reset_index(drop=True), h.labels[keep]
    h.news = h.news[np.repeat(keep, 2)].reset_index(drop=True)


def busy_day(h: History) -> list[str]:
    same_week = h.orders["placed_at"].between((a_day(57)) * DAY, (a_day(61)) * DAY - 1)
    moved = np.flatnonzero(same_week.to_numpy() & (np.arange(N) % 2 == 0))
    moved = np.append(
        moved,
        np.flatnonzero(h.orders["placed_at"].between(a_day(62) * DAY, a_day(64) * DAY - 1) & (np.arange(N) % 4 == 1)),
    )
    h.orders.loc[moved, "placed_at"] = a_day(61) * DAY + np.arange(len(moved)) * HOUR // 60
    h.news = news_of(h.orders)
    return [str(np.datetime64(a_day(61), "D"))]


def _week(h: History, keep: Callable[[np.ndarray], np.ndarray]) -> list[str]:
    first, last = h.orders["placed_at"].min() // DAY + 1, h.orders["placed_at"].max() // DAY - 1
    start = last + 1 - 7 * 3
    assert start > first
    inside = h.orders["placed_at"].between(start * DAY, (start + 7) * DAY - 1)
    drop(h, inside & ~keep(np.arange(len(h.orders))))
    return [str(np.datetime64(int(start), "D"))]


def thin_week(h: History) -> list[str]:
    return _week(h, lambda i: i % 5 == 0)


def full_week(h: History) -> list[str]:
    """Everything but one week is thinned to a third: the week stands out."""
    start = h.orders["placed_at"].max() // DAY - 7 * 3
    inside = h.orders["placed_at"].between(start * DAY, (start + 7) * DAY - 1)
    drop(h, ~inside & pd.Series(np.arange(N) % 20 >= 6))
    return [str(np.datetime64(int(start), "D"))]


def lately(column: str, value: object, of: Callable[[History], bool] = bool) -> Callable[[History], list[str]]:
    def apply(h: History) -> list[str]:
        h.orders.loc[h.orders["placed_at"] > h.orders["placed_at"].max() - 28 * DAY, column] = value
        h.before = h.side()
        return [column]

    return apply


def dearer(h: History) -> list[str]:
    h.orders.loc[h.orders["placed_at"] > h.orders["placed_at"].max() - 28 * DAY, "amount_minor"] *= 100
    h.before = h.side()
    return ["m1"]


def same_order(h: History) -> list[str]:
    rows = np.arange(1, 2 * 26, 2)
    for column in ("phone", "amount_minor", "sku", "placed_at"):
        h.orders.loc[rows, column] = h.orders.loc[rows - 1, column].to_numpy()
    return [f"o{row}" for row in rows]


def other_spelling(h: History) -> list[str]:
    h.orders.loc[[3, 5], "merchant_id"], h.orders.loc[4, "order_id"] = "M1 ", "O3"
    return ["o3", "O3"]


def course(*changes: tuple[int, str, object]) -> Callable[[History], list[str]]:
    """Changes of news: (row, column, value)."""

    def apply(h: History) -> list[str]:
        for row, column, value in changes:
            h.news.loc[row, column] = value(h.news.loc[row]) if callable(value) else value
        return list(dict.fromkeys(f"o{row // 2}" for row, _, _ in changes))

    return apply


def many_courses(kind: int, *changes: tuple[int, str, object]) -> Callable[[History], list[str]]:
    """The same for every fourth order: above what a hard rule tolerates."""
    rows = range(kind, N, 4)
    return course(*((2 * row + place, column, value) for row in rows for place, column, value in changes))


def at_the_start(row: "pd.Series[int]") -> int:
    return int(row["placed_at"]) + DAY


def tells_all(h: History) -> list[str]:
    h.orders["courier"] = np.where(h.labels == 1, "A", "B").astype(object)
    return ["courier"]


def zero_for_one(h: History) -> list[str]:
    blank = (h.labels == 1) & (np.random.default_rng(2).random(N) < 0.98) | (np.random.default_rng(3).random(N) < 0.04)
    h.orders["distance_km"] = np.where(blank, 0.0, 12.0)
    return ["distance_km"]


def other_mix(h: History) -> list[str]:
    assert h.before is not None
    h.before.orders["state"][:] = "assam"
    return ["state"]


def other_share(h: History) -> list[str]:
    h.before = replace(h.side(), labels=np.where(np.arange(N) % 8 == 0, 1.0, 0.0))
    return []


def told_later(h: History) -> list[str]:
    h.before = replace(h.side(), lag=h.side().lag * 4)
    return ["median", "90 %"]


BREAKS: dict[str, Callable[[History], list[str]]] = {
    "DQ100": no_orders,
    "DQ101": no_order_id,
    "DQ102": same_number,
    "DQ103": order("placed_at", EXPORTED_AT + 1, 9),
    "DQ104": order("amount_minor", -1.0, 3),
    "DQ105": order("amount_minor", 49_900.0 * 1100, 4),
    "DQ106": order("currency", "Rs", 2),
    "DQ107": order("payment_method", "cash", 2),
    "DQ108": order("n_units", 0.0, 11),
    "DQ109": order("discount_minor", -5.0, 1),
    "DQ110": order("shipping_fee_minor", -5.0, 1),
    "DQ111": order("pincode", "56OO85", 12, 13),
    "DQ112": order("pin_known", False, *range(0, N, 19)),
    "DQ127": order("phone_valid", 0.0, *range(N // 2 + 1)),
    **{f"DQ{121 + i}": mostly_missing(column) for i, column in enumerate(KNOWN_SHARE_MIN)},
    "DQ130": same_order,
    "DQ131": other_spelling,
    "DQ140": day_left_out,
    "DQ141": busy_day,
    "DQ142": thin_week,
    "DQ143": full_week,
    "DQ150": lately("state", "assam"),
    "DQ151": dearer,
    "DQ152": lately("discount_minor", np.nan),
    "DQ160": other_mix,
    "DQ201": news("event_id", None, 4),
    "DQ202": news("event_id", "e6", 6, 9),
    "DQ203": news("order_id", None, 4),
    "DQ204": news("type", "teleported", 4),
    "DQ205": news("reason", "bored", 4),
    "DQ206": news("placed_at", np.nan, 4),
    "DQ207": news("happened_at", 0, 4),
    "DQ208": news("happened_at", EXPORTED_AT, 8),
    "DQ209": news("placed_at", float(EXPORTED_AT), 8),
    "DQ210": news("known_at", EXPORTED_AT + 1, 8),
    "DQ220": course(
        (5, "happened_at", lambda row: int(row["placed_at"])), (5, "type", "delivered"), (4, "type", "dispatched")
    ),
    "DQ221": course((4, "type", "delivered"), (5, "type", "out_for_delivery")),
    "DQ222": course((2, "type", "placed")),
    "DQ223": many_courses(1, (0, "type", "rto_received"), (1, "type", "delivered")),
    "DQ224": course((4, "type", "delivered"), (5, "type", "cancelled")),
    "DQ225": course((6, "happened_at", lambda row: int(row["placed_at"]) - 1)),
    "DQ226": many_courses(1, (0, "type", "rto_started"), (1, "type", "delivered"), (1, "happened_at", at_the_start)),
    "DQ301": unlabelled,
    "DQ302": labels(lambda y: np.where(np.arange(N) % 100 == 0, 0.0, 1.0)),
    "DQ303": labels(np.zeros_like),
    "DQ304": immature,
    "DQ310": tells_all,
    "DQ311": zero_for_one,
    "DQ312": lambda h: ["category"],
    "DQ320": other_share,
    "DQ321": told_later,
}
TOGETHER = {"DQ100": {"DQ303"}, "DQ303": {"DQ302"}}
"""Checks that must fail with another: no orders have no outcomes, and one kind of outcome is a share of 0 or 1."""


@pytest.fixture(scope="module")
def good_report() -> CheckReport:
    return good().checked()


def failed(report: CheckReport) -> set[str]:
    return {r.code for r in report.results if r.outcome is Outcome.FAILED}


def result(report: CheckReport, code: str) -> CheckResult:
    return next(r for r in report.results if r.code == code)


def test_every_check_has_a_breaking_example():
    assert set(BREAKS) == set(BY_CODE)


def test_codes_are_unique_and_in_order():
    codes = [check.code for check in CHECKS]
    assert codes == sorted(set(codes))


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.code)
def test_every_check_passes_on_good_data(check: Check, good_report: CheckReport):
    assert result(good_report, check.code).outcome is Outcome.PASSED


@pytest.mark.parametrize("code", BREAKS)
def test_data_broken_in_one_way_fails_that_check_alone(code: str, monkeypatch: pytest.MonkeyPatch):
    history = good()
    if code == "DQ312":
        monkeypatch.setitem(ORDER_STAGE, "category", Stage.DISPATCHED)
    named = BREAKS[code](history)
    report = history.checked()
    assert failed(report) == {code} | TOGETHER.get(code, set())
    assert list(result(report, code).examples) == list(dict.fromkeys(named))[:5]


def test_failed_rows_are_counted_among_the_rows_with_a_value():
    history = good()
    history.orders.loc[:99, "country"] = "AE"
    history.orders.loc[100:149, "pincode"] = None
    history.orders.loc[[0, 150, 151, 152], "pincode"] = "56OO85"
    found = result(history.checked(), "DQ111")
    assert (found.n_checked, found.n_failed) == (N - 150, 3)
    assert found.share_failed == pytest.approx(3 / (N - 150))
    assert found.examples == ("o150", "o151", "o152")


def test_a_row_is_named_whatever_the_frames_index_is():
    history = good()
    BREAKS["DQ104"](history)
    history.orders.index = pd.Index(np.arange(N)[::-1] * 10)
    assert result(history.checked(), "DQ104").examples == ("o3",)


def test_text_columns_may_be_of_the_str_type():
    history = good()
    BREAKS["DQ111"](history)
    texts = ["order_id", "merchant_id", "currency", "country", "payment_method", "pincode", "category"]
    history.orders = history.orders.astype(dict.fromkeys(texts, "str"))
    history.news = history.news.astype(dict.fromkeys(["order_id", "event_id", "type", "reason"], "str"))
    assert failed(history.checked()) == {"DQ111"}


def test_columns_that_are_absent_or_empty_are_not_applicable():
    history = good()
    history.orders = history.orders[["order_id", "merchant_id", "placed_at", "currency", "phone", "pin_known"]]
    history.orders = history.orders.assign(currency=None, phone=-1, pin_known=None)
    report = history.checked()
    judged = [r.code for r in report.results if r.outcome is not Outcome.NOT_APPLICABLE and r.code < "DQ200"]
    volume = ["DQ131", "DQ140", "DQ141", "DQ142", "DQ143"]
    assert judged == ["DQ100", "DQ101", "DQ102", "DQ103", *volume]
    assert not failed(report)


def test_orders_without_any_news_only_lack_outcomes():
    history = good()
    history.news, history.labels = history.news.iloc[:0], np.full(N, np.nan)
    report = history.checked()
    assert failed(report) == {"DQ301", "DQ303"}
    assert not report.hard_failures


def test_news_of_which_every_order_is_unknown_is_a_failure():
    history = good()
    history.news["placed_at"] = np.nan
    assert failed(history.checked()) == {"DQ206"}


def test_the_same_event_id_from_another_source_is_other_news():
    history = good()
    history.news.loc[[6, 9], "event_id"] = "e6"
    history.news.loc[9, "source"] = "courier"
    assert not failed(history.checked())


def test_a_column_that_tells_the_outcome_is_noted_on_import_and_stops_training(good_report: CheckReport):
    leaking = CheckReport((CheckResult("DQ310", Outcome.FAILED, 600, observed=1.0),))
    require(leaking)
    assert [r.code for r in leaking.soft_failures] == ["DQ310"]
    with pytest.raises(CheckFailed, match="DQ310 1 hard check for training: got DQ310 no column alone"):
        require(leaking.judged_for(Purpose.TRAINING))
    require(good_report.judged_for(Purpose.TRAINING))


def test_a_refusal_names_the_first_codes_and_some_orders():
    hard = [CheckResult(f"DQ10{i}", Outcome.FAILED, 10, 2, 0.2, None, ("o1", "o2")) for i in (1, 2, 3, 4)]
    with pytest.raises(CheckFailed) as refused:
        require(CheckReport(tuple(hard)))
    error = refused.value
    assert (error.code, error.exit_status) == ("DQ101", Exit.CHECK_FAILED)
    assert error.got.startswith("DQ101 every order has an order_id (missing for 2 of 10, as o1, o2); DQ102")
    assert error.got.endswith("and 1 more")
    assert error.to_do == BY_CODE["DQ101"].to_do


def test_a_report_is_plain_json_without_a_personal_value():
    history = good()
    for code in ("DQ104", "DQ111", "DQ206"):
        BREAKS[code](history)
    report = history.checked()
    text = json.dumps(report.as_dict(), allow_nan=False)
    assert "56OO85" not in text
    rows = {row["code"]: row for row in report.as_dict()["results"]}
    assert (rows["DQ104"]["outcome"], rows["DQ104"]["severity"], rows["DQ104"]["n_failed"]) == ("failed", "hard", 1)
    assert (rows["DQ302"]["n_failed"], rows["DQ302"]["observed"]) == (None, 0.25)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda h: setattr(h, "orders", h.orders.drop(columns="placed_at")),
        lambda h: setattr(h, "news", h.news.drop(columns="placed_at")),
        lambda h: setattr(h, "orders", h.orders.astype({"placed_at": "float64"})),
        lambda h: setattr(h, "labels", h.labels[1:]),
        lambda h: setattr(h, "labels", h.labels + 1),
    ],
)
def test_a_malformed_frame_is_a_bug_and_no_finding(spoil: Callable[[History], None]):
    history = good()
    spoil(history)
    with pytest.raises(ChecksBroken) as broken:
        run_checks(history.orders, history.news, history.labels, history.exported_at)
    assert (broken.value.code, broken.value.exit_status) == ("DQ000", Exit.BUG)


def test_a_rule_that_cannot_run_is_a_bug_and_no_failure():
    text = pd.DataFrame({"amount_minor": ["12", "13"]})
    with pytest.raises(ChecksBroken, match="DQ104"):
        judge(Suite.ORDERS, Asked(text), [BY_CODE["DQ104"]], {})


def test_a_rule_on_a_column_that_is_gone_is_not_applicable():
    check = replace(BY_CODE["DQ104"], terms={"column": "gone", "min_value": 0})
    assert judge(Suite.ORDERS, Asked(good().orders), [check], {}) == {}


def test_importing_the_checks_does_not_load_great_expectations():
    code = "import sys, data.expectations; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_fresh_process_checks_in_silence_with_warnings_as_errors():
    lines = ["import pandas as pd", "from data.checks.catalog import BY_CODE", "from data.checks.judge import judge"]
    lines += [
        "from data.checks.check import Suite",
        "from data.checks.asked import Asked",
        "frame = pd.DataFrame({'amount_minor': [1.0, -1.0]})",
    ]
    lines += ["print(judge(Suite.ORDERS, Asked(frame), [BY_CODE['DQ104']], {})['DQ104'].n_failed)"]
    command = [sys.executable, "-W", "error", "-c", "\n".join(lines)]
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("1\n", "")


def test_the_documented_checks_are_the_checks():
    written = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m data.checks.page > docs/checks.md"


@pytest.mark.parametrize(
    ("recent_rto", "expected"),
    [(25, (0.25 + 3 * np.sqrt(0.25 * 0.75 / 100)) / 0.25), (0, 3 * np.sqrt(0.25 * 0.75 / 100) / 0.25)],
)
def test_the_recent_share_is_granted_three_standard_errors(recent_rto: int, expected: float):
    placed_at = np.repeat([50 * DAY, 100 * DAY], 100)
    outcomes = np.concatenate([np.arange(100) < 25, np.arange(100) < recent_rto]).astype(float)
    assert recent_over_before(placed_at, outcomes) == pytest.approx(expected)


@pytest.mark.parametrize("n_recent", [0, 49])
def test_too_few_recent_outcomes_say_nothing(n_recent: int):
    placed_at = np.repeat([50 * DAY, 100 * DAY], [100, 60])
    outcomes = np.where(np.arange(160) < 100 + n_recent, np.arange(160) % 2, np.nan)
    assert np.isnan(recent_over_before(placed_at, outcomes))


def test_checks_of_what_training_learns_weigh_more_for_training():
    heavier = [c.code for c in CHECKS if c.severity_for(Purpose.TRAINING) is not c.severity_for(Purpose.IMPORT)]
    assert heavier == ["DQ310", "DQ311", "DQ312"]
    assert BY_CODE["DQ310"].severity is Severity.SOFT
