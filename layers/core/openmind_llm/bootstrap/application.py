"""Wires the whole application, as every door but the stream function and the authorizer serves it."""

from openmind_llm.api import app
from openmind_llm.api.asgi import App
from openmind_llm.api.reports import router
from openmind_llm.bootstrap import accounting, completions, ledgers, logins, reports
from openmind_llm.settings import Settings


def create(settings: Settings) -> App:
    """Raises OverrideError, PlanOverrideError."""
    catalogue, ledger = completions.catalogue(settings), ledgers.ledger(settings)
    owners = accounting.owners(settings, catalogue)
    routes = router(reports.reports(settings, catalogue, ledger, owners))
    served = app.create(catalogue, completions.endpoint(settings, catalogue, ledger), owners, routes)
    return completions.guarded(served, settings, ledger, logins.create(settings))
