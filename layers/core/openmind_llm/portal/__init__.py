"""Pages that the service shows, as package data."""
