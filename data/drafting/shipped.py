"""Is a stranger's file one that a shipped mapping reads already? Then nobody needs a draft."""

from data.files.mapping import Mapping, load_mapping, shipped_mappings

_LEAST_COLUMNS = 6
_NEARLY_ALL = 0.9


def shipped_for(names: set[str]) -> str | None:
    """The shipped mapping nearly all of whose columns are there, the one with most of them; None if there is none."""
    asked = {name: columns_of(load_mapping(name)) for name in shipped_mappings()}
    fits = {
        name: len(columns & names)
        for name, columns in asked.items()
        if len(columns) >= _LEAST_COLUMNS and len(columns & names) >= _NEARLY_ALL * len(columns)
    }
    return max(fits, key=lambda name: fits[name], default=None)


def columns_of(mapping: Mapping) -> set[str]:
    """The headers that a mapping's orders and rules name."""
    named = {source.column for source in mapping.orders.values() if source.column is not None}
    for rule in mapping.rules:
        named |= {column for column in rule.when if "*" not in column}
        named |= {news.column for news in rule.news if news.column is not None}
    return named
