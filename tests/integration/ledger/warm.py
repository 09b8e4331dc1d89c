"""Imported by the process that forks the racers: what each of them would read from files is read once."""

from tests.integration.ledger import racers

racers.route()
