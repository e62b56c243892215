"""From a run to what is served: compared fairly, published whole, taken back; and what refuses changes nothing."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import segments
from data.contract import DAY, NewsType, Reason
from data.errors import GateRefused, TooLittleHistory, UsageError
from data.history import History, Told
from data.ingest import Imported
from data.news import news_table
from data.pool import Pool
from features.catalog import FEATURES
from features.rates import Shrinkage
from tests.helpers.histories import T0
from tests.helpers.markets import QUICK_PLAN, small_market
from training.bundle import Bundle, read_bundle, signing_key, write_bundle
from training.calibration import BetaCalibrator
from training.comparison import compare
from training.lineage import lineage, within
from training.plan import Plan
from training.release import evaluate_run, fingerprint, is_better, promote, roll_back, train_pool
from training.run_names import RunRef
from training.tracking import Tracker
from training.trees import Sample, Shape, fit_shape


@dataclass
class Runs:
    """A tracker in memory: what `release` asks of the real one (the last tests use that)."""

    folder: Path
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    champions: list[str] = field(default_factory=list)

    def resolve(self, pool: str, name: str) -> RunRef:
        version = self.aliases.get(name, name)
        return RunRef(f"run-{version}", version, pool)

    def alias(self, pool: str, alias: str) -> RunRef | None:
        return self.resolve(pool, alias) if alias in self.aliases else None

    def set_alias(self, pool: str, alias: str, ref: RunRef) -> None:
        self.aliases[alias] = ref.version
        if alias == "champion":
            self.champions.append(ref.version)

    def predictions(self, ref: RunRef) -> pd.DataFrame:
        return self.frames[ref.version]

    def bundle_folder(self, ref: RunRef) -> Path:
        return self.folder / ref.version

    def previous_champion(self, pool: str) -> RunRef | None:
        return self.resolve(pool, self.champions[-2]) if len(self.champions) > 1 else None

    def roll_back(self, pool: str) -> RunRef:
        if len(self.champions) < 2:
            raise UsageError("RUN004", f"pool {pool}", got="no earlier champion")
        self.champions.pop()
        self.aliases["champion"] = self.champions[-1]
        return self.resolve(pool, self.champions[-1])


def judged(ids: range, error: float, seed: int = 1) -> pd.DataFrame:
    """Predictions for test orders: the truth's log-odds, blurred by `error`."""
    rng = np.random.default_rng(seed)
    log_odds, noise = (
        rng.normal(-1, 1.2, 4_000)[list(ids)],
        np.random.default_rng(seed + 1).normal(0, 1, 4_000)[list(ids)],
    )
    p, uniform = 1 / (1 + np.exp(-log_odds)), np.random.default_rng(seed + 2).random(4_000)[list(ids)]
    return pd.DataFrame({
        "order_id": [f"o{i}" for i in ids], "merchant_id": "acme", "placed_at": [T0 + i * DAY // 100 for i in ids],
        "is_cod": [i % 3 > 0 for i in ids], "y": (uniform < p).astype(float),
        "p_constant": 0.3, "p_logistic_regression": p, "p_model": 1 / (1 + np.exp(-log_odds - error * noise)),
    })  # fmt: skip


def bundle(folder: Path, home: Path, n_trees: int) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 2))
    asked = (FEATURES["amount"], FEATURES["is_cod"])
    model = fit_shape(Sample(x, (rng.random(200) < 0.3).astype(float)), asked, Shape(2, 0.4, 3.0, n_trees), Plan())
    made = Bundle(model, asked, BetaCalibrator(), Shrinkage.flat(0.3), {}, prepaid_known=False)
    write_bundle(folder, made, x[:5], signing_key(home))


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path / "home", "acme")


@pytest.fixture
def runs(tmp_path: Path, pool: Pool) -> Runs:
    """Three runs: 1 is fair, 2 is better, 3 is worse and was judged on other orders too."""
    found = Runs(tmp_path / "runs")
    for version, frame in {"1": judged(range(2_000), 0.8), "2": judged(range(1_000, 3_000), 0.1),
                           "3": judged(range(2_500, 4_000), 2.0)}.items():  # fmt: skip
        found.frames[version] = frame
        bundle(found.folder / version, pool.home, int(version))
    return found


def served(pool: Pool) -> int:
    """Trees of the published bundle: which run it is."""
    folder = pool.bundles / pool.champion.read_text()
    return read_bundle(folder, signing_key(pool.home).public_key()).model.n_trees


def up(pool: Pool, runs: Runs, run: str, *, if_better: bool = False, dry_run: bool = False) -> dict:
    return promote(pool, runs, run, if_better=if_better, dry_run=dry_run)


# promote


def test_the_first_champion_needs_no_comparison(pool: Pool, runs: Runs) -> None:
    result = up(pool, runs, "1", if_better=True)
    assert (result["promoted"], result["comparison"], result["why"]) == (True, None, "there is no other champion")
    assert runs.aliases["champion"] == "1"
    assert served(pool) == 1


def test_a_better_one_takes_over(pool: Pool, runs: Runs) -> None:
    up(pool, runs, "1")
    result = up(pool, runs, "2", if_better=True)
    assert result["promoted"]
    assert result["comparison"]["log_loss"][0] < 0
    assert served(pool) == 2


def test_if_better_refuses_a_worse_one_and_nothing_moves(pool: Pool, runs: Runs) -> None:
    up(pool, runs, "2")
    before = pool.champion.read_text()
    result = up(pool, runs, "3", if_better=True)
    assert not result["promoted"]
    assert result["why"].startswith("log loss +")
    assert (runs.aliases["champion"], pool.champion.read_text()) == ("2", before)
    assert [p.name for p in pool.bundles.iterdir()] == [before]


def test_if_better_refuses_where_nothing_can_be_compared(pool: Pool, runs: Runs) -> None:
    up(pool, runs, "1")
    result = up(pool, runs, "3", if_better=True)
    assert (result["promoted"], result["why"]) == (False, "no test order in common with the champion")


def test_a_worse_one_may_be_promoted_by_decision(pool: Pool, runs: Runs) -> None:
    up(pool, runs, "2")
    assert up(pool, runs, "3")["promoted"]
    assert served(pool) == 3


@pytest.mark.parametrize("run", ["2", "3"])
def test_a_dry_run_compares_and_moves_nothing(run: str, pool: Pool, runs: Runs) -> None:
    up(pool, runs, "2")
    before = pool.champion.read_text()
    result = up(pool, runs, run, dry_run=True)
    assert not result["promoted"]
    assert (runs.aliases["champion"], pool.champion.read_text()) == ("2", before)


def test_the_champion_itself_may_be_published_again(pool: Pool, runs: Runs) -> None:
    up(pool, runs, "1")
    shutil.rmtree(pool.bundles)
    assert up(pool, runs, "champion", if_better=True)["promoted"]
    assert served(pool) == 1


def test_a_published_copy_that_was_damaged_is_mended_by_promoting_again(pool: Pool, runs: Runs) -> None:
    up(pool, runs, "1")
    (pool.bundles / pool.champion.read_text() / "model.ubj").write_bytes(b"rot")
    assert up(pool, runs, "1")["promoted"]
    assert served(pool) == 1


def test_a_damaged_bundle_is_not_published_and_the_old_one_stays(pool: Pool, runs: Runs) -> None:
    up(pool, runs, "1")
    (runs.folder / "2" / "bundle.json").write_text("{}")
    with pytest.raises(GateRefused, match="MODEL002"):
        up(pool, runs, "2")
    assert runs.aliases["champion"] == "1"
    assert served(pool) == 1


# roll back


def test_roll_back_serves_the_champion_before(pool: Pool, runs: Runs) -> None:
    up(pool, runs, "1")
    up(pool, runs, "2")
    result = roll_back(pool, runs)
    assert (result["version"], result["published"]) == ("1", pool.champion.read_text())
    assert (runs.aliases["champion"], served(pool)) == ("1", 1)


def test_roll_back_without_an_earlier_champion_is_refused(pool: Pool, runs: Runs) -> None:
    up(pool, runs, "1")
    with pytest.raises(UsageError, match="RUN004"):
        roll_back(pool, runs)
    assert served(pool) == 1


# comparison


def test_only_orders_that_both_were_judged_on_are_compared() -> None:
    one, other = judged(range(2_000), 0.1), judged(range(1_000, 3_000), 1.0)
    found = compare(one, other)
    assert found["n"] == 1_000
    spoilt = one.assign(p_model=np.where(np.arange(2_000) < 1_000, 1 - one["p_model"], one["p_model"]))
    assert compare(spoilt, other) == found


def test_orders_are_matched_by_name_not_by_place() -> None:
    one, other = judged(range(500), 0.1), judged(range(500), 0.9)
    shuffled = other.sample(frac=1, random_state=1)
    np.testing.assert_allclose(compare(one, shuffled)["log_loss"], compare(one, other)["log_loss"], atol=1e-12)


def test_one_order_id_of_two_merchants_is_two_orders() -> None:
    one = judged(range(300), 0.1)
    assert compare(one, one.assign(merchant_id="other"))["n"] == 0


def test_the_difference_is_the_difference_of_losses_with_its_interval() -> None:
    one, other = judged(range(2_000), 0.1), judged(range(2_000), 0.9)

    def loss(frame: pd.DataFrame) -> float:
        p, y = frame["p_model"].to_numpy(), frame["y"].to_numpy()
        return float(-(y * np.log(p) + (1 - y) * np.log1p(-p)).mean())

    mean, low, high = compare(one, other)["log_loss"]
    assert mean == pytest.approx(loss(one) - loss(other), abs=1e-12)
    assert low < mean < high < 0
    back = compare(other, one)["log_loss"]
    assert back[0] == pytest.approx(-mean, abs=1e-12)


def test_equal_models_are_not_better() -> None:
    one = judged(range(500), 0.3)
    assert is_better(compare(one, one))[0] is False


# a run whose calibrator was refreshed


def refreshed_of(frame: pd.DataFrame, run: str, ids: range, error: float) -> pd.DataFrame:
    """Judged on `ids`, later than the orders of `frame`; before, it said what a blur of 0.8 says."""
    own = judged(ids, error)
    return own[["order_id", "merchant_id", "placed_at", "is_cod", "y"]].assign(
        p_before=judged(ids, 0.8)["p_model"], p_model=own["p_model"], before_run=run
    )


@pytest.fixture
def refreshed(runs: Runs, pool: Pool) -> Runs:
    """Run 4 is run 1 with a better calibrator; runs are called by their ids as well."""
    runs.frames["4"] = refreshed_of(runs.frames["1"], "run-1", range(2_000, 2_400), 0.1)
    bundle(runs.folder / "4", pool.home, 4)
    runs.aliases |= {f"run-{version}": version for version in runs.frames}
    return runs


def test_it_is_compared_with_the_run_it_came_from_on_the_orders_it_judged(pool: Pool, refreshed: Runs) -> None:
    up(pool, refreshed, "1")
    result = up(pool, refreshed, "4", if_better=True)
    assert (result["promoted"], result["comparison"]["n"]) == (True, 400)
    assert result["comparison"]["log_loss"][2] < 0
    assert served(pool) == 4


def test_one_that_is_worse_is_not_promoted(pool: Pool, refreshed: Runs) -> None:
    refreshed.frames["4"] = refreshed_of(refreshed.frames["1"], "run-1", range(2_000, 2_400), 2.0)
    up(pool, refreshed, "1")
    assert not up(pool, refreshed, "4", if_better=True)["promoted"]


def test_another_run_meets_all_that_was_said_while_it_and_its_forerunner_served(pool: Pool, refreshed: Runs) -> None:
    refreshed.frames["5"] = refreshed_of(refreshed.frames["4"], "run-4", range(2_300, 2_500), 0.3)
    said = lineage(refreshed, refreshed.resolve("acme", "5")).set_index("order_id")["p_model"]
    assert len(said) == 2_500
    for order_id, version in {"o0": "1", "o2000": "4", "o2299": "4", "o2300": "5", "o2499": "5"}.items():
        assert said[order_id] == refreshed.frames[version].set_index("order_id")["p_model"][order_id]
    assert evaluate_run(refreshed, "acme", "2", (None, None), "5")["against"]["n"] == 1_500  # 1,000 to 2,500


def test_it_is_judged_again_beside_what_it_said_before(refreshed: Runs) -> None:
    [every, cod] = evaluate_run(refreshed, "acme", "4", (None, None), "1")["scopes"]
    assert list(every["metrics"]) == ["before", "model"]
    assert every["against"]["before"]["log_loss"][0] < 0
    assert cod["name"] == "COD only"


# evaluate


def test_a_run_is_judged_again_on_a_span_whose_end_is_outside(runs: Runs) -> None:
    span = (T0 + 2 * DAY, T0 + 5 * DAY)
    result = evaluate_run(runs, "acme", "1", span, None)
    assert result["scopes"][0]["metrics"]["model"]["n"] == 300
    assert list(result["scopes"][0]["metrics"]) == ["constant", "logistic regression", "model"]
    assert result["against"] is None


def test_a_whole_span_gives_the_figures_of_all_its_orders(runs: Runs) -> None:
    every = evaluate_run(runs, "acme", "1", (None, None), None)["scopes"][0]["metrics"]["model"]
    assert every["n"] == 2_000


def test_two_runs_are_compared_within_the_span_alone(runs: Runs) -> None:
    assert evaluate_run(runs, "acme", "1", (None, T0 + 15 * DAY), "2")["against"]["n"] == 500
    assert evaluate_run(runs, "acme", "1", (None, T0 + 5 * DAY), "2")["against"]["n"] == 0


def test_a_span_without_test_orders_is_refused(runs: Runs) -> None:
    with pytest.raises(UsageError, match="no test order in the span"):
        evaluate_run(runs, "acme", "1", (T0 + 900 * DAY, None), None)


@pytest.mark.parametrize(
    ("start", "end", "n"), [(None, None, 100), (0, None, 100), (50, None, 50), (None, 50, 50), (50, 50, 0)]
)
def test_a_span_holds_its_first_moment_and_not_its_last(start: int | None, end: int | None, n: int) -> None:
    moment = {k: None if v is None else T0 + v * DAY // 100 for k, v in {"start": start, "end": end}.items()}
    assert len(within(judged(range(100), 0.1), (moment["start"], moment["end"]))) == n


# with a real history and a real tracker


def told_of(history: History) -> list[Told]:
    owner = np.repeat(np.arange(len(history)), np.diff(history.start))
    orders, news = history.orders, history.news
    return [
        Told(orders["merchant_id"][i], orders["order_id"][i], history.sources[j], history.event_ids[j],
             NewsType(news["type"][j]).name.lower(), int(news["happened_at"][j]), int(news["known_at"][j]),
             Reason(news["reason"][j]).name.lower() if news["reason"][j] else None)
        for j, i in enumerate(owner)
    ]  # fmt: skip


def imported(pool: Pool, history: History) -> None:
    content = Imported(history.orders, news_table(told_of(history)), [], history.known_through, len(history))
    with segments.writing(pool) as draft:
        segments.write_segment(draft, content, {"contract": 1, "exported_at": history.known_through})


def silent(*_) -> None:
    """Progress nobody looks at."""


def test_a_pool_is_trained_promoted_trained_again_and_rolled_back(pool: Pool, tmp_path: Path) -> None:
    imported(pool, small_market(900))
    mlruns = tmp_path / "mlruns"
    results = [train_pool(pool, mlruns, QUICK_PLAN.model_copy(update={"seed": s}), None, silent) for s in (1, 2)]
    tracker = Tracker(mlruns)
    assert [r["version"] for r in results] == ["1", "2"]
    first = promote(pool, tracker, "1", if_better=True, dry_run=False)
    second = promote(pool, tracker, "challenger", if_better=False, dry_run=False)
    assert second["comparison"]["n"] == results[0]["scopes"][0]["metrics"]["model"]["n"]
    assert pool.champion.read_text() == second["published"]
    assert first["published"].endswith(results[0]["digest"].removeprefix("sha256:")[:12])
    assert roll_back(pool, tracker)["published"] == first["published"]
    again = evaluate_run(tracker, pool.name, "1", (None, None), "2")
    assert again["scopes"][0]["metrics"]["model"] == results[0]["scopes"][0]["metrics"]["model"]
    assert again["against"]["n"] == second["comparison"]["n"]


def test_too_little_history_leaves_no_run_behind(pool: Pool, tmp_path: Path) -> None:
    imported(pool, small_market(60))
    with pytest.raises(TooLittleHistory):
        train_pool(pool, tmp_path / "mlruns", QUICK_PLAN, None, silent)
    assert Tracker(tmp_path / "mlruns").runs(pool.name) == []


def test_the_fingerprint_of_a_history_follows_its_content() -> None:
    market, other = small_market(60), small_market(60, seed=2)
    assert fingerprint(market) == fingerprint(small_market(60))
    assert fingerprint(market) != fingerprint(other)
    told_later = market.news["known_at"].copy()
    told_later[-1] += 1
    changed = replace(market, news=market.news | {"known_at": told_later})
    assert fingerprint(changed) != fingerprint(market)
