"""Mappings: what is refused and how, what a rule fits, and that the document names every key."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data.errors import Exit, PlanError
from data.files import mapping
from data.files.conditions import fitting
from data.files.mapping import load_mapping
from data.files.shaping import Number
from data.files.sheets import Sheet
from tests.helpers.imports import mapping_of
from tests.helpers.tables import edges

SOUND = """
name = "mine"
[orders]
order_id = { column = "no" }
placed_at = { column = "when" }
[[rules]]
when = { status = "done" }
news = [{ type = "delivered", after_days = 3 }]
"""

REFUSED = """
instead of                       | write                                        | where            | says
name = "mine"                    | nome = "mine"                                | name             | Field required
name = "mine"                    | name = "mine" \\n colour = "red"             | colour           | Extra inputs
name = "mine"                    | name = "mine" \\n timezone = "India"         | timezone         | IANA name
name = "mine"                    | name = "mine" \\n exported_at = "last May"   | exported_at      | isoformat
name = "mine"                    | name = "mine" \\n file.delimiter = "::"      | file.delimiter   | at most 1
name = "mine"                    | name = "mine" \\n file.encoding = "utf-99"   | file.encoding    | unknown to Python
order_id = { column = "no" }     |                                              | top level        | [orders] needs order_id
order_id = { column = "no" }     | order_id = { column = "no" } \\n fone = { column = "p" } | top level | no column 'fone'
order_id = { column = "no" }     | order_id = { constant = "1", column = "no" } | orders.order_id  | exactly one of
order_id = { column = "no" }     | order_id = {}                                | orders.order_id  | exactly one of
order_id = { column = "no" }     | order_id = { column = "no", overwritten = true } | top level    | cannot be overwritten
order_id = { column = "no" }     | order_id = { column = "no", unit = "major" } | top level        | `unit` does nothing
placed_at = { column = "when" }  | placed_at = { column = "when", values = { a = "b" } } | top level | `values` does nothing
placed_at = { column = "when" }  | placed_at = { column = "when", formats = [] } | orders.placed_at.formats | at least 1
placed_at = { column = "when" }  | placed_at = { column = "when" } \\n sku = { column = "s", sum_lines = true } | top level | does nothing
order_id = { column = "no" }     | order_id = { constant = "1", also = ["when"] } | orders.order_id | a constant has none
placed_at = { column = "when" }  | placed_at = { column = "when", also = ["no"] } | top level   | `also` does nothing
name = "mine"                    | name = "mine" \\n join = { on = { no = "ref" }, take = "last" } | join | name it in `by`
name = "mine"                    | name = "mine" \\n join = { on = { no = "ref" }, take = "all", by = "at" } | join | name it in `by`
name = "mine"                    | name = "mine" \\n join = { on = { no = "ref" }, formats = ["%d"] } | join | there is none
name = "mine"                    | name = "mine" \\n join = { on = { no = "ref" }, numbers = { at = { strip = "#" } } } | join | no column of `on`
name = "mine"                    | name = "mine" \\n join = { on = { no = "ref" }, numbers = { no = {} } } | join.numbers.no | give `part`
name = "mine"                    | name = "mine" \\n join = { on = { no = "ref" }, numbers = { no = { pattern = "(" } } } | join.numbers.no.pattern | no regular expression
name = "mine"                    | name = "mine" \\n join = { on = { no = "ref" }, numbers = { no = { pattern = "(a)(b)" } } } | join.numbers.no.pattern | at most one group
type = "delivered"               | type = "arrived"                             | rules.0.news.0.type | unknown news type
type = "delivered"               | type = "delivered", reason = "moody"         | rules.0.news.0.reason | unknown reason
after_days = 3                   | after_days = -3                              | rules.0.news.0.after_days | greater than or equal
after_days = 3                   | after_days = 3, column = "at"                | rules.0.news.0   | exactly one of
, after_days = 3                 |                                              | rules.0.news.0   | exactly one of
"""


@pytest.mark.parametrize(("old", "new", "where", "says"), edges(REFUSED))
def test_a_wrong_mapping_is_refused_by_the_key_that_is_wrong(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    assert SOUND.count(old) == 1
    path = tmp_path / "mine.toml"
    path.write_text(SOUND.replace(old, new.replace("\\n", "\n")))
    with pytest.raises(PlanError) as refused:
        load_mapping(str(path))
    error = refused.value
    assert (error.code, error.where) == ("MAP003", f"mapping {path}, {where}")
    assert says in error.got
    assert error.exit_status == Exit.PLAN


def test_the_sound_mapping_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SOUND)
    assert load_mapping(str(path)).longest_delay_days == 3


def test_a_mapping_without_outcomes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SOUND[: SOUND.index("[[rules]]")])
    with pytest.raises(PlanError, match="without outcomes nothing is learned"):
        load_mapping(str(path))


@pytest.mark.parametrize("content", [b"name = ", b'name = "\xff"', b"a = 1\na = 2"])
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(PlanError, match="MAP002"):
        load_mapping(str(path))


def test_an_unknown_mapping_names_the_shipped_ones() -> None:
    with pytest.raises(PlanError, match="MAP001") as refused:
        load_mapping("shopify-mars")
    assert "amazon-in, indonesia-marketplace, meesho, native, shopify" in refused.value.expected


@pytest.mark.parametrize("name", mapping.shipped_mappings())
def test_the_shipped_mappings_load(name: str) -> None:
    assert load_mapping(name).name == name


def fits(when: mapping.When, cells: dict[str, str | None]) -> bool:
    """Does a sheet's only row fit?"""
    table = pa.table({name: pa.array([cell], pa.string()) for name, cell in cells.items()})
    return bool(fitting(Sheet("f.csv", table, np.array([2])), when)[0])


FITS = """
pattern        | value           | fits
done           |  Done           | yes  | case and padding do not matter
done           | done soon       | no
*failed*       | Delivery FAILED twice | yes
do?e           | dome            | yes
               |                 | yes  | an empty cell
               | x               | no
back [rto]     | Back [RTO]      | yes  | brackets stand for themselves
back [rto]     | back r          | no
"""


@pytest.mark.parametrize(("pattern", "value", "expected"), edges(FITS))
def test_what_a_condition_fits(pattern: str, value: str, expected: str) -> None:
    assert fits({"status": pattern}, {"status": value or None}) is (expected == "yes")
    assert fits({"status": ["nothing", pattern]}, {"status": value}) is (expected == "yes")


def test_all_conditions_of_a_rule_must_fit() -> None:
    when: mapping.When = {"status": "done", "by": ["us", "them"]}
    assert fits(when, {"status": "done", "by": "them"})
    assert not fits(when, {"status": "done", "by": "nobody"})
    assert not fits(when, {"status": "done", "by": None})
    assert fits({}, {"status": "done"})


def test_columns_that_are_never_known_at_checkout_are_named() -> None:
    assert load_mapping("indonesia-marketplace").late_columns() == ["amount_minor"]
    partly = mapping_of(
        SOUND.replace('"when" }', '"when" }\nquantity = { column = "q", overwritten_when = { s = "x" } }')
    )
    assert partly.late_columns() == []


DOCUMENT = (Path(__file__).parents[3] / "docs" / "mappings.md").read_text(encoding="utf-8")
MODELS = (
    mapping.Mapping, mapping.File, mapping.FileLike, mapping.Drop, mapping.OrderLines, mapping.Join, mapping.Credits, mapping.Source, mapping.Part,
    mapping.Rule, mapping.News, Number,
)  # fmt: skip
KEYS = sorted({(model.__name__, name) for model in MODELS for name in vars(model)["__annotations__"]})


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_the_document_explains_every_key(model: str, key: str) -> None:
    section = DOCUMENT.split(f"<!-- {model} -->")[1].split("<!--")[0]
    assert f"`{key}`" in section


def test_the_worked_example_of_the_document_is_a_mapping_that_works() -> None:
    example = DOCUMENT.split("```toml\n")[1].split("```")[0]
    found = mapping_of(example)
    assert found.longest_delay_days > 0
    assert found.rules
