"""Wires the whole application, as every door but the stream function and the authorizer serves it."""

from openmind_llm.api import app
from openmind_llm.api.asgi import App
from openmind_llm.bootstrap import completions
from openmind_llm.settings import Settings


def create(settings: Settings) -> App:
    """Raises OverrideError."""
    catalogue = completions.catalogue(settings)
    return completions.guarded(app.create(catalogue, completions.endpoint(settings, catalogue)), settings)
