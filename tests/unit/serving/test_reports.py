"""Does the merchant's report count right, say what it cannot know, and keep hostile text as text?"""

import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from data.contract import DAY
from serving.reports import Decided, OpenRisk, Report, build_report, render
from serving.reports.charts import week_chart, whisker, whisker_scale
from serving.reports.figures import (
    Meta,
    Money,
)
from serving.reports.groups import value_edges
from serving.reports.shares import Share, wilson
from serving.reports.story import sentences
from serving.reports.wording import moment, money
from tests.helpers.report_rows import META, NOW, RUPEES, Row, evidence, orders_of, risks, rows

NAN = float("nan")


def order(i: int, outcome: float = 0.0, age_days: float = 40, **more: object) -> Row:
    status = {0.0: "delivered", 1.0: "rto"}.get(outcome, "open")
    placed_at, place = NOW - int(age_days * DAY), ("800001", "Patna", "BIHAR")
    plain = Row(f"o{i}", placed_at, "cod", 50_000.0, *place, "shoes", outcome, status)
    return replace(plain, **more)  # type: ignore[arg-type]


def report_of(orders: list[Row], open_risks: list[OpenRisk] | None = None, **more: object) -> Report:
    given = {"evidence": None, "money": RUPEES, "meta": META} | more
    return build_report(orders_of(orders), open_risks or [], **given)  # type: ignore[arg-type]


def page(orders: list[Row], open_risks: list[OpenRisk] | None = None, **more: object) -> str:
    return render(report_of(orders, open_risks, **({"evidence": evidence()} | more)))


# --- counting ---------------------------------------------------------------------------------------------------------


def test_shares_count_matured_orders_with_an_outcome_only() -> None:
    young_rto, old_open = order(8, 1.0, age_days=5), order(9, NAN)
    orders = [order(0), order(1, 1.0), order(2, payment="prepaid"), young_rto, old_open]
    found = report_of([*orders, order(3, NAN, status="cancelled")]).headline
    assert (found.every, found.cod, found.prepaid) == (Share(3, 1), Share(2, 1), Share(1, 0))
    assert (found.delivered, found.rto, found.open, found.cancelled) == (2, 2, 1, 1)
    assert (found.outcome_known, found.matured) == (3, 4)


def test_maturity_is_measured_to_the_end_of_the_history_not_to_today() -> None:
    told_long_ago = replace(META, known_through=NOW - 30 * DAY)
    orders = [order(0, age_days=40), order(1, age_days=60)]
    assert report_of(orders).headline.every.n == 2
    assert report_of(orders, meta=told_long_ago).headline.every.n == 1


def test_money_lost_is_all_parcels_that_came_back_times_the_cost_of_one() -> None:
    report = report_of([order(0, 1.0), order(1, 1.0, age_days=1), order(2)])
    assert report.cost is not None
    assert report.cost.total_minor == 36_000
    assert "2 parcels × ₹180 = <b>₹360</b>" in render(report)


def test_costs_that_no_shop_has_set_are_called_so_where_the_money_is_said_first() -> None:
    orders = [order(0, 1.0), order(1)]
    lead = page(orders, money=replace(RUPEES, shipped=True)).partition("<h2")[0]
    assert "RTO cost you ₹180 in this period, at the costs that come with this program until you set your own" in lead
    assert "rto policy draft" in lead
    own = page(orders)
    assert "RTO cost you ₹180 in this period." in own
    assert "come with this program" not in own
    assert "Shipping cost of RTO" not in own  # packaging, handling and damage are in it


def test_cash_orders_stand_beside_all_in_each_band_of_value() -> None:
    """Small orders are mostly prepaid here: all together they look safest, small cash orders are the worst."""
    small = [order(i, amount_minor=10_000.0, payment="prepaid") for i in range(80)]
    small += [order(100 + i, float(i < 10), amount_minor=10_000.0) for i in range(20)]
    large = [order(200 + i, float(i < 30), amount_minor=80_000.0) for i in range(100)]
    first, *_, last = report_of([*small, *large]).groups["value"].rows
    assert (first.share, first.cod) == (Share(100, 10), Share(20, 10))
    assert (last.share, last.cod) == (Share(100, 30), Share(100, 30))
    text = page([*small, *large])
    assert text.count("RTO, COD only</th>") == 1
    assert '<b>50.0\xa0%</b> <span class="more">10 of 20</span>' in text
    assert "RTO, COD only" not in page(large)  # all are cash: nothing to put beside


def test_an_interval_that_is_cut_at_the_edge_is_marked() -> None:
    orders = [order(i, float(i % 2), state="BIHAR") for i in range(400)] + [
        order(900, 1.0, state="GOA"),
        order(901, state="GOA"),
    ]
    group = report_of(orders).groups["state"]
    scale = whisker_scale(group)
    assert [(row.name, whisker(row.share, scale).cut) for row in group.rows] == [("Bihar", False), ("Goa", True)]
    assert whisker(Share(2, 1), scale).high == 100.0


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert wilson(10, 50) == pytest.approx((0.1124375, 0.3303710), abs=1e-6)  # R: binom::binom.wilson(10, 50)
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


def test_weeks_begin_on_the_merchants_monday_and_empty_weeks_are_kept() -> None:
    sunday_late_utc = 1_767_553_200_000_000  # Sunday 4 Jan 2026 19:00 UTC is Monday 00:30 in India
    orders = [order(0, placed_at=sunday_late_utc), order(1, placed_at=sunday_late_utc + 15 * DAY)]
    india = report_of(orders).weeks
    utc = report_of(orders, meta=replace(META, timezone="UTC")).weeks
    assert [w.start.isoformat() for w in india] == ["2026-01-05", "2026-01-12", "2026-01-19"]
    assert [w.orders for w in india] == [1, 0, 1]
    assert utc[0].start.isoformat() == "2025-12-29"


def test_a_week_is_immature_until_its_youngest_order_can_be_judged() -> None:
    orders = [order(i, age_days=d) for i, d in enumerate(range(60))]
    weeks = report_of(orders).weeks
    assert [w.mature for w in weeks] == sorted((w.mature for w in weeks), reverse=True)
    for week in weeks:  # NOW is Monday 2 Feb 2026 in India; orders up to 12 Jan are 21 days old
        assert week.mature == (week.start.isoformat() <= "2026-01-05")


def test_months_follow_one_another_over_the_turn_of_a_year() -> None:
    months = report_of([order(i, age_days=30 * i) for i in range(6)]).months
    assert [m.start.isoformat()[:7] for m in months] == [
        "2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02",
    ]  # fmt: skip


def test_only_pin_codes_above_the_average_by_more_than_chance_are_shown_as_worst() -> None:
    plain = [order(i, float(i % 5 == 0), pincode="400030") for i in range(400)]
    worst = [order(500 + i, float(i < 30), pincode="560001") for i in range(60)]
    chance = [order(600 + i, float(i < 6), pincode="110001") for i in range(14)]  # 43 %, the interval from 21 %
    few = [order(700 + i, 1.0, pincode="700114") for i in range(9)]
    group = report_of([*plain, *worst, *chance, *few]).groups["pincode"]
    assert [r.name for r in group.rows[: group.shown]] == ["560001"]
    assert [r.name for r in group.rows] == ["560001", "110001", "400030", "700114"]
    assert "3 of 4 PIN codes" in group.note
    assert "1 of them has" in group.note
    none = page([*plain, *chance, *few])
    assert "2 of 3 PIN codes have 10 matured orders or more; none of them have an RTO share that lies above" in none
    assert "--kind pincode" not in none


def test_pin_codes_are_ranked_by_their_share_with_twenty_more_orders_at_the_average() -> None:
    many = [order(i, float(i % 10 == 0), pincode="560001") for i in range(400)]
    sure = [order(500 + i, float(i < 50), pincode="800001") for i in range(100)]
    unlucky = [order(700 + i, float(i < 6), pincode="110001") for i in range(10)]
    group = report_of([*many, *sure, *unlucky]).groups["pincode"]
    assert [r.name for r in group.rows] == ["800001", "110001", "560001"]  # 50 of 100 before 6 of 10
    average = (40 + 50 + 6) / 510
    assert [r.shrunk for r in group.rows] == pytest.approx(
        [(50 + 20 * average) / 120, (6 + 20 * average) / 30, (40 + 20 * average) / 420]
    )


@pytest.mark.parametrize(
    ("n", "placed", "source"), [(1, 150, "open"), (99, 10, "open"), (100, 150, "decisions"), (100, 201, "open")]
)
def test_decisions_stand_for_the_period_only_if_they_cover_its_orders(n: int, placed: int, source: str) -> None:
    waiting = [OpenRisk("r", NOW, None, 0.8, "high", "confirm_call", 100.0)]
    decided = [Decided(NOW - 10 * DAY, f"d{i}", "low", 0.1, "allow_cod", []) for i in range(n)]
    before = [order(1_000 + i, age_days=40) for i in range(500)]  # placed before anything was decided
    report = report_of([*before, *(order(i, age_days=5) for i in range(placed))], waiting, decided=decided)
    assert (report.advice.source, report.advice.orders) == (source, 1 if source == "open" else n)
    assert (report.advice.decisions, report.advice.placed_since) == (n, placed)
    assert (report.advice.tiers == ()) == (source == "open")
    text = render(report)
    few = f"{n} order{' or checkout was' if n == 1 else 's or checkouts were'} decided on in the period, too few"
    assert (few in text) == (source == "open")
    assert (f"half of the {placed} placed since the first" in text) == (source == "open")


def test_old_news_is_said_before_anything_else_and_nothing_is_called_today() -> None:
    old, waiting = replace(META, known_through=NOW - 182 * DAY, old=True), risks(rows(200))
    orders = [order(i, float(i % 4 == 0), age_days=240) for i in range(200)]
    text = page(orders, waiting, meta=old)
    assert text.index("Nothing is known after 4 Aug 2025, 182 days before") < text.index("<h1>")
    assert "<h2>Orders open on 4 Aug 2025" in text
    assert re.findall("[Tt]oday", text[text.index("<main>") :]) == []
    assert "Nothing is known after" not in page(orders, waiting)


def test_groups_and_what_was_not_told_add_up_to_the_headline() -> None:
    some = [replace(r, state=None if i % 7 == 0 else r.state, sku=f"s{i % 40}" if i % 3 else None, local_minute=i % 1440.0)
            for i, r in enumerate(rows(2_000))]  # fmt: skip
    report = report_of(some)
    assert report.headline.every.n > 1_000
    for key, group in report.groups.items():
        assert group.total == report.headline.every, key
        shown = sum((r.share for r in group.rows[: group.shown]), Share())
        assert shown + group.rest + group.missing == group.total, key
    assert report.groups["state"].missing.n > 100
    assert len(report.groups["hour"].rows) == 8


def test_weeks_and_months_add_up_to_all_orders_of_the_period() -> None:
    report = report_of(rows(2_000))
    for periods in (report.weeks, report.months):
        assert sum(p.orders for p in periods) == report.headline.shipped_or_open
        assert sum(p.every.rto for p in periods) == report.headline.rto
        assert sum(p.every.n for p in periods) == report.headline.rto + report.headline.delivered
        assert sum(p.cod.n + p.prepaid.n for p in periods) == sum(p.every.n for p in periods)


def test_value_bands_hold_every_order_with_an_amount_once() -> None:
    report = report_of(rows(2_000))
    group = report.groups["value"]
    assert len(group.rows) == 5
    assert group.missing.n == sum(
        r.amount_minor is None and r.outcome == r.outcome and NOW - r.placed_at >= 21 * DAY for r in rows(2_000)
    )


def test_equal_amounts_make_one_or_two_bands_and_no_error() -> None:
    for amount in (50_000.0, 0.0):
        group = report_of([order(i, amount_minor=amount) for i in range(30)]).groups["value"]
        assert (sum(r.share.n for r in group.rows), group.missing.n) == (30, 0)


def test_an_amount_on_an_edge_counts_in_the_band_that_begins_there() -> None:
    orders = [order(i, amount_minor=a) for i, a in enumerate([10_000.0] * 5 + [20_000.0] * 5 + [30_000.0] * 5)]
    assert value_edges(sorted(r.amount_minor or 0 for r in orders)) == [10_000.0, 20_000.0, 30_000.0]
    rows_ = report_of(orders).groups["value"].rows
    assert [(r.name, r.share.n) for r in rows_] == [
        ("₹100 to under\u00a0₹200", 5), ("₹200 to under\u00a0₹300", 5), ("₹300 and more", 5),
    ]  # fmt: skip


def test_the_weekday_is_that_of_the_merchants_clock() -> None:
    sunday_late_utc = 1_767_553_200_000_000  # Sunday 4 Jan 2026 19:00 UTC is Monday 00:30 in India
    assert [r.name for r in report_of([order(0, placed_at=sunday_late_utc)]).groups["weekday"].rows] == ["Monday"]


def test_a_first_attempt_counts_where_an_attempt_or_a_delivery_was_told() -> None:
    orders = [
        order(0, first_failed=0), order(1, first_failed=1), order(2, 1.0, first_failed=1), order(3, 1.0, first_failed=-1),
        order(4, NAN, first_failed=1), order(5, first_failed=1, age_days=2),
    ]  # fmt: skip
    found = report_of(orders).attempts
    assert (found.told, found.first_failed, found.delivered, found.rto, found.open) == (4, 3, 1, 1, 1)
    assert "no failed attempt to deliver was told" in page([order(0, first_failed=0)])


def test_actions_taken_show_what_became_of_the_orders_but_claim_no_saving() -> None:
    orders = [order(0, action="confirm_call"), order(1, 1.0, action="confirm_call"), order(2, NAN, action="prepaid_nudge"),
              order(3, switched=True, payment="prepaid")]  # fmt: skip
    report = report_of(orders)
    assert [(t.action, t.orders, t.share) for t in report.taken] == [
        ("confirm_call", 2, Share(2, 1)), ("prepaid_nudge", 1, Share(0, 0)),
    ]  # fmt: skip
    assert report.switched is not None
    assert (report.switched.orders, report.switched.share) == (1, Share(1, 0))
    text = page(orders)
    assert "only an experiment can tell" in text
    assert text.count("saved") == text.count("not what could be saved")


def test_delays_are_quantiles_of_matured_orders_in_days() -> None:
    told = [order(i, delivered_days=float(i + 1), told_days=float(i + 2)) for i in range(101)]
    found = {d.name: d for d in report_of(told).delays}
    assert found["From the order to the delivery"].half == pytest.approx(51.0)
    assert found["From the order until a delivery was told"].most == pytest.approx(92.0)
    assert "From the order until an RTO was told" not in found


def test_today_lists_the_orders_worth_most_first_and_sums_all_of_them() -> None:
    open_risks = [
        OpenRisk("a", NOW, None, 0.5, "high", "confirm_call", 100.0),
        OpenRisk("b", NOW, None, 0.9, "high", "prepaid_nudge", 900.0),
        OpenRisk("c", NOW, None, 0.1, "low", "allow_cod", 0.0),
    ]
    today = report_of([], open_risks).today
    assert [r.order_id for r in today.rows] == ["b", "a"]
    assert (today.scored, today.high, today.to_act, today.saving_minor) == (3, 2, 2, 1_000.0)
    assert [(s.action, s.orders) for s in today.sums] == [("allow_cod", 1), ("confirm_call", 1), ("prepaid_nudge", 1)]
    assert sum(s.saving_minor or 0 for s in today.sums) == today.saving_minor


def test_without_costs_the_riskiest_orders_come_first() -> None:
    open_risks = [OpenRisk(str(p), NOW, None, p, "high", "confirm_call", None) for p in (0.3, 0.8, 0.5)]
    today = report_of([], open_risks, money=Money("IDR")).today
    assert [r.p_rto for r in today.rows] == [0.8, 0.5, 0.3]
    assert today.saving_minor is None


def test_without_costs_nobody_is_told_to_ship_the_risky_as_they_are() -> None:
    waiting = [OpenRisk(f"r{p}", NOW, None, p, "high", "allow_cod", None) for p in (0.3, 0.8)]
    report = report_of([order(i, outcome=i % 2) for i in range(9)], waiting, money=Money("BDT"))
    assert [r.order_id for r in report.today.rows] == ["r0.8", "r0.3"]
    assert "cannot be weighed, as no costs are known for BDT" in sentences(report)[-1]
    page = render(report)
    assert "once your costs are set" in page
    assert "ship them as they are" not in page


def test_a_week_with_few_outcomes_is_not_drawn() -> None:
    few = [order(i, age_days=40) for i in range(9)]
    assert week_chart(report_of(few).weeks, with_payment=True) is None
    chart = week_chart(report_of([*few, order(9)]).weeks, with_payment=True)
    assert chart is not None
    assert {s.name: len(s.marks) for s in chart.series} == {"All": 1, "COD": 1, "Prepaid": 0}


def test_young_weeks_are_hatched_and_dashed() -> None:
    chart = week_chart(report_of(rows()).weeks, with_payment=True)
    assert chart is not None
    assert chart.young_x is not None
    for series in chart.series:
        solid = [float(p.split(",")[0]) for line in series.solid for p in line.split()]
        dashed = [float(p.split(",")[0]) for line in series.dashed for p in line.split()]
        assert max(solid) < chart.young_x < max(dashed)


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "unit", "text"),
    [
        (12_345_600, Money("INR"), "₹1,23,456"),
        (1_234_567_890, Money("INR"), "₹1,23,45,678.90"),
        (99_900, Money("INR"), "₹999"),
        (12_345_678, Money("USD"), "$123,456.78"),
        (-50, Money("USD"), "−$0.50"),
        (1_500, Money("JPY", minor_digits=0), "JPY\u00a01,500"),
        (None, Money("INR"), "–"),
    ],
)
def test_money_is_grouped_as_its_country_writes_it(minor: float | None, unit: Money, text: str) -> None:
    assert money(minor, unit) == text


def test_moments_are_told_in_the_merchants_zone() -> None:
    from zoneinfo import ZoneInfo

    assert moment(NOW, ZoneInfo("Asia/Kolkata")) == "2 Feb 2026, 08:10 IST"


def test_the_page_says_what_does_not_apply() -> None:
    bare = [
        order(i, payment=None, amount_minor=None, pincode=None, district=None, state=None, category=None)
        for i in range(30)
    ]
    text = page(bare, evidence=None, money=Money("IDR"))
    for sentence in (
        "the orders carry no payment method", "the orders carry no PIN code", "the orders carry no state",
        "the orders carry no category", "the orders carry no usable amount", "no parcel came back",
        "the orders carry no phone, customer number or e-mail", "the orders carry a date without a time of day",
        "the orders carry no article number", "the orders carry no campaign", "no action taken",
        "there is no model yet", "no cost of one RTO is known for IDR",
    ):  # fmt: skip
        assert sentence in text, sentence
    assert text.count("<h3>By channel") == 0, "what does not apply is a line, not a section"
    assert text.count('<ul class="absent">') == 3
    assert "nan" not in text
    assert "None" not in text


def test_a_merchant_without_orders_gets_a_page() -> None:
    text = page([], evidence=None)
    assert "No orders in this period." in text
    assert "None" not in text


def test_the_page_is_the_same_for_orders_in_any_order() -> None:
    orders = rows(500)
    assert page(orders, risks(orders)) == page(orders[::-1], risks(orders)[::-1])


# --- safety -----------------------------------------------------------------------------------------------------------

HOSTILE = """"'><script>alert(1)</script><img src=x onerror="alert(1)"><style>*{}</style>{{7*7}}"""


def hostile_page() -> str:
    words = dict.fromkeys(
        ("state", "category", "district", "pincode", "sku", "courier", "channel", "campaign"), HOSTILE
    )
    orders = [order(i, float(i % 2), order_id=f"{HOSTILE}{i}", **words) for i in range(60)]
    open_risks = [OpenRisk(HOSTILE, NOW, 5.0, 0.7, HOSTILE, HOSTILE, 10.0, [HOSTILE], [(HOSTILE, HOSTILE)])]
    meta = replace(META, merchant_id=HOSTILE)
    proof = replace(evidence(), trained_through=HOSTILE, model_version=HOSTILE)
    return page(orders, open_risks, meta=meta, evidence=proof, money=Money(HOSTILE, 100, HOSTILE))


def test_hostile_text_stays_text() -> None:
    text = hostile_page()
    assert "&lt;script&gt;" in text.lower()
    assert "49" not in re.findall(r"&lt;/style&gt;(\d+)", text)
    assert re.findall(r"<(?:script|img|iframe|object|link|a|form)\b", text) == []
    assert text.count("<style>") == 1
    assert set(re.findall(r"\s(on\w+|style|href|src)=", re.sub(r">[^<]*<", "><", text))) == set()


def test_the_policy_in_the_head_names_the_one_style_and_no_script() -> None:
    from base64 import b64encode
    from hashlib import sha256

    text = page(rows(300))
    style = text.split("<style>")[1].split("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in unescape(text)


def test_nothing_on_the_page_points_outside() -> None:
    text = page(rows(300))
    assert [w for w in ("http:", "https:", "//", "@import", "url(h") if w in text] == []


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("serving.reports", ("pandas", "sklearn", "mlflow", "pyarrow", "numba", "scipy", "openpyxl", "xgboost")),
        ("serving.web.report_answers", ("mlflow", "numba", "openpyxl", "great_expectations", "matplotlib")),
    ],
)
def test_the_report_needs_no_heavy_library(module: str, never: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([m for m in {never!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert done.stdout.strip() == "[]"


def test_the_page_of_a_meta_with_another_zone_renders() -> None:
    assert "Asia/Jakarta" in page(rows(200), meta=Meta("toko", "Asia/Jakarta", NOW, 14))
