"""What /v1 was asked and what it answered, once and for all: does the document still take it, does the service still say it?"""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from starlette.routing import compile_path

from tests.helpers.golden import Case, asked, cases, kept
from tests.helpers.installation import Installation, served
from tests.helpers.signing import secret_of

LEAST = 150
MAY_BE_ANYTHING = ("assumes", "evidence", "counts", "moments", "judged")
"""Objects whose names are the model's or the policy's, not the contract's: those of /v1/model and of an action."""


@pytest.fixture(scope="module")
def now(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Any], list[Case]]]:
    """The document as served, and every case of the file as it is answered today."""
    own = installation.copy(tmp_path_factory.mktemp("golden") / "home")
    secret = secret_of(own)
    with served(own) as client:
        yield client.get("/openapi.json").json(), asked(client, secret, kept())


def operation_of(document: dict[str, Any], one: Case) -> dict[str, Any]:
    """The document's operation that a case calls."""
    path = one["path"].replace("{", "").replace("}", "")
    exact = [template for template in document["paths"] if template == path]
    fits = exact or [template for template in document["paths"] if compile_path(template)[0].fullmatch(path)]
    found: dict[str, Any] = document["paths"][fits[0]][one["verb"].lower()]
    return found


def faults(document: dict[str, Any], one: Case) -> list[str]:
    """In what a case and its answer do not fit the document."""

    def fits(schema: dict[str, Any], value: Any) -> bool:
        return bool(jsonschema.Draft202012Validator(schema | {"components": document["components"]}).is_valid(value))

    operation, status = operation_of(document, one), one["status"]
    if str(status) not in operation["responses"]:
        return [f"{one['name']}: {status} is not among the answers"]
    schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    found = [] if fits(schema, one["answer"]) else [f"{one['name']}: the answer does not fit"]
    partly = any("error" in result for result in one["answer"].get("results", ()))
    if status < 300 and one.get("body") is not None and not partly:
        takes = operation["requestBody"]["content"]["application/json"]["schema"]
        found += [] if fits(takes, one["body"]) else [f"{one['name']}: the request does not fit"]
    known = {parameter["name"] for parameter in operation.get("parameters", ())}
    return found + [f"{one['name']}: no parameter {name}" for name in one.get("query", {}) if name not in known]


def names(value: Any, path: str = "") -> set[str]:
    """The names an answer has, by path; of a list those of all its entries."""
    if isinstance(value, dict):
        deep = [
            names(one, f"{path}/{name}")
            for name, one in value.items()
            if name not in MAY_BE_ANYTHING or "level" in str(one)
        ]
        return {f"{path}/{name}" for name in value}.union(*deep)
    return set().union(*[names(one, f"{path}/*") for one in value]) if isinstance(value, list) else set()


def test_every_case_of_the_file_fits_the_document(now: tuple[dict[str, Any], list[Case]]):
    document, _ = now
    assert len(kept()) >= LEAST
    assert [fault for one in kept() for fault in faults(document, one)] == []


def test_every_case_is_answered_as_it_was(now: tuple[dict[str, Any], list[Case]]):
    """The same status and error; every name that was there is there."""
    changed = []
    for was, one in zip(kept(), now[1], strict=True):
        errors = [{k: v for k, v in o["answer"].get("error", {}).items() if k in ("code", "field")} for o in (was, one)]
        if was["status"] != one["status"] or errors[0] != errors[1]:
            changed.append(f"{was['name']}: {was['status']} {errors[0]} became {one['status']} {errors[1]}")
        changed += [f"{was['name']}: {name} is gone" for name in sorted(names(was["answer"]) - names(one["answer"]))]
    assert changed == []


def test_what_is_answered_today_fits_the_document(now: tuple[dict[str, Any], list[Case]]):
    document, today = now
    assert [fault for one in today for fault in faults(document, one)] == []


def test_every_operation_and_every_status_it_names_is_asked_for_somewhere(now: tuple[dict[str, Any], list[Case]]):
    """But for what takes a broken disk, and for pages of text."""
    document, _ = now
    asked_for = {id(operation_of(document, one)) for one in kept()}
    named = [
        f"{verb} {path}" for path, item in document["paths"].items() for verb, operation in item.items()
        if path.startswith("/v1/") and id(operation) not in asked_for
    ]  # fmt: skip
    assert named == []


def test_everything_that_is_asked_is_in_the_file():
    assert {one["name"] for one in cases()} == {one["name"] for one in kept()}, "python -m tests.helpers.golden"


def test_a_case_that_no_longer_fits_is_seen(now: tuple[dict[str, Any], list[Case]]):
    """The control: an answer that lost a name, a kind of value the document does not know."""
    document, _ = now
    scored = next(one for one in kept() if one["name"] == "scored")
    less = scored | {"answer": {k: v for k, v in scored["answer"].items() if k != "risk"}}
    other = scored | {"answer": scored["answer"] | {"rung": "somewhere"}}
    assert len(faults(document, less)) == len(faults(document, other)) == 1
    assert "/risk" in names(scored["answer"]) - names(less["answer"])
