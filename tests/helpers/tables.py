"""Tables as text, and the short hand in which they tell news."""

import json
import re

from data.contract import DAY
from data.history import Told
from tests.helpers.histories import T0

_NEWS = re.compile(
    r"(?P<type>[a-z_]+)@(?P<happened>[\d.]+)(?:~(?P<known>[\d.]+))?(?:/(?P<reason>\w+))?(?:#(?P<id>\w+))?"
    r"(?:>(?P<about>[\w.]+))?(?:!(?P<source>\w+))?"
)


def table(text: str) -> list[dict[str, str]]:
    """Rows of a table written with `|`; a cell beyond the head row is a remark for the reader."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    head, *rows = lines
    assert all(len(head) <= len(row) <= len(head) + 1 for row in rows), rows
    return [dict(zip(head, row, strict=False)) for row in rows]


def edges(text: str) -> list[tuple[str, ...]]:
    """The cells of each row, without the remark, for `pytest.mark.parametrize`."""
    return [tuple(row.values()) for row in table(text)]


def day(number: float | str) -> int:
    """A moment so many days after the first, microseconds."""
    return T0 + round(float(number) * DAY)


def news(
    text: str, *, order_id: str = "o1", merchant_id: str = "m1", placed: float = 0, live: bool = False
) -> list[Told]:
    """News in short hand, days counted from T0; `placed` comes first by itself unless the text starts with `unplaced`.

    `delivered@5~7/refused#a!courier`: happened on day 5, known on day 7 (else at once), reason, event id, source.
    `correction@8>a` voids event a; `address_corrected@2>800001` brings a PIN code; `action_taken@1>prepaid_only`.
    """
    words = text.split()
    words = words[1:] if words[:1] == ["unplaced"] else [f"placed@{placed}", *words]
    told = []
    for i, word in enumerate(words):
        found = _NEWS.fullmatch(word)
        assert found, word
        happened = day(found["happened"])
        known = day(found["known"]) if found["known"] else happened
        event_id = found["id"] or f"{order_id}-{i}"
        details = _details(found["type"], found["about"])
        told.append(Told(merchant_id, order_id, found["source"] or "shop", event_id, found["type"], happened, known,
                         found["reason"], details, live))  # fmt: skip
    return told


def _details(kind: str, about: str | None) -> str | None:
    if about is None:
        return None
    if kind == "correction":
        return json.dumps({"voids": about})
    if kind == "action_taken":
        return json.dumps({"action": about})
    return json.dumps({"address": {"address": int(about), "pincode": about, "district": "D", "state": "S"}})
