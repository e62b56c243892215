"""`held.weighed` by the compiled kernel: for commands that load the compiler anyway. Never loaded by the service."""

import numpy as np

from features import compiled, scan
from features.contribution import N_MEASURES
from features.held import ALWAYS, Array, PlainNews

_weigh_each = compiled.compile_kernel(scan.weigh_each, weigh=compiled.weigh)


def weighed(news: PlainNews, is_cod: Array, amount: Array) -> tuple[Array, Array]:
    """(m, N_MEASURES) weights for everyone and for buyers, from sorted news."""
    everyone, buyer = (np.zeros((len(is_cod), N_MEASURES)) for _ in range(2))
    told = (np.ascontiguousarray(column) for column in (news.type, news.happened_at, news.known_at, news.reason))
    _weigh_each(ALWAYS, news.bounds(len(is_cod)), is_cod, amount, *told, everyone, buyer)
    return everyone, buyer
