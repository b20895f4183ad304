"""The role passes of CloudFormation templates, the AWS SAM's included.

Source: CloudFormation Template Reference; CloudFormation User Guide, "CloudFormation service role"; AWS SAM
Developer Guide, "Generated CloudFormation resources".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from passrole.analysis.plan.passes import (
    ANY,
    Deployment,
    PlannedPass,
    UnreadablePlan,
    Where,
    roles_of,
)
from passrole.analysis.plan.properties import segments, values_at
from passrole.catalog import deployments
from passrole.catalog.deployments import RoleProperty
from passrole.catalog.role_parameters import ROLE_NAME
from passrole.policy import cfn_template
from passrole.policy.cfn_loops import written_out
from passrole.policy.cfn_names import role_pattern, stack_pattern
from passrole.policy.cfn_template import SERVERLESS, Resource, Template, TemplateError
from passrole.policy.cfn_values import LANGUAGE_EXTENSIONS, NO_VALUE, Resolver, Unknown
from passrole.state.directory import Directory

_ROLE: Final = "AWS::IAM::Role"
_PROFILE: Final = "AWS::IAM::InstanceProfile"
_TEMPLATE: Final = "AWS::EC2::LaunchTemplate"
_MARKED: Final = frozenset((_PROFILE, _TEMPLATE))
# The calls that launch instances from a launch template.
_LAUNCHES: Final[Mapping[str, str]] = {
    "AWS::AutoScaling::AutoScalingGroup": "autoscaling:CreateAutoScalingGroup",
    "AWS::EC2::Instance": "ec2:RunInstances",
}
_STACKS: Final = frozenset(("AWS::CloudFormation::Stack", "AWS::Serverless::Application"))
# What the AWS SAM makes a role for where a resource names none, as the role is then called.
_SAM: Final[Mapping[str, str]] = {
    "AWS::Serverless::Function": "Role",
    "AWS::Serverless::StateMachine": "Role",
}
_SERVERLESS: Final = "AWS::Serverless::"
# The types of what SAM makes, with a role of its own, for events of a kind. Source: AWS SAM Developer Guide,
# "Generated CloudFormation resources" of AWS::Serverless::StateMachine and AWS::Serverless::Function.
_SAM_EVENTS: Final[Mapping[tuple[str, str], str]] = {
    (f"{_SERVERLESS}StateMachine", "Schedule"): "AWS::Events::Rule",
    (f"{_SERVERLESS}StateMachine", "CloudWatchEvent"): "AWS::Events::Rule",
    (f"{_SERVERLESS}StateMachine", "EventBridgeRule"): "AWS::Events::Rule",
    (f"{_SERVERLESS}StateMachine", "ScheduleV2"): "AWS::Scheduler::Schedule",
    (f"{_SERVERLESS}Function", "ScheduleV2"): "AWS::Scheduler::Schedule",
}
_MODULE: Final = "::MODULE"
_STORED: Final = "AWS::SSM::Parameter::Value"
_ASSET: Final = "aws:asset:path"
# What is read of transforms; what others make of a template nobody knows before.
_READ_TRANSFORMS: Final = frozenset((LANGUAGE_EXTENSIONS, SERVERLESS, "AWS::Include"))
# An instance profile or launch template of the template, as values refer to it until its role is asked for.
_MARK: Final = "passrole-resource:"
_OUTPUTS: Final = "Outputs."
_NOT_HERE: Final = "the template of this nested stack is not here, and not read"
_DEEPEST: Final = 5


def read_template(
    text: str,
    where: Where,
    directory: Directory | None = None,
    parameters: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
) -> Deployment:
    """The passes of a template. parameters go before its defaults; folder is where nested ones lie.

    Raises UnreadablePlan for a text that is no template.
    """
    made = Deployment(stack=where.stack if where.stack != ANY else "")
    try:
        template = cfn_template.parse(text)
        _Stack(template, where, directory, parameters or {}, folder).read(made, "")
    except TemplateError as error:
        raise UnreadablePlan(error.message) from error
    return made


class _Stack:
    """One template as it would be deployed; what its resources give each other is known by their names."""

    def __init__(
        self,
        template: Template,
        where: Where,
        directory: Directory | None,
        given: Mapping[str, str],
        folder: Path | None,
        outer: _Stack | None = None,
    ) -> None:
        self._template = template
        self._where = where
        self._directory = directory
        self._folder = folder
        self._depth: int = outer._depth + 1 if outer is not None else 0
        # Resources of all the stacks that values refer to by their marks.
        self._marked: dict[str, tuple[_Stack, Resource]] = outer._marked if outer is not None else {}
        self._nested: dict[str, _Stack | str | None] = {}  # by logical id: None while it is read, or why not
        self._notes: list[str] = []
        parameters = {**self._pseudo(), **self._parameters(given)}
        try:
            self._template = written_out(template, parameters)
        except TemplateError as error:
            self._notes.append(f"the resources of Fn::ForEach are not read: {error.message}")
        self._resources = self._template.resources
        self._resolver = Resolver(self._template, parameters, self)

    def _pseudo(self) -> dict[str, object]:
        where = self._where
        suffix = "amazonaws.com.cn" if where.partition == "aws-cn" else "amazonaws.com"
        told: dict[str, object] = {
            "AWS::AccountId": where.account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": where.partition,
            "AWS::Region": where.region,
            "AWS::StackName": where.stack,
            "AWS::URLSuffix": suffix,
        }
        return {name: value for name, value in told.items() if value != ANY}

    def _parameters(self, given: Mapping[str, str]) -> dict[str, object]:
        """Values as they are given, else defaults; a parameter without either is left out: it is unknown.

        So is one whose value is the name of a parameter of Systems Manager, but for an ARN given for it.
        """
        made: dict[str, object] = {}
        for name, row in self._template.section("Parameters").items():
            declared = row if isinstance(row, dict) else {}
            kind = str(declared.get("Type", ""))
            value = given.get(name, declared.get("Default"))
            if value is None or (kind.startswith(_STORED) and not str(value).startswith("arn:")):
                continue
            made[name] = str(value).split(",") if "List" in kind else str(value)
        return made

    # Known

    def ref(self, resource: str) -> object:
        """See cfn_values.Known."""
        one = self._resources[resource]
        if one.type == _ROLE:
            return self._name(one)
        return self._mark(one) if one.type in _MARKED else Unknown(of=(resource,))

    def attribute(self, resource: str, attribute: str) -> object:
        """See cfn_values.Known."""
        one = self._resources[resource]
        if one.type == _ROLE and attribute == "Arn":
            return self._where.role(self._name(one), self._path(one))
        if one.type == _PROFILE and attribute == "Arn":
            return self._mark(one)
        if one.type in _STACKS and attribute.startswith(_OUTPUTS):
            inner = self._inner(one)
            if isinstance(inner, _Stack):
                return inner.output(attribute.removeprefix(_OUTPUTS))
        return Unknown(of=(f"{resource}.{attribute}",))

    def output(self, name: str) -> object:
        """What the stack gives to the one that nests it."""
        found = self._template.section("Outputs").get(name)
        if not isinstance(found, dict) or "Value" not in found:
            return Unknown(of=(f"output {name}",))
        return self._resolver.value(found["Value"])

    def _mark(self, one: Resource) -> str:
        mark = f"{_MARK}{self._where.stack}/{one.name}"
        self._marked[mark] = self, one
        return mark

    def imported(self, name: str) -> object:
        """See cfn_values.Known."""
        return Unknown(of=(f"export {name}",))

    def zones(self, region: str) -> object:
        """See cfn_values.Known."""
        return Unknown(of=("Availability Zones",))

    def _name(self, role: Resource) -> str:
        """A role's name: its own, or the stack's and the logical id's with letters that nobody knows yet."""
        given = self._text(role.properties.get("RoleName"))
        return given or role_pattern(self._where.stack, role.name)

    def _path(self, role: Resource) -> str:
        return self._text(role.properties.get("Path")) or "/"

    def _text(self, node: object) -> str:
        value = self._resolver.value(node) if node is not None else ""
        if isinstance(value, Unknown):
            return value.pattern
        return value if isinstance(value, str) else ""

    # Passes

    def read(self, made: Deployment, prefix: str) -> None:
        """Adds the passes of every resource that the template makes."""
        where = prefix.rstrip("/") or "template"
        made.notes += [f"{where}: {one}" for one in self._notes]
        made.notes += [
            f"{where}: what the macro {one} makes of it is not read"
            for one in self._template.transforms
            if one not in _READ_TRANSFORMS
        ]
        for one in self._resources.values():
            if one.condition and self._resolver.condition(one.condition) is False:
                continue
            properties = self._resolver.value(self._both(self._with_globals(one)))
            name = f"{prefix}{one.name}"
            if one.type.endswith(_MODULE):
                made.notes.append(f"{name}: the module {one.type} is not read")
            if isinstance(properties, dict):
                made.passes += self._passes(name, one, properties)
                if one.type in _STACKS:
                    inner = self._inner(one)
                    if isinstance(inner, _Stack):
                        inner.read(made, f"{name}/")
                    else:
                        made.notes.append(f"{name}: {inner or _NOT_HERE}")

    def _with_globals(self, one: Resource) -> dict[str, object]:
        """A resource's properties, with what the template's Globals say of those of its kind."""
        kind = one.type.removeprefix(_SERVERLESS)
        shared = self._template.section("Globals").get(kind) if kind != one.type else None
        return {**(shared if isinstance(shared, dict) else {}), **one.properties}

    def _both(self, node: object) -> object:
        """The node with both branches of each Fn::If whose condition is not known, as a list."""
        if isinstance(node, list):
            made: list[object] = []
            for one in node:
                value = self._both(one)
                made += value if isinstance(value, list) and not isinstance(one, list) else [value]
            return made
        if not isinstance(node, dict):
            return node
        given = node.get("Fn::If") if len(node) == 1 else None
        if isinstance(given, list) and len(given) == 3:
            held = self._resolver.condition(str(given[0]))
            if isinstance(held, bool):
                return self._both(given[1] if held else given[2])
            return self._both(given[1:])
        if len(node) == 1 and next(iter(node)).startswith(("Fn::", "Ref", "Condition")):
            return node
        return {name: self._both(one) for name, one in node.items()}

    def _passes(self, name: str, one: Resource, properties: Mapping[str, object]) -> Iterator[PlannedPass]:
        for row in deployments.cloudformation(one.type):
            for value in values_at(properties, segments(row.path)):
                for role in self._roles(value, row.parameter.holds):
                    yield PlannedPass(name, row, role)
        yield from self._launched(name, one, properties)
        own = _SAM.get(one.type)
        if own is not None and own not in properties:
            for row in deployments.cloudformation(one.type):
                yield PlannedPass(name, row, self._made_by_sam(f"{one.name}Role"))
        yield from self._events(name, one, properties)

    def _events(self, name: str, one: Resource, properties: Mapping[str, object]) -> Iterator[PlannedPass]:
        """The roles that SAM makes for what starts a function or a state machine."""
        events = properties.get("Events")
        for event, given in events.items() if isinstance(events, dict) else ():
            kind = given.get("Type") if isinstance(given, dict) else None
            row = _SAM_EVENTS.get((one.type, str(kind)))
            held = given.get("Properties") if isinstance(given, dict) else None
            if row is None:
                continue
            for inner in deployments.cloudformation(row):
                if not inner.path.endswith(("Target.RoleArn", "Targets[].RoleArn")):
                    continue
                own = held.get("RoleArn") if isinstance(held, dict) else None
                made = self._made_by_sam(f"{one.name}{event}Role")
                for role in self._roles(own, inner.parameter.holds) if own else (made,):
                    yield PlannedPass(name, inner, role)

    def _made_by_sam(self, id: str) -> str:
        return self._where.role(role_pattern(self._where.stack, id))

    def _launched(self, name: str, one: Resource, properties: Mapping[str, object]) -> Iterator[PlannedPass]:
        """The role of a launch template of this template, from which instances are launched."""
        row = _LAUNCHES.get(one.type)
        referred = properties.get("LaunchTemplate")
        id = referred.get("LaunchTemplateId") if isinstance(referred, Mapping) else None
        if row is None or not isinstance(id, str) or id not in self._marked:
            return
        owner, template = self._marked[id]
        held = owner._resolver.value(dict(template.properties))
        for inner in deployments.cloudformation(template.type):
            for value in values_at(held, segments(inner.path)):
                for role in owner._roles(value, inner.parameter.holds):
                    yield PlannedPass(name, RoleProperty("LaunchTemplate", row, inner.parameter), role)

    def _roles(self, value: object, holds: str) -> tuple[str, ...]:
        text = value.pattern if isinstance(value, Unknown) else value
        if value is NO_VALUE or not isinstance(text, str):
            return ()
        at = text.find(_MARK)  # in an ARN, after the kind of resource
        if at < 0:
            return self._named(text, holds)
        if text[at:] not in self._marked:
            return self._named(ANY, holds)
        owner, profile = self._marked[text[at:]]
        if profile.type != _PROFILE:
            return ()
        roles = owner._resolver.value(profile.properties.get("Roles", []))
        return tuple(
            role
            for one in values_at(roles, ())
            for role in owner._named(one.pattern if isinstance(one, Unknown) else str(one), ROLE_NAME)
        )

    def _named(self, text: str, holds: str) -> tuple[str, ...]:
        """A role as it is named: one of the template has its path there."""
        for one in self._resources.values():
            if "name" in holds and one.type == _ROLE and self._name(one) == text:
                return (self._where.role(text, self._path(one)),)
        return roles_of(text, holds, self._where, self._directory)

    def _inner(self, one: Resource) -> _Stack | str | None:
        """A nested stack, acting with the same rights, whose template lies beside this one; else why not."""
        if one.name not in self._nested:
            self._nested[one.name] = None
            self._nested[one.name] = self._opened(one)
        return self._nested[one.name]

    def _opened(self, one: Resource) -> _Stack | str:
        properties = self._resolver.value(dict(one.properties))
        if not isinstance(properties, dict):
            return _NOT_HERE
        # CDK's templates tell the file of an asset beside the address that it will have.
        url = one.metadata.get(_ASSET) or properties.get("TemplateURL") or properties.get("Location")
        known = isinstance(url, str) and ANY not in url and "://" not in url
        path = self._folder / str(url) if self._folder is not None and known else None
        if path is None or not path.is_file() or self._depth >= _DEEPEST:
            return _NOT_HERE
        given = properties.get("Parameters")
        texts = {
            key: value.pattern if isinstance(value, Unknown) else value
            for key, value in (given.items() if isinstance(given, dict) else ())
        }
        told = {key: value for key, value in texts.items() if isinstance(value, str) and value != ANY}
        inner = replace(self._where, stack=stack_pattern(self._where.stack, one.name))
        try:
            template = cfn_template.parse(path.read_text(encoding="utf-8"))
        except (TemplateError, UnicodeDecodeError) as error:
            return f"{path.name} is not read: {error}"
        return _Stack(template, inner, self._directory, told, path.parent, self)
