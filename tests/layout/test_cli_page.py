"""Does the page of the command line say what the commands are, and may every command end as it says?"""

import re
from pathlib import Path

import click
import pytest

from data.errors import Exit
from serving.cli_page import EXITS, every_command, page

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
COMMANDS = list(every_command())


def test_the_page_is_what_the_commands_say() -> None:
    assert page() == PAGE, "python -m serving.cli_page > docs/cli.md"


def test_every_command_and_no_other_says_how_it_may_end() -> None:
    assert sorted(EXITS) == sorted(words for words, _ in COMMANDS)


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=[words for words, _ in COMMANDS])
def test_a_command_has_json_an_example_and_a_word_on_each_option(words: str, command: click.Command) -> None:
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []
    assert "--json" in {name for one in options for name in one.opts}
    assert (command.epilog or "").startswith(f"Example: rto {words}")
    assert (command.help or "").strip()


def test_the_page_and_the_errors_page_give_every_status_one_meaning() -> None:
    tables = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("cli.md", "errors.md")}
    for text in tables.values():
        told = {
            int(found) for found in re.findall(r"^\| (\d+) \|", text.partition("\n## ")[2].partition("\n## ")[0], re.M)
        }
        assert told == {*map(int, Exit), 130}
