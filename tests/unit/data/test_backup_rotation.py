"""Which backups stay: the newest, and the last of each of the newest days and weeks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from data.keeping.backup import MANIFEST, prune, to_drop


def named(at: datetime) -> str:
    return at.strftime("rto-%Y%m%dT%H%M%SZ")


EVERY_SIX_HOURS = [named(datetime(2026, 2, 1, tzinfo=UTC) + timedelta(hours=6 * i)) for i in range(160)]


def test_the_last_of_each_kept_day_stays():
    dropped = to_drop(EVERY_SIX_HOURS, daily=3, weekly=0)
    assert sorted(set(EVERY_SIX_HOURS) - set(dropped)) == [
        "rto-20260310T180000Z", "rto-20260311T180000Z", "rto-20260312T180000Z"
    ]  # fmt: skip


def test_the_last_of_each_kept_week_stays():
    dropped = to_drop(EVERY_SIX_HOURS, daily=0, weekly=2)
    assert sorted(set(EVERY_SIX_HOURS) - set(dropped)) == ["rto-20260308T180000Z", "rto-20260312T180000Z"]


@given(
    st.lists(st.integers(0, 10**8).map(lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=s)), min_size=1),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_the_newest_always_stays_and_no_more_stay_than_were_asked_for(moments: list[datetime], daily: int, weekly: int):
    names = sorted({named(at) for at in moments})
    dropped = to_drop(names, daily, weekly)
    assert names[-1] not in dropped
    assert len(names) - len(dropped) <= max(1, daily + weekly)
    assert set(dropped) <= set(names)


def test_only_backups_are_deleted(tmp_path: Path):
    for name in ("rto-20260101T000000Z", "rto-20260102T000000Z", "rto-20260103T000000Z", "rto-mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / MANIFEST).write_text("{}")
    (tmp_path / "rto-20250101T000000Z").mkdir()  # of that name, but no backup
    assert prune(tmp_path, 1, 0) == ["rto-20260101T000000Z", "rto-20260102T000000Z"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rto-20250101T000000Z", "rto-20260103T000000Z", "rto-mine"]
