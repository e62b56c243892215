"""What is bought: articles, lines, prices and discounts of the made-up shops."""

from dataclasses import dataclass

import numpy as np

from data.world.plans import BasketPlan
from data.world.presets import Preset
from data.world.shops import Article, Merchant
from data.world.streams import Floats, Ints, Texts, stream

RUPEE = 100  # paise
POPULARITY = -0.8  # the k-th article of a category sells k to this power


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """(s,) articles on sale, `n_skus` rows for each article of each merchant in the preset's order."""

    sku: Texts
    category: Texts
    price: Ints  # rupees
    refusal: Floats
    cod: Floats
    first_of: tuple[tuple[int, ...], ...]  # merchant, article -> first row


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """Lines (l,) in order of their order, and totals (n,) in rupees. `refusal`, `cod`: effects of the dearest line."""

    order: Ints
    shelf_row: Ints
    quantity: Ints
    list_value: Ints
    discount: Ints
    shipping_fee: Ints
    discount_share: Floats
    refusal: Floats
    cod: Floats


def fill_shelf(preset: Preset, seed: int) -> Shelf:
    """Draw every merchant's articles and prices; each merchant has its own streams."""
    plan = preset.baskets
    parts = [_article_rows(plan, m, a, seed) for m in preset.merchants for a in m.articles]
    starts = iter(range(0, plan.n_skus * len(parts), plan.n_skus))
    articles = [a for m in preset.merchants for a in m.articles]
    return Shelf(
        sku=np.concatenate([part[0] for part in parts]),
        category=np.repeat([a.name for a in articles], plan.n_skus).astype(object),
        price=np.concatenate([part[1] for part in parts]),
        refusal=np.concatenate([part[2] for part in parts]),
        cod=np.repeat([a.cod for a in articles], plan.n_skus),
        first_of=tuple(tuple(next(starts) for _ in m.articles) for m in preset.merchants),
    )


def _article_rows(plan: BasketPlan, shop: Merchant, article: Article, seed: int) -> tuple[Texts, Ints, Floats]:
    draw = stream(seed, f"shelf.{shop.merchant_id}.{article.name}")
    names = [f"{shop.prefix}-{article.name[:3].upper()}-{k + 1:02d}" for k in range(plan.n_skus)]
    price = article.median_price * np.exp(plan.sd_price * _even(draw.normal(size=plan.n_skus)))
    rupees: Ints = np.maximum(np.round(price / 10) * 10 - 1, 99).astype(np.int64)  # shops end their prices in 9
    return (
        np.array(names, dtype=object),
        rupees,
        article.refusal + plan.sd_refusal * _even(draw.normal(size=plan.n_skus)),
    )


def _even(luck: Floats) -> Floats:
    """(k,) the same numbers, with mean 0 and their usual spread by sales: the first article makes up a quarter of them."""
    share = _popularity(len(luck))
    centred = luck - share @ luck
    return np.asarray(centred * np.sqrt((1 - share @ share) / (share @ centred**2)))


def _popularity(n_skus: int) -> Floats:
    """(k,) what each article of a category sells, as shares."""
    popularity = np.arange(1, n_skus + 1) ** POPULARITY
    return np.asarray(popularity / popularity.sum())


def fill_baskets(preset: Preset, shelf: Shelf, merchant: Ints, lower: Floats, seed: int) -> Baskets:
    """Draw lines and discounts for orders of these merchants; `lower` (n,) is added to each discount's share."""
    plan, count = preset.baskets, len(merchant)
    lines = 1 + (stream(seed, "basket.lines").random(count) < plan.second_line)
    order = np.repeat(np.arange(count), lines)
    row = _articles(preset, shelf, merchant[order], seed)
    second = np.flatnonzero(np.diff(order, prepend=-1) == 0)
    twice = second[row[second] == row[second - 1]]  # two lines of one order are two articles
    row[twice] += np.where(row[twice] % plan.n_skus == plan.n_skus - 1, -1, 1)
    quantity = 1 + (stream(seed, "basket.quantity").random(len(order)) < plan.two_pieces).astype(np.int64)
    value = np.bincount(order, weights=shelf.price[row] * quantity, minlength=count).astype(np.int64)
    share = _discount_shares(plan, lower, seed)
    discount = np.round(value * share).astype(np.int64)
    dearest = row[_dearest(order, shelf.price[row], count)]
    return Baskets(
        order=order,
        shelf_row=row,
        quantity=quantity,
        list_value=value,
        discount=discount,
        shipping_fee=np.where(value - discount < plan.free_shipping_from, plan.shipping_fee, 0),
        discount_share=share,
        refusal=shelf.refusal[dearest],
        cod=shelf.cod[dearest],
    )


def _discount_shares(plan: BasketPlan, lower: Floats, seed: int) -> Floats:
    share = stream(seed, "basket.discounts").beta(*plan.discount, len(lower)) + lower
    least, most = plan.discount_limits
    return np.where(share < least, 0.0, np.minimum(share, most))  # nobody advertises 3 % off


def _articles(preset: Preset, shelf: Shelf, merchant: Ints, seed: int) -> Ints:
    """A shelf row for each line: the article by its share, then one of its SKUs, the first ones sell best."""
    n_skus = preset.baskets.n_skus
    pick = stream(seed, "basket.articles").random(len(merchant))
    sku = stream(seed, "basket.skus").choice(n_skus, size=len(merchant), p=_popularity(n_skus))
    row = np.empty(len(merchant), dtype=np.int64)
    for number, shop in enumerate(preset.merchants):
        mine = merchant == number
        edges = np.cumsum([article.share for article in shop.articles])[:-1]
        row[mine] = np.array(shelf.first_of[number])[np.searchsorted(edges, pick[mine])] + sku[mine]
    return row


def _dearest(order: Ints, price: Ints, count: int) -> Ints:
    """(n,) the dearest line of each order; the first of equals."""
    ranked = np.lexsort((np.arange(len(order)), -price, order))
    return ranked[np.searchsorted(order[ranked], np.arange(count))]
