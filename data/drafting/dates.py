"""How a column writes its times: every known way tried on every cell, and doubt about day and month said aloud."""

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

_DAYS = (
    "%d{s}%m{s}%Y", "%d{s}%m{s}%y", "%m{s}%d{s}%Y", "%m{s}%d{s}%y", "%Y{s}%m{s}%d",
    "%d{s}%b{s}%Y", "%d{s}%b{s}%y", "%d{s}%B{s}%Y", "%b{s}%d,{s}%Y", "%B{s}%d,{s}%Y",
)  # fmt: skip
_HOURS = ("", "%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S %z", "%H:%M %z", "%H:%M:%S.%f")
_JOINTS = (" ", ", ", " - ", "T")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?)?")
_LOOKS = re.compile(r"\d{1,4}\D{1,3}(?:\d{1,2}|[A-Za-z]{3,9})\D{1,3}\d{1,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}")
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
    if not len(texts) or texts.head(_GLANCE).str.match(_LOOKS).mean() < 0.6:
        return None
    fits = {layout: texts[found] for layout, found in _fitting(texts).items()}
    if not fits:
        return None
    days_first, months_first = _families(fits)
    n_read, formats = max(days_first, months_first, key=lambda family: family[0])
    doubt = ""
    if days_first[0] == months_first[0] and days_first[1] != months_first[1]:
        doubt = "day or month first? every cell fits both: days are taken to come first"
    date_only = all("%H" not in f and "%I" not in f and f != "ISO8601" for f in formats) or (
        formats == ["ISO8601"] and not texts.str.contains(r"\d[T ]\d\d:", regex=True).any()
    )
    return Dates(formats, date_only, n_read / len(texts), doubt)


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
    separators = [s for s in "/-. " if s in sample]
    hours = [h for h in _HOURS if bool(h) == (":" in sample)]
    joints = [j for j in _JOINTS if j in sample] if ":" in sample else [""]
    days = [d.format(s=s) for d in _DAYS for s in separators]
    return [f"{d}{j}{h}" if h else d for d in dict.fromkeys(days) for j in joints for h in hours]


def _read(texts: "pd.Series[Any]", layout: str) -> Any:
    return pd.to_datetime(texts, format=layout, errors="coerce", utc=True).notna()


def _families(fits: dict[str, Any]) -> list[tuple[int, list[str]]]:
    """(cells read, formats) with days first, and with months first; formats that leave no doubt count for both."""
    plain = {f for f in fits if f == "ISO8601" or f.startswith("%Y") or "%b" in f.lower()}
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
    found = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
    for layout in formats:
        todo = found.isna() & cells.notna()
        read = pd.to_datetime(cells[todo].astype("string"), format=layout, errors="coerce", utc=True)
        found.loc[todo] = read.dt.tz_localize(None).dt.as_unit("us")
    return found
