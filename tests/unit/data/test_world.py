import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from data.contract import DAY, NEWS_COLUMNS, ORDER_COLUMNS, NewsType, Reason
from data.errors import PlanError, UsageError
from data.places import load_register, same_state
from data.world import PRESETS, preset_named, simulate, write_world
from data.world.geography import lay_out
from data.world.people import populate
from data.world.presets import DEMO
from data.world.shops import Article, Merchant
from data.world.streams import running_count, running_sum
from data.world.transit import _delay_share

TRUTH_FILES = {"truth/orders.parquet", "truth/people.parquet", "truth/places.parquet"}
SLOTS = {"rto_started": "-09", "rto_received": "-10"}
UNTIL = 1_770_000_000_000_000  # 2026-02-02


def quiet(done, total):
    assert 0 < done <= total


@pytest.fixture(scope="module")
def world():
    return simulate(DEMO, 20_000, 7, UNTIL, quiet)


@pytest.fixture(scope="module")
def orders(world):
    return world.orders.to_pandas()


@pytest.fixture(scope="module")
def news(world):
    return world.news.to_pandas()


def truth_of(world):
    return world.truth.to_pandas()


def small(seed=1, until=UNTIL, preset=DEMO):
    return simulate(preset, 1_000, seed, until, quiet)


def digests(folder):
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


# --- the figures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("chance", "paid_in_cash"), [("p_cod", True), ("p_prepaid", False)])
def test_the_true_chance_is_what_happens_in_every_fifth_of_the_orders(world, chance, paid_in_cash):
    truth = world.truth.to_pandas()
    ended = truth[truth.outcome.isin(["rto", "delivered"]) & (truth.cod == paid_in_cash)]
    for _, part in ended.groupby(pd.qcut(ended[chance], 5), observed=True):
        p = part[chance].to_numpy()
        error = np.sqrt((p * (1 - p)).sum()) / len(p)
        assert (part.outcome == "rto").mean() == pytest.approx(p.mean(), abs=3.5 * error)


def test_even_perfect_knowledge_of_buyer_and_place_leaves_much_to_chance(world):
    truth = world.truth.to_pandas()
    cod = truth[truth.cod & truth.outcome.isin(["rto", "delivered"])]
    assert 0.79 <= roc_auc_score(cod.outcome == "rto", cod.p_cod) <= 0.85
    assert (truth.p_prepaid < truth.p_cod).all()


def test_buyers_come_back_so_that_a_phone_has_a_history(orders):
    placed = orders.drop_duplicates("order_id")
    assert 0.75 <= placed.phone.duplicated().mean() <= 0.95


# --- the native contract ---------------------------------------------------------------------------------------------


def test_the_tables_have_the_columns_of_the_contract_in_their_order(world):
    assert world.orders.column_names == [c.name for c in ORDER_COLUMNS]
    assert world.news.column_names == [c.name for c in NEWS_COLUMNS]
    for table, columns in ((world.orders, ORDER_COLUMNS), (world.news, NEWS_COLUMNS)):
        for column in columns:
            kind = table.schema.field(column.name).type
            assert (column.kind == "time") == (kind == pa.timestamp("us", tz="UTC"))
            assert (column.kind in ("money", "count")) == (kind == pa.int64())


def test_no_latent_is_a_column_that_shops_see(world):
    latent = {"p_cod", "p_prepaid", "cause", "outcome", "reliability", "intent", "address_badness", "tier", "person"}
    assert latent < {*world.truth.column_names}
    assert not latent & {*world.orders.column_names, *world.news.column_names}


def test_every_order_is_told_once_as_placed_and_lines_share_all_but_the_line(world, orders, news):
    assert orders.order_id.nunique() == 20_000 == (news.type == "placed").sum() == len(world.truth)
    assert set(orders.order_id) == set(news.order_id) == set(world.truth["order_id"].to_pylist())
    line = ["sku", "category", "quantity", "price_minor"]
    assert not orders.drop(columns=line).drop_duplicates().order_id.duplicated().any()
    assert not orders.duplicated(["order_id", "sku"]).any()
    assert 0.03 <= orders.order_id.duplicated().mean() <= 0.10


def test_money_adds_up(orders):
    by = orders.assign(list=orders.price_minor * orders.quantity).groupby("order_id")
    first, listed = by.first(), by["list"].sum()
    assert (first.amount_minor == listed - first.discount_minor + first.shipping_fee_minor).all()
    assert (first.amount_minor > 0).all()
    assert (first.discount_minor >= 0).all()


def test_phones_are_valid_indian_numbers_and_mail_goes_nowhere(orders):
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in orders.phone.head(3_000))
    assert orders.phone.str.fullmatch(r"\+91[6-9]\d{9}").all()
    assert orders.email.dropna().str.fullmatch(r"[^@]+@example\.(com|org|net)").all()
    assert orders.ip.str.match(r"100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.").all()


def test_places_are_real_and_few_buyers_write_a_wrong_pin_code(orders):
    register = load_register()
    row = register.rows(orders.pincode.to_numpy(object))
    assert (row >= 0).all()
    agrees = [same_state(state, register.state[at]) for state, at in zip(orders.state, row, strict=True)]
    assert 0.95 < np.mean(agrees) < 0.999
    assert (register.rows(orders.origin_pincode.unique()) >= 0).all()


def test_some_addresses_are_nonsense_and_some_are_short_but_valid(world, orders):
    placed = orders.drop_duplicates("order_id").set_index("order_id")
    truth = world.truth.to_pandas().set_index("order_id")
    assert 0.008 <= truth[truth.cod].gibberish.mean() <= 0.025
    village = placed.line1.str.match(r"(Vill|Village|At|Ward \d+) [A-Z]")
    assert 0.05 < village.mean() < 0.25
    assert not placed.line1[village & ~truth.gibberish].str.match(r"\d").any()
    assert placed.line1.str.len().min() > 0


# --- two times -------------------------------------------------------------------------------------------------------


def test_nothing_is_known_before_it_happened_nor_before_its_order_nor_after_the_end(orders, news):
    placed_at = news.order_id.map(orders.drop_duplicates("order_id").set_index("order_id").placed_at)
    assert (news.happened_at <= news.known_at).all()
    assert (placed_at <= news.happened_at).all()
    assert news.known_at.max() <= pd.Timestamp(UNTIL, unit="us", tz="UTC")
    placed = news[news.type == "placed"]
    assert (placed.known_at == placed_at[placed.index]).all()
    courier = news[news.source == "courier"]
    assert (courier.known_at > courier.happened_at).mean() > 0.9


def test_an_earlier_end_tells_less_of_the_newest_orders_only():
    world = small()
    untold = np.array(world.truth["order_id"].to_pylist())[world.inner.course.untold]
    open_orders = set(world.news["order_id"].to_pylist()) - set(
        world.news.filter(pc.is_in(world.news["type"], pa.array(["delivered", "rto_started", "cancelled", "lost"])))[
            "order_id"
        ].to_pylist()
    )
    open_orders -= set(untold)
    placed = world.orders.to_pandas().drop_duplicates("order_id").set_index("order_id").placed_at
    age = pd.Timestamp(UNTIL, unit="us", tz="UTC") - placed[sorted(open_orders)]
    assert len(age) > 5
    assert age.max() < pd.Timedelta(days=45)
    assert placed.min() >= pd.Timestamp(UNTIL - DEMO.days * DAY, unit="us", tz="UTC")


def test_news_speaks_the_contracts_words_with_unique_ids(news):
    kinds = {kind.name.lower() for kind in NewsType}
    assert set(news.type) <= kinds
    assert {"attempt_failed", "rto_received", "cancelled", "lost", "correction"} <= set(news.type)
    assert set(news.reason.dropna()) == {reason.name.lower() for reason in Reason} - {"none"}
    assert news.reason.notna().equals(news.type == "attempt_failed")
    assert news.event_id.is_unique


def test_a_correction_voids_an_earlier_event_of_its_own_order(news):
    corrections = news[news.type == "correction"]
    told = news.set_index("event_id")
    assert 10 < len(corrections) < 200
    for row in corrections.itertuples():
        voided = told.loc[json.loads(row.details)["voids"]]
        assert voided.order_id == row.order_id
        assert voided.known_at < row.known_at
        assert voided.type in ("delivered", "rto_started")


def test_what_is_told_in_the_end_is_what_happened(world, orders, news):
    settled = set(orders[orders.placed_at < pd.Timestamp(UNTIL - 45 * DAY, unit="us", tz="UTC")].order_id)
    voided = {json.loads(text)["voids"] for text in news.details.dropna()}
    ends = news[news.type.isin(["delivered", "rto_started", "cancelled", "lost"]) & ~news.event_id.isin(voided)]
    last = ends.sort_values("happened_at", kind="stable").drop_duplicates("order_id", keep="last").set_index("order_id")
    last = last[last.index.isin(settled)]
    truth = world.truth.to_pandas().set_index("order_id").outcome[last.index]
    untold = truth_of(world)[
        world.inner.course.untold & ~world.inner.course.cancelled & ~world.inner.course.lost
    ].order_id
    assert len(last) == len(settled - set(untold))
    assert 5 < len(untold) < 120
    assert (last.type.replace("rto_started", "rto") == truth).all()


def test_now_and_then_a_parcel_on_its_way_back_is_delivered_after_all(news):
    voided = {json.loads(text)["voids"] for text in news.details.dropna()}
    kept = news[~news.event_id.isin(voided)]
    both = kept[kept.type.isin(["rto_started", "delivered"])].groupby("order_id").type.nunique() == 2
    assert 5 < both.sum() < 80


def test_a_parcel_is_back_at_the_warehouse_days_after_its_way_back_began(news):
    at = {kind: news[news.event_id.str.endswith(slot)].set_index("order_id") for kind, slot in SLOTS.items()}
    days = (at["rto_received"].happened_at - at["rto_started"].happened_at).dropna() / pd.Timedelta(days=1)
    assert len(days) > 1_000
    assert 5 <= days.min() < days.max() <= 12


def test_nothing_is_sent_back_without_a_failed_attempt(news):
    failed = set(news[news.type == "attempt_failed"].order_id)
    voided = {json.loads(text)["voids"] for text in news.details.dropna()}
    started = news[(news.type == "rto_started") & ~news.event_id.isin(voided)]
    assert set(started[started.known_at < pd.Timestamp(UNTIL - DAY, unit="us", tz="UTC")].order_id) <= failed


# --- the same again --------------------------------------------------------------------------------------------------


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_world(small(seed), tmp_path / name)
    a, b, c = (digests(tmp_path / name) for name in "abc")
    assert a == b
    assert all(a[name] != c[name] for name in a)


def test_adding_a_merchant_does_not_reshuffle_the_buyers():
    more = Merchant("kavi-books", "KB", 0.10, "600002", 1.0, 0.0, 0.0, (Article("novel", 1.0, 300, -0.5),))
    fewer = tuple(replace(merchant, share=merchant.share * 0.9) for merchant in DEMO.merchants)
    geography = lay_out(DEMO.geography, 1)
    before = populate(DEMO, geography, 5_000, 1)
    after = populate(replace(DEMO, merchants=(*fewer, more)), geography, 5_000, 1)
    for name in ("reliability", "address_badness", "rate", "household", "home", "joined_day"):
        assert np.array_equal(getattr(before, name), getattr(after, name))


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_written_world_says_it_is_made_up_and_keeps_the_truth_apart(tmp_path):
    world = small()
    write_world(world, tmp_path / "new" / "demo")
    folder = tmp_path / "new" / "demo"
    files = {str(name) for name in digests(folder)}
    assert files == {"orders.parquet", "news.parquet", *TRUTH_FILES, "WORLD.md", "world.json"}
    note = json.loads((folder / "world.json").read_text())
    assert (note["made_up"], note["preset"], note["seed"], note["n_orders"]) == (True, "demo", 1, 1_000)
    assert datetime.fromisoformat(note["until"]) == datetime.fromtimestamp(UNTIL / 1e6, UTC)
    assert "made-up" in (folder / "WORLD.md").read_text()
    assert pq.read_table(folder / "orders.parquet").equals(world.orders)
    assert pq.read_table(folder / "news.parquet").schema.field("known_at").type == pa.timestamp("us", tz="UTC")


def test_an_empty_folder_will_do(tmp_path):
    write_world(small(), tmp_path)
    assert (tmp_path / "world.json").exists()


def test_a_folder_that_holds_anything_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError) as refusal:
        write_world(small(), tmp_path)
    assert (refusal.value.code, refusal.value.got) == ("W003", "a folder that holds files")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(UsageError, match="a file"):
        write_world(small(), tmp_path / "notes.txt")


# --- refusals --------------------------------------------------------------------------------------------------------


def test_an_unknown_preset_is_refused_and_the_known_ones_named():
    assert preset_named("demo") is PRESETS["demo"]
    with pytest.raises(PlanError, match="W001 preset: got metropolis") as refusal:
        preset_named("metropolis")
    assert "demo" in refusal.value.expected


@pytest.mark.parametrize(
    ("n_orders", "seed", "until", "what"),
    [
        (999, 1, UNTIL, "orders"),
        (5_000_001, 1, UNTIL, "orders"),
        (1_000, -1, UNTIL, "seed"),
        (1_000, 1, 0, "until"),
        (1_000, 1, 10**18, "until"),
    ],
)
def test_a_plan_out_of_range_is_refused(n_orders, seed, until, what):
    with pytest.raises(PlanError) as refusal:
        simulate(DEMO, n_orders, seed, until, quiet)
    assert (refusal.value.code, refusal.value.where) == ("W002", what)


def test_progress_is_told_to_the_end():
    told = []
    simulate(DEMO, 1_000, 1, UNTIL, lambda done, total: told.append((done, total)))
    assert told == [(step, 6) for step in range(1, 7)]


# --- small parts -----------------------------------------------------------------------------------------------------


def test_running_figures_count_within_a_group():
    group = np.array([2, 0, 2, 2, 0])
    assert running_count(group).tolist() == [0, 0, 1, 2, 1]
    assert running_sum(group, np.array([5, 1, 0, 2, 1])).tolist() == [5, 1, 5, 7, 2]


def test_the_share_of_each_delay_is_what_a_draw_of_many_parcels_shows():
    draw = np.random.default_rng(1)
    days = 0.2 + draw.gamma(2.0, 0.5, 200_000) + draw.gamma(3.0, 0.8, 200_000)
    drawn = [np.mean(days < 2), np.mean((days >= 2) & (days < 5)), np.mean(days >= 5)]
    exact = _delay_share(np.array([0.5]), np.array([0.8]), 0.2)[0]
    assert exact == pytest.approx(drawn, abs=0.005)
    assert exact.sum() == pytest.approx(1.0)
