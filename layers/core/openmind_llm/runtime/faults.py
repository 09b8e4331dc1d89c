"""What is told of a failure: classes and places, never a message or a value, since those may hold a secret."""

import base64
import json
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

TYPE_HEADER = "Lambda-Runtime-Function-Error-Type"
BODY_HEADER = "Lambda-Runtime-Function-Error-Body"


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure as Lambda takes it; `type` is `Runtime.Something` for ours, a class name for the application's."""

    type: str
    message: str
    trace: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: BaseException, kind: str | None = None, what: str = "The application failed") -> Self:
        name = type(error).__name__
        return cls(kind or name, f"{what}: {name}", tuple(_trace(error)))

    def body(self) -> bytes:
        return self._json(errorMessage=self.message, errorType=self.type, stackTrace=self.trace)

    def headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", TYPE_HEADER: self._ascii_type()}

    def trailers(self) -> bytes:
        """What follows the last chunk of a response that fails after its first byte."""
        body = base64.b64encode(self._json(errorMessage=self.message, errorType=self.type)).decode()
        return f"{TYPE_HEADER}: {self._ascii_type()}\r\n{BODY_HEADER}: {body}\r\n".encode()

    def log(self, request_id: str | None = None) -> None:
        """One line of JSON, so that it is one record in CloudWatch."""
        facts = {"level": "ERROR", "message": self.message, "errorType": self.type, "requestId": request_id}
        sys.stderr.write(json.dumps(facts | {"stackTrace": self.trace}) + "\n")
        sys.stderr.flush()

    def _ascii_type(self) -> str:
        return self.type.encode("ascii", "replace").decode()

    @staticmethod
    def _json(**fields: Any) -> bytes:
        return json.dumps(fields).encode()


def _trace(error: BaseException | None) -> Iterator[str]:
    """The newest error first, each with its frames from the outermost in, then what it was raised from."""
    while error is not None:
        yield type(error).__name__
        for frame, line in traceback.walk_tb(error.__traceback__):
            yield f"  {frame.f_code.co_filename}:{line} {frame.f_code.co_qualname}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
