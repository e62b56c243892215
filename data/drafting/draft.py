"""A mapping proposed for unknown files: everything guessed with its confidence, everything doubtful as a question."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from data.console import Tell
from data.drafting.columns import Guess, guesses, is_late, is_status
from data.drafting.course import Course, course
from data.drafting.likeness import KINDS
from data.drafting.look import Look, looks_of
from data.drafting.numbered import counts_rows
from data.drafting.opened import opened, ways
from data.drafting.pairs import Found, Pair, side_by_side
from data.drafting.setting import PHONES_ALONE, country_of, currency_of, newest, zone_of
from data.drafting.several import Several, several
from data.drafting.shipped import shipped_for
from data.drafting.status_words import COLLECTED
from data.drafting.units import Unit, units_of
from data.errors import UsageError
from data.files.shaping import File, FileLike
from data.files.sheets import Sheet

HINTS = (*KINDS, "status")
"""What a person can name a column for."""
_FEW_ROWS = 0.05
_MOST_NAMED = 4
_GOODS = {"category": "the goods", "quantity": "pieces", "discount_minor": "the discount"}


@dataclass(frozen=True, slots=True)
class Draft:
    """What was found in the files, ready to be written as a mapping.

    orders: guess by column of the contract.  looks: every column of the orders' file and of the one beside it.
    cod_amount: a column of amounts that is 0 where nothing is collected, in place of a payment method.
    country_by: what told the country.  units: of each column of money, by its role.  left_out: files that belong to no
    other.  likes: how files are written that differ from `file`.  newest: the latest time and the column it stands in.
    questions: what only a person knows.  remarks: what was chosen about the files.
    """

    files: list[str]
    file: File
    likes: list[FileLike]
    n_rows: int
    orders: dict[str, Guess]
    looks: list[Look]
    course: Course
    cod_amount: Look | None
    pair: Pair | None
    country: str | None
    currency: str | None
    lines: Several
    units: dict[str, Unit] = field(default_factory=dict)
    left_out: tuple[Sheet, ...] = ()
    newest: tuple[str, str] | None = None
    country_by: str = ""
    questions: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def used(self) -> set[str]:
        """Names of the columns that serve an order or tell its course."""
        told = [self.course.status, self.cod_amount, self.course.reason, *self.course.times.values()]
        passed = [look for look, _ in self.course.passed.values()]
        return {g.look.name for g in self.orders.values()} | {k.name for k in [*told, *passed] if k is not None}


def draft(paths: list[Path], tell: Tell, told: dict[str, str] | None = None) -> Draft:
    """Look at files and propose how to read them. told: column of the contract, or `status` -> header, as a person says.

    Raises DataError DQ001, DQ020 or DQ021 if one cannot be read at all, UsageError CLI008 if `told` names what is not there.
    """
    told = told or {}
    found = []
    for i, path in enumerate(paths):
        tell("look at the files", i, len(paths))
        found.append(opened(path))
    file, likes = ways(found)
    beside = side_by_side([one.sheet for one in found], told.get("order_id"))
    looks = looks_of(beside.main)
    _refuse_strange(told, looks)
    orders = guesses(looks, told, beside.theirs)
    numbered = _with_numbers(beside.main, orders)
    if len(numbered) < len(beside.main):
        looks = looks_of(numbered)
        orders = guesses(looks, told, beside.theirs)
    made = _made([p.name for p in paths], (file, likes), beside, looks, orders, told)
    made.remarks.extend(remark for one in found for remark in one.remarks)
    if (known := shipped_for({look.name for look in looks})) is not None:
        made.remarks.append(
            f"THESE COLUMNS are those of a shipped mapping: try it first, rto import FILE... --mapping {known}"
        )
    made.questions.extend(_questions(made) + _about_unused(made, beside.theirs))
    return made


def _made(
    names: list[str],
    written: tuple[File, list[FileLike]],
    beside: Found,
    looks: list[Look],
    orders: dict[str, Guess],
    told: dict[str, str],
) -> Draft:
    at = orders["placed_at"].look if "placed_at" in orders else None
    cod = None if "payment_method" in orders else _cod_amount(looks)
    country, told_by = country_of(orders)
    if (
        country != "IN" and "city" in orders and "district" not in orders
    ):  # no register knows its codes: the city is the place
        orders["district"] = replace(orders["city"], role="district")
    zone = zone_of(country)
    of_course = course(looks, {g.look.name for g in orders.values()}, at, told, beside.theirs)
    currency = currency_of(orders, country)
    units = units_of(orders, beside.theirs, currency)
    return Draft(
        names, *written, len(beside.main), orders, looks, of_course, cod, beside.pair, country, currency,
        several(beside.main.table, orders), units, beside.left_out, newest(looks, zone), told_by, _loud(beside),
    )  # fmt: skip


def _with_numbers(sheet: Sheet, orders: dict[str, Guess]) -> Sheet:
    """A sheet without its few rows that have no order number: titles and totals, to be dropped."""
    look = orders["order_id"].look if "order_id" in orders else None
    return sheet.taken(look.filled) if look is not None and look.n_blank <= _FEW_ROWS * look.n else sheet


def _refuse_strange(told: dict[str, str], looks: list[Look]) -> None:
    names = [look.name for look in looks]
    for role, name in told.items():
        if role not in HINTS:
            raise UsageError(
                "CLI008",
                "--column",
                got=f"{role}={name}",
                expected=f"one of {', '.join(HINTS)}",
                to_do="name one of these before the =, and the file's header after it",
            )
        if name not in names:
            raise UsageError("CLI008", f"--column {role}", got=f"{name!r}, which is no column of the files",
                             expected="a column's name as in the header",
                             to_do="a draft without it lists every column")  # fmt: skip


def _cod_amount(looks: list[Look]) -> Look | None:
    """Amounts to be collected: 0 or blank on some orders, more on others."""
    named = [k for k in looks if set(k.head.split()) & COLLECTED and k.dates is None and k.number_share > 0.95]
    return next((k for k in named if k.n_distinct > 2 and k.zero_share < 1), None)


def _loud(found: Found) -> list[str]:
    return [
        f"{sheet.file} IS LEFT OUT: it belongs to no other file ({found.nearest or 'two kinds were put together already'}). "
        "Name the numbers in [join] on, or leave the file away"
        for sheet in found.left_out
    ]


def _questions(made: Draft) -> list[str]:
    asked = []
    for role, what in (("order_id", "an order's number"), ("placed_at", "the time an order was placed")):
        if role not in made.orders:
            asked.append(f"no column could be {what}: name it in [orders], or draft again with --column {role}=HEADER")
    asked += _about_amount(made) + _about_outcomes(made)
    if made.country_by == PHONES_ALONE:
        asked.append(
            f"is the shop in {made.country}? Only the phones say so, and other countries have such numbers too: country, "
            "timezone and currency below follow from it"
        )
    if made.country is None:
        asked.append("in which country is the shop? It decides time zone, phones and PIN codes")
    if "currency" not in made.orders and made.currency is None:
        asked.append("in which currency are the amounts?")
    if "payment_method" not in made.orders and made.cod_amount is None:
        asked.append('no column tells COD from prepaid. If all orders are COD: payment_method = { constant = "cod" }')
    at = made.orders.get("placed_at")
    if at is not None and pa.types.is_integer(at.look.column.type) and at.look.dates is None:
        asked.append("the order's time is a number: microseconds since 1970 are expected")
    asked.append("when was the file exported? Set exported_at, or outcomes of young orders are taken to be known later")
    return asked


def _about_unused(made: Draft, theirs: frozenset[str]) -> list[str]:
    """A question about columns that tell something and serve nothing, where what scores are made of is missing."""
    missing = {role: what for role, what in _GOODS.items() if role not in made.orders}
    told = [k for k in made.looks if k.name not in made.used | theirs and k.n_distinct > 1 and k.dates is None]
    told = [k for k in told if k.n_blank < k.n / 2 and not counts_rows(k) and not is_late(k) and not is_status(k)]
    if not missing or not told:
        return []
    names = ", ".join(repr(k.name) for k in told[:_MOST_NAMED])
    where = f"is it in {names}? Each makes the risk more certain: --column {next(iter(missing))}=HEADER"
    return [f"nothing was found for {', '.join(missing.values())}: {where}"]


def _about_amount(made: Draft) -> list[str]:
    """A question where no column tells what an order is worth: with the columns of numbers that might."""
    if "amount_minor" in made.orders:
        return []
    dated = {k.name for k in made.looks if k.dates is not None}
    might = [k.name for k in made.looks if k.name not in made.used | dated and k.may_be_amount]
    where = f"is it one of {', '.join(map(repr, might[:_MOST_NAMED]))}?" if might else "is it in another file?"
    return [
        f"no column could be what an order is worth: {where} Name it in [orders], or draft again with "
        "--column amount_minor=HEADER. Without it nothing can be said about money, and the risk is told without the amount"
    ]


def _about_outcomes(made: Draft) -> list[str]:
    status = made.course.status
    if status is None:
        return ["no column tells what became of the orders: give the courier's report too, or add [[rules]] by hand"]
    asked = []
    if not made.course.says_end:
        asked.append(
            f"{status.name} says at most that parcels left, not which were delivered and which came back: how are outcomes "
            "told? Give the courier's report too, or name the column (tags, notes): --column status=HEADER"
        )
    elif not made.course.says_rto:
        asked.append("no status says that a parcel came back: nothing can be learned without RTO")
    if unknown := [s.value for s in made.course.statuses if s.news == "?"]:
        asked.append(
            f"statuses without a known word: {len(unknown)}. The import refuses their rows (DQ007) until there is a rule"
        )
    asked += [f"does {name!r} tell when the status was told? Only its place beside it says so; else outcomes would be "
              "taken to be known too early or too late" for name in sorted(made.course.guessed)]  # fmt: skip
    others = [k.name for k in made.looks if is_status(k) and k.name not in made.used]
    if others:
        asked.append(f"{status.name} is read as the status; {', '.join(others)} looks like one too")
    return asked
