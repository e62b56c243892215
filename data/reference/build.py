"""Cuts the shipped tables out of the published ones. Run by hand when a newer extract is wanted."""

import csv
import gzip
import io
import math
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

COLUMNS = ("pincode", "district", "state", "latitude", "longitude")
ENGLISH_WORDS = Path(__file__).with_name("english_words.txt")
_ENGLISH_WEIGHT = 20  # one English address word is met as often as this many distinct village names
_OFFICE_MARKS = re.compile(r"\(.*?\)|\b(?:[sbh]\.?\s?o|g\.?p\.?o)\b\.?", re.IGNORECASE)


def build_register(source: Path, target: Path) -> int:
    """Write `target` (csv.gz, one line per PIN, sorted, same bytes for the same rows) from the Parquet `source`.

    Names are upper case with single spaces; a missing name or coordinate is an empty field. Coordinates are degrees
    with 5 decimals (about 1 m). Returns the number of PIN codes. Raises KeyError if `source` lacks a column.
    """
    rows = sorted(pq.read_table(source, columns=list(COLUMNS)).to_pylist(), key=lambda row: int(row["pincode"]))
    lines = []
    for row in rows:
        names = (_plain(row[column]) for column in ("district", "state"))
        lines.append([f"{int(row['pincode']):06d}", *names, _degrees(row["latitude"]), _degrees(row["longitude"])])
    return _write(target, [list(COLUMNS), *lines])


def build_towns(offices: Path, target: Path) -> int:
    """Write the towns of each district (csv.gz) from the Parquet list of post offices: head and sub offices only.

    A branch office stands in a village, a head or sub office in a place that people write as their city. A town is
    its letters alone, in lower case. Returns the number of (town, district) pairs.
    """
    columns = ["office_name", "office_type", "district", "state"]
    told = pq.read_table(offices, columns=columns).to_pylist()
    towns = {
        (_letters(_OFFICE_MARKS.sub(" ", row["office_name"])), _plain(row["district"]), _plain(row["state"]))
        for row in told
        if row["office_type"] in ("HO", "PO") and row["office_name"] and row["district"]
    }
    lines = [list(town) for town in sorted(towns) if len(town[0]) >= 3]
    return _write(target, [["town", "district", "state"], *lines])


def build_letter_pairs(offices: Path, target: Path) -> int:
    """Write how often one letter follows another (csv) in the distinct words of post offices and districts.

    `_` is the edge of a word. English words of addresses (`english_words.txt`, written for this) count 20 times.
    Returns the number of distinct words of 4 letters and more counted.
    """
    told = pq.read_table(offices, columns=["office_name", "district"])
    words = {
        word
        for column in told.columns
        for name in column.to_pylist()
        for word in re.findall("[a-z]{4,}", (name or "").lower())
    }
    pairs = _pairs(words, 1) + _pairs(ENGLISH_WORDS.read_text(encoding="utf-8").split(), _ENGLISH_WEIGHT)
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("pair", "count"), *sorted(pairs.items())])
    return len(words)


def _pairs(words: Iterable[str], weight: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for word in words:
        edged = f"_{word}_"
        for i in range(len(edged) - 1):
            counts[edged[i : i + 2]] += weight
    return counts


def _write(target: Path, lines: list[list[str]]) -> int:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    # mtime=0: a file built twice from one source has one digest
    target.write_bytes(gzip.compress(text.getvalue().encode("utf-8"), compresslevel=9, mtime=0))
    return len(lines) - 1


def _plain(name: str | None) -> str:
    return " ".join((name or "").upper().split())


def _letters(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalpha())


def _degrees(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.5f}"
