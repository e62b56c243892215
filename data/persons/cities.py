"""Is the city as told the one the PIN code lies in? Judged by the register's districts and its towns.

A city nobody knows is no mismatch: people write villages, quarters and slips of the finger. Only a city that is known
to lie elsewhere, and not here, counts.
"""

import math
from functools import lru_cache

from data.places import PinRegister, Place, fold_state

_SHORTEST = 4
_OTHER_NAMES: dict[str, str] = {
    # as people write it: the district as the register writes it
    "ahmedabad": "ahmadabad", "allahabad": "prayagraj",
    "bangalore": "bengaluruurban", "banglore": "bengaluruurban", "bengalore": "bengaluruurban",
    "bengaluru": "bengaluruurban", "baroda": "vadodara", "belgaum": "belagavi", "bellary": "ballari",
    "benares": "varanasi", "banaras": "varanasi", "bijapur": "vijayapura", "bombay": "mumbai", "burdwan": "purbabardhaman",
    "calcutta": "kolkata", "calicut": "kozhikode", "cannanore": "kannur", "cawnpore": "kanpurnagar", "kanpur": "kanpurnagar",
    "chikmagalur": "chikkamagaluru", "cochin": "ernakulam", "kochi": "ernakulam", "coorg": "kodagu", "mysore": "mysuru",
    "faizabad": "ayodhya", "gauhati": "kamrupmetro", "guwahati": "kamrupmetro", "gulbarga": "kalaburagi",
    "gurgaon": "gurugram", "noida": "gautambuddhanagar", "greaternoida": "gautambuddhanagar", "hubli": "dharwad",
    "hubballi": "dharwad", "kanyakumari": "kanniyakumari", "mangalore": "dakshinakannada", "mangaluru": "dakshinakannada",
    "mohali": "sasnagar", "navimumbai": "thane", "ooty": "thenilgiris", "udhagamandalam": "thenilgiris",
    "palghat": "palakkad", "poona": "pune", "quilon": "kollam", "shimoga": "shivamogga", "simla": "shimla",
    "siliguri": "darjeeling", "tanjore": "thanjavur", "trichur": "thrissur", "trichy": "tiruchirappalli",
    "tiruchi": "tiruchirappalli", "trivandrum": "thiruvananthapuram", "tumkur": "tumakuru",
    "thoothukudi": "tuticorin", "tirupur": "tiruppur", "vizag": "visakhapatanam", "visakhapatnam": "visakhapatanam",
    "vijayawada": "ntr", "bezwada": "ntr", "alleppey": "alappuzha", "secunderabad": "hyderabad",
    "bhubaneswar": "khordha", "bhubneshwar": "khordha", "jamshedpur": "eastsinghbum", "tatanagar": "eastsinghbum",
    "asansol": "paschimbardhaman", "durgapur": "paschimbardhaman",
    "rajahmundry": "eastgodavari", "daltonganj": "palamu", "bhatinda": "bathinda",
}  # fmt: skip
_SPREADS: dict[str, frozenset[str]] = {
    city: frozenset(districts.split())
    for city, districts in {
        "mumbai": "mumbai mumbaisuburban thane palghar",
        "kolkata": "kolkata howrah paraganasnorth paraganassouth",
        "hyderabad": "hyderabad rangareddy medchalmalkajgiri sangareddy",
        "chennai": "chennai kanchipuram chengalpattu thiruvallur",
        "bengaluruurban": "bengaluruurban bengalururural",
        "kanpurnagar": "kanpurnagar kanpurdehat",
        "thane": "thane raigad palghar",
        "kamrupmetro": "kamrupmetro kamrup",
        "darjeeling": "darjeeling jalpaiguri",
        "ntr": "ntr krishna guntur",
    }.items()
}
"""Cities that have grown beyond their district."""


def city_mismatch(city: str | None, place: Place | None, register: PinRegister) -> float:
    """1 if the city as told is known to lie elsewhere than the PIN code, 0 if it lies there, NaN if nobody can tell.

    It lies there if it is the district's name in a usual spelling, the state's, or a town of the district.
    """
    if place is None or not city or not place.district:
        return math.nan
    name, district = fold_city(city), fold_city(place.district)
    if len(name) < _SHORTEST and name not in register.districts:
        return math.nan
    if _same(name, district) or fold_state(city) == fold_state(place.state):
        return 0.0
    homes = register.towns.get(name, frozenset()) | register.towns.get(_letters(city), frozenset())
    if (place.district, place.state) in homes:
        return 0.0
    return 1.0 if homes or name in register.districts or name in _SPREADS else math.nan


def _same(city: str, district: str) -> bool:
    return city == district or district in _SPREADS.get(city, ()) or _begins(city, district) or _begins(district, city)


def _begins(longer: str, shorter: str) -> bool:
    """Patna City lies in Patna, Mumbai is a part of what Mumbai Suburban is called by."""
    return len(shorter) >= _SHORTEST and longer.startswith(shorter)


@lru_cache(maxsize=4096)
def fold_city(name: str) -> str:
    """One spelling of a city or district: small letters alone, in the name the register uses.

    >>> fold_city("Bangalore"), fold_city("BENGALURU URBAN"), fold_city("New Delhi, Delhi")
    ('bengaluruurban', 'bengaluruurban', 'newdelhi')
    """
    letters = _letters(name)
    return _OTHER_NAMES.get(letters, letters)


def _letters(name: str) -> str:
    return "".join(c for c in name.lower().replace("/", ",").split(",")[0] if c.isalpha())
