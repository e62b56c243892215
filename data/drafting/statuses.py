"""What a status stands for, by its words; and which column tells when."""

from dataclasses import dataclass

from data.contract import NewsType
from data.drafting.look import Look
from data.drafting.status_words import (
    AMBIGUOUS_RETURN,
    ATTEMPT,
    CODES,
    LEFT,
    OPEN,
    PAID_STATES,
    REASONS,
    RETURN_BEGUN,
    SENT,
    STATUSES,
)
from data.drafting.words import spoken

_HEADS_OF_TIMES = {
    "rto_started": ("rto-initiated", "rto", "returned", "return", "devuelto", "مرتجع", "rts", "devolucion", "retur"),
    "rto_received": ("rto-delivered", "rto-received", "rto", "returned", "rts", "return"),
    "delivered": (
        "delivered",
        "delivery",
        "entrega",
        "entregado",
        "تسليم",
        "livraison",
        "dlv",
        "del date",
        "pod date",
        "diterima",
    ),
    "cancelled": ("cancelled", "canceled", "cancel", "cancelado"),
    "lost": ("lost",),
}
_ANY_CLOSE = ("closed", "completed", "last update", "status date", "updated", "modified", "fecha estado", "last status",
              "status dt", "status time", "last scan", "scan date", "event date", "final date", "close date", "closure",
              "ultima actualizacion", "fecha ultimo estado", "fecha de ultimo estado", "fecha de estado",
              "data do status", "tanggal status", "tgl status",
              "actualizado", "اخر تحديث", "terakhir", "mise a jour")  # fmt: skip


_LONGEST_PLACE_CODE = 2
_NEARLY_ALL = 0.9

Known = tuple[str, str] | None
"""News and the phrase that told it."""
BEGUN = "return begun"
DISPATCHED = NewsType.DISPATCHED.name.lower()
UNKNOWN = "?"
"""In place of news: nobody but a person can say what became of such orders."""


@dataclass(frozen=True, slots=True)
class Status:
    """One value of the status column. news: "" while the order is open, UNKNOWN for words never seen.

    doubt: what a person should settle.
    """

    value: str
    n_rows: int
    news: str
    doubt: str = ""


def news_of(value: str) -> tuple[str, str] | None:
    """(news, phrase) that a courier's code or the words of a status stand for, or None if none is known."""
    bare = spoken(value)
    if bare in CODES:
        return CODES[bare], bare
    text = f" {bare} "
    return next(((news, p) for news, phrases in STATUSES for p in phrases if f" {p} " in text), None)


def fate_share(look: Look) -> float:
    """Share of the filled rows whose words say what became of an order. A code alone says nothing: DL, RI and OH are
    states too, and `New` of a longer name is a part of New Delhi.
    """
    told = sum(int(n) for cell, n in look.counts.items() if _speaks_of_fate(spoken(str(cell))))
    return told / max(1, look.n - look.n_blank)


def _speaks_of_fate(bare: str) -> bool:
    found = news_of(bare) if bare not in CODES or len(bare) > _LONGEST_PLACE_CODE else None
    return found is not None and (found[0] != OPEN or found[1] == bare)


def tells_paying(look: Look) -> bool:
    """Do the cells say only whether an order is paid, as Shopify's Financial Status does?"""
    cells = {spoken(str(cell)) for cell in look.counts.index[:50]}
    return "paid" in cells and cells <= PAID_STATES


def statuses_of(look: Look) -> list[Status]:
    """Every value of a status column with its guessed news, the commonest first."""
    told = [(str(v), int(n), news_of(str(v))) for v, n in look.counts.items()]
    says_rto = any(found and found[0].startswith("rto") for _, _, found in told)
    told = [(v, n, _begun(v, known, told)) for v, n, known in told]
    ends = says_rto or any(found and found[0] == "delivered" for _, _, found in told)
    found = [_status(value, n, known, says_rto, ends) for value, n, known in told]
    if look.n_blank:
        found.append(Status("", look.n_blank, "", "blank cells: are these orders still open?"))
    return found


def _begun(value: str, known: Known, told: list[tuple[str, int, Known]]) -> Known:
    """A return that is only begun, where every RTO of the column is a return to the shop in as many words: it is one too."""
    back = [spoken(v).split() for v, _, found in told if found and found[0].startswith("rto")]
    begun = known is not None and known[0] == AMBIGUOUS_RETURN and set(spoken(value).split()) & RETURN_BEGUN
    return ("rto_started", BEGUN) if begun and back and all("returned" in words for words in back) else known


def _status(value: str, n: int, known: tuple[str, str] | None, says_rto: bool, ends: bool) -> Status:
    if known is None:
        return Status(value, n, UNKNOWN, "no word of it is known. What became of these orders?")
    news, phrase = known
    if phrase in SENT and not ends:
        return Status(value, n, news, "sent off is not delivered: taken as under way, without an outcome")
    if news == AMBIGUOUS_RETURN:
        if says_rto:
            return Status(value, n, "returned", "taken as sent back by the buyer AFTER delivery (no RTO)")
        return Status(
            value, n, "rto_started", "RTO (never delivered), or sent back by the buyer after delivery? Taken as RTO"
        )
    if phrase == BEGUN:
        return Status(
            value, n, news, "the courier's way back to the shop, or begun by the buyer after delivery? Taken as RTO"
        )
    if news == OPEN and phrase in LEFT:
        return Status(value, n, DISPATCHED)
    if news == ATTEMPT:
        return Status(value, n, news, "a failed attempt, the order still open? If these parcels came back: rto_started")
    return Status(value, n, news)


def reason_of(cell: str) -> str | None:
    """The contract's word for why a delivery failed, or None if no word of a cell is known."""
    text = f" {spoken(cell)} "
    return next((reason for reason, phrases in REASONS for p in phrases if f" {p} " in text), None)


def time_column(news: str, status: Look, dated: list[Look]) -> Look | None:
    """The column that tells when such news happened: named for it, or for any change, and filled on nearly all its rows.

    dated: the columns of times that may tell it.
    """
    wanted = _rows_that_tell(news, status)
    for head in (*_HEADS_OF_TIMES.get(news, ()), *_ANY_CLOSE):
        for look in dated:
            if look.name == status.name or spoken(head) not in look.words or not wanted:
                continue
            if look.filled[wanted].mean() > _NEARLY_ALL:
                return look
    return None


def time_beside(news: str, status: Look, looks: list[Look], dated: list[Look]) -> Look | None:
    """Without a header that says so: the times that stand next to the status in the file, or in the same nested object.

    looks: all columns in the order of the file.
    """
    names = [look.name for look in looks]
    here, parent = names.index(status.name), status.name.rpartition(".")[0]
    near = [k for k in dated if (parent and k.name.startswith(f"{parent}.")) or abs(names.index(k.name) - here) == 1]
    wanted = _rows_that_tell(news, status)
    able = [look for look in near if wanted and look.filled[wanted].mean() > _NEARLY_ALL]
    return max(able, key=lambda look: look.middle, default=None)


def _rows_that_tell(news: str, status: Look) -> list[int]:
    """Rows whose status stands for such news."""
    rows = [str(cell) if cell is not None else "" for cell in status.column.to_pylist()]
    known = {value: news_of(value) or ("", "") for value in set(rows)}
    left = {value: news == DISPATCHED and own[0] == OPEN and own[1] in LEFT for value, own in known.items()}
    told = {value: left[value] or own[0] in (news, AMBIGUOUS_RETURN) for value, own in known.items()}
    return [i for i, cell in enumerate(rows) if cell and told[cell]]
