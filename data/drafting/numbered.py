"""Which columns number orders or parcels, and which only count the rows or say how much of something there is."""

from typing import TYPE_CHECKING

import pandas as pd

from data.drafting.words import PERSONAL_WORDS, headed
from data.persons.text import word_set

if TYPE_CHECKING:
    from data.drafting.look import Look

_COUNTERS = frozenset(map(headed, (
    "no", "number", "#", "s no", "sl no", "sr no", "sr", "sno", "serial", "serial no", "srl no", "row", "row no", "index",
    "line no", "id",
))) | {""}  # fmt: skip
"""Headers of a column that may just count the rows."""
_NUMBERED = frozenset(headed(
    "order invoice bill memo awb waybill consignment consignor docket tracking shipment parcel reference pedido pesanan "
    "commande cn"
).split())  # fmt: skip
"""Words of headers that number orders or parcels: what stands there is nobody's."""
_MEASURED = word_set(
    "weight gram grams gm gms kg length width height volume volumetric distance km days attempts percent rate age tax gst"
)
"""Words of headers of what is measured, and numbers nothing."""
_MOSTLY = 0.9
_LEAST_ROWS = 20


def counts_rows(look: "Look") -> bool:
    """Does it just count the rows, 1, 2, 3, under a header that says no more?"""
    if look.head not in _COUNTERS or look.n_distinct < _LEAST_ROWS or look.n_distinct != look.n - look.n_blank:
        return False
    told = pd.to_numeric(look.column.to_pandas(), errors="coerce").dropna()
    return len(told) == look.n_distinct and told.iloc[0] in (0, 1) and bool((told.diff().iloc[1:] == 1).all())


def is_number(look: "Look") -> bool:
    """Does the header say that orders or parcels are numbered here, and do the cells look like it?"""
    said = set(look.head.split())
    return bool(said & _NUMBERED) and not said & PERSONAL_WORDS and look.share(r"[\w#/.:-]*\d[\w#/.:-]*") > _MOSTLY


def is_measure(look: "Look") -> bool:
    """Does the header name a weight, a size, a rate?"""
    return bool(set(look.head.split()) & _MEASURED)
