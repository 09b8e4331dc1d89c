"""A value for a JSON Schema (draft 2020-12): proposals are made from its keywords, then checked against all of it."""
