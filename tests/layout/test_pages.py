"""Do the pages tell the truth: links, commands, error codes, examples, features?"""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from data import errors
from data.checks.catalog import BY_CODE
from data.contract import NEWS_COLUMNS, ORDER_COLUMNS, NewsType, Reason
from features.contribution import Measure
from features.page import MEASURES
from features.page import page as features_page
from serving.calling.contacts import ContactIn
from serving.cli import COMMANDS, SUMMARIES, rto
from serving.web.openapi import document
from serving.web.schema import BatchIn, EventIn, OverrideIn, PlaceIn, ScoreIn

ROOT = Path(__file__).parents[2]
ROOMS = ("data", "features", "training", "serving")
PAGES = sorted(p for p in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "mlruns" / "README.md"))
CODE = re.compile(r"[A-Z]{1,6}\d{3}")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)


def page_ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path) -> list[tuple[str, str]]:
    """(language, text) of each block of code on a page; an indented block has the language ""."""
    text = path.read_text(encoding="utf-8")
    indented = re.findall(r"(?:^(?:    .*)?\n)+", _FENCE.sub("", text), re.M)
    return _FENCE.findall(text) + [("", re.sub(r"^    ", "", b, flags=re.M)) for b in indented]


def anchors(path: Path) -> set[str]:
    """The anchors a page's headings make."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", path.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("path", PAGES, ids=page_ids)
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    broken = []
    for found in _LINK.finditer(path.read_text(encoding="utf-8")):
        link = found[1] or found[2]
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name) if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_every_page_that_the_code_speaks_of_exists() -> None:
    spoken = {n for p in sources() for n in re.findall(r"docs/[\w/.-]+\.md|docs/adr/\d{4}", p.read_text())}
    assert spoken
    assert [name for name in spoken if not list(ROOT.glob(name + ("" if name.endswith(".md") else "-*.md")))] == []


def test_every_path_that_a_page_names_exists() -> None:
    absent = []
    for path in PAGES:
        named = re.findall(
            r"`((?:data|features|training|serving|tests|docs)/[\w/.-]+)`", path.read_text(encoding="utf-8")
        )
        absent += [f"{page_ids(path)}: {name}" for name in named if not (ROOT / name).exists()]
    assert not absent


def test_the_picture_is_whole() -> None:
    for path in (ROOT / "docs" / "img").iterdir():
        assert path.suffix == ".svg"
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


# --- commands ---------------------------------------------------------------------------------------------------------


def told_commands() -> Iterator[tuple[str, list[str]]]:
    """(page, words) of each command on a page: what starts with rto or make in its code, cut at shell operators."""
    for path in PAGES:
        shown = "\n".join(text for language, text in blocks(path) if language in ("", "sh", "console"))
        spans = re.findall(r"`((?:rto|make) [^`\n]+)`", path.read_text(encoding="utf-8"))
        for line in (*shown.replace("\\\n", " ").splitlines(), *spans):
            for part in re.split(r"\s(?:&&|\|\||\||&|;)\s|\s#|[:;&]$", line.strip().removeprefix("$ ")):
                words = re.sub(r"^(?:[A-Z_]+=\S+\s+)+", "", part.strip()).removeprefix(".venv/bin/")
                if re.match(r"(?:rto|make) [a-z-]", words):
                    yield page_ids(path), shlex.split(words)


def complaint(words: list[str]) -> str | None:
    """What is wrong with a command, without running it."""
    command: click.Command | None = rto
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        command = command.get_command(click.Context(command), rest.pop(0))
    if command is None:
        return "no such command"
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
    return next((f"no option {w}" for w in rest if w.startswith("-") and w.partition("=")[0] not in known), None)


def test_every_rto_command_on_a_page_can_be_typed_as_it_stands() -> None:
    told = [(page, words) for page, words in told_commands() if words[0] == "rto"]
    assert len(told) > 10
    assert [(page, " ".join(words), bad) for page, words in told if (bad := complaint(words))] == []


def test_every_rto_command_that_a_message_tells_can_be_typed() -> None:
    """To-do lines and examples in help. Words of a sentence after the command are its arguments, and do no harm."""
    said = {text for path in sources() for text in constants(ast.parse(path.read_text())) if "rto " in text}
    told = {found for text in said for found in re.findall(r"\brto [a-z][^,;:)&|`\n]*", text)}
    assert len(told) > 10
    assert [(words, bad) for words in sorted(told) if (bad := complaint(words.split()))] == []


def test_every_make_target_on_a_page_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    wanted = {w for _, words in told_commands() if words[0] == "make" for w in words[1:2]}
    assert {"demo", "test", "check"} <= wanted <= targets


def test_every_command_has_a_line_in_help_and_a_place_in_the_readme() -> None:
    shown = CliRunner().invoke(rto, ["--help"]).output
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert list(COMMANDS) == list(SUMMARIES)
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", shown, re.M), name
        assert f"rto {name}" in readme, name


# --- error codes ------------------------------------------------------------------------------------------------------


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


@cache
def calls() -> list[ast.Call]:
    return [n for path in sources() for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]


def constants(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def codes_in_code() -> set[str]:
    found = {s for path in sources() for s in constants(ast.parse(path.read_text())) if CODE.fullmatch(s)}
    return found | set(BY_CODE)


def rows(path: str) -> dict[str, list[str]]:
    """First cell -> cells, of every table row of a page."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0].strip("`"): row for row in cells}


def test_the_errors_page_knows_every_code_and_no_other() -> None:
    page = {code for code in rows("docs/errors.md") if CODE.fullmatch(code)}
    checks = set(re.findall(r"^## (DQ\d{3})", (ROOT / "docs" / "checks.md").read_text(), re.M))
    assert page | checks == codes_in_code()


def test_the_errors_page_gives_each_code_its_exit_status() -> None:
    statuses = {name: c.exit_status for name, c in vars(errors).items() if hasattr(c, "exit_status")}
    page = rows("docs/errors.md")
    wrong = []
    for call in calls():
        name = getattr(call.func, "id", "")
        if name not in (*statuses, "Unfit") or not call.args:
            continue
        status = str(int(statuses.get(name, errors.Exit.DATA)))
        for code in sorted(s for s in constants(call.args[0]) if CODE.fullmatch(s)):
            if code not in BY_CODE and status not in page[code][1].split(", "):
                wrong.append(f"{code}: raised as {name} ({status}), page says {page[code][1]}")
    assert not wrong


def test_every_refusal_says_in_its_message_what_to_do() -> None:
    kinds = {name for name, kind in vars(errors).items() if hasattr(kind, "exit_status")}
    mute = []
    for call in (call for call in calls() if getattr(call.func, "id", "") in kinds):
        told = {word.arg: ast.unparse(word.value) for word in call.keywords}
        if None not in told and told.get("to_do", "''") == "''":
            mute.append(ast.unparse(call))
    assert mute == []


def test_the_errors_page_lists_every_exit_status() -> None:
    page = rows("docs/errors.md")
    assert [str(int(status)) for status in errors.Exit if str(int(status)) not in page] == []


def http_answers() -> set[tuple[str, str]]:
    """(status, code) of every refusal the service gives under a name of its own."""
    found = set()
    for call in calls():
        given = [a.value for a in call.args if isinstance(a, ast.Constant)]
        if getattr(call.func, "id", getattr(call.func, "attr", "")) == "Refusal" and len(given) >= 2:
            status, code = given[0], given[1]
            if isinstance(status, int) and isinstance(code, str) and re.fullmatch(r"[a-z_]+", code):
                found.add((str(status), code))
    return found


def test_the_errors_page_knows_every_answer_of_the_service_and_no_other() -> None:
    lines = (ROOT / "docs" / "errors.md").read_text().splitlines()
    told = {(m[1], m[2]) for line in lines if (m := re.match(r"\| (\d{3}) \| `(\w+)`", line))}
    assert told == http_answers()


def test_the_errors_page_knows_every_warning() -> None:
    texts = (path.read_text() for path in sources())
    warnings = {code for text in texts for code in re.findall(r'\{"code": "(\w+)", "text"', text)}
    assert warnings
    assert warnings <= set(rows("docs/errors.md"))


def test_a_test_names_every_row_of_the_errors_page() -> None:
    said = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("*.py") if p != Path(__file__))
    lines = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").splitlines()
    codes = [m[1] for line in lines if (m := re.match(r"\| (?:\d{3} \| )?`?([A-Z]{1,6}\d{3}|[a-z_]+)`? \|", line))]
    assert len(codes) > 100
    assert [code for code in codes if code not in said] == []


# --- the API page -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(document()["paths"]))
def test_the_api_page_shows_every_route(path: str) -> None:
    assert path in (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def fields(model: type[BaseModel]) -> set[str]:
    schema = model.model_json_schema()
    return {n for part in (schema, *schema.get("$defs", {}).values()) for n in part.get("properties", {})}


def words_in_code(path: str) -> set[str]:
    """Every word that stands in code on a page."""
    text = (ROOT / path).read_text(encoding="utf-8")
    spans = re.findall(r"`([^`\n]+)`", text) + [block for _, block in blocks(ROOT / path)]
    return {word for span in spans for word in re.findall(r"\w+", span)}


@pytest.mark.parametrize("model", [ScoreIn, BatchIn, PlaceIn, EventIn], ids=lambda m: m.__name__)
def test_the_api_page_names_every_field_of_a_request(model: type[BaseModel]) -> None:
    assert sorted(fields(model) - words_in_code("docs/api.md")) == []


def test_the_api_page_names_every_field_of_an_answer() -> None:
    decision = document()["components"]["schemas"]["Decision"]
    assert sorted(set(decision["properties"]) - words_in_code("docs/api.md")) == []


def test_the_api_page_names_every_type_of_news_and_every_reason() -> None:
    told = {t.name.lower() for t in NewsType if t != NewsType.PLACED} | {
        r.name.lower() for r in Reason if r != Reason.NONE
    }
    assert sorted(told - words_in_code("docs/api.md")) == []


def test_the_mappings_page_names_every_column_that_can_be_filled() -> None:
    assert sorted({column.name for column in (*ORDER_COLUMNS, *NEWS_COLUMNS)} - words_in_code("docs/mappings.md")) == []


def requests() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in (ROOT / "README.md", ROOT / "docs" / "api.md"):
        for language, text in blocks(path):
            if language in ("json", "sh") and (found := re.search(r"\{\s*\"merchant_id\".*\}", text, re.S)):
                yield f"{page_ids(path)}: {found[0][:60]}", json.loads(found[0])


def test_every_request_shown_is_one_the_service_takes() -> None:
    shown = dict(requests())
    assert len(shown) >= 4
    for body in shown.values():
        placed = "order_id" in body.get("order", ()) and not {"options", "stage"} & set(body)
        model = (
            OverrideIn
            if "by" in body
            else ContactIn
            if "outcome" in body
            else EventIn
            if "event_id" in body
            else PlaceIn
            if placed
            else ScoreIn
        )
        if "orders" not in body:  # a batch is shown with a bad order in it: tests/service/test_api_page.py runs it
            model.model_validate_json(json.dumps(body))


# --- features ---------------------------------------------------------------------------------------------------------


def test_the_features_page_is_what_the_catalog_says() -> None:
    told = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    assert told == features_page(), "python -m features.page > docs/features.md"


def test_every_measure_is_put_in_words() -> None:
    assert list(MEASURES) == list(Measure)
