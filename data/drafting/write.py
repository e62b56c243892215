"""A draft as TOML that a person finishes in an editor: `# ?` marks each question."""

import json
import re
from dataclasses import replace

from data.contract import ORDER_COLUMNS
from data.drafting.columns import KINDS, Guess, is_late
from data.drafting.draft import Draft
from data.drafting.statuses import Status
from data.drafting.words import COD_WORDS, COUNTRY_WORDS, PLACES, spoken

DELAY_DAYS = 14
_MOST_VALUES = 30
_SURE = 0.7


def toml_of(made: Draft) -> str:
    """The whole proposal; it loads as it stands, and imports as it stands where no question matters."""
    parts = [_top(made), _file(made), _join(made), _lines(made), _orders(made), _rules(made), _left_out(made)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _q(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _comment(text: str) -> str:
    return " ".join(text.split())


def _top(made: Draft) -> str:
    name = re.sub(r"[^a-z0-9-]+", "-", made.files[0].split(".")[0].lower()).strip("-") or "my-shop"
    zone = PLACES[made.country][0] if made.country in PLACES else "UTC"
    lines = [
        f"# A draft made from {', '.join(made.files)}: {made.n_rows:,} rows. Every guess stands with its confidence;",
        "# lines with `# ?` need your answer. Try it: rto import FILE... --mapping THIS.toml --dry-run",
        *(f"# ? {question}" for question in made.questions),
        f"name = {_q(name)}",
        f"merchant_id = {_q(name)} # ? your shop's short name",
        f"timezone = {_q(zone)}" + ("" if made.country in PLACES else " # ? not found out"),
    ]
    lines += [f"country = {_q(made.country)}"] if made.country and "country" not in made.orders else []
    lines += [f"currency = {_q(made.currency)} # ? from the country"] if made.currency else []
    declared = [s for s in made.statuses if s.news and s.news not in made.times]
    if declared:
        lines += [f'note = "Outcomes without a time are assumed to be told {DELAY_DAYS} days after the order."']
    lines += ['# exported_at = "2025-03-31" # ? the day the file was written']
    return "\n".join(lines)


def _file(made: Draft) -> str:
    told = made.file.model_dump(exclude_defaults=True)
    money = [g.look for role, g in made.orders.items() if KINDS[role] == "money"]
    if any(look.comma_share > 0.5 for look in money):
        told["decimal"] = ","
    if not told:
        return ""
    return "\n".join(["[file]", *(f"{key} = {_q(v) if isinstance(v, str) else v}" for key, v in told.items())])


def _join(made: Draft) -> str:
    if made.pair is None:
        return ""
    join = made.pair.join
    [(left, right)] = join.on.items()
    lines = [f"# {made.pair.shared:.0%} of the numbers in {left!r} stand in {right!r} of the other file"]
    lines += ["[join]", f"on = {{ {_q(left)} = {_q(right)} }}"]
    lines += [f"other_has = [{', '.join(map(_q, join.other_has))}]"] if join.other_has else []
    lines += [f"prefix = {_q(join.prefix)}"] if join.prefix else []
    return "\n".join(lines)


def _lines(made: Draft) -> str:
    several = made.lines
    told = f"# {several.n_lines:,} rows with {several.n_orders:,} order numbers"
    told += (
        ": several rows are the lines of one order"
        if several.n_lines > several.n_orders
        else ": one row for each order"
    )
    parts = [told]
    if several.fill_down:
        names = list(several.fill_down)
        if made.status is not None:
            names.append(made.status.name)
        names += [look.name for look in made.times.values()]
        listed = ", ".join(map(_q, dict.fromkeys(names)))
        parts += ["# what stands on an order's first row only", "[lines]", f"fill_down = [{listed}]"]
    if several.n_without_id:
        parts += [
            "", "[[drop]]", f"when = {{ {_q(made.orders['order_id'].look.name)} = \"\" }}",
            f"why = \"rows without an order number\" # ? {several.n_without_id:,} rows: totals, or orders?",
        ]  # fmt: skip
    return "\n".join(parts)


def _orders(made: Draft) -> str:
    inline, tables = ["[orders]"], []
    for column in ORDER_COLUMNS:
        guess = made.orders.get(column.name)
        if guess is None:
            continue
        hidden = True if column.personal else False if guess.confidence >= _SURE else None
        remark = f"# {guess.confidence:.0%}; {guess.look.examples(hidden)}"
        if column.name == "payment_method":
            tables.append(_payment(guess, remark))
        elif column.name == "country" and guess.look.share("[A-Za-z]{2}") < 1:
            tables.append(_countries(guess, remark))
        else:
            inline.append(f"{column.name} = {{ {_source(made, guess)} }} {_comment(remark)}{_doubt(guess)}")
    return "\n".join(inline) + "".join(f"\n\n{table}" for table in tables)


def _doubt(guess: Guess) -> str:
    doubts = [] if guess.confidence >= _SURE else ["is it this column?"]
    dates = guess.look.dates
    if KINDS[guess.role] == "time" and dates is not None:
        doubts += [dates.doubt] if dates.doubt else []
        doubts += [f"{1 - dates.share:.1%} of the cells fit none of the formats"] if dates.share < 1 else []
    return f" # ? {'; '.join(doubts)}" if doubts else ""


def _source(made: Draft, guess: Guess) -> str:
    keys = [f"column = {_q(guess.look.name)}"]
    kind, dates = KINDS[guess.role], guess.look.dates
    if kind == "time" and dates is not None:
        if dates.formats != ["ISO8601"]:
            keys.append(f"formats = [{', '.join(map(_q, dates.formats))}]")
        if dates.date_only and guess.role == "placed_at":
            keys.append("date_only = true")
    if kind == "money":
        keys.append('unit = "major"')
        if guess.role in made.lines.sums:
            keys.append("sum_lines = true")
    if kind == "text" and guess.look.share("'.*") > 0.5:
        keys.append('part = { separator = "\'", index = -1 }')
    return ", ".join(keys)


def _payment(guess: Guess, remark: str) -> str:
    counted = list(guess.look.counts.items())[:_MOST_VALUES]
    lines = [
        f"[orders.payment_method] {_comment(remark)}",
        f"column = {_q(guess.look.name)}",
        "[orders.payment_method.values]",
    ]
    for cell, n in counted:
        text = f" {spoken(str(cell))} "
        is_cod = any(f" {word} " in text for word in COD_WORDS) and " non cod " not in text
        lines.append(f'{_q(_plain(cell))} = "{"cod" if is_cod else "prepaid"}" # {int(n):,} rows')
    if guess.look.n_distinct > _MOST_VALUES:
        lines.insert(2, 'otherwise = "prepaid" # ? values not listed below')
    return "\n".join(lines)


def _countries(guess: Guess, remark: str) -> str:
    lines = [f"[orders.country] {_comment(remark)}", f"column = {_q(guess.look.name)}", "[orders.country.values]"]
    for cell in list(guess.look.counts.index)[:_MOST_VALUES]:
        code = COUNTRY_WORDS.get(spoken(str(cell))) or COUNTRY_WORDS.get(str(cell).strip().casefold())
        lines.append(f"{_q(_plain(cell))} = {_q(code or 'ZZ')}" + ("" if code else " # ? two letters"))
    return "\n".join(lines)


def _plain(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _rules(made: Draft) -> str:
    if made.status is None:
        return "# ? what became of the orders: see [[rules]] in docs/mappings.md\n[[rules]]"
    entries = []
    for column, told in made.also.items():
        entries += _entries(made, column, [replace(s, doubt="another column's word goes first: right?") for s in told])
    return "\n\n".join(entries + _entries(made, made.status.name, made.statuses))


def _entries(made: Draft, column: str, statuses: list[Status]) -> list[str]:
    entries = []
    groups: dict[tuple[str, str], list[Status]] = {}
    for status in statuses:
        groups.setdefault((status.news, status.doubt), []).append(status)
    for (news, doubt), same in groups.items():
        counted = ", ".join(f"{s.value or 'blank'}: {s.n_rows:,}" for s in same)
        patterns = ", ".join(_q(s.value) for s in same)
        lines = [f"# {_comment(counted)} rows"] + ([f"# ? {doubt}"] if doubt else [])
        lines += ["[[rules]]", f"when = {{ {_q(column)} = [{patterns}] }}"]
        lines += [f"news = [{', '.join(_told(made, kind) for kind in _kinds(news))}]"] if news else []
        entries.append("\n".join(lines))
    return entries


def _kinds(news: str) -> tuple[str, ...]:
    return ("delivered", "returned") if news == "returned" else (news,)


def _told(made: Draft, news: str) -> str:
    look = made.times.get(news)
    if look is None or look.dates is None:
        days = DELAY_DAYS + 7 if news == "returned" else DELAY_DAYS
        return f'{{ type = "{news}", after_days = {days} }}'
    keys = [f'type = "{news}"', f"column = {_q(look.name)}"]
    if look.dates.formats != ["ISO8601"]:
        keys.append(f"formats = [{', '.join(map(_q, look.dates.formats))}]")
    keys += ["date_only = true"] if look.dates.date_only else []
    return f"{{ {', '.join(keys)} }}"


def _left_out(made: Draft) -> str:
    if not made.left_out:
        return ""
    lines = ["# Left out. Map none that is known only later, or that the export changes once the outcome is known:"]
    for look in made.left_out:
        why = "known later" if is_late(look) or look.name in {t.name for t in made.times.values()} else "no role found"
        lines.append(f"#   {_comment(look.name)}: {why}; {_comment(look.examples())}")
    return "\n".join(lines)
