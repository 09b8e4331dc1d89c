"""A deployed stack's outputs and parameters as the environment that its functions see."""

from openmind_llm.storage import clients

_VARIABLES = {
    "TableName": "TABLE_NAME",
    "KeyPepperSecret": "KEY_PEPPER_SECRET",
    "ProviderKeysSecret": "PROVIDER_KEYS_SECRET",
}
_PARAMETERS = {"ModelOverrides": "MODEL_OVERRIDES", "PlanOverrides": "PLAN_OVERRIDES"}


class StackNotFoundError(Exception):
    """There is no such stack, or it is not one of ours."""


def stack_environment(name: str) -> dict[str, str]:
    """Raises StackNotFoundError and what boto3 raises."""
    stacks = clients.cloudformation().describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
    if not _VARIABLES.keys() <= outputs.keys():
        raise StackNotFoundError(f"{name} is not a stack of this gateway")
    given = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stacks[0].get("Parameters", [])}
    found = {variable: outputs[key] for key, variable in _VARIABLES.items()}
    return found | {variable: given[key] for key, variable in _PARAMETERS.items() if key in given}
