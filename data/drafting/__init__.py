"""A proposal for the mapping of files nobody here has seen: `rto import --draft`."""
