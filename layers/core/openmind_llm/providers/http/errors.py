"""What can go wrong with an exchange. No text tells a header's value: one of them is a key."""


class HttpError(Exception):
    """Any of these."""


class UnreachableError(HttpError):
    """There is no connection, so nothing was sent."""


class BadRequestError(HttpError):
    """The request is not to be sent: its URL or a header would say something else on the wire."""


class BrokenError(HttpError):
    """The connection broke, or what came is no HTTP answer."""


class AnswerTooLongError(HttpError):
    """The answer is longer than any that is taken."""
