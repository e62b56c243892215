"""The only file that knows Great Expectations: a suite of checks against a frame."""

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from data.checks.asked import Asked
from data.checks.check import MOST_NAMED, Check, Given, Suite, Tally
from data.checks.frames import ChecksBroken
from data.checks.witnesses import Witnesses, witnesses_of
from data.side_by_side import side_by_side

_LOADING = Lock()
NOT_NULL = "ExpectColumnValuesToNotBeNull"


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
    held = {name: bool(column.notna().any()) for name, column in frame.items()}
    applicable = {check.code: check for check in checks if applies(check, frame, held)}
    single = [check for check in applicable.values() if not _tally(check, asked)]
    named = side_by_side([partial(witnesses_of, check, frame, given) for check in single])
    by_few = {check.code: one for check, one in zip(single, named, strict=True) if one is not None}
    rows = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(one.rows for one in by_few.values())]))
    few = [check for code, check in applicable.items() if code in by_few]
    rest = [check for code, check in applicable.items() if code not in by_few]
    # of a few rows all that fail are wanted; of a million, some
    results = _run(suite, _asked_of(frame, few).iloc[rows], few, given, "COMPLETE")
    results |= _run(suite, _narrow(_asked_of(frame, rest), rest), rest, given, "SUMMARY")
    found = {code: _finding(check, results[code], asked, by_few.get(code)) for code, check in applicable.items()}
    return {code: f for code, f in found.items() if f.n_checked or applicable[code].empty_fails}


def applies(check: Check, frame: pd.DataFrame, held: Mapping[Any, bool]) -> bool:
    """Whether there is anything to judge. A column that is absent, or holds nothing, is no failure by itself."""
    needed = _read_by(check)
    if any(name not in held for name in needed):
        return False
    if check.empty_fails:
        return bool(len(frame)) or check.whole
    return all(held[name] for name in needed)


def _read_by(check: Check) -> tuple[str, ...]:
    return (*check.columns, *(check.where or ())[:1])


def _asked_of(frame: pd.DataFrame, checks: list[Check]) -> pd.DataFrame:
    """The columns that these rules read: a rule copies its frame, so what nobody asks for stays outside."""
    needed = {name for check in checks for name in _read_by(check)}
    return frame[[name for name in frame.columns if name in needed]]


def _narrow(frame: pd.DataFrame, checks: list[Check]) -> pd.DataFrame:
    """Texts that are only asked whether they are there, as 1 and NaN: equal for the rule, and quicker to copy."""
    valued = {name for check in checks if check.expectation != NOT_NULL or check.where for name in _read_by(check)}
    absent = {name: np.where(column.isna(), np.nan, 1.0) for name, column in frame.items()
              if name not in valued and column.dtype.kind not in "iuf"}  # fmt: skip
    return frame.assign(**{str(name): values for name, values in absent.items()})


def _tally(check: Check, asked: Asked) -> Tally | None:
    return asked.tallies.get(check.columns[0]) if check.columns else None


def _finding(check: Check, result: Any, asked: Asked, witnesses: Witnesses | None) -> Finding:
    _raise_if_broken(check, result.exception_info)
    seen, frame, passed = result.result, asked.frame, bool(result.success)
    if (tally := _tally(check, asked)) is not None:
        return Finding(passed, tally.n_checked, tally.n_failed, tally.rows)
    if check.whole:
        value = seen.get("observed_value")  # absent where a row rule judges the one row of a summary
        observed = float(frame[check.columns[0]].iloc[0]) if value is None else float(value)
        n_checked = int(frame[list(check.columns)].notna().all(axis=1).sum())
        return Finding(passed, n_checked, None, observed=observed)
    if witnesses is not None:
        return _of_witnesses(check, seen, witnesses, passed)
    n_checked = int(seen["element_count"]) - int(seen.get("missing_count", 0))
    rows = tuple(int(row) for row in seen["partial_unexpected_index_list"])
    return Finding(passed, n_checked, int(seen["unexpected_count"]), rows)


def _of_witnesses(check: Check, seen: Mapping[str, Any], witnesses: Witnesses, passed: bool) -> Finding:
    rows = witnesses.spread(np.array(seen.get("unexpected_index_list") or [], dtype=np.int64))
    if passed == bool(len(rows)):
        raise ChecksBroken(f"{check.code} {check.title}", got=f"success {passed} with {len(rows)} rows that fail")
    return Finding(passed, witnesses.n_checked, len(rows), tuple(int(row) for row in rows[:MOST_NAMED]))


def _raise_if_broken(check: Check, info: Mapping[str, Any]) -> None:
    """A rule that raised (a missing column, a wrong type) also says success False; that is our bug, not the data's."""
    each = [info] if "raised_exception" in info else list(info.values())
    raised = [one for one in each if one.get("raised_exception")]
    if raised:
        raise ChecksBroken(f"{check.code} {check.title}", got=str(raised[0].get("exception_message")))


def _run(
    suite: Suite, frame: pd.DataFrame, checks: list[Check], given: Mapping[Given, int], form: str
) -> dict[str, Any]:
    """Code -> what Great Expectations says of each rule; it answers in an order of its own. form: its result_format."""
    if not checks:
        return {}
    with _LOADING:  # not twice, and not half
        gx, context = _great_expectations(), _context()
    asset = context.data_sources.add_pandas(suite.value).add_dataframe_asset(suite.value)
    rules = gx.ExpectationSuite(name=suite.value, expectations=[_rule(gx, check, given) for check in checks])
    try:
        batch = asset.add_batch_definition_whole_dataframe(suite.value).get_batch({"dataframe": frame})
        # on a plain row number: with unexpected_index_column_names a million rows take half a minute more
        results = {r.expectation_config.meta["code"]: r for r in batch.validate(rules, result_format=form).results}
    finally:
        context.data_sources.delete(suite.value)  # the context lives on and would keep the frame
    if results.keys() != {check.code for check in checks}:
        raise ChecksBroken(suite, got=f"results for {sorted(results)}", expected=f"{[check.code for check in checks]}")
    return results


def _rule(gx: Any, check: Check, given: Mapping[Given, int]) -> Any:
    terms = {name: given[value] if isinstance(value, Given) else value for name, value in check.terms.items()}
    if check.where is not None:
        column, value = check.where
        terms["row_condition"] = gx.expectations.row_conditions.Column(column) == value
    return getattr(gx.expectations, check.expectation)(**terms, meta={"code": check.code})


def load_rules() -> None:
    """Load Great Expectations before it is needed: it takes seconds, which a large file's reading can cover."""
    with _LOADING:
        _context()


@cache
def _context() -> Any:
    """One for the process: making it takes longer than most suites."""
    gx = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    return context


@cache
def _great_expectations() -> Any:
    """The library, loaded on first use: it takes seconds, and most commands never check."""
    # Its file connector imports sre_constants and sre_parse, deprecated since Python 3.11; nothing of ours does. The
    # filter stays: to take it back would undo what another thread filters meanwhile
    warnings.filterwarnings("ignore", message=r"module 'sre_\w+' is deprecated", category=DeprecationWarning)
    import great_expectations as gx
    import great_expectations.data_context.types.base
    import great_expectations.expectations
    import great_expectations.expectations.row_conditions

    return gx
