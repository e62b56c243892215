"""A checkout goes on: deadline, lanes, breakers, the ladder of rungs."""
