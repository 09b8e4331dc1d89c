"""What was used: read from what the ledger has written down, and changing nothing."""
