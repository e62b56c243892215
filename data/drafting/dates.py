"""How a column writes its times: every known way tried on every cell, and doubt about day and month said aloud."""

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.files.moments import EPOCH_MS, EPOCH_S

_DAYS = (
    "%d{s}%m{s}%Y", "%d{s}%m{s}%y", "%m{s}%d{s}%Y", "%m{s}%d{s}%y", "%Y{s}%m{s}%d",
    "%d{s}%b{s}%Y", "%d{s}%b{s}%y", "%d{s}%B{s}%Y", "%b{s}%d,{s}%Y", "%B{s}%d,{s}%Y",
    "%b{s}%d{s}%Y", "%B{s}%d{s}%Y", "%Y{s}%b{s}%d", "%y{s}%m{s}%d",
)  # fmt: skip
_HOURS = (
    "",
    "%H:%M",
    "%H:%M:%S",
    "%I:%M %p",
    "%I:%M:%S %p",
    "%H:%M:%S %z",
    "%H:%M %z",
    "%H:%M:%S.%f",
    "%I:%M%p",
    "%I:%M:%S%p",
    "%H:%M:%S GMT%z",
    "%H.%M",
)
_JOINTS = (" ", ", ", " - ", "T")
_COMPACT = {
    8: ("%Y%m%d", "%d%m%Y"), 12: ("%Y%m%d%H%M", "%d%m%Y%H%M"), 14: ("%Y%m%d%H%M%S", "%d%m%Y%H%M%S"),
}  # fmt: skip
_COMPACT_LOOKS = re.compile(r"(?:(?:19|20)\d{6}|\d{4}(?:19|20)\d\d)(?:[ T_-]?\d\d:?\d\d(?::?\d\d)?)?")
_EPOCH_LOOKS = re.compile(r"1[0-9]\d{8}(?:\d{3})?(?:\.0+)?")
_EPOCH_YEARS = (2005, 2045)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?)?")
_LOOKS = re.compile(
    r"[A-Za-z]{3,9},? \d{1,2}\D.*|\d{1,4}\D{1,3}(?:\d{1,2}|[A-Za-z]{3,9})\D{1,3}\d{1,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}"
)
_WHOLE_TIMES = ("ISO8601", EPOCH_S, EPOCH_MS)
_MOST_SECONDS = 5_000_000_000
_SHAPED_TRIES = 20
_GLANCE = 500


@dataclass(frozen=True, slots=True)
class Dates:
    """How times are written. share: of the cells that fit one of `formats`.  doubt: what a person must settle."""

    formats: list[str]
    date_only: bool
    share: float
    doubt: str = ""


def dates_of(cells: "pd.Series[Any]") -> Dates | None:
    """The formats of distinct cells of text, or None if most are no times."""
    texts = cells.dropna().astype("string").str.strip()
    glance = texts.head(_GLANCE)
    if not len(texts):
        return None
    if glance.str.fullmatch(_EPOCH_LOOKS).mean() > 0.95:
        return _epoch(glance)
    if (glance.str.match(_LOOKS) | glance.str.fullmatch(_COMPACT_LOOKS)).mean() < 0.6:
        return None
    fits = {layout: texts[found] for layout, found in _fitting(texts).items()}
    if not fits:
        return None
    days_first, months_first = _families(fits)
    n_read, formats = max(days_first, months_first, key=lambda family: family[0])
    doubt = ""
    if days_first[0] == months_first[0] and days_first[1] != months_first[1]:
        doubt = "day or month first? every cell fits both: days are taken to come first"
    date_only = all("%H" not in f and "%I" not in f and f not in _WHOLE_TIMES for f in formats) or (
        formats == ["ISO8601"] and not texts.str.contains(r"\d[T ]\d\d:", regex=True).any()
    )
    return Dates(formats, date_only, n_read / len(texts), doubt)


def _epoch(texts: "pd.Series[Any]") -> Dates | None:
    """Seconds or thousandths since 1970, where all lie in years of a shop's history: an order number seldom does."""
    numbers = pd.to_numeric(texts, errors="coerce")
    layout = EPOCH_MS if numbers.max() > _MOST_SECONDS else EPOCH_S
    years = pd.to_datetime(numbers, unit="ms" if layout == EPOCH_MS else "s", errors="coerce").dt.year
    fits = years.between(*_EPOCH_YEARS)
    return Dates([layout], False, float(fits.mean()), "is it a time, in UTC?") if fits.all() else None


def _fitting(texts: "pd.Series[Any]") -> dict[str, Any]:
    """Format -> which cells it reads. Only formats that read a cell of a shape are tried on all cells of the shape."""
    found: dict[str, Any] = {}
    iso = texts.str.fullmatch(_ISO).fillna(False).astype(bool)
    if iso.any():
        found["ISO8601"] = iso
    shapes = texts.str.replace(r"\d", "9", regex=True).str.replace(r"[A-Za-z]+", "a", regex=True)
    for shape in shapes[~iso].unique():
        of_shape = shapes == shape
        some = texts[of_shape].sample(min(_SHAPED_TRIES, int(of_shape.sum())), random_state=0)
        for layout in _layouts(str(some.iloc[0])):
            if _read(some, layout).any():
                seen = found.setdefault(layout, pd.Series(False, index=texts.index))
                seen |= of_shape & _read(texts.where(of_shape), layout)
    return found


def _layouts(sample: str) -> list[str]:
    if _COMPACT_LOOKS.fullmatch(sample):
        return _compact_layouts(sample)
    weekday = re.match(r"([A-Za-z]{3,9})(,? )(?=\d|[A-Za-z])", sample)
    before = (
        "" if weekday is None or not _is_weekday(weekday[1]) else ("%a" if len(weekday[1]) == 3 else "%A") + weekday[2]
    )
    separators = [s for s in "/-. " if s in sample]
    with_hours = ":" in sample
    hours = [h for h in _HOURS if bool(h) == with_hours]
    joints = [j for j in _JOINTS if j in sample] if with_hours else [""]
    days = [d.format(s=s) for d in _DAYS for s in separators]
    return [f"{before}{d}{j}{h}" if h else before + d for d in dict.fromkeys(days) for j in joints for h in hours]


def _is_weekday(word: str) -> bool:
    return word[:3].casefold() in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _compact_layouts(sample: str) -> list[str]:
    """Formats of a time written in digits alone, or with one sign between day and hour."""
    digits = re.sub(r"\D", "", sample)
    joint = re.sub(r"[\d:]", "", sample)
    made = []
    for layout in _COMPACT.get(len(digits), ()):
        day, hour = layout[:6], layout[6:]
        made.append(
            day + joint + (":".join(hour[i : i + 2] for i in range(0, len(hour), 2)) if ":" in sample else hour)
        )
    return made


def _read(texts: "pd.Series[Any]", layout: str) -> Any:
    return pd.to_datetime(texts, format=layout, errors="coerce", utc=True).notna()


def _families(fits: dict[str, Any]) -> list[tuple[int, list[str]]]:
    """(cells read, formats) with days first, and with months first; formats that leave no doubt count for both."""
    plain = {f for f in fits if f == "ISO8601" or f.startswith("%Y") or "%b" in f.lower() or "%a" in f.lower()}
    families = []
    for start in ("%d", "%m"):
        own = [f for f in fits if f in plain or (f.startswith(start) and "%b" not in f.lower())]
        covered: set[Any] = set()
        chosen = []
        for layout in sorted(own, key=lambda f: -len(fits[f])):
            if set(fits[layout].index) - covered:
                covered |= set(fits[layout].index)
                chosen.append(layout)
        families.append((len(covered), chosen))
    return families


def read_times(column: Any, formats: list[str]) -> "pd.Series[Any]":
    """(n,) times of a column by the first format that reads each cell, zones put aside; NaT where none does."""
    cells = column.to_pandas()
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return pd.Series(cells.dt.tz_localize(None) if cells.dt.tz is not None else cells)
    if pd.api.types.is_float_dtype(cells.dtype):
        cells = cells.astype("Int64")  # 20250705.0 is a day written in digits
    found = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
    for layout in formats:
        todo = found.isna() & cells.notna()
        if layout in (EPOCH_S, EPOCH_MS):
            numbers = pd.to_numeric(cells[todo], errors="coerce")
            read = pd.to_datetime(numbers, unit="s" if layout == EPOCH_S else "ms", errors="coerce", utc=True)
        else:
            read = pd.to_datetime(cells[todo].astype("string").str.strip(), format=layout, errors="coerce", utc=True)
        found.loc[todo] = read.dt.tz_localize(None).dt.as_unit("us")
    return found
