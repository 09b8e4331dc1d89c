"""What we take over of a provider's response."""

from openmind_llm.providers import replies


def test_our_key_is_blotted_whatever_its_shape() -> None:
    assert replies.without_our_key(b'{"error": "no gsk_Zx81kQm2"}', "gsk_Zx81kQm2") == b'{"error": "no [redacted]"}'


def test_limits_and_id_are_passed_on_as_the_providers_and_nothing_else() -> None:
    headers = {"x-ratelimit-limit-requests": "9", "x-request-id": "req_1", "set-cookie": "a=b", "server": "x"}

    assert replies.passed_on(headers) == {
        "x-openmind-provider-ratelimit-limit-requests": "9",
        "x-openmind-provider-request-id": "req_1",
    }
