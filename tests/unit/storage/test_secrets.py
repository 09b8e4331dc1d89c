"""Secrets are read rarely, and serve on while their service is down."""

from typing import Any

import pytest

from openmind_llm.storage.secrets import RETRY_S, Secret, SecretUnreadableError
from openmind_llm.storage.wire.errors import ServiceError
from tests.fakes import FakeClock, FakeSignals
from tests.unit.storage.fake_secrets import FakeSecretsManager


@pytest.fixture
def service() -> FakeSecretsManager:
    return FakeSecretsManager("pepper")


def secret(service: Any, clock: FakeClock, max_age_s: int = 300, signals: FakeSignals | None = None) -> Secret:
    return Secret(service, "provider-keys", max_age_s, clock, signals)


class Forbidden:
    """Secrets Manager, to a role that may not read."""

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        raise ServiceError("GetSecretValue", "AccessDeniedException", "no")


def test_a_secret_is_fetched_once_for_many_uses(service: FakeSecretsManager) -> None:
    kept = secret(service, FakeClock())

    texts = {kept.text() for _ in range(10)}

    assert texts == {service.text}
    assert service.calls == 1


def test_a_rotated_secret_is_in_use_after_its_age(service: FakeSecretsManager) -> None:
    kept = secret(service, FakeClock(), max_age_s=0)
    kept.text()
    service.text = "new"

    assert kept.text() == "new"


def test_a_secret_is_at_hand_from_its_first_read_to_its_age(service: FakeSecretsManager) -> None:
    clock = FakeClock()
    kept = secret(service, clock, max_age_s=300)
    before = kept.is_at_hand()
    kept.text()
    fresh = kept.is_at_hand()
    clock.now += 300

    assert (before, fresh, kept.is_at_hand()) == (False, True, False)


def test_the_last_good_text_serves_while_the_service_is_down(service: FakeSecretsManager) -> None:
    kept = secret(service, FakeClock(), max_age_s=0)
    before = kept.text()
    service.is_down = True

    assert kept.text() == before


def test_a_service_that_is_down_is_not_asked_at_every_request(service: FakeSecretsManager) -> None:
    clock = FakeClock()
    kept = secret(service, clock, max_age_s=0)
    kept.text()
    service.is_down = True
    kept.text()
    calls = service.calls

    kept.text()
    clock.now += RETRY_S
    kept.text()

    assert service.calls == calls + 1


def test_a_secret_that_was_never_read_is_an_error(service: FakeSecretsManager) -> None:
    service.is_down = True

    with pytest.raises(SecretUnreadableError):
        secret(service, FakeClock()).text()


def test_while_one_request_asks_again_the_others_are_served(service: FakeSecretsManager) -> None:
    kept = secret(service, FakeClock(), max_age_s=0)
    kept.text()
    served: list[str] = []

    def asking(**_: Any) -> dict[str, str]:
        served.append(kept.text())
        return {"SecretString": "new"}

    service.get_secret_value = asking  # type: ignore[method-assign]

    assert kept.text() == "new"
    assert served == [service.text]


def test_a_read_that_fails_is_told_once_for_the_time_until_the_next(service: FakeSecretsManager) -> None:
    clock, signals = FakeClock(), FakeSignals()
    kept = secret(service, clock, max_age_s=0, signals=signals)
    kept.text()
    service.is_down = True
    for _ in range(5):
        kept.text()
    told_at_once = list(signals.told)
    clock.now += RETRY_S
    kept.text()

    facts = {"secret_id": "provider-keys", "cause": "ConnectTimeout"}
    assert told_at_once == [("secret unreadable", {"SecretUnreadable": 1}, facts)]
    assert signals.told == told_at_once * 2


def test_a_refusal_is_told_in_the_words_of_the_service() -> None:
    signals = FakeSignals()

    with pytest.raises(SecretUnreadableError):
        secret(Forbidden(), FakeClock(), signals=signals).text()

    assert [facts["cause"] for _, _, facts in signals.told] == ["AccessDeniedException"]


def test_a_secret_that_can_be_read_is_not_told_of(service: FakeSecretsManager) -> None:
    signals = FakeSignals()
    secret(service, FakeClock(), signals=signals).text()

    assert signals.told == []


def test_a_secret_of_bytes_alone_cannot_be_read(service: FakeSecretsManager) -> None:
    service.get_secret_value = lambda **_: {"SecretBinary": b"pepper"}  # type: ignore[method-assign]

    with pytest.raises(SecretUnreadableError):
        secret(service, FakeClock()).text()
