"""What the gateway costs to run: prices and measurements as data, and docs/cost.md reckoned from them."""
