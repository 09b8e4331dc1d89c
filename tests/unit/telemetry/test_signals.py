"""Metrics that are not of a request."""

import pytest

from openmind_llm.telemetry.signals import Signals
from tests.unit.telemetry.test_metrics import checked, values


def test_a_signal_is_a_metric_of_the_stage(caplog: pytest.LogCaptureFixture) -> None:
    Signals("prod").tell("swept", {"SweepLagSeconds": 3.5, "HoldsSwept": 2}, {"account_ids": ["acme"]})

    (record,) = caplog.records
    (directive,) = checked(vars(record))
    assert directive["Dimensions"] == [["stage"]]
    assert values(vars(record)) == {"SweepLagSeconds": 3.5, "HoldsSwept": 2}
    assert (record.getMessage(), vars(record)["stage"], vars(record)["account_ids"]) == ("swept", "prod", ["acme"])
