"""`docs/checks.md`, written from the checks themselves: `python -m data.checks.page > docs/checks.md`."""

from data.checks.catalog import CHECKS
from data.checks.check import Check

INTRO = """# Checks of a history

Run on every import and before every training. A **hard** failure stops the command (exit status 13) before anything
is written; a **soft** one goes into the data card. A check whose columns are absent or empty is *not applicable*,
which is no failure. Examples are order numbers, at most five, never a personal value.

Numbers below DQ100 are rows refused while a file is read. DQ000 means the checks themselves are broken, a bug of ours.

This page is written by `python -m data.checks.page > docs/checks.md`; a test holds it to the code.
"""


def page() -> str:
    """The page as Markdown."""
    return INTRO + "".join(_section(check) for check in CHECKS)


def _section(check: Check) -> str:
    weight = str(check.severity)
    if check.in_training is not None:
        weight += f" on import, {check.in_training} for training"
    about = ", ".join(f"`{name}`" for name in check.columns)
    lines = [f"\n## {check.code} {check.title}\n", f"- **Weight**: {weight}", f"- **Why**: {check.why}."]
    lines += [f"- **To do**: {check.to_do}.", f"- **Reads**: {check.suite}" + (f", {about}" if about else "")]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
