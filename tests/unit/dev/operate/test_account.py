"""What of an account is set up, and what is left as somebody else made it."""

import pytest

from dev.operate.account import parameters

ROLE, PROVIDER = "arn:aws:iam::1:role/x", "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("there", "role", "made"),
    [(None, "", "on"), (None, ROLE, "off"), ({"LogRole": ROLE}, ROLE, "on"), ({}, ROLE, "off"), ({}, "", "on")],
)
def test_the_log_role_is_made_unless_the_account_has_anothers(
    there: dict[str, str] | None, role: str, made: str
) -> None:
    assert parameters(there, "", "", role)["ApiGatewayLogs"] == made


@pytest.mark.parametrize(
    ("there", "provider", "github", "made"),
    [
        (None, "", "", "off"),
        (None, "", "acme/gate", "on"),
        (None, PROVIDER, "acme/gate", "off"),
        ({"ProviderArn": PROVIDER}, PROVIDER, "acme/gate", "on"),
        ({"ProviderArn": PROVIDER}, PROVIDER, "", "on"),
    ],
)
def test_the_provider_is_made_where_it_is_needed_and_missing(
    there: dict[str, str] | None, provider: str, github: str, made: str
) -> None:
    assert parameters(there, provider, github, "")["GitHubProvider"] == made
