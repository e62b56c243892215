"""Every column that a draft did not use, with what it could be: a person finds in it what the draft missed."""

from data.drafting.columns import could_be, is_late, is_status
from data.drafting.draft import Draft
from data.drafting.look import Look, looks_of
from data.drafting.toml import comment


def columns_table(made: Draft) -> str:
    """The columns left, and all columns of the files left out, as comments."""
    parts = []
    left = [look for look in made.looks if look.name not in made.used]
    if left:
        head = "# Left out. Map none that is known only later, or that the export changes once the outcome is known:"
        parts.append("\n".join([head, *map(_line, left)]))
    for sheet in made.left_out:
        head = comment(f"# LEFT OUT, the whole file {sheet.file}: {len(sheet):,} rows with these columns:")
        parts.append("\n".join([head, *map(_line, looks_of(sheet))]))
    return "\n\n".join(parts)


def _line(look: Look) -> str:
    blank = f"; {look.n_blank / look.n:.0%} blank" if 0 < look.n_blank < look.n else ""
    return f"#   {comment(f'{look.name}: {_about(look)}; {look.examples()}{blank}')}"


def _about(look: Look) -> str:
    if look.n_blank == look.n:
        return "no role found"
    told = ["known later"] if is_late(look) else []
    told += ["statuses"] if is_status(look) else []
    told += [f"times as {' or '.join(look.dates.formats)}"] if look.dates is not None else []
    could = [role for role in could_be(look) if not is_late(look)]
    told += [f"could be {' or '.join(could)}"] if could else []
    if look.n_distinct == look.n - look.n_blank and look.dates is None and not look.personal:
        told.append("another on each row")
    return ", ".join(told) or "no role found"
