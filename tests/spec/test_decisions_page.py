"""The rules and tables of docs/decisions.md, recomputed from its own text."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from data.contract import Action
from serving.decisions.traits import TRAITS
from serving.policies.choosing import DECIDED_BY, choose
from serving.policies.policy_file import Named, read_toml
from serving.policies.policy_shapes import PolicyIn
from serving.policies.policy_shelf import Worked, shop_of
from serving.scores.weighing import Asked, weighed
from tests.helpers.traits import PlainTraits

DOCUMENT = (Path(__file__).parents[2] / "docs" / "decisions.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", DOCUMENT, re.M | re.S)
RULES = next(block for block in BLOCKS if "far-and-new" in block)
SHOP = shop_of(read_toml(RULES, "docs"), Named("acme", "INR", "docs"), ("acme@1", "x"), (), Worked())


def rows(head: str) -> list[dict[str, str]]:
    start = DOCUMENT.index(f"| {head}")
    lines = DOCUMENT[start : DOCUMENT.index("\n\n", start)].splitlines()
    names, _, *rest = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return [dict(zip(names, cells, strict=True)) for cells in rest]


def value_of(name: str, told: str) -> object:
    if TRAITS[name].kind == "text":
        return told
    return float({"yes": "1", "no": "0"}.get(told, told)) * (100 if TRAITS[name].kind == "money" else 1)


@pytest.mark.parametrize("row", rows("value | state"), ids=lambda r: r["because"] or r["decided_by"])
def test_the_orders_of_the_page_are_decided_as_it_says(row: dict[str, str]):
    traits = PlainTraits(1, {name: [value_of(name, told)] for name, told in row.items() if name in TRAITS})
    k, none = np.array([410]), np.array([0])
    asked = Asked(none, k, k, np.array([int(row["value"]) * 100]))
    choice = choose(
        SHOP, traits, [weighed((SHOP, SHOP.money), False, "checkout", asked, False)], none, np.array([False])
    )
    because = choice.because(0, SHOP)
    told = (Action(int(choice.action[0])).name.lower(), DECIDED_BY[int(choice.by[0])], because.name if because else "")
    assert told == (row["advice"], row["decided_by"], row["because"])


def test_the_page_names_every_trait_as_the_program_does():
    told = {row["trait"].strip("`"): (row["kind"], row["what"]) for row in rows("trait | kind")}
    words = {t.name: t.what + (": " + ", ".join(f"`{w}`" for w in t.words) if t.words else "") for t in TRAITS.values()}
    assert told == {name: (trait.kind, words[name]) for name, trait in TRAITS.items()}


def test_the_page_names_everything_that_decides():
    told = {name for row in rows("| `decided_by`") for name in re.findall(r"`(\w+)`", row["`decided_by`"])}
    assert told | {"default", "test"} == set(DECIDED_BY)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_policy_shown_is_one_that_can_be_written(block: str):
    PolicyIn.model_validate(tomllib.loads(block))
