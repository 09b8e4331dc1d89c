"""What watches a deployed stack."""

import json

from tests.integration.deployed.conftest import Deployed


def test_the_dashboard_is_there(stack: Deployed) -> None:
    name = stack.outputs["DashboardUrl"].rpartition("/")[2]

    body = json.loads(stack.cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])

    assert {"text", "alarm", "metric"} <= {widget["type"] for widget in body["widgets"]}


def test_no_alarm_rings_in_a_new_stack(stack: Deployed) -> None:
    alarms = stack.cloudwatch.describe_alarms()["MetricAlarms"]

    assert len(alarms) > 20
    missing = ("SweeperMissingAlarm", "InspectionMissingAlarm")  # what has never run is missing
    ringing = {alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"}
    assert [name for name in ringing if not any(one in name for one in missing)] == []
