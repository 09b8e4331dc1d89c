"""Wires the whole application, as every door but the stream function and the authorizer serves it."""

from openmind_llm.api import accounts, app
from openmind_llm.api import reports as report_routes
from openmind_llm.api.asgi import App
from openmind_llm.bootstrap import accounting, catalogues, completions, logins, reports
from openmind_llm.bootstrap.kept import with_ledger
from openmind_llm.settings import Settings


def create(settings: Settings) -> App:
    """Raises OverrideError, PlanOverrideError."""
    ledger, kept = with_ledger(settings)
    known = catalogues.create(settings, kept.catalogue)
    owners = accounting.owners(settings)
    routers = (
        accounts.router(owners),
        report_routes.router(reports.reports(settings, known, ledger, owners)),
    )
    served = app.create(known, completions.endpoint(settings, known, ledger, kept), *routers)
    return completions.guarded(served, settings, ledger, logins.create(settings))
