"""Whom to call or message, and what came of it."""
