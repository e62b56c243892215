"""Every parameter of a made-up market, in one place. Sources: the project's science notes; the rest is assumed."""

from dataclasses import dataclass, field

from data.errors import PlanError
from data.world.cause_plan import CausePlan

N_ORDERS_MIN, N_ORDERS_MAX = 1_000, 5_000_000


@dataclass(frozen=True, slots=True)
class Article:
    """A category of goods: its share in the shop, median price in rupees, effect on refusal and on paying cash."""

    name: str
    share: float
    median_price: float
    refusal: float
    cod: float = 0.0


@dataclass(frozen=True, slots=True)
class Merchant:
    """A shop. `refusal` shifts the refusal logit; `rural` shifts it once more outside the cities (an interaction)."""

    merchant_id: str
    prefix: str
    share: float
    origin_pincode: str
    dispatch_days: float
    refusal: float
    rural: float
    articles: tuple[Article, ...]


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale window: from which share of the period, for how many days."""

    starts: float
    days: int


@dataclass(frozen=True, slots=True)
class GeographyPlan:
    """PIN codes by tier (0 metro, 1 large city, 2 the rest) and the spread of place effects on the logits."""

    n_pincodes: tuple[int, int, int] = (80, 300, 1_100)
    rank_power: float = 0.75
    sd_state: float = 0.18
    sd_district: float = 0.30
    sd_pincode: float = 0.48
    sd_address: float = 0.40
    n_couriers: int = 6
    sd_courier: float = 0.20
    sd_courier_district: float = 0.40
    transit_days: tuple[float, float, float] = (1.6, 2.5, 3.8)


@dataclass(frozen=True, slots=True)
class PeoplePlan:
    """Buyers: how often they buy, how steady their names and numbers are."""

    orders_per_person: float = 7.0
    rate_shape: float = 0.8
    rate_on_reliability: float = 0.15
    joined_before_days: float = 300.0
    ring_share: float = 0.004
    ring_reliability: float = -2.6
    ring_rate: float = 3.0
    ring_days: float = 25.0
    household_share: float = 0.20
    household_correlation: float = 0.5
    household_phone: float = 0.30
    phone_change: float = 0.015
    phone_change_unreliable: float = 0.12
    device_change: float = 0.06
    other_address: float = 0.07
    loyal: float = 0.75


@dataclass(frozen=True, slots=True)
class NewsPlan:
    """How news is told: lateness, mistakes, and orders that never come to an end of their own."""

    cancelled: float = 0.04
    lost: float = 0.003
    told_late_hours: float = 3.0
    mistaken_scan: float = 0.003
    courier_known: float = 0.40


@dataclass(frozen=True, slots=True)
class Preset:
    """One market: a pool of merchants over a period that ends at the moment `until` given to `simulate`."""

    name: str
    merchants: tuple[Merchant, ...]
    n_orders: int = 40_000
    days: int = 360
    cod: float = 0.60
    sales: tuple[Sale, ...] = (Sale(0.17, 7), Sale(0.55, 20), Sale(0.84, 7))
    geography: GeographyPlan = field(default_factory=GeographyPlan)
    people: PeoplePlan = field(default_factory=PeoplePlan)
    causes: CausePlan = field(default_factory=CausePlan)
    news: NewsPlan = field(default_factory=NewsPlan)


_FASHION = (
    Article("kurti", 0.40, 650, 0.25, 0.10),
    Article("saree", 0.20, 1_100, 0.30, 0.05),
    Article("footwear", 0.25, 800, 0.40, 0.10),
    Article("jewellery", 0.15, 400, 0.05),
)
_GADGETS = (
    Article("earphones", 0.40, 750, 0.0, -0.05),
    Article("smartwatch", 0.20, 1_600, 0.15, -0.15),
    Article("charger", 0.25, 450, -0.30),
    Article("kitchen-gadget", 0.15, 600, -0.20, 0.10),
)
_BEAUTY = (
    Article("skincare", 0.50, 450, -0.45, -0.10),
    Article("haircare", 0.30, 380, -0.80, -0.05),
    Article("makeup", 0.20, 520, -0.20),
)

DEMO = Preset(
    name="demo",
    merchants=(
        Merchant("asha-fashion", "AF", 0.50, "395003", 1.0, 0.15, 0.30, _FASHION),
        Merchant("volt-gadgets", "VG", 0.22, "110020", 1.3, 0.35, 0.0, _GADGETS),
        Merchant("nila-beauty", "NB", 0.28, "400072", 0.8, -0.25, -0.15, _BEAUTY),
    ),
)

PRESETS: dict[str, Preset] = {DEMO.name: DEMO}


def preset_named(name: str) -> Preset:
    """The preset called `name`. Raises PlanError W001 for an unknown one."""
    if name not in PRESETS:
        raise PlanError("W001", "preset", got=name, expected=" or ".join(PRESETS), to_do="name a preset that exists")
    return PRESETS[name]
