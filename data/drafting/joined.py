"""[join] of a draft: which numbers tie two kinds of files together, and how each side writes them."""

from data.drafting.draft import Draft
from data.drafting.pairs import Pair
from data.drafting.toml import comment, listed, quoted

_PATTERNS = {"bare": "", "no zeros": "^[#']*0*(.+)", "digits": r"^\D*0*(.+)", "before": r"^\D*0*([^-_/ ]+)",
             "end": r"0*(\d{3,})\D*$"}  # fmt: skip
_EXAMPLES = 2
_NEARLY_ALL = 0.9


def join_of(made: Draft) -> str:
    """The table, or nothing where the files are of one kind."""
    pair = made.pair
    if pair is None:
        return ""
    left, right = pair.left.name, pair.right.name
    lines = [comment(f"# {pair.shared:.0%} of the numbers in {left!r} ({_some(pair.left.texts)}) stand in {right!r} of the "
                     f"other file ({_some(pair.right.texts)})")]  # fmt: skip
    lines += ["[join]", f"on = {{ {quoted(left)} = {quoted(right)} }}{_doubt(pair)}"]
    lines += _numbers(pair) + _which(pair)
    lines += [f"other_has = {listed(pair.mark)}"] if pair.mark else []
    lines += [f"prefix = {quoted(pair.prefix)}"] if pair.prefix else []
    return "\n".join(lines)


def _doubt(pair: Pair) -> str:
    """A question, where the pair is not plain: a wrong one gives orders the fates of others, at about the right rate."""
    told = [f"{1 - pair.shared:.0%} of the orders find no partner"] if pair.shared < _NEARLY_ALL else []
    told += ["only the digits are alike"] if pair.spelling in ("before", "end") else []
    return f" # ? {' and '.join(told)}: do both columns hold the order's number?" if told else ""


def _some(texts: object) -> str:
    return ", ".join(str(text)[:20] for text in list(texts)[:_EXAMPLES])  # type: ignore[call-overload]


def _numbers(pair: Pair) -> list[str]:
    """How a side writes the number, where it has more in it than the other."""
    sides = dict(zip((pair.left.name, pair.right.name), pair.strips, strict=True))
    rule = (
        '{ strip = "#\'" }'
        if pair.spelling == "bare"
        else f"{{ pattern = {quoted(_PATTERNS.get(pair.spelling, ''))} }}"
    )
    told = [f"{quoted(name)} = {rule}" for name, more in sides.items() if more]
    return [f"numbers = {{ {', '.join(told)} }} # so that both sides are alike"] if told else []


def _which(pair: Pair) -> list[str]:
    """Which of several rows of one number counts."""
    if not pair.n_more:
        return []
    told = f"# ? {pair.n_more:,} rows tell a number again (a second parcel, a later report)"
    if pair.by is None or pair.by.dates is None:
        return ['take = "all"', f"{told}: no column of times says which is the last, so each is news of the order"]
    formats = pair.by.dates.formats
    lines = ['take = "last"', f"by = {quoted(pair.by.name)} {told}: the last by this time counts"]
    return lines + ([f"formats = {listed(formats)}"] if formats != ["ISO8601"] else [])
