"""The page of checks is made from their JSON alone, offline, and shows failures first."""

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from data.checks.html import checks_page
from data.checks.series import series_of
from data.contract import DAY
from data.expectations import CheckReport, CheckResult, Outcome

T0 = 20_000 * DAY


def report(*results: CheckResult) -> dict[str, Any]:
    placed = T0 + np.arange(2_000) * (DAY // 20)
    series = series_of(placed, (np.arange(2_000) % 4 == 0).astype(float), int(placed[-1]))
    return CheckReport(results, series=series).as_dict()


SOFT = CheckResult("DQ105", Outcome.FAILED, 10, 2, 0.2, None, ("o1", "<script>alert(1)</script>"))
HARD = CheckResult("DQ104", Outcome.FAILED, 10, 1, 0.1, None, ("o7",))
FINE = CheckResult("DQ101", Outcome.PASSED, 10, 0, 0.0)


class Tags(HTMLParser):
    """Collects the names of the tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_failures_come_first_and_hard_before_soft():
    page = checks_page(report(FINE, HARD, SOFT))
    assert page.index("Stopped") < page.index("Failed: DQ104") < page.index("Failed: DQ105") < page.index("All checks")
    assert (
        "1 checks passed, 2 failed, 0 are not applicable. 1 of the failures stop the import; nothing was kept." in page
    )


def test_nothing_from_the_data_is_markup_and_nothing_is_fetched():
    page = checks_page(report(HARD, SOFT))
    found = Tags(page)
    assert not found.tags & {"script", "link", "img", "iframe", "object"}
    assert not found.attributes & {"src", "href", "style", "onclick", "onload"}
    assert "&lt;script&gt;" in page
    assert not re.search(r"https?:|url\(|@import", page)


def test_a_page_without_failures_says_so():
    page = checks_page(report(FINE))
    assert "All is well" in page
    assert "Failed:" not in page


def test_plots_have_words_for_those_who_do_not_see_them():
    assert len(re.findall(r'<svg [^>]*role="img" aria-label="[^"]{20,}"', checks_page(report(FINE)))) == 2


def test_days_and_weeks_are_counted_and_wrong_dates_left_out():
    placed = np.array([T0] * 30 + [T0 + 2 * DAY] + [0, T0 + 900 * DAY])
    series = series_of(placed, np.array([1.0] * 6 + [0.0] * 24 + [np.nan] * 3), T0 + 3 * DAY)
    assert [n for _, n in series["orders_per_day"]] == [30, 0, 1]
    [[_, n, share, low, high]] = series["rto_by_week"]
    assert (n, share) == (30, 0.2)
    assert (low, high) == pytest.approx((0.095, 0.3731), abs=1e-4)


def test_a_history_without_orders_has_no_plots():
    nothing = np.zeros(0)
    assert series_of(nothing.astype(np.int64), nothing, 0) == {"orders_per_day": [], "rto_by_week": []}
