"""What becomes of one request, as its caller, the providers and the ledger see it."""

from dataclasses import dataclass

PRIMARY, FALLBACK = "openai", "gemini"
"""Two providers that can be reached."""

DOWN_PRIMARY, DOWN_FALLBACK = "xai", "deepseek"
"""Two where nobody listens."""

MODEL = "matrix-1"

UNREACHABLE = f"Failed to connect to {PRIMARY} server"
NO_KEY = f"{PRIMARY} API key not configured"
NO_CREDIT = f"{PRIMARY} account is out of credit"
NOT_SERVED = f"{PRIMARY} does not serve this model at present"
PATIENCE = f"{PRIMARY} rate limit reached"
REFUSED = f"{PRIMARY}: no"

# Micro-OMCU. A token of the primary costs 1,000 to read and 10,000 to write, of the fallback twice as much. An answer
# reads 12 tokens and writes 18; without a report, the question is estimated at 22, and the word "Hello" at 2.
ANSWER = 192_000
FALLBACK_ANSWER = 384_000
QUESTION = 22_000
QUESTION_AND_HELLO = 42_000


MOST_CALLS = 4
"""That a plan allows for one request, where it does not say otherwise."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`content` came before `error`, which is empty where all went well. `code` is that of an error in a stream.

    `attempts` is the header's number; `reached` are the calls that the primary and the fallback got to see. `charge`
    is in micro-OMCU. `may_retry` is what the openai SDK makes of the headers.
    """

    status: int
    content: str = ""
    error: str = ""
    code: str = ""
    attempts: int = 1
    reached: tuple[int, int] = (1, 0)
    charge: int = 0
    ending: str = "refused"
    served_by: str = ""
    may_retry: bool = True
    retry_after: str = ""


def answered(calls: int = 1) -> Outcome:
    """By the primary, whose last call it was."""
    return Outcome(
        200,
        "Hello!",
        attempts=calls,
        reached=(calls, 0),
        charge=ANSWER,
        ending="completed",
        served_by=f"{PRIMARY}/{MODEL}",
    )


def answered_elsewhere(after: int, reached: int | None = None) -> Outcome:
    """By the fallback, after so many calls to the primary, all of which reached it where nothing else is said."""
    return Outcome(
        200,
        "Hello!",
        attempts=after + 1,
        reached=(after if reached is None else reached, 1),
        charge=FALLBACK_ANSWER,
        ending="completed",
        served_by=f"{FALLBACK}/{MODEL}",
    )


def refused(status: int, error: str, calls: int = 1) -> Outcome:
    """For good, and for nothing."""
    return Outcome(status, error=error, attempts=calls, reached=(calls, 0), may_retry=False)


def put_off(status: int, error: str, calls: int, retry_after: str = "1") -> Outcome:
    """For now, and for nothing. After four calls, a client's own retries would only multiply them."""
    may_retry = calls < MOST_CALLS
    return Outcome(
        status, error=error, attempts=calls, reached=(calls, 0), may_retry=may_retry, retry_after=retry_after
    )


def unanswered(calls: int) -> Outcome:
    """The provider may have billed one of the calls, or each: the question is paid for, once."""
    return Outcome(
        503,
        error=UNREACHABLE,
        attempts=calls,
        reached=(calls, 0),
        charge=QUESTION,
        ending="unanswered",
        may_retry=False,
        retry_after="1",
    )


def broken(error: str, charge: int = QUESTION_AND_HELLO, content: str = "Hello") -> Outcome:
    """In the middle of a stream: nothing is tried again."""
    return Outcome(
        200,
        content,
        f"{PRIMARY} {error}",
        "stream_broken",
        charge=charge,
        ending="broken",
        served_by=f"{PRIMARY}/{MODEL}",
    )
