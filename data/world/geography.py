"""Where the made-up market sells: real PIN codes, with place and courier effects drawn at random."""

from dataclasses import dataclass

import numpy as np

from data.places import PinRegister, load_register
from data.world.plans import GeographyPlan
from data.world.streams import Flags, Floats, Ints, Texts, stream

METROS = {
    "110": "New Delhi",
    "400": "Mumbai",
    "411": "Pune",
    "500": "Hyderabad",
    "560": "Bengaluru",
    "600": "Chennai",
    "700": "Kolkata",
    "380": "Ahmedabad",
}
CITIES = {
    "122": "Gurugram",
    "141": "Ludhiana",
    "160": "Chandigarh",
    "201": "Ghaziabad",
    "208": "Kanpur",
    "221": "Varanasi",
    "226": "Lucknow",
    "302": "Jaipur",
    "390": "Vadodara",
    "395": "Surat",
    "422": "Nashik",
    "440": "Nagpur",
    "452": "Indore",
    "462": "Bhopal",
    "492": "Raipur",
    "530": "Visakhapatnam",
    "570": "Mysuru",
    "625": "Madurai",
    "641": "Coimbatore",
    "682": "Kochi",
    "695": "Thiruvananthapuram",
    "751": "Bhubaneswar",
    "781": "Guwahati",
    "800": "Patna",
    "834": "Ranchi",
}
"""Sorting districts (the first three digits of a PIN code) of tier 0 and tier 1, and the city they serve."""


@dataclass(frozen=True, slots=True, eq=False)
class Geography:
    """(p,) PIN codes the market sells to, in order of volume; effects are on logits."""

    pincode: Texts
    city: Texts
    district: Texts
    state: Texts
    district_code: Ints
    latitude: Floats
    longitude: Floats
    tier: Ints
    share: Floats  # of all orders; sums to 1
    refusal: Floats
    address: Floats
    courier: Floats  # (c,) effect of each courier on failing to reach the buyer
    courier_district: Floats  # (c, d)
    main_courier: Ints  # (d,) the courier that carries most of a district's parcels


def lay_out(plan: GeographyPlan, seed: int) -> Geography:
    """Draw the market's places from the PIN register. Only PIN codes with a district, a state and coordinates."""
    register = load_register()
    rows, tier = _chosen(register, plan, seed)
    district, state = register.district[rows], register.state[rows]
    codes = {name: number for number, name in enumerate(sorted({*zip(state, district, strict=True)}))}
    district_code = np.array([codes[name] for name in zip(state, district, strict=True)], dtype=np.int64)
    _, state_code = np.unique(state.astype(str), return_inverse=True)
    draw = stream(seed, "geography.effects").normal
    share, address = _shares(plan, len(rows)), draw(0, plan.sd_address, len(rows))
    courier = draw(0, plan.sd_courier, plan.n_couriers)
    beside = draw(0, plan.sd_courier_district, (plan.n_couriers, len(codes)))
    main = stream(seed, "geography.couriers").integers(plan.n_couriers, size=len(codes))
    return Geography(
        pincode=register.pincode[rows].astype(object),
        city=np.array([_city(*where) for where in zip(register.pincode[rows], district, strict=True)], dtype=object),
        district=district,
        state=state,
        district_code=district_code,
        latitude=register.latitude[rows],
        longitude=register.longitude[rows],
        tier=tier,
        share=share,
        refusal=_level(_refusal(plan, state_code, district_code, share, seed), share, tier),
        address=_level(address, share, tier),
        courier=courier - courier.mean(),
        courier_district=_between(beside, main, plan.main_courier),
        main_courier=main,
    )


def _shares(plan: GeographyPlan, count: int) -> Floats:
    volume = np.arange(1, count + 1) ** -plan.rank_power
    return np.asarray(volume / volume.sum())


def _level(effect: Floats, share: Floats, tier: Ints) -> Floats:
    """(p,) the same effects, 0 on average over the orders of each tier: a few large places must not move a whole tier."""
    volume = np.bincount(tier, weights=share)
    return np.asarray(effect - (np.bincount(tier, weights=share * effect) / volume)[tier])


def _refusal(plan: GeographyPlan, state: Ints, district: Ints, share: Floats, seed: int) -> Floats:
    """(p,) effect on refusal: of the state, of the district within it, of the PIN code within that."""
    draw = stream(seed, "geography.refusal").normal
    of_state, of_district = draw(0, 1, state.max() + 1)[state], draw(0, 1, district.max() + 1)[district]
    wide = plan.sd_state * _standard(of_state, share) + plan.sd_district * _standard(of_district, share)
    return np.asarray(wide + draw(0, plan.sd_pincode, len(state)))


def _between(beside: Floats, main: Ints, main_share: float) -> Floats:
    """(c, d) effects of couriers in districts, 0 on average over each district's parcels: couriers differ, no more."""
    carries = np.full(beside.shape, (1 - main_share) / len(beside))
    carries[main, np.arange(len(main))] += main_share
    return np.asarray(beside - (carries * beside).sum(axis=0))


def _standard(effect: Floats, share: Floats) -> Floats:
    """(p,) with mean 0 and spread 1 over all orders: a dozen states, some large, are too few to leave that to chance."""
    centred = effect - share @ effect
    return np.asarray(centred / (np.sqrt(share @ centred**2) or 1.0))  # one state alone has no spread


def _chosen(register: PinRegister, plan: GeographyPlan, seed: int) -> tuple[Ints, Ints]:
    """Rows of the register to sell to, metros first, and the tier of each."""
    whole: Flags = (register.state != "") & (register.district != "") & ~np.isnan(register.latitude)
    sorting = np.array([pin[:3] for pin in register.pincode])
    tier = np.where(np.isin(sorting, [*METROS]), 0, np.where(np.isin(sorting, [*CITIES]), 1, 2))
    draw = stream(seed, "geography.pincodes")
    picked = [
        draw.choice(np.flatnonzero(whole & (tier == level)), size=count, replace=False)
        for level, count in enumerate(plan.n_pincodes)
    ]
    rows = np.concatenate(picked).astype(np.int64)
    return rows, tier[rows].astype(np.int64)


def _city(pincode: str, district: str) -> str:
    return METROS.get(pincode[:3]) or CITIES.get(pincode[:3]) or district.title()
