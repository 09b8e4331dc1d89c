"""Rows that need the stack: what its requests left in AWS's own services."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from dev.smoke import logs
from dev.smoke.contract import status
from dev.smoke.table import NotTriedError, Row, UnmetError
from dev.smoke.target import Target
from openmind_llm.bootstrap import inspections
from openmind_llm.domain.ledger import inspection

LINE_WITHIN_S = 60.0
METRIC_WITHIN_S = 180.0
TRACE_WITHIN_S = 60.0
NEW_ENVIRONMENTS = 8
LONGEST_INIT_MS = 5000
"""Half of what Lambda allows."""


def _line_of(target: Target) -> dict[str, Any]:
    """The line of the whole completion. Raises UnmetError."""
    stack, request_id = target.deployed, target.whole.headers["x-request-id"]
    found: dict[str, Any] = {}

    def look() -> str | None:
        for line in logs.lines(stack, "StreamLogs", target.started - 60, logs.quoted(request_id)):
            if logs.parsed(line).get("message") == "completion":
                found.update(logs.parsed(line))
        return "found" if found else None

    if target.clock.until(look, LINE_WITHIN_S, every_s=3) is None:
        raise UnmetError(f"no line of {request_id} within {LINE_WITHIN_S:g} s")
    return found


def _log_line(target: Target) -> str:
    target.deployed.needs("LogLevel", "DEBUG", "INFO")
    line = _line_of(target)
    if target.deployed.parameter("Metrics") != "off" and "CloudWatchMetrics" not in line.get("_aws", {}):
        raise UnmetError("the line has no metrics at its root")
    return f"status {line.get('status')}, overhead {line.get('overhead_ms')} ms, metrics {'_aws' in line}"


def _metric(target: Target) -> str:
    stack = target.deployed
    stack.needs("Metrics", "stage", "provider", "model")
    stack.needs_aws()
    status(target.whole, 200)
    dimensions = [{"Name": "stage", "Value": stack.parameter("Stage")}]

    def summed() -> str | None:
        now = datetime.now(UTC)
        found = stack.client("cloudwatch").get_metric_statistics(
            Namespace="OpenMind",
            MetricName="Requests",
            Dimensions=dimensions,
            StartTime=datetime.fromtimestamp(target.started - 60, UTC),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        total = sum(point["Sum"] for point in found["Datapoints"])
        return f"Requests {total:g}" if total else None

    return _within(target.clock.until(summed, METRIC_WITHIN_S, every_s=5), "no Requests", METRIC_WITHIN_S)


def _within(seen: str | None, missing: str, within_s: float) -> str:
    if seen is None:
        raise UnmetError(f"{missing} within {within_s:g} s")
    return seen


def _cold_start(target: Target) -> str:
    """Requests at once need as many environments; nothing of the stack is changed for it."""
    stack, door = target.deployed, target.url_door or target.api
    stack.needs_aws()
    since_s = target.clock.now()
    with ThreadPoolExecutor(NEW_ENVIRONMENTS) as threads:
        list(threads.map(lambda _: target.complete(door), range(NEW_ENVIRONMENTS)))
    found: list[float] = []

    def look() -> str | None:
        lines = logs.lines(stack, "StreamLogs", since_s - 1)
        found[:] = [ms for line in lines if (ms := logs.init_ms(line)) is not None]
        return "found" if found else None

    if target.clock.until(look, LINE_WITHIN_S, every_s=5) is None:
        raise NotTriedError("no new environment was needed: try again after 15 quiet minutes")
    seen = f"{len(found)} started, INIT {min(found):.0f} to {max(found):.0f} ms"
    if max(found) > LONGEST_INIT_MS:
        raise UnmetError(seen)
    return seen


def _trace(target: Target) -> str:
    stack = target.deployed
    stack.needs("Tracing", "Active")
    stack.needs_aws()
    digits = _line_of(target).get("trace_id", "")
    trace_id = f"1-{digits[:8]}-{digits[8:]}"
    request_id = target.whole.headers["x-request-id"]

    def look() -> str | None:
        traces = stack.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
        segments = [segment["Document"] for trace in traces for segment in trace["Segments"]]
        is_told = any(request_id in document for document in segments)
        return f"{len(segments)} segments, the provider's among them" if is_told else None

    return _within(target.clock.until(look, TRACE_WITHIN_S, every_s=5), f"no segment of {trace_id}", TRACE_WITHIN_S)


def _access_log(target: Target) -> str:
    stack = target.deployed
    stack.needs("AccessLogs", "on")
    gateway_id = target.whole.headers.get("x-amzn-requestid", "")
    groups = [name for name, one in stack.resources.items() if "Access" in name and one.kind == "AWS::Logs::LogGroup"]
    if not groups:
        raise UnmetError("the stack has no log group for it")

    def look() -> str | None:
        for line in logs.lines(stack, groups[0], target.started - 60, logs.quoted(gateway_id)):
            return f"fields {', '.join(sorted(logs.parsed(line)))}"
        return None

    return _within(target.clock.until(look, LINE_WITHIN_S, every_s=3), f"no line of {gateway_id}", LINE_WITHIN_S)


def _denied(target: Target) -> str:
    """A policy that lacks an action shows in the log of the function that needs it."""
    groups = [name for name, one in target.deployed.resources.items() if one.kind == "AWS::Logs::LogGroup"]
    since_s = target.clock.now() - 3600
    for name in groups:
        for line in logs.lines(target.deployed, name, since_s, "AccessDenied"):
            raise UnmetError(f"{name}: {line}")
    return f"none in {len(groups)} log groups"


def _ledger(target: Target) -> str:
    stack = target.deployed
    if target.loan is None:
        raise NotTriedError("the key was given, so its account is not known")
    inspect = inspections.inspection(target.loan.settings, overdue_s=600)
    for _, found in inspection.inspect(iter([target.loan.account_id]), inspect):
        raise UnmetError("; ".join(found))
    return f"account {target.loan.account_id} of {stack.name} is sound"


def _key_revoked(target: Target) -> str:
    """By the door that asks the authorizer first. Revokes the key: the last row of all."""
    if target.loan is None:
        raise NotTriedError("a key that was given is not revoked: needs STACK without KEY")
    status(target.api.ask("GET", "/api/core/key", target.headers), 200)
    target.loan.revoke()
    began = target.clock.now()

    def refused() -> str | None:
        answer = target.api.ask("GET", "/api/core/key", target.headers)
        return "refused" if answer.status == 401 else None  # noqa: PLR2004

    if target.clock.until(refused, 60, every_s=0.05) is None:
        raise UnmetError("still good after 60 s")
    return f"refused after {(target.clock.now() - began) * 1000:.0f} ms"


ROWS: tuple[Row[Target], ...] = (
    Row("log-line", "one line with the metrics at its root", _log_line),
    Row("metric", "Requests in the namespace OpenMind", _metric),
    Row("trace", "X-Ray has the call to the provider", _trace),
    Row("access-log", "a line of the request", _access_log),
    Row("cold-start", f"INIT of new environments, {LONGEST_INIT_MS} ms at most", _cold_start),
    Row("denied", "no AccessDenied in any log of the last hour", _denied),
    Row("ledger", "the ledger of the account is sound", _ledger),
)
LAST: tuple[Row[Target], ...] = (Row("key-revoked", "refused by the next request", _key_revoked),)
