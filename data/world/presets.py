"""The made-up markets one can ask for by name."""

from dataclasses import dataclass, field, replace

from data.errors import PlanError
from data.world.cause_plan import CausePlan
from data.world.effect_plan import EffectPlan
from data.world.logging_plan import LoggingPlan
from data.world.parameter import check_parameters, parameter
from data.world.plans import (
    AddressPlan,
    BasketPlan,
    CoursePlan,
    GeographyPlan,
    NewsPlan,
    PaymentPlan,
    PeoplePlan,
    Sale,
    SessionPlan,
    TimePlan,
)
from data.world.shops import Article, Merchant, ShopsPlan, open_shops

N_ORDERS_MIN, N_ORDERS_MAX = 1_000, 5_000_000


@dataclass(frozen=True, slots=True)
class Preset:
    """One market: a pool of merchants over a period that ends at the moment `until` given to `simulate`.

    `merchants` are named, or else `shops` says how to draw them.
    """

    name: str
    shift: str = "its own"  # or what `shifts.shifted` made of it
    merchants: tuple[Merchant, ...] = ()
    shops: ShopsPlan | None = None
    n_orders: int = parameter(40_000, "orders, unless asked otherwise", least=N_ORDERS_MIN, most=N_ORDERS_MAX)
    days: int = parameter(360, "length of the period", least=30, most=3_650)
    sales: tuple[Sale, ...] = (Sale(0.17, 7), Sale(0.55, 20), Sale(0.84, 7))
    geography: GeographyPlan = field(default_factory=GeographyPlan)
    people: PeoplePlan = field(default_factory=PeoplePlan)
    baskets: BasketPlan = field(default_factory=BasketPlan)
    session: SessionPlan = field(default_factory=SessionPlan)
    addresses: AddressPlan = field(default_factory=AddressPlan)
    payment: PaymentPlan = field(default_factory=PaymentPlan)
    time: TimePlan = field(default_factory=TimePlan)
    causes: CausePlan = field(default_factory=CausePlan)
    course: CoursePlan = field(default_factory=CoursePlan)
    news: NewsPlan = field(default_factory=NewsPlan)
    effects: EffectPlan = field(default_factory=EffectPlan)
    logging: LoggingPlan = field(default_factory=LoggingPlan)

    def opened(self, seed: int) -> "Preset":
        """The same preset with its merchants drawn, where they are not named."""
        return self if self.shops is None else replace(self, merchants=open_shops(self.shops, seed))


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
_MIXED = (
    Article("kurti", 0.30, 650, 0.25, 0.10),
    Article("earphones", 0.25, 750, 0.0, -0.05),
    Article("kitchen-gadget", 0.20, 600, -0.20, 0.10),
    Article("skincare", 0.25, 450, -0.45, -0.10),
)

DEMO = Preset(
    name="demo",
    people=PeoplePlan(ring_rate=4.0, ring_gap_days=3.0, phone_change_unreliable=0.12),
    merchants=(
        Merchant("asha-fashion", "AF", 0.50, "395003", 1.2, -0.05, 0.10, _FASHION),
        Merchant("volt-gadgets", "VG", 0.22, "110020", 1.5, 0.2, 0.0, _GADGETS),
        Merchant("nila-beauty", "NB", 0.28, "400072", 1.0, -0.3, -0.15, _BEAUTY),
    ),
    geography=GeographyPlan(sd_district=0.08, sd_pincode=0.30, transit_days=(1.3, 2.1, 3.2)),
    session=SessionPlan(
        app=(-0.3, 0.4, 0.3),
        guest=(-0.6, -0.4, -0.2),
        no_email=(-0.5, -0.7, -0.35),
        curt=(-1.5, -0.6, -0.4),
        junk_mailbox=(-2.2, -1.0),
    ),
    causes=CausePlan(
        fake=-5.15,
        fake_reliability=1.9,
        refusal=-3.30,
        refusal_reliability=1.75,
        discount_on_first=2.0,
        discount_on_reliability=-2.0,
        value_on_new=0.4,
        value_on_reliability=-0.35,
        value_step=0.6,
        fades_after=2.0,
        intent=0.7,
    ),
)
"""Three shops; what `rto demo` shows. Buyers differ more, and shops see more of them, than in `network`."""

NETWORK = Preset(
    name="network",
    shops=ShopsPlan(),
    n_orders=500_000,
    days=540,
    sales=(Sale(0.13, 7), Sale(0.43, 20), Sale(0.80, 7), Sale(0.96, 7)),
    geography=GeographyPlan(n_pincodes=(120, 780, 4_100)),
    people=PeoplePlan(orders_per_person=7.0, rate_shape=0.55),
    time=TimePlan(shift_at=0.90),
)
"""One pool of sixty merchants over eighteen months."""

MERCHANT = Preset(
    name="merchant",
    merchants=(Merchant("bazaar", "BZ", 1.0, "395003", 1.35, -0.62, 0.0, _MIXED),),
    n_orders=150_000,
    days=540,
    sales=NETWORK.sales,
    geography=NETWORK.geography,
    people=PeoplePlan(orders_per_person=0.95, rate_shape=0.55),
    payment=PaymentPlan(constant=0.50),
    time=NETWORK.time,
)
"""One merchant alone, whose buyers come twice on average: most of history is thin."""

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (DEMO, MERCHANT, NETWORK)}


def preset_named(name: str) -> Preset:
    """The preset called `name`. Raises PlanError W001 for an unknown one."""
    if name not in PRESETS:
        raise PlanError("W001", "preset", got=name, expected=" or ".join(PRESETS), to_do="name a preset that exists")
    return PRESETS[name]


def check_preset(preset: Preset) -> None:
    """Raises PlanError W002 for the first parameter of the preset that lies outside its range."""
    check_parameters(preset)
