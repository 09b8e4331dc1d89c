"""How a request gets its answer: which provider is called with which key, when again, and when no more."""
