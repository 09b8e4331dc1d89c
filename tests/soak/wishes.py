"""What the clients of a soak want: of each request, all that is decided before it is sent, by the seed alone."""

import random
from dataclasses import dataclass

from openmind_llm.domain.plans import UNLIMITED, Limits
from tests import canaries


@dataclass(frozen=True)
class Who:
    """Has a key of its own; `key_limits` are that key's. `share`: of a hundred requests."""

    name: str
    account: str
    plan: str
    share: int
    key_limits: Limits = UNLIMITED

    @property
    def key(self) -> str:
        """Carries the planted secret."""
        return canaries.API_KEY.replace(canaries.KEY_ID, f"{self.name:x<16}")


PLANS = [
    {
        "name": "soak-poor",
        "title": "With credit for some of its requests",
        "monthly_credit": 100,
        "max_keys": None,
        "output_tokens": 1024,
        "limits": {"requests_per_second": None, "burst": None, "concurrency": None},
    },
    {
        "name": "soak-tight",
        "title": "With room for few requests at once",
        "monthly_credit": 100_000_000,
        "max_keys": None,
        "output_tokens": 1024,
        "limits": {"requests_per_second": 4, "burst": 4, "concurrency": 2},
    },
]
"""As PLAN_OVERRIDES has them."""

CALLERS = (
    Who("plenty1", "plenty", "unlimited", 40),
    Who("plenty2", "plenty", "unlimited", 25),
    Who("narrow", "plenty", "unlimited", 10, Limits(concurrency=1)),
    Who("tight", "tight", "soak-tight", 15),
    Who("poor", "poor", "soak-poor", 10),
)
NEVER_SHORT = "plenty"
"""The account whose credit never decides over anything."""

NOT_LISTENING = "xai"
"""The provider that refuses every connection."""

MODELS = {
    "openai": ("gpt-4o-mini", 50),
    "gemini": ("gemini-2.5-flash", 25),
    "deepseek": ("deepseek-chat", 15),
    NOT_LISTENING: ("grok-4", 10),
}
"""By provider, with its share of a hundred requests."""

FALLBACKS = (
    "openai/gpt-4o-mini",
    "gemini/gemini-2.5-flash",
    "gemini/gemini-2.5-flash,openai/gpt-4o-mini",
    "xai/grok-4,openai/gpt-4o-mini",
)

REPEATED_WITHIN = 40
"""Of so many requests in a row, those that carry an Idempotency-Key carry the same one."""


@dataclass(frozen=True)
class Wish:
    """`marker` is the prompt, which the provider gets, too. `deadline_ms` None names none.

    A client with `leaves_after` goes away after so many events of a stream, one with `leaves_after_s` before a whole
    answer is there.
    """

    number: int
    marker: str
    who: Who
    provider: str
    is_stream: bool
    wants_usage: bool
    deadline_ms: int | None
    leaves_after: int | None
    leaves_after_s: float | None
    fallback: str
    idempotency_key: str

    @property
    def body(self) -> dict[str, object]:
        """The same for all that carry one Idempotency-Key."""
        plain = {
            "model": MODELS[self.provider][0],
            "messages": [{"role": "user", "content": self.marker}],
            "max_tokens": 512,
        }
        usage = {"stream_options": {"include_usage": True}} if self.wants_usage else {}
        return plain | ({"stream": True} | usage if self.is_stream else {})

    @property
    def headers(self) -> dict[str, str]:
        told = {
            "authorization": f"Bearer {self.who.key}",
            "x-request-timeout-ms": "" if self.deadline_ms is None else str(self.deadline_ms),
            "x-openmind-fallback": self.fallback,
            "idempotency-key": self.idempotency_key,
        }
        return {name: value for name, value in told.items() if value}


def wish(seed: int, number: int) -> Wish:
    own = _chance(f"{seed}/{number}")
    is_repeated = own.random() < 0.2
    marker = f"{seed}, in {number // REPEATED_WITHIN}" if is_repeated else f"{seed}, {number}"
    same = _chance(marker)
    is_stream = same.random() < 0.5
    is_leaving = own.random() < (0.25 if is_stream else 0.1)
    return Wish(
        number=number,
        marker=f"marker {marker}.",
        who=same.choices(CALLERS, [who.share for who in CALLERS])[0],
        provider=same.choices(list(MODELS), [share for _, share in MODELS.values()])[0],
        is_stream=is_stream,
        wants_usage=same.random() < 0.5,
        deadline_ms=own.randint(60, 1500) if own.random() < 0.3 else None,
        leaves_after=own.randint(1, 3) if is_leaving and is_stream else None,
        leaves_after_s=own.uniform(0.02, 0.5) if is_leaving and not is_stream else None,
        fallback=own.choice(FALLBACKS) if own.random() < 1 / 3 else "",
        idempotency_key=f"soak {marker}" if is_repeated else "",
    )


def _chance(text: str) -> random.Random:
    return random.Random(text)  # noqa: S311 - no secret
