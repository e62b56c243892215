"""Markets in which one thing changes at a known moment and nothing else does: to try a monitor on."""

from dataclasses import replace

from data.errors import PlanError
from data.world.parameter import check_number
from data.world.presets import Preset

KINDS = ("none", "concept", "mix")
CONCEPT = 1.2  # on the logit of refusal: cash RTO up by some ten points; the presets' own shift is gentler


def shifted(preset: Preset, kind: str, at: float) -> Preset:
    """The market without its drift, yearly wave and own shift; from the share `at` of the period on, `kind` happens.

    concept: the same orders are refused more often.  mix: other orders come (more paid posts, more cash, higher
    discounts), each as risky as ever.  none: nothing.  Raises PlanError W002 for another kind or share.
    """
    if kind not in KINDS:
        to_do = "name a shift that exists"
        raise PlanError("W002", "--shift", got=kind, expected=" or ".join(KINDS), to_do=to_do)
    check_number("--shift-at", at, 0.0, 1.0)
    concept, mix = (at if kind == wanted else 1.0 for wanted in ("concept", "mix"))
    time = replace(preset.time, drift_per_day=0.0, yearly=0.0, shift_at=concept, mix_at=mix)
    words = kind if kind == "none" else f"{kind} at {at:g} of the period"
    return replace(preset, time=time, causes=replace(preset.causes, shift=CONCEPT), shift=words)
