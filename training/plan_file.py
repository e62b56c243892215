"""A plan as a TOML file that `load_plan` reads back."""

import json
from typing import Any

from training.plan import Plan


def plan_toml(plan: Plan, remarks: tuple[str, ...] = ()) -> str:
    """Every key of the plan, tables last; `remarks` on top as comments. A JSON value of a plan is a TOML one too."""
    told = plan.model_dump(mode="json")
    plain = {name: value for name, value in told.items() if not isinstance(value, dict)}
    tables = {name: value for name, value in told.items() if isinstance(value, dict)}
    lines = [*(f"# {' '.join(remark.split())}" for remark in remarks), *_lines(plain)]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *_lines(table)]
    return "\n".join(lines) + "\n"


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{name} = {json.dumps(value)}" for name, value in table.items()]
