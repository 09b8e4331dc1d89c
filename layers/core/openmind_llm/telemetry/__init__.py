"""How the operator sees a request: one line in the log, the metrics in it, and a trace of what was tried."""
