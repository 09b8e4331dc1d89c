"""What the gateway costs, beside other gateways: `make bench`. README.md says how to compare."""
