"""From a probability to the action worth most money: plain arithmetic; no files, no network, no clock."""
