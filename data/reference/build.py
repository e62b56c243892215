"""Cuts the shipped PIN register out of the published table. Run by hand when a newer extract is wanted."""

import csv
import gzip
import io
import math
from pathlib import Path

import pyarrow.parquet as pq

COLUMNS = ("pincode", "district", "state", "latitude", "longitude")


def build_register(source: Path, target: Path) -> int:
    """Write `target` (csv.gz, one line per PIN, sorted, same bytes for the same rows) from the Parquet `source`.

    Names are upper case with single spaces; a missing name or coordinate is an empty field. Coordinates are degrees
    with 5 decimals (about 1 m). Returns the number of PIN codes. Raises KeyError if `source` lacks a column.
    """
    rows = sorted(pq.read_table(source, columns=list(COLUMNS)).to_pylist(), key=lambda row: int(row["pincode"]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        names = (" ".join((row[column] or "").upper().split()) for column in ("district", "state"))
        writer.writerow([f"{int(row['pincode']):06d}", *names, _degrees(row["latitude"]), _degrees(row["longitude"])])
    # mtime=0: a file built twice from one source has one digest
    target.write_bytes(gzip.compress(text.getvalue().encode("utf-8"), compresslevel=9, mtime=0))
    return len(rows)


def _degrees(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.5f}"
