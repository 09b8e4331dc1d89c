"""Wires the whole application, as every door but the stream function and the authorizer serves it."""

from openmind_llm.api import accounts, app
from openmind_llm.api import reports as report_routes
from openmind_llm.api.asgi import App
from openmind_llm.bootstrap import accounting, completions, logins, reports
from openmind_llm.bootstrap.kept import with_ledger
from openmind_llm.settings import Settings


def create(settings: Settings) -> App:
    """Raises OverrideError, PlanOverrideError."""
    catalogue = completions.catalogue(settings)
    ledger, kept = with_ledger(settings)
    owners = accounting.owners(settings, catalogue)
    routers = (
        accounts.router(owners),
        report_routes.router(reports.reports(settings, catalogue, ledger, owners)),
    )
    served = app.create(catalogue, completions.endpoint(settings, catalogue, ledger, kept), *routers)
    return completions.guarded(served, settings, ledger, logins.create(settings))
