"""What a million requests cost, line by line, in USD."""

from collections.abc import Mapping
from dataclasses import dataclass

from dev.cost.data import Data

MILLION = 1_000_000
VCPU_MB = 1769
"""Of a Lambda function's memory, for which it gets one whole vCPU."""

BYTES = 1e9

type Lines = dict[str, float]


@dataclass(frozen=True, slots=True)
class Asked:
    """A kind of request: `waits_s` for its provider, `events` of a stream, and what the client gets."""

    name: str
    waits_s: float
    events: float
    answer_bytes: float
    has_gateway: bool


def kinds(data: Data) -> list[Asked]:
    found = data.found
    whole = ("whole", found["whole_s"], 0.0, found["whole_bytes"])
    stream = ("stream", found["stream_s"], found["stream_events"], found["stream_events"] * found["event_bytes"])
    return [Asked(*kind, has_gateway) for kind in (whole, stream) for has_gateway in (True, False)]


def per_million(asked: Asked, data: Data, memory_gb: Mapping[str, float]) -> Lines:
    """`memory_gb` by function: auth and stream."""
    usd, found = data.usd, data.found
    lines: Lines = {"API Gateway": usd["rest_api_request"] * asked.has_gateway}
    billed = stream_s(asked, found, memory_gb["stream"]) + auth_reads_s(asked, found)
    lines["Lambda, waiting and working"] = billed * memory_gb["stream"] * usd["lambda_gb_s"] + usd["lambda_request"]
    auth = auth_s(found, memory_gb["auth"]) * memory_gb["auth"] * usd["lambda_gb_s"] + usd["lambda_request"]
    lines["Lambda, the authorizer"] = auth * asked.has_gateway
    lines["Lambda, new environments"] = found["cold_share"] * _starts(asked, data, memory_gb)
    lines["Secrets, read by new environments"] = found["cold_share"] * found["secret_reads"] * usd["secret_call"]
    lines["DynamoDB, writes"] = found["write_units"] * usd["dynamodb_write_unit"]
    reads = found["stream_read_units"] + found["auth_read_units"]
    lines["DynamoDB, reads"] = reads * usd["dynamodb_read_unit"]
    kept = usd["dynamodb_gb"] + usd["dynamodb_recovery_gb"]
    lines["DynamoDB, a month of its rows"] = found["row_bytes"] / BYTES * kept
    lines["Logs"] = log_bytes(asked, found) / BYTES * (usd["log_gb"] + usd["log_stored_gb"])
    lines["Answers to the internet"] = asked.answer_bytes / BYTES * usd["egress_gb"]
    return {name: line * MILLION for name, line in lines.items()}


def stream_s(asked: Asked, found: Mapping[str, float], memory_gb: float) -> float:
    """What is billed: the wait, the CPU that is not spent while waiting, and two round trips to the table.

    The work for events fits into the wait: what a stream's events need is told by `busy`.
    """
    own = found["stream_cpu_ms"] / 1000 / share(memory_gb)
    return asked.waits_s + own + found["round_trips"] * found["dynamodb_ms"] / 1000


def auth_reads_s(asked: Asked, found: Mapping[str, float]) -> float:
    """Behind the function URL the function reads the key itself."""
    return 0.0 if asked.has_gateway else found["dynamodb_ms"] / 1000


def auth_s(found: Mapping[str, float], memory_gb: float) -> float:
    return found["auth_cpu_ms"] / 1000 / share(memory_gb) + found["dynamodb_ms"] / 1000


def share(memory_gb: float) -> float:
    """Of a vCPU; our code never uses more than one."""
    return min(1.0, memory_gb * 1024 / VCPU_MB)


def busy(asked: Asked, found: Mapping[str, float], memory_gb: float) -> float:
    """The part of the wait in which a stream's function works."""
    return asked.events * found["event_cpu_ms"] / 1000 / share(memory_gb) / asked.waits_s


def init_s(found: Mapping[str, float], function: str, memory_gb: float) -> float:
    return found[f"{function}_import_cpu_ms"] / 1000 / share(memory_gb)


def log_bytes(asked: Asked, found: Mapping[str, float]) -> float:
    own = found["stream_log_bytes"] + found["platform_log_bytes"]
    return own + (found["auth_log_bytes"] + found["platform_log_bytes"]) * asked.has_gateway


def _starts(asked: Asked, data: Data, memory_gb: Mapping[str, float]) -> float:
    functions = ("stream", "auth") if asked.has_gateway else ("stream",)
    seconds = (init_s(data.found, one, memory_gb[one]) * memory_gb[one] for one in functions)
    return sum(seconds) * data.usd["lambda_gb_s"]
