"""What is asked of the gateway, as data: names of measured values, how they are put together, and the bound."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

type Values = Mapping[str, float]


class Verdict(StrEnum):
    PASS = "pass"
    MISS = "MISS"
    UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True)
class Target:
    """`value` is to be `bound` at most. `over`: divided by this one; `less`: after this one is taken off."""

    name: str
    value: str
    bound: float
    unit: str = ""
    over: str = ""
    less: str = ""

    def reckoned(self, values: Values) -> float | None:
        """None where something that it takes was not measured."""
        wanted = [name for name in (self.value, self.over, self.less) if name]
        if not all(name in values for name in wanted):
            return None
        value = values[self.value] - (values[self.less] if self.less else 0)
        return value / values[self.over] if self.over else value

    def verdict(self, values: Values) -> Verdict:
        value = self.reckoned(values)
        if value is None:
            return Verdict.UNKNOWN
        return Verdict.PASS if value <= self.bound else Verdict.MISS


# `stream` is the door that is deployed for completions, `stream_lfl` the same like for like: see README.md.
TARGETS = (
    Target("cold start of `stream`, CPU: of LiteLLM's", "cold.stream.cpu", 1 / 30, "times", over="cold.litellm.cpu"),
    Target("cold start of `auth`, CPU: of LiteLLM's", "cold.auth.cpu", 1 / 40, "times", over="cold.litellm.cpu"),
    Target("first request above the tenth, CPU", "first.cpu", 15, "ms", less="tenth.cpu"),
    Target(
        "buffered, like for like, CPU: of TensorZero's",
        "stream_lfl.whole_1.cpu",
        1.2,
        "times",
        over="tensorzero.whole_1.cpu",
    ),
    Target(
        "buffered, like for like, CPU: of Portkey's",
        "stream_lfl.whole_1.cpu",
        1 / 3,
        "times",
        over="portkey.whole_1.cpu",
    ),
    Target("buffered, everything on, CPU: of Portkey's", "stream.whole_1.cpu", 1, "times", over="portkey.whole_1.cpu"),
    Target(
        "streamed, like for like, CPU: of TensorZero's",
        "stream_lfl.stream_1.cpu",
        0.75,
        "times",
        over="tensorzero.stream_1.cpu",
    ),
    Target(
        "streamed, like for like, CPU: of nginx's", "stream_lfl.stream_1.cpu", 2.3, "times", over="nginx.stream_1.cpu"
    ),
    Target(
        "streamed, everything on, CPU: of TensorZero's",
        "stream.stream_1.cpu",
        1,
        "times",
        over="tensorzero.stream_1.cpu",
    ),
    Target(
        "time to first chunk added, like for like",
        "stream_lfl.stream_1.first",
        1,
        "ms",
        less="direct.stream_1.first",
    ),
    Target(
        "time to first chunk added, everything on", "stream.stream_1.first_own", 1, "ms", less="direct.stream_1.first"
    ),
    Target("no chunk held back: delay of the latest, by its place", "stream.stream_1.held", 2, "ms"),
    Target("memory of `stream` after 1,000 requests", "memory.early", 80, "MB"),
    Target("the same, grown until 10,000 requests", "memory.late", 2, "MB", less="memory.early"),
    Target("layers and function of `stream`, zipped", "size.stream", 12, "MB"),
    Target("100,000 keys, 1,000,000 rows, CPU: of few's", "growth.much.cpu", 1.1, "times", over="growth.little.cpu"),
    Target(
        "100,000 keys, 1,000,000 rows, units: of few's", "growth.much.units", 1.02, "times", over="growth.little.units"
    ),
    Target(
        "CPU per byte: second half of 1 MB, of the first",
        "growth.upper_half.cpu",
        1.1,
        "times",
        over="growth.lower_half.cpu",
    ),
    Target("body of 1 MB, units: of 1 KB's", "growth.large.units", 1.02, "times", over="growth.small.units"),
)
