"""What a pool keeps: tables on a file or a server, the ledger in and out of them, copies, erasure."""
