"""How well a column fits one of the contract: the words of its header, held against what its cells look like."""

from data.contract import ORDER_COLUMNS
from data.drafting.look import Look
from data.drafting.numbered import counts_rows
from data.drafting.register import pins_share, states_share
from data.drafting.status_words import COD_WORDS, WAYS_IN
from data.drafting.words import BESIDE, ROLES, ROW_NUMBERS, headed, spoken
from data.persons.text import word_set

KINDS = {c.name: c.kind for c in ORDER_COLUMNS}
_LESS_NESTED = 0.08
_SPEAKING = ("placed_at", "phone", "email", "pincode", "payment_method", "channel", "state", "line1", "landmark")
"""Roles that cells can tell without a header."""
_BY_CELLS = 0.6
_MOST_MERCHANTS = 30
_NEARLY_ALL = 0.9
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


def tells_payment(look: Look) -> bool:
    """Do the cells say how orders were paid?"""
    cells = [spoken(str(cell)) for cell in look.counts.index[:50]]
    return look.n_distinct <= 50 and any(f" {word} " in f" {cell} " for cell in cells for word in COD_WORDS)


def confidence(role: str, look: Look) -> float:
    """How sure it is, 0 to 1, that a column is this one of the contract."""
    phrases = ROLES[role]
    if set(look.head.split()) & _OTHER_THINGS.get(role, set()) and look.head not in phrases:
        return 0.0
    named = max(_named(phrases, look.head), _named(phrases, look.leaf) - _LESS_NESTED)
    if role == "order_id" and look.share("#[A-Za-z0-9-]{2,}") > _NEARLY_ALL:
        named = max(named, 0.9)  # only the number of an order is written so
    if named <= 0 and role not in _SPEAKING:
        return 0.0
    return max(0.0, min(0.99, _held_against(role, look, named)))


_WHOLE_ONLY = frozenset((
    "number", "placed", "created", "content", "contents", "account", "client", "area", "cod", "ip",
    "nom", "cp", "company", "bill", "item", "items", "orden", "grand", "payable", "documento", "identificacion", "line1",
    "line2", "line 1", "line 2", "cat", "delivery", "off", "rate", "uid", "dev", "invoice", "article", "dept", "reference",
))  # fmt: skip
"""Phrases that are a header alone and say little beside other words."""


def _named(phrases: tuple[str, ...], head: str) -> float:
    """How well a header names a role: whole best; words beside it that change its meaning cost most."""
    named = 0.0
    for place, phrase in enumerate(phrases):
        rank = min(0.004 * place, 0.1)
        if head == phrase:
            named = max(named, 0.97 - rank)
        elif sorted(head.split()) == sorted(phrase.split()):  # `totals.grand` is the grand total
            named = max(named, 0.93 - rank)
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
                return _BY_CELLS if pins_share(look) > _NEARLY_ALL else 0.4
            return named if look.share(r"'?[A-Za-z0-9 -]{3,10}(?:\.0)?") > 0.8 and look.dates is None else 0.0
        case "payment_method":
            return max(named, 0.7) if tells_payment(look) else named * 0.6 if _few_words(look, 50) else 0.0
        case "order_id":
            blank = look.n_blank > 0.2 * look.n and not look.starts_blocks
            return named if look.n_distinct > 1 and not blank and look.dates is None and not counts_rows(look) else 0.0
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
        case "city" | "state" | "line1" | "line2" | "landmark":
            wordy = look.number_share < 0.5 and look.email_share < 0.5 and look.dates is None
            return max(named, _place_by_cells(role, look)) if wordy else 0.0
        case "customer_id":
            return named if look.head != "customer" or look.share(r"\S*\d\S*") > 0.8 else 0.0
        case "merchant_id":
            return (
                named
                if look.n_distinct <= _MOST_MERCHANTS and look.n_blank < 0.05 * look.n and look.number_share < 1
                else 0.0
            )
        case "category":
            codes = look.share(_CODE) > _NEARLY_ALL
            return named * (0.6 if codes else 1.0) if _few_words(look, max(60, look.n // 50)) else 0.0
        case "sku" if look.head in _OF_GOODS:
            return named if look.share(_CODE) > _NEARLY_ALL else 0.0
        case "channel":
            ways = sum(int(n) for cell, n in look.counts.items() if spoken(str(cell)).split(" ")[0] in WAYS_IN)
            speaks = look.n_distinct <= 50 and ways > 0.8 * (look.n - look.n_blank)
            return max(named, 0.6) if speaks else named if _few_words(look, 50) else 0.0
    return named


_CODE = r"(?=\S*\d)[A-Za-z0-9]+(?:[-_/.][A-Za-z0-9]+)*"
"""An article's number, as `BZ-KUR-01`: no blanks, and a digit somewhere."""
_OF_GOODS = frozenset(("item", "article"))
"""Headers of goods, by their number or by what they are: the cells decide."""


def _place_by_cells(role: str, look: Look) -> float:
    """What cells alone say: names of states; words of streets and houses, of many orders; words of what lies near."""
    many = look.n_distinct > max(20, 0.05 * (look.n - look.n_blank))
    told = {
        "state": look.n_distinct > 1 and states_share(look) > _NEARLY_ALL and not look.share("[A-Z]{2}"),
        "line1": many and look.address_share > 0.4,
        "landmark": look.near_share > _NEARLY_ALL,
    }
    return _BY_CELLS if told.get(role, False) else 0.0


def _few_words(look: Look, most: int) -> bool:
    return look.n_distinct <= most and look.number_share < 0.5
