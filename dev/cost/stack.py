"""What the template makes, with its parameters as they are by default: counted, not remembered."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dev.translation import TEMPLATE, translate

HOURS = 730
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNIT_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}

_OPERATIONS: Mapping[str, Callable[[list[Any]], bool]] = {
    "Fn::Equals": lambda values: len(set(map(str, values))) == 1,
    "Fn::Not": lambda values: not values[0],
    "Fn::And": all,
    "Fn::Or": any,
}
"""Of CloudFormation's conditions."""


@dataclass(frozen=True)
class Made:
    """The translated template under `parameters`, which go before its defaults."""

    template: Mapping[str, Any]
    parameters: Mapping[str, str]

    @cached_property
    def resources(self) -> Mapping[str, Any]:
        """Those whose condition holds."""
        every = self.template["Resources"].items()
        return {name: one for name, one in every if "Condition" not in one or self.holds(one["Condition"])}

    def of_kind(self, kind: str) -> dict[str, Any]:
        return {name: one.get("Properties", {}) for name, one in self.resources.items() if one["Type"] == kind}

    @property
    def alarm_metrics(self) -> int:
        """An alarm is paid for by each metric that it looks at."""
        return sum(_looked_at(one) for one in self.of_kind("AWS::CloudWatch::Alarm").values())

    def memory_gb(self, function: str) -> float:
        return float(str(self._value(self.template["Resources"][function]["Properties"]["MemorySize"]))) / 1024

    @property
    def runs(self) -> dict[str, float]:
        """How often a month each function is run by a schedule."""
        found: dict[str, float] = {}
        for rule in self.of_kind("AWS::Events::Rule").values():
            expression = self._value(rule.get("ScheduleExpression", ""))
            for target in rule.get("Targets", []) if expression else []:
                name = _function(target["Arn"])
                found[name] = found.get(name, 0) + HOURS / _hours(str(expression))
        return found

    def holds(self, name: str) -> bool:
        return bool(self._value(self.template["Conditions"][name]))

    def _value(self, expression: Any) -> Any:
        """Of a condition, or of a Ref to a parameter; other things are as they stand."""
        match expression:
            case {"Condition": name}:
                return self.holds(name)
            case {"Ref": name}:
                return self.parameters.get(name, self.template["Parameters"].get(name, {}).get("Default", name))
            case dict() if operation := next((one for one in _OPERATIONS if one in expression), ""):
                return _OPERATIONS[operation]([self._value(operand) for operand in expression[operation]])
            case _:
                return expression


def made(**parameters: str) -> Made:
    given = {"Stage": "prod"} | parameters
    return Made(translate(TEMPLATE.read_text(), **given), given)


def _looked_at(alarm: Mapping[str, Any]) -> int:
    return sum("MetricStat" in one for one in alarm.get("Metrics", [])) or 1


def _hours(expression: str) -> float:
    """Between two runs; what is no rate, as cron(…), is once a day."""
    found = _RATE.fullmatch(expression)
    return int(found[1]) * _UNIT_HOURS[found[2]] if found else 24.0


def _function(arn: Any) -> str:
    """The logical id that an ARN's expression names: of the function, or of its alias."""
    return next(iter(_names(arn)), "").partition("Alias")[0]


def _names(expression: Any) -> Iterator[str]:
    match expression:
        case {"Fn::GetAtt": [name, *_]} | {"Ref": name}:
            yield name
