"""What a month costs in which nobody asks; what options add; and the containers that it is compared with. USD."""

from collections.abc import Mapping

from dev.cost.data import Data
from dev.cost.requests import BYTES, MILLION, Asked, Lines, init_s, log_bytes
from dev.cost.stack import HOURS, Made


def idle(data: Data, made: Made) -> Lines:
    """With the parameters as they are by default, in Stage prod."""
    usd, found = data.usd, data.found
    stored = usd["dynamodb_gb"] + usd["dynamodb_recovery_gb"]
    secrets, boards = len(made.of_kind("AWS::SecretsManager::Secret")), len(made.of_kind("AWS::CloudWatch::Dashboard"))
    return {
        f"Secrets ({secrets})": secrets * usd["secret"],
        f"Alarms ({made.alarm_metrics} metrics)": made.alarm_metrics * usd["alarm"],
        f"Dashboards ({boards})": boards * usd["dashboard"],
        f"Schedules ({round(sum(made.runs.values())):,} runs)": _runs(data, made),
        f"Table ({found['kept_gb']:g} GB, with recovery)": found["kept_gb"] * stored,
    }


def _runs(data: Data, made: Made) -> float:
    """Each as if in a new environment: five minutes apart it may be one."""
    usd, found = data.usd, data.found
    seconds = {"SweepFunction": found["sweep_s"], "InspectFunction": found["inspect_s"]}
    total = 0.0
    for name, times in made.runs.items():
        memory = made.memory_gb(name)
        billed = seconds.get(name, 1.0) + init_s(found, "auth", memory)
        logs = 2 * found["platform_log_bytes"] / BYTES * usd["log_gb"]
        total += times * (billed * memory * usd["lambda_gb_s"] + usd["lambda_request"] + logs)
    return total


def options(data: Data, asked: Asked, waf_rules: int) -> list[tuple[str, float, float]]:
    """Name, USD a month, USD for a million requests."""
    usd, found = data.usd, data.found
    logged = found["access_log_bytes"] / BYTES * (usd["log_gb"] + usd["log_stored_gb"])
    kept = (found["idempotency_write_units"] + found["idempotency_answer_kb"]) * usd["dynamodb_write_unit"]
    return [
        ("`AccessLogs=on`", 0.0, logged * MILLION),
        ("`Waf=on`", usd["waf_acl"] + waf_rules * usd["waf_rule"], usd["waf_request"] * MILLION),
        ("`Tracing=Active`", 0.0, found["trace_share"] * usd["trace"] * MILLION),
        ("`UsageExport=on`, a PUT for each row at worst", 0.0, usd["s3_put"] * MILLION),
        ("`SecretsKmsKeyArn`, a key of your own", usd["kms_key"], 0.0),
        ("`Metrics=stage`, in use all month", found["model_metrics"] * usd["metric"], 0.0),
        ("`Metrics=model`, for each further model in use all month", found["model_metrics"] * usd["metric"], 0.0),
        ("an `Idempotency-Key` with every request", 0.0, (kept + usd["dynamodb_read_unit"]) * MILLION),
        ("`LogLevel=WARN` saves lines, and all metrics with them", 0.0, -_line(data, asked) * MILLION),
    ]


def _line(data: Data, asked: Asked) -> float:
    own = log_bytes(asked, data.found) - 2 * data.found["platform_log_bytes"]
    return own / BYTES * (data.usd["log_gb"] + data.usd["log_stored_gb"])


def containers(data: Data) -> Lines:
    """A month of the smallest that goes on when a task dies."""
    usd, size = data.usd, data.inputs["containers"]
    task = size["task_vcpu"] * usd["fargate_vcpu_hour"] + size["task_gb"] * usd["fargate_gb_hour"]
    hourly: Mapping[str, float] = {
        f"Fargate ({size['tasks']} tasks of {size['task_vcpu']} vCPU and {size['task_gb']} GB)": size["tasks"] * task,
        "Load balancer, and a unit of its load": usd["alb_hour"] + usd["alb_lcu_hour"],
        "NAT gateway and its address": usd["nat_hour"] + usd["ipv4_hour"],
        "PostgreSQL, db.t4g.micro": usd["rds_micro_hour"] + size["database_gb"] * usd["rds_gb"] / HOURS,
        "Redis, cache.t3.micro": usd["cache_micro_hour"],
        "Secrets (2)": 2 * usd["secret"] / HOURS,
    }
    return {name: cost * HOURS for name, cost in hourly.items()}


def per_million_of_containers(data: Data, asked: Asked) -> float:
    """What grows with requests there, too: the line of a log, answers through NAT gateway and to the internet."""
    usd, found = data.usd, data.found
    logged = found["stream_log_bytes"] / BYTES * (usd["log_gb"] + usd["log_stored_gb"])
    return (logged + asked.answer_bytes / BYTES * (usd["nat_gb"] + usd["egress_gb"])) * MILLION
