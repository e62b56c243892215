"""A draft as TOML that a person finishes in an editor: `# ?` marks each question."""

import re
from typing import Any

from data.contract import ORDER_COLUMNS
from data.drafting.columns import Guess
from data.drafting.countries import COUNTRY_WORDS, PLACES
from data.drafting.draft import Draft
from data.drafting.joined import join_of
from data.drafting.likeness import KINDS
from data.drafting.look import Look
from data.drafting.outcomes import rules_of
from data.drafting.register import states_share
from data.drafting.rest import columns_table
from data.drafting.setting import PHONES_ALONE, zone_of
from data.drafting.status_words import AT_DOOR, COD_WORDS, PAID_WORDS
from data.drafting.toml import comment, listed, quoted
from data.drafting.words import spoken

_MOST_VALUES = 30
_SURE = 0.7
_HALF = 0.5
_ZERO = re.compile(r"\D{0,4}0+(?:[.,]0*)?\D{0,4}")


def toml_of(made: Draft) -> str:
    """The whole proposal; it loads as it stands, and imports as it stands where no question matters."""
    parts = [_top(made), _file(made), join_of(made), _lines(made), _orders(made), rules_of(made), columns_table(made)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _top(made: Draft) -> str:
    name = re.sub(r"[^a-z0-9-]+", "-", made.files[0].split(".")[0].lower()).strip("-") or "my-shop"
    zone = zone_of(made.country)
    lines = [
        f"# A draft made from {', '.join(made.files)}: {made.n_rows:,} rows. Every guess stands with its confidence;",
        "# lines with `# ?` need your answer. Try it: rto import FILE... --mapping THIS.toml --dry-run",
        *(f"# {comment(remark)}" for remark in made.remarks),
        *(f"# ? {comment(question)}" for question in made.questions),
        f"name = {quoted(name)}",
        f"merchant_id = {quoted(name)} # ? your shop's short name",
        f"timezone = {quoted(zone)}" + ("" if made.country in PLACES else " # ? not found out"),
    ]
    if made.country is None and "country" not in made.orders:
        lines.append('# country = "IN" # ? of the shop, two letters: nothing in the files tells it')
    told_by = f" # ? told by {made.country_by}" if made.country_by == PHONES_ALONE else f" # told by {made.country_by}"
    lines += [f"country = {quoted(made.country)}{told_by}"] if made.country and "country" not in made.orders else []
    if not made.currency and "currency" not in made.orders:
        lines.append('# currency = "INR" # ? three letters')
    lines += [f"currency = {quoted(made.currency)} # ? from the country"] if made.currency else []
    day, column = made.newest or ("2025-03-31", "")
    why = (
        f"the newest time in the files, in {column!r}: was it exported then?"
        if column
        else "the day the file was written"
    )
    lines += [f'# exported_at = "{day}" # ? {comment(why)}']
    return "\n".join(lines)


def _file(made: Draft) -> str:
    told = made.file.model_dump(exclude_defaults=True)
    money = [g.look for role, g in made.orders.items() if KINDS[role] == "money"] or made.looks
    if any(look.comma_share > 0.5 for look in money):
        told["decimal"] = ","
    tables = [["[file]", *_keys(told)]] if told else []
    tables += [["[[files]]", *_keys({"name": like.name, **like.model_dump(exclude_unset=True)})] for like in made.likes]
    for table, like in zip(tables[-len(made.likes) :], made.likes, strict=False):
        if "*" not in like.name:
            table[1] += " # ? one name alone: does it fit next month's file too? `*` stands for any letters"
    return "\n\n".join("\n".join(table) for table in tables)


def _keys(told: dict[str, Any]) -> list[str]:
    return [f"{key} = {quoted(value) if isinstance(value, str) else value}" for key, value in told.items()]


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
        parts += ["# what stands on an order's first row only", "[lines]", f"fill_down = {listed(several.fill_down)}"]
    if several.totals:
        parts += _drop(made, several.totals, "lines of totals", "")
    if several.n_without_id:
        asked = f"{several.n_without_id:,} rows: totals, notes, or orders?"
        parts += _drop(made, [""], "rows without an order number", asked)
    return "\n".join(parts)


def _drop(made: Draft, cells: list[str], why: str, asked: str) -> list[str]:
    when = f"when = {{ {quoted(made.orders['order_id'].look.name)} = {listed(cells)} }}"
    return ["", "[[drop]]", when, f"why = {quoted(why)}" + (f" # ? {asked}" if asked else "")]


def _orders(made: Draft) -> str:
    inline, tables = ["[orders]"], []
    for column in ORDER_COLUMNS:
        guess = made.orders.get(column.name)
        if guess is None:
            continue
        hidden = True if column.personal else False if column.required or guess.confidence >= _SURE else None
        remark = f"# {guess.confidence:.0%}; {guess.look.examples(hidden)}"
        if column.name == "payment_method":
            tables.append(_payment(guess, remark))
        elif column.name == "country" and guess.look.share("[A-Za-z]{2}") < 1:
            tables.append(_countries(guess, remark))
        else:
            inline.append(f"{column.name} = {{ {_source(made, guess)} }} {comment(remark)}{_doubt(made, guess)}")
    inline += [f'# {r} = {{ column = "" }} # ? name it' for r in ("order_id", "placed_at") if r not in made.orders]
    if made.cod_amount is not None:
        tables.append(_collected(made.cod_amount))
    return "\n".join(inline) + "".join(f"\n\n{table}" for table in tables)


def _doubt(made: Draft, guess: Guess) -> str:
    doubts = [guess.doubt] if guess.doubt else [] if guess.confidence >= _SURE else ["is it this column?"]
    if guess.role == "state" and made.country == "IN" and states_share(guess.look) < _HALF:
        doubts.append(
            f"few of these are states of India. If they tell what became of orders: --column status={guess.look.name}"
        )
    dates = guess.look.dates
    if KINDS[guess.role] == "time" and dates is not None:
        doubts += [dates.doubt] if dates.doubt else []
        doubts += [f"{1 - dates.share:.1%} of the cells fit none of the formats"] if dates.share < 1 else []
    if guess.role in made.units and made.units[guess.role].doubt:
        doubts.append(comment(made.units[guess.role].doubt))
    return f" # ? {'; '.join(doubts)}" if doubts else ""


def _source(made: Draft, guess: Guess) -> str:
    keys = [f"column = {quoted(guess.look.name)}"]
    kind, dates = KINDS[guess.role], guess.look.dates
    if kind == "time" and dates is not None:
        if dates.formats != ["ISO8601"]:
            keys.append(f"formats = [{', '.join(map(quoted, dates.formats))}]")
        if dates.date_only and guess.role == "placed_at":
            keys.append("date_only = true")
    if kind == "money":
        keys.append(f'unit = "{made.units[guess.role].name}"')
        if guess.role in made.lines.sums:
            keys.append("sum_lines = true")
    if kind == "text" and guess.look.share("'.*") > 0.5:
        keys.append('part = { separator = "\'", index = -1 }')
    return ", ".join(keys)


def _payment(guess: Guess, remark: str) -> str:
    counted = list(guess.look.counts.items())[:_MOST_VALUES]
    lines = [
        f"[orders.payment_method] {comment(remark)}",
        f"column = {quoted(guess.look.name)}",
        "[orders.payment_method.values]",
    ]
    for cell, n in counted:
        text = f" {spoken(str(cell))} "
        is_cod = in_cash(text)
        lines.append(f'{quoted(_plain(cell))} = "{"cod" if is_cod else "prepaid"}" # {int(n):,} rows')
    if guess.look.n_distinct > _MOST_VALUES:
        lines.insert(2, 'otherwise = "prepaid" # ? values not listed below')
    return "\n".join(lines)


def in_cash(text: str) -> bool:
    """Is a way to pay, spoken and with a space at either end, cash on delivery?

    >>> in_cash(" cash "), in_cash(" jazzcash card "), in_cash(" card on delivery cod ")
    (True, False, True)
    """
    cash = any(f" {word} " in text for word in COD_WORDS) and " non cod " not in text
    paid = any(f" {word} " in text for word in PAID_WORDS)
    return cash and (not paid or any(word in text for word in AT_DOOR))


def _collected(look: Look) -> str:
    """The payment method told by an amount to collect: nothing is collected for a prepaid order."""
    zeros = [_plain(cell) for cell in look.counts.index if _ZERO.fullmatch(str(cell).strip())]
    written = list(dict.fromkeys([*zeros, *(f"{z}.0" for z in zeros if z.isdigit())]))
    lines = [
        f"[orders.payment_method] # ? no column names it: {comment(look.name)} of 0 is taken as prepaid, more as COD",
        f"column = {quoted(look.name)}", 'otherwise = "cod"', "[orders.payment_method.values]",
        *(f'{quoted(cell)} = "prepaid"' for cell in written or ["0"]),
    ]  # fmt: skip
    blank = [f"# ? {look.n_blank:,} rows are blank: their payment method is missing"] if look.n_blank else []
    return "\n".join(blank + lines)


def _countries(guess: Guess, remark: str) -> str:
    lines = [f"[orders.country] {comment(remark)}", f"column = {quoted(guess.look.name)}", "[orders.country.values]"]
    for cell in list(guess.look.counts.index)[:_MOST_VALUES]:
        code = COUNTRY_WORDS.get(spoken(str(cell))) or COUNTRY_WORDS.get(str(cell).strip().casefold())
        lines.append(f"{quoted(_plain(cell))} = {quoted(code or 'ZZ')}" + ("" if code else " # ? two letters"))
    return "\n".join(lines)


def _plain(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
