"""Plans: what a made-up market consists of, as numbers. Every number says what it means and where it is from."""

from dataclasses import dataclass

from data.world.parameter import parameter

SHIPWAY = "Shipway ShipNotes FY25"
LADDER = "assumed; set so that districts spread as in " + SHIPWAY


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale window: from which share of the period, for how many days."""

    starts: float
    days: int


@dataclass(frozen=True, slots=True)
class GeographyPlan:
    """Places and couriers. Effects are normal with mean 0, on logits."""

    n_pincodes: tuple[int, int, int] = parameter(
        (80, 300, 1_100), "PIN codes sold to: in metros, in large cities, elsewhere", least=3, most=5_000
    )
    rank_power: float = parameter(0.75, "volume of a PIN code ~ rank ^ -this", least=0, most=2)
    sd_state: float = parameter(0.14, "spread of states, on refusal", LADDER, least=0, most=3)
    sd_district: float = parameter(0.12, "spread of districts, on refusal", LADDER, least=0, most=3)
    sd_pincode: float = parameter(0.38, "spread of PIN codes, on refusal", least=0, most=3)
    sd_address: float = parameter(0.40, "spread of PIN codes, on addresses nobody finds", least=0, most=3)
    n_couriers: int = parameter(6, "couriers", least=1, most=50)
    sd_courier: float = parameter(0.30, "spread of couriers, on failed attempts", least=0, most=3)
    sd_courier_district: float = parameter(0.40, "spread of courier x district, on failed attempts", least=0, most=3)
    main_courier: float = parameter(0.60, "share of a district's parcels its main courier carries", least=0, most=1)
    transit_days: tuple[float, float, float] = parameter(
        (1.2, 1.9, 3.0),
        "mean days on the way, by tier; Gamma of shape 3",
        "public delivery times of 3 to 15 days",
        least=0.1,
        most=30,
    )
    outages_a_year: float = parameter(1.0, "outages of a courier in a district, a year (Poisson)", least=0, most=50)
    outage_days: tuple[float, float] = parameter((5.0, 10.0), "an outage lasts this long (uniform)", least=0.1, most=90)
    outage_effect: float = parameter(1.2, "an outage's effect on each delivery attempt (logit)", least=0, most=5)


@dataclass(frozen=True, slots=True)
class PeoplePlan:
    """Buyers: how often they buy, whom they live with, how steady their names and numbers are."""

    orders_per_person: float = parameter(
        7.0, "orders for each person who might buy; some never do", least=0.5, most=100
    )
    rate_shape: float = parameter(0.8, "how uneven buyers are: Gamma shape of their rates", least=0.05, most=50)
    rate_on_reliability: float = parameter(0.15, "reliable buyers buy more (log rate)", least=-2, most=2)
    joined_before_days: float = parameter(300.0, "buyers joined from so many days before the period", least=0)
    ring_share: float = parameter(0.004, "share of buyers in rings of fake orders", least=0, most=0.2)
    ring_size: int = parameter(6, "buyers in a ring", least=2, most=100)
    ring_reliability: float = parameter(-2.6, "their reliability", least=-6, most=6)
    ring_rate: float = parameter(2.0, "their orders, against others with the same reliability", least=0.1, most=20)
    ring_gap_days: float = parameter(6.0, "mean gap between a member's orders (exponential)", least=0.01, most=90)
    ring_shared: float = parameter(
        0.30, "members that use the ring's first device, and its first address", least=0, most=1
    )
    household_share: float = parameter(0.20, "buyers that live with another one", least=0, most=0.5)
    household_correlation: float = parameter(0.5, "of reliability within a household", least=0, most=1)
    household_phone: float = parameter(0.30, "of those living together, share one phone", least=0, most=1)
    phone_change: float = parameter(0.015, "chance of a new phone at an order", least=0, most=1)
    phone_change_unreliable: float = parameter(0.08, "the same where reliability is below -1.2", least=0, most=1)
    device_change: float = parameter(0.06, "chance of a new device at an order", least=0, most=1)
    other_address: float = parameter(0.07, "orders to the buyer's other address", least=0, most=1)
    loyal: float = parameter(0.75, "orders placed with the buyer's favourite shop", least=0, most=1)


@dataclass(frozen=True, slots=True)
class BasketPlan:
    """What is bought. Money in rupees."""

    n_skus: int = parameter(12, "articles of each category in a shop; the k-th sells k ^ -0.8", least=2, most=1_000)
    sd_price: float = parameter(0.50, "spread of log prices within a category", "science notes: 0.55", least=0, most=3)
    sd_refusal: float = parameter(0.20, "spread of articles, on refusal (logit)", least=0, most=3)
    second_line: float = parameter(0.06, "orders of two articles", least=0, most=1)
    two_pieces: float = parameter(0.08, "lines of two pieces", least=0, most=1)
    discount: tuple[float, float] = parameter((1.6, 4.0), "discount share: Beta", least=0.01, most=100)
    sale_discount: float = parameter(0.12, "added in a sale window", least=0, most=1)
    discount_limits: tuple[float, float] = parameter((0.06, 0.70), "below: none; never more than", least=0, most=1)
    free_shipping_from: int = parameter(499, "no delivery fee from this value on", least=0)
    shipping_fee: int = parameter(49, "delivery fee below it", least=0)
    usual_value: float = parameter(650.0, "list value that counts as 0 on the standardised log scale", least=1)
    sd_log_value: float = parameter(0.70, "one unit of that scale", least=0.01, most=5)


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What a shop sees of a visit's intent: yes-or-no traces. Each: constant, weight of intent, of reliability (logit)."""

    app: tuple[float, float, float] = parameter(
        (-0.3, 0.4, 0.05), "orders in the app, not on the web", least=-9, most=9
    )
    guest: tuple[float, float, float] = parameter((-0.6, -0.4, -0.05), "orders without an account", least=-9, most=9)
    no_email: tuple[float, float, float] = parameter((-0.5, -0.7, -0.05), "gives no e-mail", least=-9, most=9)
    curt: tuple[float, float, float] = parameter((-1.5, -0.6, -0.1), "gives a first name only", least=-9, most=9)
    sources: tuple[float, float] = parameter(
        (0.45, 0.20), "brought by a paid post; by a paid search result; the rest came by themselves",
        "science notes: 45 % social", least=0, most=1,
    )  # fmt: skip
    n_campaigns: int = parameter(6, "campaigns of each kind, for each shop", least=1, most=1_000)
    at_home: float = parameter(
        0.5, "orders from the home network; the rest through the carrier's gates", least=0, most=1
    )
    junk_mailbox: tuple[float, float] = parameter(
        (-2.2, -0.4), "a mailbox of random letters: constant, weight of reliability", least=-9, most=9
    )


@dataclass(frozen=True, slots=True)
class AddressPlan:
    """How addresses are written. Pairs: constant and weight of the address's badness (logit); badness ~ N(0, 1)."""

    tier2_badness: float = parameter(0.35, "added to the badness outside the cities", least=-3, most=3)
    no_house: tuple[float, float] = parameter((-3.0, 1.1), "no house number", least=-9, most=9)
    no_locality: tuple[float, float] = parameter(
        (-2.4, 0.9), "no street or quarter in the second line", least=-9, most=9
    )
    no_landmark: tuple[float, float] = parameter((-0.3, 0.8), "no landmark", least=-9, most=9)
    typo: tuple[float, float] = parameter((-3.0, 0.8), "a typing error in the first line", least=-9, most=9)
    wrong_pin: tuple[float, float] = parameter(
        (-4.2, 0.8),
        "an order with another place's PIN code",
        "assumed; far fewer than Delhivery's 20 to 30 %",
        least=-9,
        most=9,
    )
    gibberish: tuple[float, float] = parameter(
        (-4.9, -1.1), "a cash order with a nonsense address: constant, weight of reliability (logit)", least=-9, most=9
    )
    rural: float = parameter(0.30, "village addresses among those outside the cities: short, and good", least=0, most=1)
    rewritten: float = parameter(0.06, "orders whose address is typed anew, without a landmark", least=0, most=1)


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """The logit of paying in cash."""

    constant: float = parameter(
        0.60, "constant", "set so that 60 to 68 % pay in cash (KPMG; bot.space)", least=-9, most=9
    )
    tier: tuple[float, float, float] = parameter((-0.45, 0.0, 0.35), "by tier", least=-5, most=5)
    first: float = parameter(0.25, "a buyer's first order", least=-5, most=5)
    reliability: float = parameter(-0.18, "weight of reliability", least=-5, most=5)
    value: float = parameter(-0.15, "weight of the standardised log value", least=-5, most=5)
    social: float = parameter(0.25, "brought by a paid post", least=-5, most=5)
    per_day: float = parameter(-0.0009, "each day", "sign: Meesho, 88 to 76 % in two years", least=-1, most=1)


@dataclass(frozen=True, slots=True)
class TimePlan:
    """What changes with time: drift and shift are on the logits of fake orders and of refusal."""

    hours: tuple[float, ...] = parameter(
        (5, 3, 2, 1, 1, 1, 2, 3, 5, 7, 8, 9, 9, 9, 8, 8, 8, 8, 9, 10, 11, 12, 11, 8),
        "weight of each hour of the Indian day", least=0,
    )  # fmt: skip
    night: tuple[int, ...] = parameter((23, 0, 1, 2, 3, 4), "hours that count as night", least=0, most=23)

    drift_per_day: float = parameter(0.00045, "slow rise, each day", least=-0.1, most=0.1)
    yearly: float = parameter(0.15, "height of the yearly sine, highest on 1 April", least=0, most=3)
    shift_at: float = parameter(1.0, "the abrupt shift comes at this share of the period; 1 is never", least=0, most=1)
    mix_at: float = parameter(
        1.0, "from this share of the period on other orders come, and nothing else changes; 1 is never", least=0, most=1
    )
    mix_social: float = parameter(0.30, "then: more orders brought by paid posts, fewer by themselves", least=0, most=1)
    mix_cash: float = parameter(0.60, "then: added to the logit of paying in cash", least=-5, most=5)
    mix_discount: float = parameter(0.10, "then: added to discount shares", least=0, most=1)
    sale_boost: float = parameter(1.6, "orders in a sale window, against other days", least=1, most=10)


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """How long things take, in days, and how hard couriers try. Attempts are three (a constant of the equations)."""

    dispatch_floor: float = parameter(0.2, "added to the shop's Gamma(2) wait", least=0, most=30)
    distance: tuple[float, float] = parameter(
        (0.85, 3_500.0), "the mean journey is times (first + km / second)", least=0.01
    )
    sale_days: float = parameter(0.7, "added to the mean journey in a sale window", least=0, most=30)
    promise: float = parameter(1.3, "mean journeys promised, after the wait; whole days", least=0.1, most=10)
    gap: tuple[float, float] = parameter((0.8, 1.3), "between attempts (uniform)", least=0.01, most=30)
    decides: float = parameter(
        0.5, "chance, each day after the last attempt, that the courier gives up", least=0.01, most=1
    )
    scan: tuple[float, float] = parameter((2.0, 0.8), "until the RTO is scanned: Gamma shape and scale", least=0.01)
    way_back: tuple[float, float] = parameter((5.0, 12.0), "back to the warehouse (uniform)", least=0.01, most=90)
    after_all: tuple[float, float] = parameter((2.0, 4.0), "an RTO delivered after all (uniform)", least=0.01, most=90)
    lost_after: tuple[float, float] = parameter(
        (15.0, 30.0), "until a parcel counts as lost (uniform)", least=0.01, most=90
    )


@dataclass(frozen=True, slots=True)
class NewsPlan:
    """How news is told: lateness, mistakes, and orders that never come to an end of their own."""

    cancelled: float = parameter(0.04, "cancelled before dispatch", least=0.0001, most=0.5)
    cancelled_on_reliability: float = parameter(-0.3, "the same: weight of reliability (logit)", least=-5, most=5)
    lost: float = parameter(0.003, "lost on the way", least=0, most=0.2)
    untold: float = parameter(0.002, "ended, but the end is never told", least=0, most=0.2)
    told_late_hours: float = parameter(3.0, "mean delay of the courier's news (exponential)", least=0.01, most=500)
    mistaken_scan: float = parameter(0.003, "scanned as its opposite, corrected within two days", least=0, most=0.2)
    courier_known: float = parameter(0.40, "orders whose courier is known at checkout", least=0, most=1)
