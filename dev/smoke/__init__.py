"""The gated script for a deployed gateway: what no emulator can show, seen by a client on real sockets."""
