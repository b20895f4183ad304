"""What a call only points to, written out for its authorization.

A launch template's name becomes its id, a KMS alias its key, a secret's name its ARN, the version or alias of
a state machine the machine, a family of task definitions its newest one: AWS authorizes the call on the
resource itself, however the caller names it. A launch is authorized with all that its template says. What the
services behind do not know stays as given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from passrole.authorize.call import Call, ResourceFacts

# Members that the operation does not have and that its resources are told by nevertheless: put there below.
WRITTEN_OUT: Final = frozenset((("kms", "DeleteAlias", "TargetKeyId"),))

_Attributes = Callable[[str], Mapping[str, object]]  # of what an ARN names; {} where that is not known


def identified(call: Call, facts: ResourceFacts) -> Call:
    """The call with the input that it is authorized by; the very call where that is its own."""
    identify = _BY_SERVICE.get(call.service)
    if identify is None:
        return call

    def attributes(arn: str) -> Mapping[str, object]:
        return facts.attributes(call.account, call.region, arn) or {}

    given = identify(call, attributes)
    if (call.service, call.operation) == ("ec2", "RunInstances"):
        given = {**_template_data(call, given.get("LaunchTemplate"), attributes, facts), **given}
    return call if given == call.input else replace(call, input=given)


def _template_data(
    call: Call, named: object, attributes: _Attributes, facts: ResourceFacts
) -> Mapping[str, object]:
    """The parameters of the launch template, whose members are RunInstances' own; the request overrides them.

    Source: EC2 User Guide, "Launch instances from a launch template".
    """
    template = named.get("LaunchTemplateId") if isinstance(named, Mapping) else None
    if not isinstance(named, Mapping) or not isinstance(template, str):
        return {}
    if not attributes(f"arn:aws:ec2:{call.region}:{call.account}:launch-template/{template}"):
        return {}
    version = str(named.get("Version") or "")
    return facts.launch_template(call.account, call.region, id=template, name="", version=version) or {}


def _templates(call: Call, attributes: _Attributes) -> Mapping[str, object]:
    """A LaunchTemplateId beside every LaunchTemplateName. A template that is being made has none yet."""
    if call.operation == "CreateLaunchTemplate" or not _MAY_NAME_A_TEMPLATE & call.input.keys():
        return call.input
    prefix = f"arn:aws:ec2:{call.region}:{call.account}:launch-template/"

    def walk(value: object) -> object:
        if isinstance(value, list):
            return [walk(one) for one in value]
        return structure(value) if isinstance(value, Mapping) else value

    def structure(given: Mapping[str, object]) -> Mapping[str, object]:
        found = {name: walk(one) for name, one in given.items()}
        name = found.get("LaunchTemplateName")
        if isinstance(name, str) and "LaunchTemplateId" not in found:
            known = attributes(prefix + name).get("LaunchTemplateId")
            if known is not None:
                found["LaunchTemplateId"] = known
        return found

    return structure(call.input)


_MAY_NAME_A_TEMPLATE: Final = frozenset(
    ("LaunchTemplate", "LaunchTemplateConfigs", "LaunchTemplateName", "SpotFleetRequestConfig")
)


def _keys(call: Call, attributes: _Attributes) -> Mapping[str, object]:
    """Keys in the place of their aliases. An alias is deleted with a right on its key, too."""
    found = dict(call.input)
    if call.operation == "DeleteAlias":
        found["TargetKeyId"] = found.get("AliasName")
    for member in ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId"):
        given = found.get(member)
        if not isinstance(given, str):
            continue
        prefix = f"arn:aws:kms:{call.region}:{call.account}:"
        alias = given if given.startswith("arn:") else prefix + given
        if ":alias/" in alias:
            key = attributes(alias).get("TargetKeyId")
            if key is not None:
                found[member] = f"{alias.partition(':alias/')[0]}:key/{key}"
    return found


def _secrets(call: Call, attributes: _Attributes) -> Mapping[str, object]:
    """The ARN, which ends in six characters that nobody chose, in the place of a secret's name."""
    given = call.input.get("SecretId")
    if not isinstance(given, str):
        return call.input
    prefix = f"arn:aws:secretsmanager:{call.region}:{call.account}:secret:"
    arn = attributes(given if given.startswith("arn:") else prefix + given).get("ARN")
    return call.input if arn is None else {**call.input, "SecretId": arn}


def _machines(call: Call, attributes: _Attributes) -> Mapping[str, object]:
    """State machines in the place of their versions and aliases.

    Source: Step Functions Developer Guide, "Authorization for versions and aliases".
    """
    found = dict(call.input)
    for member in ("stateMachineArn", "stateMachineAliasArn", "stateMachineVersionArn"):
        given = found.get(member)
        if isinstance(given, str) and ":stateMachine:" in given and given.count(":") == 7:
            found[member] = given.rpartition(":")[0]
    return found


def _task_definitions(call: Call, attributes: _Attributes) -> Mapping[str, object]:
    """The ARN of the newest task definition in the place of its family."""
    given = call.input.get("taskDefinition")
    if not isinstance(given, str) or not given or re.search(r":\d+$", given):
        return call.input
    prefix = f"arn:aws:ecs:{call.region}:{call.account}:task-definition/"
    arn = attributes(given if given.startswith("arn:") else prefix + given).get("taskDefinitionArn")
    return call.input if arn is None else {**call.input, "taskDefinition": arn}


_BY_SERVICE: Final[Mapping[str, Callable[[Call, _Attributes], Mapping[str, object]]]] = {
    "ec2": _templates,
    "ecs": _task_definitions,
    "kms": _keys,
    "secretsmanager": _secrets,
    "stepfunctions": _machines,
}
