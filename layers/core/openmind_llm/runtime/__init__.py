"""A Lambda runtime for ASGI applications that streams: one body message of the application is one chunk on the wire.

Knows nothing of the application, needs the standard library alone. `python -m openmind_llm.runtime` serves the
application that `_HANDLER` names. docs/adr/0006 says why it is there and what can take its place.

What an application may rely on, beside ASGI 3.0 (HTTP and lifespan):

- `scope["aws.event"]` is the event, `scope["aws.context"]` an api.Context, `scope["state"]` a copy of the lifespan's.
- Once the client is known to be gone, `receive()` gives `http.disconnect` and `send()` raises ClientDisconnectedError,
  an OSError. The application may go on as long as it needs: the next event is taken when it has ended.
- Cancellation means "finish now": it comes `RUNTIME_DEADLINE_MARGIN_S` (2, at most a quarter of the time given) before
  the deadline. Half of that is left to send last words and let CancelledError go on. After that the response is ended
  for the application, and if it still runs, the process is ended too.
- What outlives the invocation (tasks, threads) is frozen between events, and the runtime does not wait for it.
- An exception's text reaches neither the client nor the log: its class and where it came from do.
"""
