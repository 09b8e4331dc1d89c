"""How one request is tried: where, how often, and what is known of who fails."""
