"""The HTTP face; the only importer of FastAPI."""
