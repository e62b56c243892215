"""Reference tables shipped with the project. Where they come from: `ATTRIBUTION.md`."""
