"""A small HTTP/1.1 client on the event loop's own protocols: kept connections, bounded answers, one clock."""
