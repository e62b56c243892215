"""Is a replay to files the replay, and does it take up where it was interrupted?"""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from features import replay_files
from features.contribution import Measure
from features.replay import folds_of, replay
from features.replay_files import replay_to
from features.sources import Distinct, Link, Sum
from tests.helpers.markets import small_market

SUMS: tuple[Sum | Link, ...] = (Sum("phone", Measure.RTO), Sum("phone", Measure.KNOWN), Sum("pincode", Measure.RTO),
                                Link("phone", Distinct.ADDRESS))  # fmt: skip
HISTORY = small_market(700)


def test_files_hold_what_a_replay_reads_and_only_what_is_missing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(replay_files, "CHUNK", 128)  # several row groups
    folds = folds_of(SUMS)
    assert replay_to(tmp_path, HISTORY, folds) == len(folds) == 3
    wanted = replay(HISTORY, SUMS)
    for fold in folds:
        table = pq.read_table(tmp_path / f"{fold.name}.parquet")
        for i, one in enumerate(fold.sums):
            np.testing.assert_array_equal(table[str(i)].to_numpy(), wanted[one])
    (tmp_path / f"{folds[0].name}.parquet").unlink()  # an interrupted run: the others are whole
    whole = (tmp_path / f"{folds[1].name}.parquet").stat().st_mtime_ns
    assert replay_to(tmp_path, HISTORY, folds) == 1
    assert (tmp_path / f"{folds[1].name}.parquet").stat().st_mtime_ns == whole
    assert replay_to(tmp_path, HISTORY, folds) == 0


def test_files_of_another_history_or_cut_short_are_written_anew(tmp_path: Path):
    folds = folds_of(SUMS)
    replay_to(tmp_path, HISTORY, folds)
    torn = tmp_path / f"{folds[0].name}.parquet"
    torn.write_bytes(torn.read_bytes()[:-7])
    assert replay_to(tmp_path, HISTORY, folds) == 1
    assert replay_to(tmp_path, small_market(700, seed=2), folds) == len(folds)
