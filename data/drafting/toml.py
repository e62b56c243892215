"""Texts of a stranger's file as TOML: names, lists, and comments that stay on their line."""

import json
from collections.abc import Iterable


def quoted(text: str) -> str:
    """A text as a TOML string, whatever stands in it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def listed(texts: Iterable[str]) -> str:
    """Texts as a TOML list."""
    return f"[{', '.join(map(quoted, texts))}]"


def comment(text: str) -> str:
    """A text for a comment: one line, no control characters, so that nothing of a file becomes a key."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
