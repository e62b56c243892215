"""What the world told us, and when: orders, news, and the history they make."""
