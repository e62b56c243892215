"""`rto`: a module for each group of commands; thin, every one loads what it needs when it runs."""
