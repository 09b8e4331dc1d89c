"""What a caller is told whose request meets the account's content filters."""

from openmind_llm.errors import GatewayError, InvalidRequestError


class ContentBlockedError(InvalidRequestError):
    """A rule blocks the text. The rule is named, what it found is not."""

    code = "content_blocked"

    def __init__(self, rule: str) -> None:
        super().__init__(f"Blocked by the content filter '{rule}'")


class FiltersTooSlowError(ContentBlockedError):
    """A text on which a rule would search for ever: what was not looked at does not pass."""

    def __init__(self) -> None:
        InvalidRequestError.__init__(self, "Blocked: the account's content filters take too long on this text")


class FiltersUnreadableError(GatewayError):
    """The account has filters that cannot be applied. Nothing passes until an operator sets them anew."""

    status = 503
    type = "api_error"
    code = "content_filters_unreadable"
    text = "The account's content filters cannot be read: an operator has to set them anew"


class FiltersChangedError(GatewayError):
    """The request was read by other filters than the account has now."""

    status = 503
    may_retry = True
    type = "api_error"
    code = "content_filters_changed"
    text = "The account's content filters were changed a moment ago: send the request again"
    wait_s = 1
