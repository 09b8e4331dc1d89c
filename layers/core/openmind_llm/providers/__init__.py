"""The six upstreams: a table, their dialects, one HTTP client."""
