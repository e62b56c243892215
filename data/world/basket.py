"""What is bought: articles, lines, prices and discounts of the made-up shops."""

from dataclasses import dataclass

import numpy as np

from data.world.presets import Preset
from data.world.shops import Article
from data.world.streams import Flags, Floats, Ints, Texts, stream

SKUS_PER_ARTICLE = 12
SD_PRICE, SD_SKU_REFUSAL = 0.50, 0.20
SECOND_LINE, TWO_PIECES = 0.06, 0.08
RUPEE = 100  # paise
FREE_SHIPPING_FROM, SHIPPING_FEE = 499, 49  # rupees


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """(s,) articles on sale, SKUS_PER_ARTICLE rows for each article of each merchant in the preset's order."""

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
    parts = [_article_rows(m.prefix, a, seed, m.merchant_id) for m in preset.merchants for a in m.articles]
    starts = iter(range(0, SKUS_PER_ARTICLE * len(parts), SKUS_PER_ARTICLE))
    return Shelf(
        sku=np.concatenate([part[0] for part in parts]),
        category=np.repeat([a.name for m in preset.merchants for a in m.articles], SKUS_PER_ARTICLE).astype(object),
        price=np.concatenate([part[1] for part in parts]),
        refusal=np.concatenate([part[2] for part in parts]),
        cod=np.repeat([a.cod for m in preset.merchants for a in m.articles], SKUS_PER_ARTICLE),
        first_of=tuple(tuple(next(starts) for _ in m.articles) for m in preset.merchants),
    )


def _article_rows(prefix: str, article: Article, seed: int, merchant_id: str) -> tuple[Texts, Ints, Floats]:
    draw = stream(seed, f"shelf.{merchant_id}.{article.name}")
    names = [f"{prefix}-{article.name[:3].upper()}-{k + 1:02d}" for k in range(SKUS_PER_ARTICLE)]
    price = article.median_price * np.exp(draw.normal(0, SD_PRICE, SKUS_PER_ARTICLE))
    rupees: Ints = np.maximum(np.round(price / 10) * 10 - 1, 99).astype(np.int64)  # shops end their prices in 9
    return np.array(names, dtype=object), rupees, article.refusal + draw.normal(0, SD_SKU_REFUSAL, SKUS_PER_ARTICLE)


def fill_baskets(preset: Preset, shelf: Shelf, merchant: Ints, sale: Flags, seed: int) -> Baskets:
    """Draw lines and discounts for orders of these merchants; `sale` marks orders within a sale window."""
    count = len(merchant)
    lines = 1 + (stream(seed, "basket.lines").random(count) < SECOND_LINE)
    order = np.repeat(np.arange(count), lines)
    row = _articles(preset, shelf, merchant[order], seed)
    second = np.flatnonzero(np.diff(order, prepend=-1) == 0)
    twice = second[row[second] == row[second - 1]]  # two lines of one order are two articles
    row[twice] += np.where(row[twice] % SKUS_PER_ARTICLE == SKUS_PER_ARTICLE - 1, -1, 1)
    quantity = 1 + (stream(seed, "basket.quantity").random(len(order)) < TWO_PIECES).astype(np.int64)
    value = np.bincount(order, weights=shelf.price[row] * quantity, minlength=count).astype(np.int64)
    share = _discount_shares(sale, seed)
    discount = np.round(value * share).astype(np.int64)
    dearest = row[_dearest(order, shelf.price[row], count)]
    return Baskets(
        order=order,
        shelf_row=row,
        quantity=quantity,
        list_value=value,
        discount=discount,
        shipping_fee=np.where(value - discount < FREE_SHIPPING_FROM, SHIPPING_FEE, 0),
        discount_share=share,
        refusal=shelf.refusal[dearest],
        cod=shelf.cod[dearest],
    )


def _discount_shares(sale: Flags, seed: int) -> Floats:
    share = stream(seed, "basket.discounts").beta(1.6, 4.0, len(sale)) + 0.12 * sale
    return np.where(share < 0.06, 0.0, np.minimum(share, 0.70))  # nobody advertises 3 % off


def _articles(preset: Preset, shelf: Shelf, merchant: Ints, seed: int) -> Ints:
    """A shelf row for each line: the article by its share, then one of its SKUs, the first ones sell best."""
    popularity = np.arange(1, SKUS_PER_ARTICLE + 1) ** -0.8
    pick = stream(seed, "basket.articles").random(len(merchant))
    sku = stream(seed, "basket.skus").choice(SKUS_PER_ARTICLE, size=len(merchant), p=popularity / popularity.sum())
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
