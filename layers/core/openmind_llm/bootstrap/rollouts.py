"""Wires what checks new versions before requests reach them."""

import time
from collections.abc import Callable, Mapping

from openmind_llm.bootstrap import accounting, credentials
from openmind_llm.domain import rollouts
from openmind_llm.domain.rollouts import Rollout
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.provider_keys import SecretProviderKeys
from openmind_llm.storage.versions import READ_S, CodeDeployReports, LambdaVersions


def report(environ: Mapping[str, str], event: Mapping[str, str], left_s: Callable[[], float]) -> bool:
    """Checks, and tells CodeDeploy, also where nothing else can be told. `left_s`: of the function's time."""
    reports = CodeDeployReports(clients.codedeploy(), time.sleep)
    return rollouts.report(event, reports, lambda: refusal(Settings.from_env(environ), left_s))


def refusal(settings: Settings, left_s: Callable[[], float]) -> str:
    """Raises PlanOverrideError, and what is raised where keys or secrets cannot be had."""
    versions = LambdaVersions(clients.lambdas(READ_S), settings.versions, time.monotonic, time.sleep)
    rollout = Rollout(accounting.accounts(settings), versions, time.time, left_s)
    secret = credentials.secret(settings, settings.provider_keys_secret)
    secret.text()  # one that cannot be read must not pass for one without keys
    has_key = bool(SecretProviderKeys(secret).all(settings.rollout_model.partition("/")[0]))
    return rollout.refusal(rollouts.checks(settings.rollout_model, has_provider_key=has_key))
