"""What buyers tell about themselves: name, e-mail, phone, device, network address, address text."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data.world import names
from data.world.checkout import Orders
from data.world.streams import Flags, Ints, sigmoid, stream
from data.world.text import Written, write_addresses, write_nonsense
from data.world.visits import Market, Visits, uniform
from data.world.words import joined, spread, text_of, without

FIRST_PHONE, PHONES = 6_000_000_000, 4_000_000_000  # Indian mobile numbers are ten digits from 6 to 9
SHARED_NETWORK = 0x64400000  # 100.64.0.0/10, carriers' own addresses: nobody's public one (RFC 6598)
GATES = 32  # of the carrier in each district
_OCTETS = [str(number) for number in range(256)]


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """(n,) personal values of each order as text; null where not given."""

    customer_id: pa.Array
    phone: pa.Array
    email: pa.Array
    name: pa.Array
    address: Written
    device_id: pa.Array
    ip: pa.Array


def introduce(market: Market, orders: Orders) -> Contacts:
    """Render what each order says of its buyer: the traits were drawn before, here come the words."""
    visits, seed = orders.visits, market.seed
    full, short, email = _identities(market)
    person = pa.array(visits.person)
    name = pa.concat_arrays([full, short]).take(pa.array(visits.person + visits.curt * len(full)))
    return Contacts(
        customer_id=without(spread([f"C{number:06d}" for number in range(len(full))], visits.person), visits.guest),
        phone=_phones(visits.phone, seed),
        email=without(email.take(person), visits.no_email),
        name=name,
        address=_addresses(market, orders),
        device_id=_devices(visits.device, seed),
        ip=_networks(market, visits),
    )


def _identities(market: Market) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Each buyer's full name, short name and e-mail; unreliable ones oftener use a throw-away mailbox."""
    count, draw = len(market.people.reliability), stream(market.seed, "contacts.names")
    first, last = (draw.integers(len(words), size=count) for words in (names.FIRST, names.LAST))
    domain, number = draw.integers(len(names.MAIL_DOMAINS), size=count), draw.integers(10, 100, size=count)
    odd = draw.integers(16**8, size=count)
    junk = junk_mailbox(market)
    given, family = spread(names.FIRST, first), spread(names.LAST, last)
    small = [spread([word.lower() for word in words], at) for words, at in ((names.FIRST, first), (names.LAST, last))]
    plain = joined([joined(small, "."), text_of(number)], "")
    thrown = pa.array([f"{'abcdefghijklmnop'[value % 16]}{value:08d}" for value in odd.tolist()])
    box = pa.concat_arrays([plain, thrown]).take(pa.array(np.arange(count) + junk * count))
    return joined([given, family], " "), given, joined([box, spread(names.MAIL_DOMAINS, domain)], "@")


def junk_mailbox(market: Market) -> Flags:
    """(c,) buyers whose mailbox is a row of random letters."""
    constant, weight = market.preset.session.junk_mailbox
    logit = constant + weight * market.people.reliability
    return np.asarray(uniform(market.seed, "contacts.mailboxes", len(logit)) < sigmoid(logit))


def _phones(phone: Ints, seed: int) -> pa.Array:
    numbers = stream(seed, "contacts.phones").choice(PHONES, size=int(phone.max()) + 1, replace=False) + FIRST_PHONE
    return spread([f"+91{number}" for number in numbers.tolist()], phone)


def _devices(device: Ints, seed: int) -> pa.Array:
    marks = stream(seed, "contacts.devices").integers(1 << 63, size=int(device.max()) + 1).tolist()
    return spread([f"d-{mark:016x}" for mark in marks], device)


def _networks(market: Market, visits: Visits) -> pa.Array:
    """Half of the visits come from home, the rest through one of the carrier's gates in the district."""
    seed, count = market.seed, len(visits.person)
    home = market.people.household[visits.person] % (1 << 21) + (1 << 21)
    gates = stream(seed, "contacts.gates").integers(GATES, size=count)
    gate = market.geography.district_code[visits.place] * GATES + gates
    at_home = uniform(seed, "contacts.at_home", count) < market.preset.session.at_home
    number = SHARED_NETWORK + np.where(at_home, home, gate)
    return joined([spread(_OCTETS, (number >> shift) & 255) for shift in (24, 16, 8, 0)], ".")


def _addresses(market: Market, orders: Orders) -> Written:
    """One text for each address, rewritten now and then; nonsense where the order is gibberish."""
    homes, gibberish, seed = orders.homes, orders.gibberish, market.seed
    written = write_addresses(market.geography, homes, stream(seed, "contacts.addresses")).take(homes.of)
    nonsense = write_nonsense(int(gibberish.sum()), stream(seed, "contacts.nonsense"))
    rows = np.arange(len(orders))
    rows[gibberish] = len(orders) + np.arange(len(nonsense))
    line1 = pa.concat_arrays([written.line1, nonsense]).take(pa.array(rows))
    return Written(line1, without(written.line2, gibberish), without(written.landmark, gibberish | homes.anew))
