"""[[rules]] of a draft: what each status stands for, when it was told and why."""

from dataclasses import replace

from data.drafting.draft import Draft
from data.drafting.look import Look
from data.drafting.statuses import DISPATCHED, UNKNOWN, Status
from data.drafting.toml import comment, listed, quoted

DELAY_DAYS = 14
_DELAYS = {"returned": DELAY_DAYS + 7, DISPATCHED: 1}
"""Days after the order that news is assumed to be told where no column tells its time."""
_MOST_SHOWN = 60


def rules_of(made: Draft) -> str:
    """A rule for each kind of news; statuses of unknown words get none, so that an import refuses them."""
    status = made.course.status
    if status is None:
        return (
            "# ? what became of the orders: see [[rules]] in docs/mappings.md. Without rules nothing is imported;\n"
            "# to take all orders as open, take the mark off the next line\n# [[rules]]"
        )
    entries = []
    for column, told in made.course.also.items():
        entries += _entries(made, column, [replace(s, doubt="another column's word goes first: right?") for s in told])
    column, told = made.course.own
    asked = f"orders that {comment(status.name)!r} says nothing of, as {comment(column)!r} has them"
    entries += _entries(made, column, [replace(s, doubt=s.doubt or asked) for s in told],
                        f"{quoted(status.name)} = {listed([''])}, ")  # fmt: skip
    return "\n\n".join(entries + _entries(made, status.name, made.course.statuses))


def _entries(made: Draft, column: str, statuses: list[Status], besides: str = "") -> list[str]:
    """Rules for the statuses of a column. besides: what the rows must fit too."""
    groups: dict[tuple[str, str, tuple[str, ...], bool], list[Status]] = {}
    for status in statuses:
        passed = tuple(news for news, (_, where) in made.course.passed.items() if status.value in where)
        groups.setdefault((status.news, status.doubt, passed, status.value in made.course.why), []).append(status)
    entries = []
    for (news, doubt, passed, explained), same in groups.items():
        counted = ", ".join(f"{s.value or 'blank'}: {s.n_rows:,}" for s in same[:_MOST_SHOWN])
        above = [f"# {comment(counted)} rows"] + ([f"# ? {doubt}"] if doubt else [])
        when = f"{besides}{quoted(column)} = {listed(s.value for s in same)}"
        if news == UNKNOWN:
            entries.append(_untold(same, f"{besides}{quoted(column)}"))
            continue
        told = [*passed, *(kind for kind in _kinds(news) if kind not in passed)]
        reasons = _reasons(made, same) if explained else {}
        narrow = [(f"{when}, {quoted(_name(made))} = {listed(cells)}", reason) for reason, cells in reasons.items()]
        rules = [_rule(made, fits, told, reason) for fits, reason in narrow]
        entries.append("\n".join([*above, *rules, _rule(made, when, told)]))
    return entries


def _untold(same: list[Status], column: str) -> str:
    """Statuses of unknown words, each on a line of its own with its count, as a rule that waits for a person's answer."""
    n_rows = sum(s.n_rows for s in same)
    lines = [
        f"# ? no word of {len(same):,} statuses of {n_rows:,} rows is known. What became of these orders? Move each word into",
        "# the rule above or below that means it, or take the marks off here: rows of the words left are refused (DQ007)",
        "# [[rules]]",
        '# news = [{ type = "", after_days = 14 }] # no news: still open',
        f"# when = {{ {comment(column)} = [",
        *(f"#   {comment(quoted(s.value))}, # {s.n_rows:,} rows" for s in same[:_MOST_SHOWN]),
    ]
    more = [f"#   # and {len(same) - _MOST_SHOWN:,} more: --dry-run lists them"] if len(same) > _MOST_SHOWN else []
    return "\n".join([*lines, *more, "# ] }"])


def _name(made: Draft) -> str:
    return made.course.reason.name if made.course.reason is not None else ""


def _reasons(made: Draft, same: list[Status]) -> dict[str, list[str]]:
    """Why these deliveries failed: cells by the contract's word."""
    found: dict[str, list[str]] = {}
    for status in same:
        for word, cells in made.course.why.get(status.value, {}).items():
            found[word] = list(dict.fromkeys([*found.get(word, []), *cells]))
    return found


def _rule(made: Draft, when: str, kinds: list[str], reason: str = "") -> str:
    lines = ["[[rules]]", f"when = {{ {when} }}"]
    lines += [f"news = [{', '.join(_told(made, kind, reason) for kind in kinds)}]"] if kinds else []
    return "\n".join(lines)


def _kinds(news: str) -> tuple[str, ...]:
    return ("delivered", "returned") if news == "returned" else (news,) if news else ()


def _told(made: Draft, news: str, reason: str) -> str:
    passed = made.course.passed.get(news)
    look = passed[0] if passed else made.course.times.get(news)
    keys = [f'type = "{news}"', *_when(look, news)]
    keys += [f'reason = "{reason}"'] if reason and (news.startswith("rto") or news == "attempt_failed") else []
    return f"{{ {', '.join(keys)} }}"


def _when(look: Look | None, news: str) -> list[str]:
    if look is None or look.dates is None:
        return [f"after_days = {_DELAYS.get(news, DELAY_DAYS)}"]
    keys = [f"column = {quoted(look.name)}"]
    if look.dates.formats != ["ISO8601"]:
        keys.append(f"formats = {listed(look.dates.formats)}")
    return [*keys, "date_only = true"] if look.dates.date_only else keys
