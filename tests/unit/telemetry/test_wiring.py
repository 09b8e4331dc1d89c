"""What the environment makes of it."""

import socket

from openmind_llm.bootstrap import telemetry
from openmind_llm.settings import Settings
from tests.unit.telemetry.telling import ROOT, SAMPLED, attempt, told, written

ENOUGH = {"TABLE_NAME": "table", "KEY_PEPPER_SECRET": "pepper"}


def test_stage_and_metrics_are_the_stacks() -> None:
    told_of = telemetry.create(Settings.from_env(ENOUGH | {"STAGE": "prod", "METRICS": "stage"}))

    with written() as output:
        told_of.tell(told())
        (made,) = output()

    assert made["stage"] == "prod"
    assert made["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stage"]]


def test_each_invocation_has_the_trace_that_lambda_names_for_it() -> None:
    environ = dict(ENOUGH)
    told_of = telemetry.create(Settings.from_env(environ))

    with written() as output:
        told_of.tell(told())
        environ["_X_AMZN_TRACE_ID"] = SAMPLED
        told_of.tell(told())
        untraced, traced = output()

    assert "trace_id" not in untraced
    assert traced["trace_id"] == ROOT[2:].replace("-", "")


def test_traces_go_where_lambda_says() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(5)
        host, port = daemon.getsockname()
        given = {"AWS_XRAY_DAEMON_ADDRESS": f"{host}:{port}", "_X_AMZN_TRACE_ID": SAMPLED}

        telemetry.create(Settings.from_env(ENOUGH | given)).tell(told(attempt()))

        assert ROOT in daemon.recv(65_536).decode()
