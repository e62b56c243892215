"""Two files that write one number differently, or tell a number several times: what is joined, and what is said of it."""

from pathlib import Path
from typing import Any

import pytest

from data.errors import DataError, UsageError
from data.files.prepare import Prepared, prepare
from data.imports.ask import orders_told
from data.imports.doubts import Suspicion
from data.ingest import Options
from tests.helpers.imports import NATIVE_HEAD, Shop, mapping_of, refusal, row, said
from tests.helpers.tables import edges

BASE = """
[orders]
order_id = { column = "no" }
placed_at = { column = "when" }
amount_minor = { column = "sum", sum_lines = true }
[[rules]]
when = { fate = "back" }
news = [{ type = "rto_started", column = "at", formats = ["%d-%b-%y"], reason = "refused" }]
[[rules]]
when = { fate = "done" }
news = [{ type = "delivered", column = "at", formats = ["%d-%b-%y"] }]
[[rules]]
when = { fate = ["", "under way"] }
"""


def prepared(shop: Shop, join: str, orders: str, fates: str) -> Prepared:
    paths = [shop.file("orders.csv", orders), shop.file("fates.csv", fates)]
    return prepare(paths, mapping_of(join + BASE), lambda *step: None)


def fates_of(found: Prepared) -> list[Any]:
    return [r["fate"] for s in found.orders if not s.telling for r in s.table.to_pylist()]


ALIKE = r"""
own        | other      | rule of no                          | rule of ref               | joined
#WC-1      | WC-1       | strip = "#"                         |                           | yes
WC-1       | #WC-1      |                                     | strip = "#"               | yes
#WC-1      | WC-1       |                                     |                           | no
wc - 1     | WC-1       |                                     |                           | yes | blanks and case never matter
17.0       | 17         |                                     |                           | yes | a number read as a float
17.5       | 17         |                                     |                           | no
Shop-17    | 17         | prefix = "shop-"                    |                           | yes
17         | 17         | prefix = "shop-"                    |                           | yes | only where it stands there
A/17/x     | 17         | part = { separator = "/", index = 1 } |                         | yes
WC-0017    | order 17   | pattern = '0*(\d+)$'                | pattern = '\d+'           | yes
none       | none       | pattern = '\d+'                     |                           | no  | what it does not find has no number
"""


@pytest.mark.parametrize(("own", "other", "left", "right", "expected"), edges(ALIKE))
def test_a_number_is_compared_as_the_mapping_says(
    tmp_path: Path, own: str, other: str, left: str, right: str, expected: str
) -> None:
    rules = ", ".join(f"{name} = {{ {rule} }}" for name, rule in (("no", left), ("ref", right)) if rule)
    join = f'[join]\non = {{ no = "ref" }}\nnumbers = {{ {rules} }}\n'
    found = prepared(Shop(tmp_path), join, f"no,when,sum\n{own},d,1\n", f"ref,fate,at\n{other},back,x\n")
    assert fates_of(found) == ["back" if expected == "yes" else None]
    assert found.orders[0].table["no"].to_pylist() == [own], "the order keeps its own number"


def doubts(found: Prepared) -> list[Suspicion]:
    return found.doubts


def test_few_partners_are_told_with_numbers_of_both_sides_and_what_would_help(tmp_path: Path) -> None:
    orders = "no,when,sum\n" + "".join(f"#WC-{i},d,1\n" for i in range(20))
    fates = "ref,fate,at\n" + "".join(f"WC-{i},done,x\n" for i in range(20))
    join = '[join]\non = { no = "ref" }\n'
    [doubt] = doubts(prepared(Shop(tmp_path), join, orders, fates))
    assert doubt.name == "few_partners"
    assert (
        doubt.found
        == "0 of 20 rows found their number in the other file (no: '#wc-0', '#wc-1', '#wc-2'; ref: 'wc-0', 'wc-1', 'wc-2')"
    )
    assert doubt.to_do.startswith("by letters and digits alone 20 would find it")
    helped = join + 'numbers = { no = { strip = "#" } }\n'
    assert doubts(prepared(Shop(tmp_path), helped, orders, fates)) == []


@pytest.mark.parametrize(("n_known", "told"), [(9, True), (10, False)])
def test_half_of_the_numbers_must_find_a_partner(tmp_path: Path, n_known: int, told: bool) -> None:
    orders = "no,when,sum\n" + "".join(f"{i},d,1\n" for i in range(20)) + ",d,1\n" * 30
    fates = "ref,fate,at\n" + "".join(f"{i + 20 - n_known},done,x\n" for i in range(20))
    found = prepared(Shop(tmp_path), '[join]\non = { no = "ref" }\n', orders, fates)
    assert bool(doubts(found)) == told, "rows without a number are not asked"


def test_a_refused_import_says_first_that_no_number_found_its_partner(tmp_path: Path) -> None:
    shop, text = Shop(tmp_path), BASE.replace('["", "under way"]', '"under way"')
    orders = shop.file("o.csv", "no,when,sum\n" + "".join(f"#{i},2025-03-01,1\n" for i in range(20)))
    fates = shop.file("f.csv", "ref,fate,at\n" + "".join(f"{i},done,02-Mar-25\n" for i in range(20)))
    mapping = mapping_of('[join]\non = { no = "ref" }\n' + text)
    for skip in (False, True):
        error = refusal(shop, mapping, orders, fates, skip_bad_rows=skip)
        assert (error.code, "LOOKS WRONG few_partners" in error.to_do) == ("DQ001" if skip else "DQ007", True)


def test_new_orders_to_be_scored_come_without_the_file_that_tells_of_old_ones(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("o.csv", "no,when,sum\n7,2025-03-01,5\n8,2025-03-02,6\n")
    mapping = mapping_of(
        '[join]\non = { no = "ref" }\n' + BASE.replace("[[rules]]", 'courier = { column = "by" }\n[[rules]]', 1)
    )
    told = orders_told([orders], mapping, Options("shop"), lambda *step: None)
    assert (told.listed("order_id"), told.listed("courier")) == (["7", "8"], [None, None])
    with pytest.raises(UsageError, match="CLI007"):
        prepare([orders], mapping, lambda *step: None)


def test_new_orders_need_not_have_the_courier_s_number_but_what_makes_them_orders(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    mapping = mapping_of('[join]\non = { tracking = "ref" }\n' + BASE)
    orders = shop.file("o.csv", "no,when,sum\n7,2025-03-01,5\n")
    assert orders_told([orders], mapping, Options("shop"), lambda *step: None).listed("order_id") == ["7"]
    with pytest.raises(DataError, match=r"DQ002.*'when'"):
        orders_told([shop.file("p.csv", "no,sum\n7,5\n")], mapping, Options("shop"), lambda *step: None)
    with pytest.raises(UsageError, match="CLI007"):
        prepare([orders], mapping, lambda *step: None)


# --- several rows of one number

TWICE = "ref,fate,at\n7,done,09-Mar-25\n7,back,12-Mar-25\n7,under way,\n8,back,05-Mar-25\n8,done,05-Mar-25\n"
ORDERS = "no,when,sum\n7,2025-03-01,5\n7,2025-03-01,6\n8,2025-03-01,7\n9,2025-03-01,8\n"
BY = '[join]\non = { no = "ref" }\ntake = "%s"\nby = "at"\nformats = ["%%d-%%b-%%y"]\n'


@pytest.mark.parametrize(("each", "asked"), [(2, False), (3, True)])
def test_a_number_told_again_and_again_is_asked_about(tmp_path: Path, each: int, asked: bool) -> None:
    fates = "ref,fate,at\n" + "".join(f"{i % 4},done,09-Mar-25\n" for i in range(4 * each))
    found = doubts(prepared(Shop(tmp_path), BY % "last", ORDERS, fates))
    assert [(one.name, one.is_question) for one in found] == ([("numbers_repeat", True)] if asked else [])


def test_a_number_told_twice_is_refused_unless_the_mapping_says_which_row_counts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"DQ022 fates.csv row 3, ref") as refused:
        prepared(Shop(tmp_path), '[join]\non = { no = "ref" }\n', ORDERS, TWICE)
    assert refused.value.got == "a number told twice, and 2 more such rows"
    assert '`take = "last"`' in refused.value.to_do


@pytest.mark.parametrize(
    ("take", "expected"), [("last", ["back", "back", "done", None]), ("first", ["done", "done", "back", None])]
)
def test_of_several_rows_the_last_or_first_by_its_time_counts(tmp_path: Path, take: str, expected: list[Any]) -> None:
    found = prepared(Shop(tmp_path), BY % take, ORDERS, TWICE)
    assert fates_of(found) == expected
    assert found.notes == {"rows_joined": 3, "rows_without_a_partner": 1, "rows_of_the_other_file_left_out": 3}


def test_a_row_without_a_time_counts_least_wherever_it_stands(tmp_path: Path) -> None:
    for take in ("last", "first"):
        found = prepared(Shop(tmp_path), BY % take, ORDERS, "ref,fate,at\n7,under way,\n7,back,12-Mar-25\n7,lost,\n")
        assert fates_of(found)[0] == "back"


def test_a_time_that_cannot_be_read_where_it_decides_is_refused(tmp_path: Path) -> None:
    shop, mapping = Shop(tmp_path), mapping_of(BY % "last" + BASE)
    orders, fates = shop.file("o.csv", ORDERS), shop.file("f.csv", TWICE.replace("09-Mar-25", "9/3/25"))
    error = refusal(shop, mapping, orders, fates)
    assert (error.code, error.where, error.got) == ("DQ004", "f.csv row 2, at", "'9/3/25'")


def test_every_row_of_a_number_may_be_news_of_the_one_order(tmp_path: Path) -> None:
    shop, mapping = Shop(tmp_path), mapping_of('[join]\non = { no = "ref" }\ntake = "all"\n' + BASE)
    imported = shop.read(mapping, shop.file("o.csv", ORDERS), shop.file("f.csv", TWICE))
    assert [(t.type, t.known_at // 86_400_000_000 - 20_148) for t in said(imported, "7")] == [
        ("delivered", 8), ("rto_started", 11)
    ]  # fmt: skip
    assert {t.type for t in said(imported, "8")} == {"rto_started", "delivered"}
    order = row(imported, "7")
    assert (order["n_lines"], order["amount_minor"]) == (2, 11.0), "the order's own lines count once"
    assert said(imported, "9") == []
    assert imported.notes["rows_told_again_by_a_later_file"] == 0


def test_two_parcels_that_came_back_on_one_day_for_two_reasons_are_no_contradiction(tmp_path: Path) -> None:
    text = BASE.replace("[[rules]]\nwhen = { fate = \"done\" }", '[[rules]]\nwhen = { fate = "no door" }\nnews = [{ type = "rto_started", column = "at", '
                        'formats = ["%d-%b-%y"], reason = "bad_address" }]\n[[rules]]\nwhen = { fate = "done" }')  # fmt: skip
    shop, mapping = Shop(tmp_path), mapping_of('[join]\non = { no = "ref" }\ntake = "all"\n' + text)
    fates = shop.file("f.csv", "ref,fate,at\n7,back,12-Mar-25\n7,no door,12-Mar-25\n")
    imported = shop.keep(mapping, shop.file("o.csv", ORDERS), fates)
    assert {t.reason for t in said(imported, "7")} == {"refused", "bad_address"}
    again = shop.keep(mapping, shop.file("o.csv", ORDERS), fates)
    assert len(again.news) == 0, "told again, it is the same news"


def test_a_refused_cell_of_an_order_told_of_twice_is_one_fault(tmp_path: Path) -> None:
    shop, mapping = Shop(tmp_path), mapping_of('[join]\non = { no = "ref" }\ntake = "all"\n' + BASE)
    orders = shop.file("o.csv", ORDERS.replace("7,2025-03-01,5", "7,2025-03-01,x"))
    imported = shop.read(mapping, orders, shop.file("f.csv", TWICE), skip_bad_rows=True)
    assert [(f.code, f.row) for f in imported.faults] == [("DQ003", 2)]
    assert (imported.notes["lines_of_a_refused_order"], said(imported, "8") != []) == (1, True)
    assert "7" not in imported.orders["order_id"]


# --- a courier's report as a table of news

NEWS = """
[orders]
order_id = { column = "order_id" }
placed_at = { column = "placed_at" }
[[drop]]
when = { status = "correction" }
why = "courier corrections"
[news]
event_id = { column = "awb", also = ["status", "on"] }
order_id = { column = "ref" }
happened_at = { column = "on", formats = ["%d-%b-%y"], date_only = true }
known_at = { column = "on", formats = ["%d-%b-%y"], date_only = true }
[news.type]
column = "status"
values = { Delivered = "delivered", "RTO In Transit" = "rto_started", "RTO Delivered" = "rto_received" }
"""


def test_next_months_report_tells_the_same_parcel_again_with_another_status(tmp_path: Path) -> None:
    shop, mapping = Shop(tmp_path), mapping_of(NEWS)
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01,9\n")
    may = shop.file("may.csv", "awb,ref,status,on\n77,o1,RTO In Transit,05-Mar-25\n")
    june = shop.file("june.csv", "awb,ref,status,on\n77,o1,RTO In Transit,05-Mar-25\n77,o1,RTO Delivered,11-Mar-25\n")
    shop.keep(mapping, orders, may)
    again = shop.keep(mapping, orders, june)
    assert [(t.event_id, t.type) for t in said(again, "o1")] == [("77:RTO Delivered:11-Mar-25", "rto_received")]
    lacking = mapping_of(NEWS.replace('"status", "on"', '"state"'))
    assert refusal(shop, lacking, orders, may).where == "may.csv, column 'state' for `also`"


def test_a_drop_leaves_rows_of_news_out_and_counts_them(tmp_path: Path) -> None:
    shop, mapping = Shop(tmp_path), mapping_of(NEWS)
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01,9\n")
    told = shop.file("may.csv", "awb,ref,status,on\n77,o1,Correction,05-Mar-25\n78,o1,Delivered,06-Mar-25\n")
    imported = shop.read(mapping, orders, told)
    assert [t.type for t in said(imported, "o1")] == ["delivered"]
    assert imported.notes["dropped_courier_corrections"] == 1


def test_a_drop_whose_columns_stand_in_different_files_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    mapping = mapping_of(NEWS.replace('status = "correction"', 'status = "correction", amount_minor = "0"'))
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01,9\n")
    error = refusal(shop, mapping, orders, shop.file("may.csv", "awb,ref,status,on\n78,o1,Delivered,06-Mar-25\n"))
    assert (error.code, error.where) == ("DQ002", "[[drop]] 'courier corrections'")


# --- one buyer, spelled differently

SPELLED = """
first        | later            | country | same
8319403950   | 08319403950      | IN      | yes
8319403950   | +91 83194 03950  | IN      | yes
8319403950   | 8319403951       | IN      | no
12345        | 12 345           | IN      | yes | no number, but the same text
12345        | 12346            | IN      | no
0812 3456 789 | +62 812-3456-789 | ID     | yes | read in the order's country
0812 3456 789 | +62 812-3456-789 | IN     | no
"""


@pytest.mark.parametrize(("first", "later", "country", "same"), edges(SPELLED))
def test_a_phone_in_another_spelling_is_the_same_buyer(
    tmp_path: Path, first: str, later: str, country: str, same: str
) -> None:
    text = '[orders]\norder_id = { column = "no" }\nplaced_at = { column = "at" }\nphone = { column = "phone" }\n[[rules]]\n'
    text = text.replace("[orders]", f'[orders]\ncountry = {{ constant = "{country}" }}')
    shop, mapping = Shop(tmp_path), mapping_of(text)
    lines = shop.file("o.csv", f"no,at,phone\n1,2025-03-01,{first}\n1,2025-03-01,\n1,2025-03-01,{later}\n")
    if same == "yes":
        assert row(shop.read(mapping, lines), "1")["n_lines"] == 3
        return
    error = refusal(shop, mapping, lines)
    assert (error.code, error.where) == ("DQ008", "o.csv row 4, phone")
    assert "another phone number than the order's first" in error.expected


def test_an_order_told_again_with_its_values_spelled_otherwise_has_not_changed(tmp_path: Path) -> None:
    text = "\n".join(
        [
            "[orders]",
            *(f'{name} = {{ column = "{name}" }}' for name in ("order_id", "placed_at", "phone", "email", "pincode")),
            "[[rules]]\n",
        ]
    )
    shop, mapping = Shop(tmp_path), mapping_of(text, country="IN")
    head = "order_id,placed_at,phone,email,pincode\n"
    shop.keep(mapping, shop.file("a.csv", head + "1,2025-03-01,8319403950,Asha@Example.org,643212\n"))
    again = shop.keep(mapping, shop.file("b.csv", head + "1,2025-03-01,+91 83194 03950,asha@example.org,643212.0\n"))
    assert len(again.orders["order_id"]) == 0
