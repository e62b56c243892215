"""What people write of themselves, and what is kept of it: names, phones, e-mails, addresses, tokens."""
