"""`openmind-llm plans`: what the plans are, with the operator's own changes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from openmind_llm import plans
from openmind_llm.cli import words
from openmind_llm.domain import money
from openmind_llm.domain.plans import Plan
from openmind_llm.settings import Settings

if TYPE_CHECKING:
    from openmind_llm.cli.words import Groups


def add(groups: Groups) -> None:
    commands = groups.add_parser("plans", help="plans").add_subparsers(required=True)
    commands.add_parser("list", help="list plans").set_defaults(command=list_plans)


def list_plans(_: argparse.Namespace, settings: Settings) -> None:
    head = (
        "PLAN",
        "OMCU/MONTH",
        "KEYS",
        "REQUESTS/S",
        "BURST",
        "TOKENS/MIN",
        "OPEN",
        "OUTPUT",
        "INPUT",
        "BYTES",
        "SECONDS",
        "CALLS",
        "OFFERED",
    )
    words.show(head, *map(_row, plans.load(settings.plan_overrides).all()))


def _row(plan: Plan) -> tuple[str, ...]:
    held_to = plan.limits
    limits = (held_to.requests_per_second, held_to.burst, held_to.tokens_per_minute, held_to.concurrency)
    each = (plan.output_tokens, plan.max_input_tokens, plan.max_input_bytes, plan.timeout_s, plan.max_attempts)
    numbers = map(words.or_dash, (plan.max_keys, *limits, *each))
    return plan.name, money.text(plan.monthly_credit), *numbers, "yes" if plan.is_offered else "no"
