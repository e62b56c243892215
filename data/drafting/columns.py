"""Which column is which: by the words of its header, held against what its cells look like."""

from dataclasses import dataclass, replace

from data.drafting.likeness import confidence, tells_payment
from data.drafting.look import Look
from data.drafting.numbered import counts_rows
from data.drafting.status_words import LATE_WORDS, STATUS_HEADS
from data.drafting.statuses import UNKNOWN, fate_share, news_of, tells_paying
from data.drafting.words import ROLES, ROW_NUMBERS, headed

_LEAST = 0.5
_NEAR = 0.2
_LESS_BESIDE = 0.15
_MOST_STATUSES = 200
_LEAST_FATES = 0.1


@dataclass(frozen=True, slots=True)
class Guess:
    """A column of the file for a column of the contract, and how sure that is, 0 to 1.

    doubt: what a person should settle, beyond a low confidence.
    """

    role: str
    look: Look
    confidence: float
    doubt: str = ""


def guesses(
    looks: list[Look], told: dict[str, str] | None = None, theirs: frozenset[str] = frozenset()
) -> dict[str, Guess]:
    """The best column for each role; each column serves one role, and none that is known late serves any.

    told: column of the contract -> header that a person named for it; it goes before every guess.  theirs: columns that
    came from a file beside the orders' own: a courier repeats some of an order, and knows little else of it.
    """
    by_name = {look.name: look for look in looks}
    chosen = {role: Guess(role, by_name[name], 1.0) for role, name in (told or {}).items() if role in ROLES}
    used = {guess.look.name for guess in chosen.values()} | set((told or {}).values())
    statuses = {look.name for look in looks if is_status(look)}
    early = [k for k in looks if k.name not in statuses | used and not is_late(k) and k.n_blank < k.n]
    tried = [guess for look in early for guess in _served(look)]
    tried = [_of_the_other(g) if g.look.name in theirs else g for g in tried]
    tried = [g for g in tried if g.role != "merchant_id" or g.look.name not in theirs]  # not every order has a parcel
    tried.sort(key=lambda g: -g.confidence)
    for guess in tried:
        if guess.confidence >= _LEAST and guess.role not in chosen and guess.look.name not in used:
            chosen[guess.role] = guess
            used.add(guess.look.name)
    for role, best in (("placed_at", _any_time), ("order_id", _any_number)):
        free = [k for k in looks if k.name not in used]
        if role not in chosen and (found := best([k for k in free if k.name not in theirs] or free)) is not None:
            chosen[role] = found
            used.add(found.look.name)
    return chosen


def _of_the_other(guess: Guess) -> Guess:
    """A guess from the file beside: what it collects is not what an order is worth, and it books orders late."""
    asked = guess.role in ("placed_at", "amount_minor")
    doubt = "of the file beside: does the orders' own file not tell it? --column names it" if asked else ""
    return replace(guess, confidence=guess.confidence - _LESS_BESIDE, doubt=doubt)


def _served(look: Look) -> list[Guess]:
    """What a column could be. A header speaks for what it names best: roles far behind are none."""
    found = [Guess(role, look, confidence(role, look)) for role in ROLES]
    top = max(guess.confidence for guess in found)
    return [guess for guess in found if guess.confidence and guess.confidence >= top - _NEAR]


def could_be(look: Look) -> list[str]:
    """Roles that a column nobody chose might have, the likeliest first."""
    return [g.role for g in sorted(_served(look), key=lambda g: -g.confidence)][:2]


def _any_time(looks: list[Look]) -> Guess | None:
    """With no header that says so, the column of times that lies before the others: orders come first."""
    dated = [look for look in looks if look.dates is not None and look.n_blank < look.n]
    if not dated:
        return None
    first = min(dated, key=lambda look: (look.n_blank > 0.2 * look.n, is_late(look), look.middle))
    return Guess("placed_at", first, 0.3, "no header names the time an order was placed: is it this one?")


def _any_number(looks: list[Look]) -> Guess | None:
    """With no header that says so: a courier's own number, else cells that look like numbers of rows or of blocks."""
    able = [look for look in looks if _can_number(look)]
    able = [look for look in able if not counts_rows(look)] or able
    named = [
        look for look in able if look.head in ROW_NUMBERS or any(f" {n} " in f" {look.head} " for n in ROW_NUMBERS)
    ]
    if named:
        best = max(named, key=lambda look: (look.head in ROW_NUMBERS, look.n_distinct))
        return Guess(
            "order_id", best, 0.65, "the courier's own number stands for the order: is there one of the shop's?"
        )
    if not able:
        return None
    best = max(able, key=lambda look: (round(look.share(r"\S*\d\S*"), 1), look.n_distinct))
    return Guess("order_id", best, 0.35, "no header names the order's number; these cells look like one: is it?")


def _can_number(look: Look) -> bool:
    if look.n_distinct < 2 or look.n_blank > 0.6 * look.n or look.dates is not None or look.email_share > 0.1:
        return False
    if look.share(r"\S*\d\S*") < 0.5:
        return False
    return (
        look.n_runs <= 1.1 * look.n_distinct
        and look.n_distinct > 0.2 * (look.n - look.n_blank)
        and look.share(r"\S{1,40}") > 0.9
    )


def is_late(look: Look) -> bool:
    """Does the header name something known only after the order was placed?"""
    words = set(look.words.split())
    return (
        bool(words & LATE_WORDS)
        and not any(look.head in phrases for phrases in ROLES.values())
        and not tells_payment(look)
    )


def is_status(look: Look) -> bool:
    """Do the cells say what became of orders?"""
    if look.n_distinct > _MOST_STATUSES or not look.n_distinct or look.number_share == 1 or look.dates is not None:
        return False
    if tells_paying(look):
        return False
    if _names_a_state(look) and look.head not in _STATUS_HEADS:
        return fate_share(look) >= _LEAST_FATES
    known = {str(cell): news_of(str(cell)) for cell in look.counts.index}
    told = sum(int(n) for cell, n in look.counts.items() if (known[str(cell)] or ("", ""))[0] not in ("", UNKNOWN))
    share = told / max(1, look.n - look.n_blank)
    if look.head in _STATUS_HEADS:
        return share > 0 or any(known.values()) or 2 <= look.n_distinct <= 60
    named = any(head in f" {look.words} ".strip() for head in STATUS_HEADS)
    return share >= 0.5 if not named else share >= 0.05 or any(list(known.values())[:20])


def _names_a_state(look: Look) -> bool:
    """A header that means the state of an address, or the state that an order is in: its cells decide."""
    return any(f" {word} " in f" {look.head} " for word in ("state", "estado", "etat"))


_STATUS_HEADS = frozenset(map(headed, STATUS_HEADS)) - {"estado", "tags"}  # a state; and any words at all
