"""An import from its files to its segment: tried, doubted, judged against what is there, kept."""
