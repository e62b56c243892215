"""`python -m serving.cli_page > docs/cli.md`: every command with its options, exit statuses and an example."""

from collections.abc import Iterator
from importlib.resources import files
from inspect import cleandoc

import click

from data.errors import Exit
from serving.cli import COMMANDS, rto

EXITS: dict[str, tuple[Exit, ...]] = {
    "import": (Exit.PLAN, Exit.DATA, Exit.CHECK_FAILED),
    "simulate": (Exit.PLAN, Exit.CHECK_FAILED),
    "check": (Exit.DATA, Exit.CHECK_FAILED),
    "features list": (),
    "features explain": (Exit.DATA,),
    "state rebuild": (Exit.DATA,),
    "state verify": (Exit.DATA, Exit.CHECK_FAILED),
    "train": (Exit.PLAN, Exit.DATA, Exit.TOO_LITTLE_HISTORY, Exit.CHECK_FAILED, Exit.NOTHING_NEW),
    "tune": (Exit.PLAN, Exit.DATA, Exit.TOO_LITTLE_HISTORY, Exit.CHECK_FAILED),
    "calibrate": (Exit.DATA, Exit.TOO_LITTLE_HISTORY, Exit.CHECK_FAILED, Exit.GATE_REFUSED, Exit.NOTHING_NEW),
    "runs": (Exit.DATA,),
    "evaluate": (Exit.DATA,),
    "monitor": (
        Exit.PLAN,
        Exit.DATA,
        Exit.TOO_LITTLE_HISTORY,
        Exit.GATE_REFUSED,
        Exit.DRIFT,
        Exit.PROMISE_BROKEN,
    ),
    "backtest": (Exit.PLAN, Exit.DATA, Exit.TOO_LITTLE_HISTORY, Exit.CHECK_FAILED),
    "promote": (Exit.DATA, Exit.GATE_REFUSED),
    "rollback": (Exit.DATA, Exit.GATE_REFUSED),
    "shadow report": (Exit.DATA, Exit.GATE_REFUSED),
    "shadow stop": (),
    "serve": (Exit.DATA,),
    "score": (Exit.PLAN, Exit.DATA, Exit.GATE_REFUSED),
    "report": (Exit.DATA,),
    "policy draft": (Exit.DATA,),
    "policy simulate": (Exit.PLAN, Exit.DATA, Exit.GATE_REFUSED),
    "policy publish": (Exit.PLAN, Exit.DATA, Exit.GATE_REFUSED),
    "policy undo": (Exit.DATA,),
    "policy show": (Exit.DATA,),
    "policy diff": (Exit.PLAN, Exit.DATA),
    "policy explain": (Exit.PLAN, Exit.DATA, Exit.GATE_REFUSED),
    "policy override": (Exit.DATA,),
    "experiment savings": (Exit.DATA, Exit.GATE_REFUSED),
    "experiment power": (Exit.DATA,),
    "experiment evaluate": (Exit.DATA, Exit.GATE_REFUSED),
    "queue": (Exit.DATA,),
    "contacts": (Exit.DATA,),
    "replay": (Exit.DATA, Exit.CHECK_FAILED),
    "rules check": (Exit.PLAN, Exit.DATA, Exit.CHECK_FAILED),
    "rules backtest": (Exit.PLAN, Exit.DATA, Exit.GATE_REFUSED),
    "lists import": (Exit.DATA,),
    "lists show": (Exit.DATA,),
    "keys create": (),
    "keys list": (),
    "keys revoke": (),
    "webhooks create": (),
    "webhooks list": (),
    "webhooks revoke": (),
    "pool strangers": (),
    "backup": (Exit.DATA,),
    "restore": (Exit.DATA,),
    "retention": (Exit.DATA, Exit.NOTHING_NEW),
    "erase": (Exit.DATA, Exit.NOTHING_NEW),
    "doctor": (Exit.CHECK_FAILED,),
    "demo": (Exit.CHECK_FAILED,),
}
"""How each command may end, beside 0 (done), 1 (a bug of ours), 2 (usage) and 130 (stopped)."""
_ALWAYS = (Exit.DONE, Exit.USAGE)


def page() -> str:
    """The whole page: what is said of all commands, then each."""
    head = files("serving").joinpath("cli_page_head.md").read_text(encoding="utf-8")
    return head + "\n" + "\n".join("\n".join(_section(words, command)) for words, command in every_command())


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Each command by its words, in the order of `rto --help`; groups give their own commands."""
    context = click.Context(rto)
    for name in COMMANDS:
        command = rto.get_command(context, name)
        assert command is not None, "COMMANDS names it"
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", one) for sub, one in command.commands.items())
        else:
            yield name, command


def _section(words: str, command: click.Command) -> Iterator[str]:
    yield f"## rto {words}"
    yield ""
    yield cleandoc(command.help or "").replace("\b\n", "")
    yield ""
    yield from _parameters(command)
    ends = ", ".join(str(int(status)) for status in (*_ALWAYS, *EXITS[words]))
    yield f"Exit: {ends}. {command.epilog}"
    yield ""


def _parameters(command: click.Command) -> Iterator[str]:
    rows = []
    for one in command.params:
        if isinstance(one, click.Argument):
            rows.append((one.make_metavar(click.Context(command)), "", ""))
        elif isinstance(one, click.Option):
            rows.append((", ".join(one.opts), one.help or "", _default(one)))
    if rows:
        yield "| | | default |"
        yield "|---|---|---|"
        yield from (f"| `{name}` | {said} | {default} |" for name, said, default in rows)
        yield ""


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    if not option.show_default:
        return ""
    value = option.default
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


if __name__ == "__main__":
    print(page(), end="")
