"""Which column is which: by the words of its header, held against what its cells look like."""

from dataclasses import dataclass

from data.contract import ORDER_COLUMNS
from data.drafting.look import Look
from data.drafting.statuses import news_of
from data.drafting.words import COD_WORDS, LATE_WORDS, ROLES, STATUS_HEADS, spoken

KINDS = {c.name: c.kind for c in ORDER_COLUMNS}
_LEAST = 0.5
_SPEAKING = ("placed_at", "phone", "email", "pincode", "payment_method")
_OTHER_THINGS = {
    "name": {"product", "item", "company", "seller", "store", "shop", "category", "file", "user", "warehouse", "vendor"},
    "amount_minor": {"gst", "tax", "cgst", "sgst", "igst", "weight", "discount", "shipping", "items", "quantity", "qty"},
    "channel": {"file"}, "order_id": {"date", "count", "channel"}, "city": {"pickup", "origin"}, "state": {"pickup", "origin"},
    "pincode": {"pickup", "origin", "warehouse", "seller"}, "line1": {"ip", "email", "pickup"},
}  # fmt: skip
"""Words beside a phrase that say it is about something else."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A column of the file for a column of the contract, and how sure that is, 0 to 1."""

    role: str
    look: Look
    confidence: float


def guesses(looks: list[Look]) -> dict[str, Guess]:
    """The best column for each role; each column serves one role, and none that is known late serves any."""
    statuses = {look.name for look in looks if is_status(look)}
    early = [look for look in looks if look.name not in statuses and not is_late(look) and look.n_blank < look.n]
    tried = sorted(
        (Guess(role, look, _confidence(role, look)) for role in ROLES for look in early),
        key=lambda g: -g.confidence,
    )
    chosen: dict[str, Guess] = {}
    used: set[str] = set()
    for guess in tried:
        if guess.confidence >= _LEAST and guess.role not in chosen and guess.look.name not in used:
            chosen[guess.role] = guess
            used.add(guess.look.name)
    return chosen


def is_late(look: Look) -> bool:
    """Does the header name something known only after the order was placed?"""
    words = set(look.words.split())
    return bool(words & LATE_WORDS) and not _whole_header(look.words, "placed_at") and not _payment(look)


def is_status(look: Look) -> bool:
    """Do the cells say what became of orders?"""
    if look.n_distinct > 200 or not look.n_distinct or look.number_share == 1 or look.dates is not None:
        return False
    told = sum(int(n) for cell, n in look.counts.items() if (news_of(str(cell)) or ("", ""))[0])
    share = told / max(1, look.n - look.n_blank)
    named = any(head in f" {look.words} ".strip() for head in STATUS_HEADS)
    return (
        share >= 0.5 if not named else share >= 0.05 or any(news_of(str(c)) is not None for c in look.counts.index[:20])
    )


def _whole_header(words: str, role: str) -> bool:
    return words in ROLES[role]


def _payment(look: Look) -> bool:
    cells = [spoken(str(cell)) for cell in look.counts.index[:50]]
    return look.n_distinct <= 50 and any(f" {word} " in f" {cell} " for cell in cells for word in COD_WORDS)


def _confidence(role: str, look: Look) -> float:
    phrases, words = ROLES[role], f" {look.words} "
    if set(look.words.split()) & _OTHER_THINGS.get(role, set()) and look.words not in phrases:
        return 0.0
    named = 0.0
    for place, phrase in enumerate(phrases):
        if words.strip() == phrase:
            named = max(named, 0.97 - 0.01 * place)
        elif f" {phrase} " in words:
            extra = len(words.split()) - len(phrase.split())
            named = max(named, 0.75 - 0.08 * extra - 0.01 * place)
    if not named and role not in _SPEAKING:
        return 0.0
    return max(0.0, min(0.99, _held_against(role, look, named)))


def _held_against(role: str, look: Look, named: float) -> float:
    """The confidence of a header after a look at its cells: they can contradict it, or speak for themselves."""
    match role:
        case "placed_at" | "promised_at":
            fits = look.dates is not None and look.dates.share > 0.9
            return named + 0.02 if fits and named else 0.3 if fits and role == "placed_at" else 0.0
        case "phone":
            return (
                max(named, 0.6)
                if look.phone_share > 0.6 and (named or look.pin_share < 0.5) and look.dates is None
                else 0.0
            )
        case "email":
            return max(named, 0.8) if look.email_share > 0.6 else 0.0
        case "pincode" | "origin_pincode":
            if look.pin_share > 0.8 and not named and role == "pincode":
                return 0.4
            return named if look.share(r"'?[A-Za-z0-9 -]{3,10}(?:\.0)?") > 0.8 and look.dates is None else 0.0
        case "payment_method":
            return max(named, 0.7) if _payment(look) else named * 0.6 if look.n_distinct <= 50 else 0.0
        case "order_id":
            return named if look.n_distinct > 1 and look.n_blank <= 0.2 * look.n and look.dates is None else 0.0
        case _ if KINDS[role] in ("money", "count"):
            return named if look.number_share > 0.95 and look.dates is None else 0.0
        case "currency":
            return named if look.share(r"[A-Za-z]{3}") == 1 else 0.0
        case "name" | "city" | "state" | "line1":
            return named if look.number_share < 0.5 and look.email_share < 0.5 else 0.0
    return named
