"""Local development. Nothing here is deployed."""
