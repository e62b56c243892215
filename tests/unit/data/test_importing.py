"""One import, start to finish: checked, written once, and refused before anything is written."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data.checking import check_pool
from data.errors import CheckFailed, DataError, Exit, UsageError
from data.imports.importing import Request, import_files, previous_history
from data.pool import Pool
from data.segments import list_segments, load_history
from tests.helpers.imports import NATIVE_HEAD, NEWS_HEAD, Shop

TOLD = "e{0},o1,m1,{1},2025-03-05T10:00Z,2025-03-05T10:00Z,,,"


def bring(shop: Shop, *paths: Path) -> dict[str, Any]:
    request = Request(list(paths), "native", None, None, None, False)
    return import_files(shop.folder / "home", request, lambda *step: None)


def first(shop: Shop) -> tuple[Path, Path]:
    rows = [f"o{i},m1,2025-03-0{i}T10:00Z,900" for i in range(1, 5)]
    orders = shop.file("orders.csv", "\n".join([NATIVE_HEAD, *rows]))
    return orders, shop.file("news.csv", f"{NEWS_HEAD}\n{TOLD.format(1, 'delivered')}\n")


def test_the_same_files_again_write_no_segment(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    paths = first(shop)
    assert bring(shop, *paths)["told_before"] == 0
    pool = Pool(tmp_path / "home", "m1")
    names = sorted(p.name for p in pool.segments.iterdir())
    assert bring(shop, *paths)["told_before"] == 4
    assert sorted(p.name for p in pool.segments.iterdir()) == names


def test_news_that_contradicts_an_earlier_import_is_refused_and_the_pool_still_loads(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    bring(shop, *first(shop))
    more = shop.file("more.csv", f"{NATIVE_HEAD}\no9,m1,2025-03-09T10:00Z,900\n")
    other = shop.file("other.csv", f"{NEWS_HEAD}\n{TOLD.format(1, 'lost')}\n")
    with pytest.raises(DataError, match="DQ014"):
        bring(shop, more, other)
    assert len(load_history(Pool(tmp_path / "home", "m1"))) == 4


def test_what_was_told_before_is_there_to_compare_with(tmp_path: Path) -> None:
    shop, pool = Shop(tmp_path), Pool(tmp_path / "home", "m1")
    assert previous_history(pool, list_segments(pool)) is None
    bring(shop, *first(shop))
    before = previous_history(pool, list_segments(pool))
    assert before is not None
    assert before.orders["order_id"].tolist() == ["o1", "o2", "o3", "o4"]
    assert before.event_ids.tolist() == ["o1:placed", "e1", "o2:placed", "o3:placed", "o4:placed"]


def test_a_further_import_reads_each_file_of_earlier_ones_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told again in part, so that orders and news are asked for by id, then whole; and news that waits asks too."""
    shop, pool = Shop(tmp_path), Pool(tmp_path / "home", "m1")
    bring(shop, *first(shop))
    bring(shop, shop.file("o9.csv", f"{NATIVE_HEAD}\no9,m1,2025-03-09T10:00Z,900\n"))
    again = shop.file("again.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,900\no10,m1,2025-03-10T10:00Z,900\n")
    waits = "e7,o77,m1,delivered,2025-03-09T10:00Z,2025-03-09T10:00Z,,,"
    news = shop.file("news2.csv", f"{NEWS_HEAD}\n{TOLD.format(1, 'delivered')}\n{waits}\n")
    opened: list[str] = []

    class Counted(pq.ParquetFile):  # type: ignore[misc]
        def __init__(self, path: Path, **how: Any) -> None:
            opened.append(str(Path(path).relative_to(pool.segments)))
            super().__init__(path, **how)

    names = sorted(p.name for p in pool.segments.iterdir())
    monkeypatch.setattr(pq, "ParquetFile", Counted)
    assert bring(shop, again, news)["told_before"] == 1
    assert sorted(opened) == [f"{name}/{file}.parquet" for name in names for file in ("news", "orders")]


def test_an_import_keeps_the_page_of_its_checks_beside_its_manifest(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    bring(shop, *first(shop))
    [segment] = Pool(tmp_path / "home", "m1").segments.iterdir()
    assert "checks passed" in (segment / "checks.html").read_text(encoding="utf-8")


def test_a_hard_failure_keeps_nothing_but_a_page_that_the_message_names(tmp_path: Path) -> None:
    """Delivered and on its way back at one instant: a fixed rank would decide the label."""
    shop = Shop(tmp_path)
    orders, _ = first(shop)
    ends = "\n".join([NEWS_HEAD, TOLD.format(1, "delivered"), TOLD.format(2, "rto_started")])
    with pytest.raises(CheckFailed, match="DQ226") as refused:
        bring(shop, orders, shop.file("ends.csv", f"{ends}\n"))
    pool = Pool(tmp_path / "home", "m1")
    page = pool.folder / "checks-refused.html"
    assert refused.value.exit_status == Exit.CHECK_FAILED
    assert str(page) in refused.value.to_do
    assert "<code>o1</code>" in page.read_text(encoding="utf-8")
    assert not pool.segments.exists()


def found(report: Any, code: str) -> tuple[str, int | None]:
    [result] = [r for r in report["results"] if r["code"] == code]
    return result["outcome"], result["n_failed"]


def test_an_import_and_a_later_check_agree_about_news_of_unknown_orders(tmp_path: Path) -> None:
    shop, pool = Shop(tmp_path), Pool(tmp_path / "home", "m1")
    orders, _ = first(shop)
    lost = TOLD.format(2, "lost").replace("o1", "o77")
    news = shop.file("n.csv", f"{NEWS_HEAD}\n{TOLD.format(1, 'delivered')}\n{lost}\n")
    assert found(bring(shop, orders, news)["checks"], "DQ206") == ("failed", 1)
    assert found(check_pool(pool).as_dict(), "DQ206") == ("failed", 1)
    more = shop.file("more.csv", f"{NATIVE_HEAD}\no9,m1,2025-03-09T10:00Z,900\n")
    later = shop.file("later.csv", f"{NEWS_HEAD}\n{TOLD.format(3, 'lost').replace('o1', 'o2')}\n")
    assert found(bring(shop, more, later)["checks"], "DQ206") == ("passed", 0), "o2 came with the earlier import"


def test_what_came_back_needs_no_start_where_only_the_last_status_is_told(tmp_path: Path) -> None:
    shop, kinds = Shop(tmp_path), ("rto_received", "rto_received", "rto_started", "delivered")
    told = [TOLD.format(i, kind).replace("o1", f"o{i}") for i, kind in enumerate(kinds, 1)]
    news = shop.file("n.csv", "\n".join([NEWS_HEAD, *told, ""]))
    assert found(bring(shop, first(shop)[0], news)["checks"], "DQ222")[0] == "not_applicable"


def test_news_alone_is_taken_in_where_its_orders_were_imported_before(tmp_path: Path) -> None:
    shop, pool = Shop(tmp_path), Pool(tmp_path / "home", "m1")
    bring(shop, *first(shop))
    waits = "e7,o77,m1,delivered,2025-03-09T10:00Z,2025-03-09T10:00Z,,,"
    daily = shop.file("daily.csv", f"{NEWS_HEAD}\ne2,o2,m1,lost,2025-03-06T10:00Z,2025-03-06T10:00Z,,,\n{waits}\n")
    told = bring(shop, daily)
    assert (told["n_orders"], told["n_news"], told["notes"]) == (0, 2, {"news_of_unknown_orders": 1})
    assert load_history(pool).event_ids.tolist() == ["o1:placed", "e1", "o2:placed", "e2", "o3:placed", "o4:placed"]
    assert bring(shop, daily)["news_told_before"] == 2
    assert len(list_segments(pool)) == 2


def test_news_alone_is_checked_with_the_orders_it_is_about(tmp_path: Path) -> None:
    shop, pool = Shop(tmp_path), Pool(tmp_path / "home", "m1")
    bring(shop, *first(shop))
    early = shop.file("early.csv", f"{NEWS_HEAD}\ne2,o2,m1,lost,2025-01-06T10:00Z,2025-01-06T10:00Z,,,\n")
    with pytest.raises(CheckFailed, match=r"DQ209.*as o2"):
        bring(shop, early)
    assert len(list_segments(pool)) == 1


def test_news_alone_without_any_order_before_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"CLI005(.|\n)*in an earlier one"):
        bring(Shop(tmp_path), first(Shop(tmp_path))[1])
