"""The environment, read once."""

import pytest

from openmind_llm.settings import MissingSettingError, Settings

ENOUGH = {"TABLE_NAME": "table", "KEY_PEPPER_SECRET": "pepper"}


@pytest.mark.parametrize("name", ENOUGH)
def test_a_missing_variable_is_named(name: str) -> None:
    environ = {key: value for key, value in ENOUGH.items() if key != name}

    with pytest.raises(MissingSettingError, match=f"{name} is not set"):
        Settings.from_env(environ)


def test_a_base_url_belongs_to_its_provider() -> None:
    settings = Settings.from_env(ENOUGH | {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1/", "XAI_BASE_URL": ""})

    assert settings.base_urls == {"openai": "http://127.0.0.1:9/v1"}


def test_numbers_are_read_as_numbers() -> None:
    settings = Settings.from_env(
        ENOUGH | {"UPSTREAM_TIMEOUT_S": "2.5", "SECRETS_MAX_AGE_S": "9", "MAX_BODY_BYTES": "10"}
    )

    assert (settings.upstream_timeout_s, settings.secrets_max_age_s, settings.max_body_bytes) == (2.5, 9, 10)


@pytest.mark.parametrize("told", ["[]", '[{"name": "free"}]'])
def test_changes_to_the_plans_are_handed_on_as_they_are(told: str) -> None:
    assert Settings.from_env(ENOUGH | {"PLAN_OVERRIDES": told}).plan_overrides == told


def test_without_changes_to_the_plans_there_are_none() -> None:
    assert Settings.from_env(ENOUGH).plan_overrides == "[]"


@pytest.mark.parametrize(("told", "plan"), [({}, "free"), ({"DEFAULT_PLAN": ""}, ""), ({"DEFAULT_PLAN": "pro"}, "pro")])
def test_new_users_are_free_ones_unless_the_operator_says_otherwise(told: dict[str, str], plan: str) -> None:
    assert Settings.from_env(ENOUGH | told).default_plan == plan


def test_without_an_issuer_nobody_can_log_in() -> None:
    settings = Settings.from_env(ENOUGH)

    assert (settings.oidc_issuer, settings.oidc_audience) == ("", "")


def test_the_issuer_is_taken_as_it_is() -> None:
    settings = Settings.from_env(ENOUGH | {"OIDC_ISSUER": "https://id.example/", "OIDC_AUDIENCE": "app"})

    assert (settings.oidc_issuer, settings.oidc_audience) == ("https://id.example/", "app")


@pytest.mark.parametrize(
    ("metrics", "alarms", "told"),
    [("off", "on", "stage"), ("off", "off", "off"), ("provider", "on", "provider"), ("model", "off", "model")],
)
def test_alarms_have_the_metrics_of_the_stage_whatever_the_operator_wants_besides(
    metrics: str, alarms: str, told: str
) -> None:
    assert Settings.from_env(ENOUGH | {"METRICS": metrics, "ALARMS": alarms}).metrics == told
