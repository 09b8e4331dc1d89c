"""Wires the ledger."""

import time
from typing import TYPE_CHECKING

from openmind_llm import plans
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.ledger import DynamoLedger

if TYPE_CHECKING:
    from openmind_llm.storage.wire.operations import DynamoDB


def ledger(settings: Settings, dynamodb: "DynamoDB | None" = None) -> Ledger:
    """By a client that others use, too, where one is given. Raises PlanOverrideError."""
    store = DynamoLedger(dynamodb or clients.dynamodb_for_requests(settings), settings.table_name)
    seen = Seen(settings.seen_max_age_s, time.monotonic)
    return Ledger(store, plans.load(settings.plan_overrides), Clock(time.time, time.sleep), seen)
