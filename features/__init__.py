"""What can be said about an order when asked: the catalog, the fold, and its drivers."""
