"""The shops of a made-up market: given by name, or drawn, each from its own stream."""

from dataclasses import dataclass, replace

import numpy as np

from data.world.parameter import parameter
from data.world.streams import Floats, stream


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


CATEGORIES = (
    Article("kurti", 0, 650, 0.25, 0.10),
    Article("saree", 0, 1_100, 0.30, 0.05),
    Article("footwear", 0, 800, 0.40, 0.10),
    Article("jewellery", 0, 400, 0.05, 0.05),
    Article("earphones", 0, 750, 0.0, -0.05),
    Article("smartwatch", 0, 1_100, 0.15, -0.15),
    Article("kitchen-gadget", 0, 600, -0.20, 0.10),
    Article("skincare", 0, 450, -0.45, -0.10),
    Article("haircare", 0, 380, -0.80, -0.05),
    Article("snacks", 0, 350, -0.80, -0.10),
)
"""Ten categories, medians 350 to 1,100 rupees; fashion comes back most, food least (order: Shiprocket calculator)."""
FEW = 10  # so few shops are left as drawn
WAREHOUSES = ("395003", "110020", "400072", "560068", "302022", "700091", "600032", "201301", "500081", "641604")


@dataclass(frozen=True, slots=True)
class ShopsPlan:
    """Shops drawn at random. A preset with named merchants has none."""

    count: int = parameter(60, "merchants in the pool", least=1, most=1_000)
    dirichlet: float = parameter(0.6, "concentration of their volumes (Dirichlet)", least=0.05, most=100)
    sd_refusal: float = parameter(0.5, "spread of their effects on refusal (logit)", least=0, most=3)
    sd_rural: float = parameter(0.2, "spread of their extra effects outside the cities (logit)", least=0, most=3)
    dispatch: tuple[float, float] = parameter((3.0, 0.4), "days to dispatch: Gamma shape and scale", least=0.001)
    n_articles: int = parameter(3, "categories each sells", least=1, most=len(CATEGORIES))


def open_shops(plan: ShopsPlan, seed: int) -> tuple[Merchant, ...]:
    """Draw the merchants. Each has its own stream: one more changes the shares of the others and their common level."""
    shops = [_shop(plan, number, stream(seed, f"merchant.{number}")) for number in range(plan.count)]
    total = sum(shop.share for shop in shops)
    shops = [replace(shop, share=shop.share / total) for shop in shops]
    return tuple(shops if plan.count < FEW else _balanced(plan, shops))


def _shop(plan: ShopsPlan, number: int, draw: np.random.Generator) -> Merchant:
    volume, refusal, rural = draw.gamma(plan.dirichlet), draw.normal(0, plan.sd_refusal), draw.normal(0, plan.sd_rural)
    picked = draw.choice(len(CATEGORIES), size=plan.n_articles, replace=False)
    shares = draw.dirichlet(np.full(plan.n_articles, 2.0))
    return Merchant(
        merchant_id=f"shop-{number + 1:03d}",
        prefix=f"S{number + 1:03d}",
        share=float(volume),
        origin_pincode=WAREHOUSES[int(draw.integers(len(WAREHOUSES)))],
        dispatch_days=float(draw.gamma(*plan.dispatch)),
        refusal=float(refusal),
        rural=float(rural),
        articles=tuple(replace(CATEGORIES[kind], share=float(part)) for kind, part in zip(picked, shares, strict=True)),
    )


def _balanced(plan: ShopsPlan, shops: list[Merchant]) -> list[Merchant]:
    """The same shops moved together, so that the pool as a whole is as planned whatever was drawn.

    A few shops make up most of a pool, so that a drawn pool would differ from the planned one in all its figures.
    Weighted by volume, waits have the planned mean and spread, prices the categories' mean, effects on refusal (those
    of the goods counted in) theirs and the planned spread; refusal hangs together with the wait by the delay alone.
    """
    share, days, rural, goods, own, price = np.array([_facts(shop) for shop in shops]).T
    days, total = _waits(plan, share, days), own + goods
    beside = np.stack([np.ones_like(days), days, np.exp(-days)], axis=1)
    weight = np.sqrt(share)[:, None]
    total = total - beside @ np.linalg.lstsq(beside * weight, total * weight[:, 0], rcond=None)[0]
    total = total * np.hypot(plan.sd_refusal, goods.std()) / np.sqrt(share @ total**2)
    refusal = total + np.mean([kind.refusal for kind in CATEGORIES]) - goods
    dearer = np.exp(np.mean([np.log(kind.median_price) for kind in CATEGORIES]) - share @ price)
    return [
        replace(
            shop,
            dispatch_days=float(days[k]),
            refusal=float(refusal[k]),
            rural=float(rural[k] - share @ rural),
            articles=tuple(replace(kind, median_price=float(kind.median_price * dearer)) for kind in shop.articles),
        )
        for k, shop in enumerate(shops)
    ]


def _waits(plan: ShopsPlan, share: Floats, days: Floats) -> Floats:
    """(m,) days to dispatch with the planned mean, and the planned spread of their logs."""
    shape, scale = plan.dispatch
    log = np.log(days) - share @ np.log(days)
    spread = np.sqrt(1 / shape + 1 / (2 * shape**2) + 1 / (6 * shape**3))  # of the log of a Gamma
    days = np.exp(log * spread / np.sqrt(share @ log**2))
    return np.asarray(days * shape * scale / (share @ days))


def _facts(shop: Merchant) -> tuple[float, ...]:
    """Share, days to dispatch, rural effect; effect of its goods on refusal, its own; mean log price."""
    goods = sum(article.share * article.refusal for article in shop.articles)
    price = sum(article.share * np.log(article.median_price) for article in shop.articles)
    return shop.share, shop.dispatch_days, shop.rural, goods, shop.refusal, float(price)
