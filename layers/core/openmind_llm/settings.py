"""What the environment says. The only reader of it."""

from collections.abc import Callable, Mapping
from dataclasses import field

from openmind_llm.classes import dataclass

PROVIDER_URL_SUFFIX = "_BASE_URL"
VERSION_SUFFIX = "_VERSION"
PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY")


class MissingSettingError(Exception):
    """A variable that this function cannot do without is not set."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Field names are the variables' in lower case; times are in seconds.

    `aws`: what SDKs of AWS read, secrets among it; and PROXIES. All in upper case.
    `trace_header` reads what Lambda says anew for each invocation: `_X_AMZN_TRACE_ID`, or "".
    `catalogue_max_age_s`: after which it is looked for a newer catalogue.
    `versions`: what `<FUNCTION>_VERSION` says, by function in lower case: the version that is to be checked.
    `breaker_failures`: so many in a minute, if they are most, close the way to a provider; 0 watches none.
    """

    table_name: str
    key_pepper_secret: str
    provider_keys_secret: str = ""
    upstream_timeout_s: float = 120
    first_chunk_timeout_s: float = 240
    idle_timeout_s: float = 240
    drain_timeout_s: float = 30
    keep_alive_s: float = 15
    settle_margin_s: float = 60
    seen_max_age_s: float = 30
    secrets_max_age_s: int = 300
    catalogue_max_age_s: float = 20
    breaker_failures: int = 5
    max_body_bytes: int = 6 * 1024 * 1024
    cors_allow_origin: str = ""
    model_overrides: str = ""
    plan_overrides: str = "[]"
    default_plan: str = "free"
    oidc_issuer: str = ""
    oidc_audience: str = ""
    usage_bucket: str = ""
    stage: str = "dev"
    service: str = "service_undefined"
    log_level: str = "INFO"
    metrics: str = "model"
    xray_daemon_address: str = ""
    aws: Mapping[str, str] = field(default_factory=dict, repr=False)
    trace_header: Callable[[], str] = str
    rollout_model: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    base_urls: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Raises MissingSettingError. `<PROVIDER>_BASE_URL` replaces the base URL of that provider."""
        return cls(
            table_name=_required(environ, "TABLE_NAME"),
            key_pepper_secret=_required(environ, "KEY_PEPPER_SECRET"),
            provider_keys_secret=environ.get("PROVIDER_KEYS_SECRET", ""),
            upstream_timeout_s=float(environ.get("UPSTREAM_TIMEOUT_S", "120")),
            first_chunk_timeout_s=float(environ.get("FIRST_CHUNK_TIMEOUT_S", "240")),
            idle_timeout_s=float(environ.get("IDLE_TIMEOUT_S", "240")),
            drain_timeout_s=float(environ.get("DRAIN_TIMEOUT_S", "30")),
            keep_alive_s=float(environ.get("KEEP_ALIVE_S", "15")),
            settle_margin_s=float(environ.get("SETTLE_MARGIN_S", "60")),
            seen_max_age_s=float(environ.get("SEEN_MAX_AGE_S", "30")),
            secrets_max_age_s=int(environ.get("SECRETS_MAX_AGE_S", "300")),
            catalogue_max_age_s=float(environ.get("CATALOGUE_MAX_AGE_S", "20")),
            breaker_failures=int(environ.get("BREAKER_FAILURES", "5")),
            max_body_bytes=int(environ.get("MAX_BODY_BYTES", str(6 * 1024 * 1024))),
            cors_allow_origin=environ.get("CORS_ALLOW_ORIGIN", ""),
            model_overrides=environ.get("MODEL_OVERRIDES", ""),
            plan_overrides=environ.get("PLAN_OVERRIDES", "[]"),
            default_plan=environ.get("DEFAULT_PLAN", "free"),
            oidc_issuer=environ.get("OIDC_ISSUER", ""),
            oidc_audience=environ.get("OIDC_AUDIENCE", ""),
            usage_bucket=environ.get("USAGE_BUCKET", ""),
            stage=environ.get("STAGE", "dev"),
            service=environ.get("POWERTOOLS_SERVICE_NAME", "service_undefined"),
            log_level=_log_level(environ),
            metrics=_metrics(environ.get("METRICS", "model"), environ.get("ALARMS", "off")),
            xray_daemon_address=environ.get("AWS_XRAY_DAEMON_ADDRESS", ""),
            aws={name.upper(): value for name, value in environ.items() if name.upper().startswith(("AWS_", *PROXIES))},
            trace_header=lambda: environ.get("_X_AMZN_TRACE_ID", ""),
            rollout_model=environ.get("ROLLOUT_MODEL", ""),
            versions=_ending(environ, VERSION_SUFFIX),
            base_urls={name: url.rstrip("/") for name, url in _ending(environ, PROVIDER_URL_SUFFIX).items()},
        )


def _log_level(environ: Mapping[str, str]) -> str:
    """As Powertools has it: Lambda's own setting goes before what the template passes on."""
    names = ("AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "LOG_LEVEL")
    told = next((value for name in names if (value := environ.get(name))), "INFO").upper()
    return {"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(told, told)


def _metrics(told: str, alarms: str) -> str:
    """Alarms watch the metrics of the stage: with them, there are always those."""
    return "stage" if told == "off" and alarms == "on" else told


def _ending(environ: Mapping[str, str], suffix: str) -> dict[str, str]:
    """What is set of the variables with this ending, by what stands before it in lower case."""
    found = ((name, value) for name, value in environ.items() if name.endswith(suffix) and value)
    return {name.removesuffix(suffix).lower(): value for name, value in found}


def _required(environ: Mapping[str, str], name: str) -> str:
    try:
        return environ[name]
    except KeyError:
        raise MissingSettingError(f"{name} is not set") from None
