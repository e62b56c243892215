"""Small files imported into a pool of their own."""

import gzip
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data import segments
from data.arrival import Desk
from data.errors import DataError
from data.files.mapping import Mapping, load_mapping
from data.history import History, Told
from data.imports.additions import new_news, new_orders
from data.ingest import Imported, Options, ingest
from data.keeping import journal
from data.keeping.database import immediate, open_database
from data.news import told_of
from data.places import load_register
from data.pool import Pool
from tests.helpers.histories import rows_of

NATIVE_HEAD = "order_id,merchant_id,placed_at,amount_minor"
NEWS_HEAD = "event_id,order_id,merchant_id,type,happened_at,known_at,reason,source,details"


@dataclass
class Shop:
    """A pool in a folder, and files put beside it."""

    folder: Path
    pool: Pool = field(init=False)

    def __post_init__(self) -> None:
        self.pool = Pool(self.folder / "home", "shop")

    def file(self, name: str, content: str | bytes) -> Path:
        """Write a file; `.gz` is packed; text gets no BOM."""
        path = self.folder / "files" / name
        path.parent.mkdir(exist_ok=True)
        raw = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    def read(self, mapping: Mapping | str, *paths: Path, **options: Any) -> Imported:
        """Import without keeping; pseudonyms are kept, as in an import."""
        known = load_mapping(mapping) if isinstance(mapping, str) else mapping
        connection = open_database(self.pool.database)
        try:
            with immediate(connection):
                desk = Desk(self.pool.token_key(), lambda k, t: journal.assign_pseudonyms(connection, k, t),
                            load_register())  # fmt: skip
                return ingest(list(paths), known, desk, Options(**options), lambda *step: None)
        finally:
            connection.close()

    def keep(self, mapping: Mapping | str, *paths: Path, **options: Any) -> Imported:
        """Import and write what is new as a segment."""
        imported = self.read(mapping, *paths, **options)
        imported.orders = new_orders(self.pool, imported.orders)
        imported.news = new_news(self.pool, imported.news)
        if len(imported.orders["order_id"]) or len(imported.news):
            with segments.writing(self.pool) as draft:
                segments.write_segment(draft, imported, {"contract": 1, "exported_at": imported.exported_at})
        return imported

    def history(self) -> History:
        return segments.load_history(self.pool)


def mapping_of(text: str, **more: Any) -> Mapping:
    """A mapping written in a test."""
    return Mapping(**{"name": "mine", "merchant_id": "m1", **more, **tomllib.loads(text)})


def refusal(shop: Shop, mapping: Mapping | str, *paths: Path, **options: Any) -> DataError:
    """The error that an import ends with."""
    try:
        shop.read(mapping, *paths, **options)
    except DataError as error:
        return error
    raise AssertionError("nothing was refused")


def row(imported: Imported, order_id: str) -> dict[str, Any]:
    """Kept columns of one order."""
    [found] = [r for r in rows_of(imported.orders) if r["order_id"] == order_id]
    return found


def said(imported: Imported, order_id: str) -> list[Told]:
    """News of one order without `placed`, by known_at."""
    return sorted(
        (t for t in told_of(imported.news) if t.order_id == order_id and t.type != "placed"), key=lambda t: t.known_at
    )
