"""What is kept: taken in, written, erased, pruned, and decisions made again from it."""
