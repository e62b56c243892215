"""A merchant's policy: its file, versions, rules and lists, what it would have done, and the choice among actions."""
