"""How a request gets its answer from one of several providers, keys and tries."""
