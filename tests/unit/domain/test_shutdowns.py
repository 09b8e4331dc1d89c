"""A request for a model on the days around its shutdown."""

from datetime import UTC, datetime

from tests.fake_upstream import completion
from tests.fakes import FakeUpstreamPort
from tests.unit.domain.completing import Made, create


def asked_on(day: str) -> tuple[list[str], Made]:
    """For gpt-5, which ends on 2026-12-11; the upstream ids that were asked, and what came of it."""
    port, now_s = FakeUpstreamPort(completion()), datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    made = create(port, "openai", "gpt-5", lambda: now_s)
    return [route.upstream_id for route, _ in port.asked], made


def test_up_to_its_shutdown_a_model_answers_and_its_end_is_told() -> None:
    asked, made = asked_on("2026-12-10")

    assert (asked, made.headers["x-openmind-served-by"]) == (["gpt-5"], "openai/gpt-5")
    assert made.headers["x-openmind-warning"] == (
        "gpt-5 will be shut down on 2026-12-11; then gpt-6.1-sol answers for it"
    )


def test_from_its_shutdown_on_its_fallback_answers_without_a_call_for_the_old_one() -> None:
    asked, made = asked_on("2026-12-11")

    assert (asked, made.headers["x-openmind-served-by"]) == (["gpt-6.1-sol"], "openai/gpt-6.1-sol")
    assert made.headers["x-openmind-warning"] == "gpt-5 was retired on 2026-12-11; gpt-6.1-sol answers for it"
    assert (made.entry.hold.model, made.entry.hold.fallback_of) == ("gpt-6.1-sol", "openai/gpt-5")
