"""From a probability to a decision, a reply, a report."""
