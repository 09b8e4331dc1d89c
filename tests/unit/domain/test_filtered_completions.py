"""A request whose account has content filters, from bytes to answer."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from openmind_llm.domain.completions import Call, Completions, Times
from openmind_llm.domain.filters import rules
from openmind_llm.domain.filters.refusals import ContentBlockedError, FiltersChangedError, FiltersUnreadableError
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.quotes import Quote, Quotes
from openmind_llm.errors import GatewayError, StreamBrokenError
from openmind_llm.providers import dialect
from tests.fake_upstream import USAGE, chunk, completion
from tests.fakes import FakeTelemetry, FakeUpstreamPort, Fixed, attempts
from tests.memory_ledger import MemoryLedgerStore, ledger, open_store
from tests.unit.domain.completing import CALLER, CATALOGUE, PLANS
from tests.unit.domain.filters.filtering import rule

NAMES = rule("Apollo", name="projects")
BLOCKED = NAMES | {"action": "block"}


def now() -> float:
    return 1000.9


class Asked:
    """Requests of one account, and what came of the last."""

    def __init__(self, *wanted: dict[str, Any]) -> None:
        self.store: MemoryLedgerStore = open_store()
        self.port = FakeUpstreamPort(completion(choices=[self.choice("About Apollo.")]))
        self.ledger: Ledger = ledger(self.store, PLANS, now)
        self.headers: dict[str, str] = {}
        self.payloads: list[Any] = []
        self.telemetry = FakeTelemetry()
        self.set_filters(rules.dumps(rules.read(list(wanted))) if wanted else None)

    @staticmethod
    def choice(text: str) -> dict[str, Any]:
        return {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}

    def set_filters(self, text: Any) -> None:
        known = self.store.known_accounts["account-1"]
        counters = dict(known.counters) | {"version": known.counters["version"] + 1}
        account = replace(known.account, filters=text)
        self.store.known_accounts["account-1"] = replace(known, account=account, counters=counters)

    def log_content(self) -> "Asked":
        known = self.store.known_accounts["account-1"]
        self.store.known_accounts["account-1"] = replace(known, account=replace(known.account, logs_content=True))
        return self

    def send(self, text: str = "Hi", name: str = "request-1", **fields: Any) -> "Asked":
        asyncio.run(self._send(self.raw(text, **fields), name))
        return self

    def raw(self, text: str, **fields: Any) -> bytes:
        return json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]} | fields).encode()

    async def _send(self, raw: bytes, name: str) -> None:
        times = Times(drain_s=1)
        completions = Completions(
            Fixed(CATALOGUE), self.port, attempts(now), self.ledger, now, times, telemetry=self.telemetry
        )
        async with completions.open(Call(CALLER, "openai", raw, name)) as reply:
            self.headers = reply.headers
            async for payload in reply.payloads:
                self.payloads.append(json.loads(payload))

    def refusal(self, text: str = "Hi", **fields: Any) -> GatewayError:
        with pytest.raises(GatewayError) as refused:
            self.send(text, **fields)
        return refused.value

    def quote(self, text: str = "Hi") -> Quote:
        return Quotes(Fixed(CATALOGUE), self.ledger, dialect.adjust, now).get(
            CALLER, "openai", self.raw(text), "request-1"
        )

    @property
    def read(self) -> str:
        """What the provider was asked last."""
        return str(self.port.asked[-1][1].body["messages"][0]["content"])

    @property
    def said(self) -> str:
        return "".join(one["delta"].get("content") or "" for body in self.payloads for one in body["choices"])

    @property
    def reasons(self) -> list[str]:
        return [one["finish_reason"] for body in self.payloads for one in body["choices"] if one["finish_reason"]]


def test_a_model_reads_and_a_client_gets_what_the_rules_leave() -> None:
    asked = Asked(NAMES).send("What is Apollo?")

    assert asked.read == "What is [redacted]?"
    assert asked.payloads[0]["choices"][0]["message"]["content"] == "About [redacted]."
    assert asked.headers["x-openmind-adjusted"].startswith("redacted, +max_tokens")


def test_what_is_not_changed_is_not_told_to_be() -> None:
    assert "redacted" not in Asked(NAMES).send("Hi").headers["x-openmind-adjusted"]


def test_without_filters_everything_passes_as_it_is() -> None:
    asked = Asked().send("What is Apollo?")

    assert (asked.read, asked.headers["x-openmind-adjusted"]) == ("What is Apollo?", "+max_tokens")
    assert asked.payloads[0]["choices"][0]["message"]["content"] == "About Apollo."


def test_a_blocked_request_costs_nothing_and_reaches_nobody() -> None:
    asked = Asked(BLOCKED)

    refusal = asked.refusal("What is Apollo?")

    assert isinstance(refusal, ContentBlockedError)
    assert refusal.message == "Blocked by the content filter 'projects'"
    assert "x-openmind-credit-remaining" in refusal.headers
    assert (asked.port.asked, asked.store.holds, asked.store.entries) == ([], {}, {})


def test_a_blocked_answer_is_charged_by_what_the_provider_counted() -> None:
    asked = Asked(BLOCKED).send()

    (choice,) = asked.payloads[0]["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "content_filter")
    assert asked.store.entries["request-1"].charge > 0


@pytest.mark.parametrize("stream", [False, True])
def test_filters_that_cannot_be_read_let_nothing_pass(stream: bool) -> None:
    asked = Asked()
    asked.set_filters("[")

    refusal = asked.refusal(stream=stream)

    assert isinstance(refusal, FiltersUnreadableError)
    assert (asked.port.asked, asked.store.calls.count("admit")) == ([], 0)


def test_filters_that_were_set_since_the_last_look_hold_before_anything_is_sent() -> None:
    asked = Asked().send(name="request-0")
    asked.set_filters(rules.dumps(rules.read([BLOCKED])))

    first, second = asked.refusal("Apollo", name="request-1"), asked.refusal("Apollo", name="request-2")

    assert (type(first), first.status, first.may_retry, first.retry_after_s) == (FiltersChangedError, 503, True, 1)
    assert isinstance(second, ContentBlockedError)
    assert (len(asked.port.asked), list(asked.store.entries)) == (1, ["request-0"])


def test_filters_that_were_taken_away_since_the_last_look_block_nothing() -> None:
    asked = Asked(BLOCKED)
    asked.refusal("Apollo")
    asked.set_filters(None)

    asked.send("Apollo")

    assert asked.read == "Apollo"


def test_a_stream_says_what_the_rules_leave_of_it() -> None:
    asked = Asked(NAMES)
    asked.port.chunks = [
        *(chunk({"content": text}) for text in ("About Ap", "ol", "lo.")),
        chunk(finish_reason="stop"),
        chunk(choices=[], usage=USAGE),
    ]

    asked.send(stream=True, stream_options={"include_usage": True})

    assert (asked.said, asked.reasons) == ("About [redacted].", ["stop"])
    assert asked.payloads[-1]["usage"] == USAGE


def test_a_blocked_stream_is_read_to_its_end_for_its_usage() -> None:
    asked = Asked(BLOCKED)
    asked.port.chunks = [
        *(chunk({"content": text}) for text in ("About Apollo", " and more" * 100)),
        chunk(finish_reason="stop"),
        chunk(choices=[], usage=USAGE),
    ]

    asked.send(stream=True)

    assert (set(asked.said) <= set("About "), asked.reasons) == (True, ["content_filter"])
    entry = asked.store.entries["request-1"]
    assert (entry.outcome, entry.usage.is_exact) == ("completed", True)


def test_a_stream_without_usage_is_charged_by_all_that_the_provider_wrote() -> None:
    lengths = []
    for wanted in ((), (BLOCKED,)):
        asked = Asked(*wanted)
        asked.port.chunks = [chunk({"content": "Apollo" * 100}), chunk(finish_reason="stop")]
        lengths.append(asked.send(stream=True).store.entries["request-1"].usage.output)

    assert lengths[0] == lengths[1] == 200


def test_what_was_held_back_of_a_stream_that_breaks_comes_before_its_error() -> None:
    asked = Asked(NAMES)
    asked.port.chunks = [chunk({"content": "Apol"}), StreamBrokenError("openai", "broke off")]

    refusal = asked.refusal(stream=True)

    assert isinstance(refusal, StreamBrokenError)
    assert asked.said == "Apol"


def test_a_quote_reads_what_a_completion_would() -> None:
    long = "Apollo" * 50

    redacted, plain = Asked(NAMES | {"pattern": "(?:Apollo)+"}).quote(long), Asked().quote(long)

    assert redacted.adjusted[0] == "redacted"
    assert redacted.ask.input_bound < plain.ask.input_bound


def test_a_quote_refuses_what_is_blocked() -> None:
    with pytest.raises(ContentBlockedError):
        Asked(BLOCKED).quote("Apollo")


def test_the_length_of_the_body_is_asked_of_the_plan() -> None:
    asked = Asked()

    assert asked.quote("x").ask.body_bytes == len(asked.raw("x"))


def test_content_is_logged_as_the_filters_left_it_for_an_account_that_wants_it() -> None:
    (said,) = Asked(NAMES).log_content().send("What is Apollo?").telemetry.contents

    assert said.messages == [{"role": "user", "content": "What is [redacted]?"}]
    assert said.answer == "About [redacted]."


def test_no_content_is_logged_for_any_other_account() -> None:
    assert Asked(NAMES).send().telemetry.contents == []


def test_an_account_that_has_just_taken_its_consent_back_is_not_logged() -> None:
    asked = Asked(NAMES).log_content().send("Hi")
    asked.set_filters(asked.store.known_accounts["account-1"].account.filters)  # a new version
    known = asked.store.known_accounts["account-1"]
    asked.store.known_accounts["account-1"] = replace(known, account=replace(known.account, logs_content=False))

    asked.send("Hi again", name="request-2")

    assert [one.request_id for one in asked.telemetry.contents] == ["request-1"]
