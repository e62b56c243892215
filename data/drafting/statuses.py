"""What a status stands for, by its words; and which column tells when."""

from dataclasses import dataclass

import pyarrow.compute as pc

from data.drafting.look import Look
from data.drafting.words import AMBIGUOUS_RETURN, ATTEMPT, STATUSES, spoken

_HEADS_OF_TIMES = {
    "rto_started": ("rto-initiated", "rto", "returned", "return", "devuelto", "مرتجع"),
    "rto_received": ("rto-delivered", "rto-received", "rto", "returned"),
    "delivered": ("delivered", "delivery", "entrega", "entregado", "تسليم", "livraison"),
    "cancelled": ("cancelled", "canceled", "cancel", "cancelado"),
    "lost": ("lost",),
}
_ANY_CLOSE = ("closed", "completed", "last update", "status date", "updated", "modified", "fecha estado", "last status",
              "ultima actualizacion", "actualizado", "اخر تحديث", "terakhir", "mise a jour")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Status:
    """One value of the status column. news: "" while the order is open.  doubt: what a person should settle."""

    value: str
    n_rows: int
    news: str
    doubt: str = ""


def news_of(value: str) -> tuple[str, str] | None:
    """(news, phrase) that the words of a status stand for, or None if no word is known."""
    text = f" {spoken(value)} "
    return next(((news, p) for news, phrases in STATUSES for p in phrases if f" {p} " in text), None)


def statuses_of(look: Look) -> list[Status]:
    """Every value of a status column with its guessed news, the commonest first."""
    told = [(str(v), int(n), news_of(str(v))) for v, n in look.counts.items()]
    says_rto = any(found and found[0].startswith("rto") for _, _, found in told)
    found = [_status(value, n, known, says_rto) for value, n, known in told]
    if look.n_blank:
        found.append(Status("", look.n_blank, "", "blank cells: taken as still open"))
    return found


def _status(value: str, n: int, known: tuple[str, str] | None, says_rto: bool) -> Status:
    if known is None:
        return Status(value, n, "", "no word of it is known: taken as still open. What became of these orders?")
    news, _ = known
    if news == AMBIGUOUS_RETURN:
        if says_rto:
            return Status(value, n, "returned", "taken as sent back by the buyer AFTER delivery (no RTO)")
        return Status(
            value, n, "rto_started", "RTO (never delivered), or sent back by the buyer after delivery? Taken as RTO"
        )
    if news == ATTEMPT:
        return Status(value, n, news, "a failed attempt, the order still open? If these parcels came back: rto_started")
    return Status(value, n, news)


def time_column(news: str, at: str, status: Look, looks: list[Look]) -> Look | None:
    """The column that tells when such news happened: filled on nearly all its rows. at: the column of placed_at."""
    heads = (*_HEADS_OF_TIMES.get(news, ()), *_ANY_CLOSE)
    rows = [str(cell) if cell is not None else "" for cell in status.column.to_pylist()]
    wanted = [i for i, cell in enumerate(rows) if cell and (news_of(cell) or ("", ""))[0] in (news, AMBIGUOUS_RETURN)]
    for head in heads:
        for look in looks:
            if (
                look.name in (at, status.name)
                or spoken(head) not in look.words
                or look.dates is None
                or look.dates.share < 0.95
            ):
                continue
            filled = pc.is_valid(look.column).to_numpy(zero_copy_only=False)
            if wanted and filled[wanted].mean() > 0.9:
                return look
    return None
