"""A stand-in for the six providers, for local development only. It is never deployed; see `app`."""
