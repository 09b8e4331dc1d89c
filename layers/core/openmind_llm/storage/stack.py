"""A deployed stack's outputs as the environment that its functions see."""

from openmind_llm.storage import clients

_VARIABLES = {
    "TableName": "TABLE_NAME",
    "KeyPepperSecret": "KEY_PEPPER_SECRET",
    "ProviderKeysSecret": "PROVIDER_KEYS_SECRET",
}

_PARAMETERS = {"ModelOverrides": "MODEL_OVERRIDES", "PlanOverrides": "PLAN_OVERRIDES"}
"""Of the stack, as its functions are told of them. A stack of an older version has not all of them."""


class StackNotFoundError(Exception):
    """There is no such stack, or it is not one of ours."""


def stack_environment(name: str) -> dict[str, str]:
    """Raises StackNotFoundError and what boto3 raises."""
    stacks = clients.cloudformation().describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
    if not _VARIABLES.keys() <= outputs.keys():
        raise StackNotFoundError(f"{name} is not a stack of this gateway")
    parameters = {given["ParameterKey"]: given["ParameterValue"] for given in stacks[0].get("Parameters", [])}
    told = {variable: parameters[name] for name, variable in _PARAMETERS.items() if name in parameters}
    return {variable: outputs[key] for key, variable in _VARIABLES.items()} | told
