"""What the online state was built from, each time: so that a decision can be told which imports it saw."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from data.keeping.database import BUILT_FROM, Connection, get_meta, scalar, set_meta
from data.keeping.journal import LIVE, last_seq

_BUILDS = "builds"
_MOST = 500


@dataclass(frozen=True, slots=True)
class Build:
    """One rebuild. through: the newest sequence number when it ended; decisions of the state it made carry that or a
    later one.  segments: names of the imports it folded."""

    through: int
    segments: tuple[str, ...]


def write_down(connection: Connection, segments: Sequence[str]) -> None:
    """The state was built anew. Call within the transaction that did it."""
    kept = [[one.through, list(one.segments)] for one in _written(connection)]
    set_meta(connection, _BUILDS, json.dumps([*kept, [last_seq(connection), list(segments)]][-_MOST:]))


def builds(connection: Connection) -> list[Build]:
    """Every rebuild that was written down, oldest first; of a database that wrote none down, the last one."""
    if found := _written(connection):
        return found
    names = get_meta(connection, BUILT_FROM)
    if names is None:
        return []
    through = scalar(connection, "SELECT COALESCE(MAX(seq), 0) FROM news WHERE origin <> ?", (LIVE,))
    return [Build(int(through), tuple(filter(None, names.split(","))))]


def _written(connection: Connection) -> list[Build]:
    return [Build(int(at), tuple(names)) for at, names in json.loads(get_meta(connection, _BUILDS) or "[]")]
