"""What buyers tell about themselves: name, e-mail, phone, device, network address, address text."""

from dataclasses import dataclass

import numpy as np

from data.world import names
from data.world.checkout import Orders
from data.world.streams import Flags, Ints, Texts, sigmoid, stream
from data.world.text import Written, without, write_addresses, write_nonsense
from data.world.visits import Market, Visits, uniform

FIRST_PHONE, PHONES = 6_000_000_000, 4_000_000_000  # Indian mobile numbers are ten digits from 6 to 9
SHARED_NETWORK = 0x64400000  # 100.64.0.0/10, carriers' own addresses: nobody's public one (RFC 6598)


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """(n,) personal values of each order as text; None where not given."""

    customer_id: Texts
    phone: Texts
    email: Texts
    name: Texts
    address: Written
    device_id: Texts
    ip: Texts


def introduce(market: Market, orders: Orders) -> Contacts:
    """Draw and render what each order says of its buyer. Reliable and intent buyers tell more."""
    visits, seed = orders.visits, market.seed
    full, short, email = _identities(market)
    account = np.array([f"C{number:06d}" for number in range(len(full))], dtype=object)
    return Contacts(
        customer_id=without(account[visits.person], visits.guest),
        phone=_phones(visits.phone, seed),
        email=without(email[visits.person], visits.no_email),
        name=np.where(visits.curt, short[visits.person], full[visits.person]),
        address=_addresses(market, orders),
        device_id=_devices(visits.device, seed),
        ip=_networks(market, visits),
    )


def _identities(market: Market) -> tuple[Texts, Texts, Texts]:
    """Each buyer's full name, short name and e-mail; unreliable ones oftener use a throw-away mailbox."""
    count, draw = len(market.people.reliability), stream(market.seed, "contacts.names")
    first, last = (
        np.array(words, object)[draw.integers(len(words), size=count)] for words in (names.FIRST, names.LAST)
    )
    domain = np.array(names.MAIL_DOMAINS, object)[draw.integers(len(names.MAIL_DOMAINS), size=count)]
    number = draw.integers(10, 100, size=count).astype(str).astype(object)
    odd = draw.integers(16**8, size=count)
    constant, weight = market.preset.session.junk_mailbox
    junk = draw.random(count) < sigmoid(constant + weight * market.people.reliability)
    plain = [f"{a.lower()}.{b.lower()}{n}" for a, b, n in zip(first, last, number, strict=True)]
    thrown = [f"{'abcdefghijklmnop'[value % 16]}{value:08d}" for value in odd.tolist()]
    box = np.where(junk, np.array(thrown, object), np.array(plain, object))
    return first + " " + last, first, box + "@" + domain


def _phones(phone: Ints, seed: int) -> Texts:
    numbers = stream(seed, "contacts.phones").choice(PHONES, size=int(phone.max()) + 1, replace=False) + FIRST_PHONE
    return np.array([f"+91{number}" for number in numbers.tolist()], dtype=object)[phone]


def _devices(device: Ints, seed: int) -> Texts:
    marks = stream(seed, "contacts.devices").integers(1 << 63, size=int(device.max()) + 1).tolist()
    return np.array([f"d-{mark:016x}" for mark in marks], dtype=object)[device]


def _networks(market: Market, visits: Visits) -> Texts:
    """Half of the visits come from home, the rest through one of the carrier's gates in the district."""
    seed, count = market.seed, len(visits.person)
    home = market.people.household[visits.person] % (1 << 21) + (1 << 21)
    gate = market.geography.district_code[visits.place] * 32 + stream(seed, "contacts.gates").integers(32, size=count)
    at_home = uniform(seed, "contacts.at_home", count) < 0.5
    number = SHARED_NETWORK + np.where(at_home, home, gate)
    parts = zip(*(((number >> shift) & 255).tolist() for shift in (24, 16, 8, 0)), strict=True)
    return np.array([f"{a}.{b}.{c}.{d}" for a, b, c, d in parts], dtype=object)


def _addresses(market: Market, orders: Orders) -> Written:
    """One text for each address, rewritten now and then; nonsense where the order is gibberish."""
    homes = orders.homes
    written = write_addresses(market.geography.pincode[homes.place], homes, stream(market.seed, "contacts.addresses"))
    return _with_nonsense(written.take(homes.of), orders.gibberish, homes.anew, market.seed)


def _with_nonsense(written: Written, gibberish: Flags, anew: Flags, seed: int) -> Written:
    line1 = written.line1.copy()
    line1[gibberish] = write_nonsense(int(gibberish.sum()), stream(seed, "contacts.nonsense"))
    return Written(line1, without(written.line2, gibberish), without(written.landmark, gibberish | anew))
