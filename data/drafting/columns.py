"""Which column is which: by the words of its header, held against what its cells look like."""

from dataclasses import dataclass, replace

from data.contract import ORDER_COLUMNS
from data.drafting.look import Look
from data.drafting.status_words import COD_WORDS, STATUS_HEADS, WAYS_IN
from data.drafting.statuses import UNKNOWN, news_of
from data.drafting.words import BESIDE, LATE_WORDS, ROLES, ROW_NUMBERS, headed, spoken
from data.text import word_set

KINDS = {c.name: c.kind for c in ORDER_COLUMNS}
_LEAST = 0.5
_NEAR = 0.2
_LESS_BESIDE = 0.15
_LESS_NESTED = 0.08
_SPEAKING = ("placed_at", "phone", "email", "pincode", "payment_method", "channel")
_MOST_MERCHANTS = 30
_MOST_STATUSES = 200
_TIMES_OF_OTHERS = (
    "delivery shipping expected promised promise edd due status scan update updated attempt last first birth manifest "
    "dispatch remittance settlement pickup dob estado entrega envio kirim terima sampai livraison actualizacion guia resi "
    "estatus statut durum novedad awb tracking courier"
)
_PLACES_OF_OTHERS = {"pickup", "origin", "warehouse", "seller", "from", "shipper", "return", "merchant"}
_OTHER_THINGS = {
    "name": word_set("product item company seller store shop category file warehouse vendor courier "
                     "brand email mail type"),
    "amount_minor": word_set("gst tax cgst sgst igst weight discount shipping items quantity qty coupon charges"),
    "channel": {"file", "utm"}, "order_id": word_set("date count channel value amount total type quantity time by"),
    "placed_at": word_set(_TIMES_OF_OTHERS), "phone": {"shipper", "seller", "warehouse", "pickup"},
    "city": _PLACES_OF_OTHERS, "state": _PLACES_OF_OTHERS, "pincode": _PLACES_OF_OTHERS,
    "line1": {"ip", "email", *_PLACES_OF_OTHERS}, "line2": {"1", "ip", "email"}, "quantity": {"weight"},
    "merchant_id": word_set("address city pincode phone mobile state order code contact email city item product"),
    "category": word_set("id sku price code quantity value amount weight hsn"), "customer_id": {"name", "address", "phone"},
}  # fmt: skip
"""Words beside a phrase that say it is about something else."""
_OTHER_THINGS = {role: {w for word in words for w in headed(word).split()} for role, words in _OTHER_THINGS.items()}


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
    tried = [replace(g, confidence=g.confidence - _LESS_BESIDE) if g.look.name in theirs else g for g in tried]
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


def _served(look: Look) -> list[Guess]:
    """What a column could be. A header speaks for what it names best: roles far behind are none."""
    found = [Guess(role, look, _confidence(role, look)) for role in ROLES]
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
        bool(words & LATE_WORDS) and not any(look.head in phrases for phrases in ROLES.values()) and not _payment(look)
    )


def is_status(look: Look) -> bool:
    """Do the cells say what became of orders?"""
    if look.n_distinct > _MOST_STATUSES or not look.n_distinct or look.number_share == 1 or look.dates is not None:
        return False
    known = {str(cell): news_of(str(cell)) for cell in look.counts.index}
    told = sum(int(n) for cell, n in look.counts.items() if (known[str(cell)] or ("", ""))[0] not in ("", UNKNOWN))
    share = told / max(1, look.n - look.n_blank)
    if look.head in _STATUS_HEADS:
        return share > 0 or any(known.values()) or 2 <= look.n_distinct <= 60
    named = any(head in f" {look.words} ".strip() for head in STATUS_HEADS)
    return share >= 0.5 if not named else share >= 0.05 or any(list(known.values())[:20])


_STATUS_HEADS = frozenset(map(headed, STATUS_HEADS)) - {"estado", "tags"}  # a state; and any words at all


def _payment(look: Look) -> bool:
    cells = [spoken(str(cell)) for cell in look.counts.index[:50]]
    return look.n_distinct <= 50 and any(f" {word} " in f" {cell} " for cell in cells for word in COD_WORDS)


def _confidence(role: str, look: Look) -> float:
    phrases = ROLES[role]
    if set(look.head.split()) & _OTHER_THINGS.get(role, set()) and look.head not in phrases:
        return 0.0
    named = max(_named(phrases, look.head), _named(phrases, look.leaf) - _LESS_NESTED)
    if named <= 0 and role not in _SPEAKING:
        return 0.0
    return max(0.0, min(0.99, _held_against(role, look, named)))


_WHOLE_ONLY = {
    "number",
    "placed",
    "created",
    "content",
    "contents",
    "account",
    "client",
    "area",
    "cod",
    "ip",
    "nom",
    "cp",
    "company",
    "line1",
    "line2",
    "line 1",
    "line 2",
    "cat",
    "delivery",
}
"""Phrases that are a header alone and say little beside other words."""


def _named(phrases: tuple[str, ...], head: str) -> float:
    """How well a header names a role: whole best; words beside it that change its meaning cost most."""
    named = 0.0
    for place, phrase in enumerate(phrases):
        rank = min(0.004 * place, 0.1)
        if head == phrase:
            named = max(named, 0.97 - rank)
        elif phrase not in _WHOLE_ONLY and f" {phrase} " in f" {head} ":
            extra = [word for word in head.split() if word not in phrase.split()]
            named = max(named, 0.86 - rank - sum(0.03 if word in BESIDE else 0.13 for word in extra))
    return named


def _held_against(role: str, look: Look, named: float) -> float:
    """The confidence of a header after a look at its cells: they can contradict it, or speak for themselves."""
    match role:
        case "placed_at" | "promised_at":
            fits = look.dates is not None and look.dates.share > 0.9
            return named + 0.02 if fits and named else 0.0
        case "phone":
            numbers = look.phone_share > 0.6 and (named or look.pin_share < 0.5) and look.dates is None
            return max(named, 0.6 if look.head not in ROW_NUMBERS else 0.0) if numbers else 0.0
        case "email":
            return max(named, 0.8) if look.email_share > 0.6 else 0.0
        case "pincode" | "origin_pincode":
            if look.pin_share > 0.8 and not named and role == "pincode":
                return 0.4
            return named if look.share(r"'?[A-Za-z0-9 -]{3,10}(?:\.0)?") > 0.8 and look.dates is None else 0.0
        case "payment_method":
            return max(named, 0.7) if _payment(look) else named * 0.6 if _few_words(look, 50) else 0.0
        case "order_id":
            blank = look.n_blank > 0.2 * look.n and not look.starts_blocks
            return named if look.n_distinct > 1 and not blank and look.dates is None else 0.0
        case _ if KINDS[role] in ("money", "count"):
            return _number(role, look, named)
    return _words(role, look, named)


def _number(role: str, look: Look, named: float) -> float:
    if look.number_share <= 0.95 or look.dates is not None:
        return 0.0
    if (
        role == "amount_minor"
        and look.zero_share > 0.02
        and {"cod", "collection", "collectable", "collect"} & set(look.head.split())
    ):
        return named * 0.75  # nothing is collected for prepaid orders: another column tells their amount better
    return named


def _words(role: str, look: Look, named: float) -> float:
    match role:
        case "currency":
            return named if look.share(r"[A-Za-z]{3}") == 1 else 0.0
        case "name":
            return named if look.share(r".*\d.*") < 0.3 and look.email_share < 0.5 else 0.0
        case "city" | "state" | "line1" | "line2":
            return named if look.number_share < 0.5 and look.email_share < 0.5 and look.dates is None else 0.0
        case "customer_id":
            return named if look.head != "customer" or look.share(r"\S*\d\S*") > 0.8 else 0.0
        case "merchant_id":
            return (
                named
                if look.n_distinct <= _MOST_MERCHANTS and look.n_blank < 0.05 * look.n and look.number_share < 1
                else 0.0
            )
        case "category":
            return named if _few_words(look, max(60, look.n // 50)) else 0.0
        case "channel":
            ways = sum(int(n) for cell, n in look.counts.items() if spoken(str(cell)).split(" ")[0] in WAYS_IN)
            speaks = look.n_distinct <= 50 and ways > 0.8 * (look.n - look.n_blank)
            return max(named, 0.6) if speaks else named if _few_words(look, 50) else 0.0
    return named


def _few_words(look: Look, most: int) -> bool:
    return look.n_distinct <= most and look.number_share < 0.5
