"""What a call of AWS raises, whoever makes it."""


class AwsError(Exception):
    """`code` tells why in one word. `is_passing`: a further attempt may do better.

    `message` may quote what was sent: it is for an operator's eyes, and in no text of the error itself.
    """

    def __init__(self, operation: str, code: str, message: str = "", *, is_passing: bool = False) -> None:
        super().__init__(f"{operation}: {code}")
        self.code = code
        self.message = message
        self.is_passing = is_passing


class ServiceError(AwsError):
    """The service has answered, and refused. `reasons`: for each operation of a transaction, a code or "None"."""

    def __init__(
        self, operation: str, code: str, message: str = "", reasons: tuple[str, ...] = (), *, is_passing: bool = False
    ) -> None:
        super().__init__(operation, code, message, is_passing=is_passing)
        self.reasons = reasons


class UnreachableError(AwsError):
    """There was no answer that could be used."""

    def __init__(self, operation: str, code: str, message: str = "") -> None:
        super().__init__(operation, code, message, is_passing=True)
