"""Every error that a caller can see, in one tree.

GatewayError
├── InvalidRequestError        400  the body is not what the contract asks for
├── AuthenticationError        401  no key, or not a valid one
├── UserNotFoundError          401  no login, or not a valid one
├── CreditError                402  the account, or the key's budget, does not cover the request
├── ModelNotAllowedError       403  this key may not use the model
├── KeyLimitError              403  the plan allows no more keys
├── NotFoundError              404  no such path
│   ├── NoSuchUserError        404  the login has no account
│   ├── KeyNotFoundError       404  the account has no such key
│   ├── RequestNotFoundError   404  the account, or the key, has sent no such request
│   ├── UnknownProviderError   404  the provider is not one of the six
│   └── UnknownModelError      404  the provider has no such model
├── MethodNotAllowedError      405
├── BodyTooLargeError          413
├── UnsupportedMediaTypeError  415
├── RateLimitError             429  the provider asks for patience
│   └── TooManyRequestsError   429  the plan does, or the key's own limit
├── InternalError              500  ours to mend
├── ProviderNotConfiguredError 503  the operator has to act: no key, no credit
│   └── ModelNotServedError    503  the provider does not know the upstream model
├── ProviderUnavailableError   503  the provider could not be reached or failed
│   └── StreamBrokenError      503  the provider failed after its stream had begun
├── LedgerUnavailableError     503  it cannot be written down what a request would cost
├── IdentityUnavailableError   503  the issuer of logins could not be read
└── DeadlineExceededError      503  the function's time is up

Those of an `Idempotency-Key` (409, 422) are beside its rules: domain.idempotency; so are those of content filters
(400, 503): domain.filters.refusals, and the catalogue's (503): domain.catalogues.
"""

from collections.abc import Mapping
from typing import ClassVar

from openmind_llm import redaction


class GatewayError(Exception):
    """Base of the tree. `retry_after_s` says when a retry may help; None says nothing.

    `type` and `code` stand beside the text where an error ends a stream. `text` and `wait_s` are what an error says of
    itself.
    `headers` are those of a provider's refusal that its answer would have passed on too. `means` is a row of
    domain.attempts.table, empty where no provider was asked; `told_wait_s` is the provider's own word.
    """

    status: ClassVar[int] = 500
    may_retry: bool = False
    type: ClassVar[str] = "invalid_request_error"
    code: ClassVar[str] = "invalid_request"
    text: ClassVar[str] = ""
    wait_s: ClassVar[int | None] = None
    means: str = ""
    told_wait_s: int | None = None

    def __init__(self, message: str = "", *, retry_after_s: int | None = None) -> None:
        self.message = message or self.text
        super().__init__(self.message)
        self.retry_after_s = self.wait_s if retry_after_s is None else retry_after_s
        self.headers: Mapping[str, str] = {}


class InvalidRequestError(GatewayError):
    """The body is not what the contract asks for."""

    status = 400


class AuthenticationError(GatewayError):
    """No key, or not a valid one. One text for both, so that nothing can be probed."""

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"
    text = "Missing or invalid API key. Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'."


class CreditError(GatewayError):
    """The account, or the key's budget, does not cover the request."""

    status = 402
    type = "insufficient_quota"
    code = "insufficient_credit"


class ModelNotAllowedError(GatewayError):
    """This key may not use the model."""

    status = 403
    type = "permission_error"
    code = "model_not_allowed"
    text = "This API key may not use this model"


class KeyLimitError(GatewayError):
    """The plan allows no more keys. The text is the documented one."""

    status = 403
    type = "permission_error"
    code = "api_key_limit_reached"

    def __init__(self, plan: str, most: int) -> None:
        keys = "API key" if most == 1 else "API keys"
        super().__init__(
            f"API key limit reached. Your {plan} plan allows up to {most} {keys}. "
            "Please delete an existing key or upgrade your plan."
        )


class UserNotFoundError(GatewayError):
    """No login, or not a valid one. The text is the contract's, and one for all, so that nothing can be probed."""

    status = 401
    type = "authentication_error"
    code = "user_not_found"
    text = "User not found"


class NotFoundError(GatewayError):
    """No such path."""

    status = 404
    code = "not_found"


class NoSuchUserError(NotFoundError):
    """The login is good, and there is no account for it. The text is the documented one."""

    code = "user_not_found"
    text = "User not found"


class KeyNotFoundError(NotFoundError):
    """No such key, or it is another account's. The text is the documented one."""

    code = "api_key_not_found"
    text = "API key not found"


class RequestNotFoundError(NotFoundError):
    """No such request, or it is another account's, or another key's."""

    code = "request_not_found"

    def __init__(self) -> None:
        super().__init__("No such request")


class UnknownProviderError(NotFoundError):
    """The provider is not one of the six. The text is the contract's."""

    code = "unknown_provider"

    def __init__(self, provider: str) -> None:
        super().__init__(f"unsupported model provider: {redaction.shown(provider)}")


class UnknownModelError(NotFoundError):
    """The provider has no such model. The text is the contract's."""

    code = "unknown_model"

    def __init__(self, model: str, provider: str, prefixes: tuple[str, ...]) -> None:
        listed = ", ".join(prefixes)
        super().__init__(
            f"unsupported model: {redaction.shown(model)}. Supported model prefixes for {provider}: [{listed}]"
        )


class MethodNotAllowedError(GatewayError):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"


class BodyTooLargeError(GatewayError):
    """The request body is longer than the limit."""

    status = 413
    code = "body_too_large"


class UnsupportedMediaTypeError(GatewayError):
    """The request body is not declared as JSON."""

    status = 415
    code = "unsupported_media_type"


class RateLimitError(GatewayError):
    """The provider asks for patience; `retry_after_s` is always set."""

    status = 429
    may_retry = True
    type = "rate_limit_error"
    code = "rate_limit_exceeded"


class TooManyRequestsError(RateLimitError):
    """The plan's limit, or the key's own. `wait_ns` is how long it lasts; None: no wait can help."""

    def __init__(self, message: str, *, wait_ns: int | None = None) -> None:
        super().__init__(message, retry_after_s=None if wait_ns is None else -(-wait_ns // 1_000_000_000))
        self.may_retry = wait_ns is not None
        if wait_ns is not None:
            self.headers = {"retry-after-ms": str(-(-wait_ns // 1_000_000))}


class InternalError(GatewayError):
    """Ours to mend; the text never says why."""

    status = 500
    may_retry = True
    type = "api_error"
    code = "internal_error"
    text = "Internal server error"


class ProviderNotConfiguredError(GatewayError):
    """Only the operator can mend it: the provider key is missing or refused, or its account is out of credit."""

    status = 503
    type = "api_error"
    code = "provider_not_configured"


class ModelNotServedError(ProviderNotConfiguredError):
    """The provider does not know the upstream model that the catalogue names: the row has to be repointed."""

    code = "model_not_served"

    def __init__(self, provider: str) -> None:
        super().__init__(f"{provider} does not serve this model at present")


class ProviderUnavailableError(GatewayError):
    """The provider could not be reached, timed out, or failed. The text is the contract's.

    `may_have_cost`: the request may have reached a model, and what that cost will never be told. The openai SDK would
    try it again by itself, and its user would pay once more.
    """

    status = 503
    may_retry = True
    type = "api_error"
    code = "provider_unavailable"

    def __init__(self, provider: str, *, retry_after_s: int = 1, may_have_cost: bool = False) -> None:
        super().__init__(f"Failed to connect to {provider} server", retry_after_s=retry_after_s)
        self.may_have_cost = may_have_cost
        self.may_retry = not may_have_cost


class StreamBrokenError(ProviderUnavailableError):
    """The provider failed after its stream had begun; `how` follows its name in the text."""

    code = "stream_broken"

    def __init__(self, provider: str, how: str) -> None:
        super().__init__(provider)
        self.message = f"{provider} {how}"


class LedgerUnavailableError(GatewayError):
    """It cannot be written down what a request would cost, and so it is not sent."""

    status = 503
    may_retry = True
    type = "api_error"
    code = "ledger_unavailable"
    text = "The service is not available at the moment"
    wait_s = 1


class IdentityUnavailableError(GatewayError):
    """The issuer of logins could not be read, and never was: no login can be told from a forged one."""

    status = 503
    may_retry = True
    type = "api_error"
    code = "identity_unavailable"
    text = "Logins cannot be checked at the moment"
    wait_s = 1


class DeadlineExceededError(GatewayError):
    """The time that the function may run is up."""

    status = 503
    may_retry = True
    type = "api_error"
    code = "deadline_exceeded"
    text = "The request took longer than a request may take"
    wait_s = 1
