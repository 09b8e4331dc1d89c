"""How ministack runs functions, and what it makes of answers that come in pieces."""

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from dev.aws import environments, streams
from dev.aws.patches import Function, change, theirs

_MANAGED = "python3.13"
_INIT_TIMEOUT_S = 60.0
"""Lambda's 10 would be over on a busy machine, and would only make it start a function once more."""
_URL_CONFIG = -1
"""Its place in what ministack finds out of the id of a function URL."""


def apply() -> None:
    """Raises PatchError."""
    for name in ("__init__", "_spawn", "_build_handler_class", "invoke"):
        theirs(lambda_runtime.ProvidedWorker, name)
    change(lambda_runtime, "_worker_class_for", _managed_worker)
    change(lambda_runtime, "_PROVIDED_INIT_TIMEOUT", lambda _: _INIT_TIMEOUT_S)
    change(lambda_svc, "_execute_function_dispatch", _as_on_lambda)
    change(lambda_svc, "handle_function_url_request", _streaming_if_asked)
    change(lambda_svc, "run_reentrant", streams.opened_early)
    change(lambda_svc, "_function_url_stream_response", _streamed_response)


def _as_on_lambda(original: Function) -> Function:
    """Ministack runs Python functions by a program of its own, with the packages of its own, and ignores wrappers."""

    def dispatch(function: dict[str, Any], config: dict[str, Any], *rest: Any) -> Any:
        if config.get("Runtime") != _MANAGED:
            return original(function, config, *rest)
        own = {**config, "Runtime": "provided.al2023", "ManagedRuntime": _MANAGED}
        done = original({**function, "config": own}, own, *rest)
        # What a runtime of our own sends is bytes: Invoke is to give them as they are, not JSON of them.
        return {**done, "raw_payload": True} if environments.wrapper(config) else done

    return dispatch


def _managed_worker(original: Function) -> Function:
    return lambda config: environments.ManagedWorker if "ManagedRuntime" in config else original(config)


def _streaming_if_asked(original: Function) -> Function:
    """Ministack gives the answer of a function URL as one, whatever its InvokeMode."""

    async def handle(url_id: str, *rest: Any, resolved: Any = None, **named: Any) -> Any:
        found = resolved or theirs(lambda_svc, "resolve_function_url")(url_id)
        if not found or found[_URL_CONFIG].get("InvokeMode") != "RESPONSE_STREAM":
            return await original(url_id, *rest, resolved=found, **named)
        with streams.wanted():
            return await original(url_id, *rest, resolved=found, **named)

    return handle


def _streamed_response(original: Function) -> Function:
    def response(result: dict[str, Any], cors: dict[str, str]) -> Any:
        answer = result.get("body")
        if not isinstance(answer, streams.Opened):
            return original(result, cors)
        return answer.status, {**answer.headers, **answer.repeated, **cors}, answer.response()

    return response
