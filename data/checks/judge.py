"""The only file that knows Great Expectations: a suite of checks against a frame."""

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from data.checks.asked import Asked
from data.checks.check import Check, Given, Suite
from data.checks.frames import ChecksBroken


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `rows`: positions of some failed rows; `observed`: what a whole check saw, NaN else."""

    passed: bool
    n_checked: int
    n_failed: int | None
    rows: tuple[int, ...] = ()
    observed: float = math.nan


def judge(suite: Suite, asked: Asked, checks: Iterable[Check], given: Mapping[Given, int]) -> dict[str, Finding]:
    """Code -> finding for each of `checks` that applies to the frame. Raises ChecksBroken if a rule could not run."""
    frame = asked.frame
    applicable = {check.code: check for check in checks if applies(check, frame)}
    if not applicable:
        return {}
    # Great Expectations answers in an order of its own, so results are told apart by the code in `meta`
    results = {r.expectation_config.meta["code"]: r for r in _run(suite, frame, list(applicable.values()), given)}
    if results.keys() != applicable.keys():
        raise ChecksBroken(suite, got=f"results for {sorted(results)}", expected=f"{sorted(applicable)}")
    found = {code: _finding(check, results[code], asked) for code, check in applicable.items()}
    return {code: f for code, f in found.items() if f.n_checked or applicable[code].empty_fails}


def applies(check: Check, frame: pd.DataFrame) -> bool:
    """Whether there is anything to judge. A column that is absent, or holds nothing, is no failure by itself."""
    needed = (*check.columns, *(check.where or ())[:1])
    if any(name not in frame for name in needed):
        return False
    if check.empty_fails:
        return bool(len(frame)) or check.whole
    return not any(bool(frame[name].isna().all()) for name in needed)


def _finding(check: Check, result: Any, asked: Asked) -> Finding:
    _raise_if_broken(check, result.exception_info)
    seen, frame = result.result, asked.frame
    tally = asked.tallies.get(check.columns[0]) if check.columns else None
    if tally is not None:
        return Finding(bool(result.success), tally.n_checked, tally.n_failed, tally.rows)
    if check.whole:
        value = seen.get("observed_value")  # absent where a row rule judges the one row of a summary
        observed = float(frame[check.columns[0]].iloc[0]) if value is None else float(value)
        n_checked = int(frame[list(check.columns)].notna().all(axis=1).sum())
        return Finding(bool(result.success), n_checked, None, observed=observed)
    n_checked = int(seen["element_count"]) - int(seen.get("missing_count", 0))
    rows = tuple(int(row) for row in seen["partial_unexpected_index_list"])
    return Finding(bool(result.success), n_checked, int(seen["unexpected_count"]), rows)


def _raise_if_broken(check: Check, info: Mapping[str, Any]) -> None:
    """A rule that raised (a missing column, a wrong type) also says success False; that is our bug, not the data's."""
    each = [info] if "raised_exception" in info else list(info.values())
    raised = [one for one in each if one.get("raised_exception")]
    if raised:
        raise ChecksBroken(f"{check.code} {check.title}", got=str(raised[0].get("exception_message")))


def _run(suite: Suite, frame: pd.DataFrame, checks: list[Check], given: Mapping[Given, int]) -> list[Any]:
    gx = _great_expectations()
    context = _context()
    asset = context.data_sources.add_pandas(suite.value).add_dataframe_asset(suite.value)
    rules = gx.ExpectationSuite(name=suite.value, expectations=[_rule(gx, check, given) for check in checks])
    try:
        batch = asset.add_batch_definition_whole_dataframe(suite.value).get_batch({"dataframe": frame})
        # SUMMARY on a plain row number: with unexpected_index_column_names a million rows take half a minute more
        return list(batch.validate(rules, result_format="SUMMARY").results)
    finally:
        context.data_sources.delete(suite.value)  # the context lives on and would keep the frame


def _rule(gx: Any, check: Check, given: Mapping[Given, int]) -> Any:
    terms = {name: given[value] if isinstance(value, Given) else value for name, value in check.terms.items()}
    if check.where is not None:
        column, value = check.where
        terms["row_condition"] = gx.expectations.row_conditions.Column(column) == value
    return getattr(gx.expectations, check.expectation)(**terms, meta={"code": check.code})


@cache
def _context() -> Any:
    """One for the process: making it takes longer than most suites."""
    gx = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    return context


def _great_expectations() -> Any:
    """The library, loaded on first use: it takes seconds, and most commands never check."""
    with warnings.catch_warnings():
        # Its file connector imports sre_constants and sre_parse, deprecated since Python 3.11; nothing of ours does
        warnings.filterwarnings("ignore", message=r"module 'sre_\w+' is deprecated", category=DeprecationWarning)
        import great_expectations as gx
        import great_expectations.data_context.types.base
        import great_expectations.expectations
        import great_expectations.expectations.row_conditions
    return gx
