"""What is looked at every night: the providers' own lists against the catalogue, models that end, the ledger."""
