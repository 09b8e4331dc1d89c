"""Having a fresh deployment looked at by `make smoke`, where that can tell anything."""

import json
import subprocess
from collections.abc import Callable, Mapping

import boto3

from dev.operate.target import ROOT, Target
from dev.outputs import outputs
from dev.start import StartError


def left_out(environ: Mapping[str, str], has_keys: Callable[[], bool], stack: str) -> str:
    """Why it is not looked at; empty if it is."""
    if environ.get("SMOKE") == "off":
        return f"SMOKE=off: not looked at; make smoke STACK={stack} does"
    if not has_keys():
        return f"no provider has a key yet: put one in by openmind-llm provider-keys, then make smoke STACK={stack}"
    return ""


def run(target: Target, environ: Mapping[str, str]) -> str:
    """Raises StartError if a row fails."""
    if why_not := left_out(environ, lambda: _has_keys(target.stack), target.stack):
        return why_not
    command = ("make", "--no-print-directory", "smoke", f"STACK={target.stack}")  # make knows PROVIDER and the like
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        raise StartError(f"{target.stack} is deployed, but make smoke is not content: see above")
    return f"{target.stack} is deployed and answers"


def _has_keys(stack: str) -> bool:
    secret = outputs(stack)["ProviderKeysSecret"]
    value = boto3.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    return bool(json.loads(value))
