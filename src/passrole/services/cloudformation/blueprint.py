"""A template with its parameters: which resources it makes in which order, and what has to be acknowledged.

Source: CloudFormation User Guide, "Acknowledging IAM resources in CloudFormation templates"; Template
Reference, "DependsOn attribute", "Condition functions".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from passrole.policy.cfn_loops import written_out
from passrole.policy.cfn_template import Resource, Template, TemplateError, parse
from passrole.policy.cfn_values import (
    LANGUAGE_EXTENSIONS,
    Known,
    NothingKnown,
    Resolver,
    Unknown,
    refused_transform,
)
from passrole.services.cloudformation import parameters
from passrole.services.cloudformation.errors import InsufficientCapabilities, ValidationError
from passrole.state.stacks import Wanted

IAM: Final = "CAPABILITY_IAM"
NAMED_IAM: Final = "CAPABILITY_NAMED_IAM"
EXPAND: Final = "CAPABILITY_AUTO_EXPAND"

# What makes identities or gives rights, and the property that names it.
_IAM_TYPES: Final[Mapping[str, str]] = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}
_MOST_RESOURCES: Final = 500  # Source: CloudFormation User Guide, "Understand CloudFormation quotas"
_MOST_BYTES: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Where:
    """The stack as its template's pseudo parameters see it."""

    account: str
    region: str
    name: str
    arn: str


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What is to be there. depends says, of each resource, which others must be there before."""

    template: Template
    values: Mapping[str, object]  # parameters and pseudo parameters
    resources: Mapping[str, Resource]
    depends: Mapping[str, tuple[str, ...]]

    def resolver(self, known: Known | None = None) -> Resolver:
        """Works out the template's values."""
        return Resolver(self.template, self.values, known if known is not None else NothingKnown())

    def order(self) -> list[str]:
        """Every resource after those that it depends on."""
        done: dict[str, None] = {}
        left = dict(self.resources)
        while left:
            ready = [name for name in left if all(one in done for one in self.depends[name])]
            for name in ready:
                done[name] = None
                del left[name]
        return list(done)


@dataclass(slots=True)
class _Recording(NothingKnown):
    """Notes what is asked for."""

    names: dict[str, None] = field(default_factory=dict)
    imports: dict[str, None] = field(default_factory=dict)

    def ref(self, resource: str) -> object:
        self.names[resource] = None
        return Unknown(of=(resource,))

    def attribute(self, resource: str, attribute: str) -> object:
        self.names[resource] = None
        return Unknown(of=(f"{resource}.{attribute}",))

    def imported(self, name: str) -> object:
        self.imports[name] = None
        return Unknown(of=(f"export {name}",))


def read_template(text: str) -> Template:
    """The template of a request. Raises ValidationError."""
    if len(text.encode()) > _MOST_BYTES:
        raise ValidationError("Template may not exceed 1000000 bytes in size.")
    try:
        template = parse(text)
        for name in template.transforms:
            if name != LANGUAGE_EXTENSIONS:
                raise refused_transform(name)
    except TemplateError as error:
        raise ValidationError(error.message) from error
    if len(template.section("Resources")) > _MOST_RESOURCES:
        raise ValidationError(
            f"Template format error: Number of resources, {len(template.section('Resources'))}, is greater "
            f"than maximum allowed, {_MOST_RESOURCES}"
        )
    return template


def drawn(wanted: Wanted, where: Where) -> Blueprint:
    """The blueprint of what is wanted. Raises ValidationError for a template that cannot hold."""
    template = read_template(wanted.template)
    values: dict[str, object] = {
        **parameters.as_values(template, wanted.parameters, wanted.resolved),
        "AWS::AccountId": where.account,
        "AWS::Region": where.region,
        "AWS::StackName": where.name,
        "AWS::StackId": where.arn,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::NotificationARNs": list(wanted.notifications),
    }
    try:
        return _drawn(written_out(template, values), values)
    except TemplateError as error:
        raise ValidationError(error.message) from error


def _drawn(template: Template, values: Mapping[str, object]) -> Blueprint:
    resolver = Resolver(template, values)
    for name in template.section("Conditions"):
        resolver.condition(name)
    active = {
        name: one
        for name, one in template.resources.items()
        if not one.condition or resolver.condition(one.condition) is True
    }
    depends: dict[str, tuple[str, ...]] = {}
    for name, one in active.items():
        recording = _Recording()
        Resolver(template, values, recording).value(one.properties)
        for other in one.depends_on:
            if other not in template.resources:
                raise TemplateError(
                    f"Template format error: Unresolved resource dependencies [{other}] in the Resources "
                    "block of the template"
                )
        missing = [other for other in recording.names if other not in active]
        if missing:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the "
                "Resources block of the template"
            )
        depends[name] = tuple(
            other for other in dict.fromkeys((*one.depends_on, *recording.names)) if other in active
        )
    _refuse_circles(depends)
    blueprint = Blueprint(template, values, active, depends)
    for _ in outputs(blueprint, NothingKnown()):
        pass  # worked through for its errors
    return blueprint


def outputs(blueprint: Blueprint, known: Known) -> Iterator[tuple[str, object, str, object]]:
    """(name, value, description, export's name) of every output that there is. Raises TemplateError."""
    resolver = blueprint.resolver(known)
    for name, given in blueprint.template.section("Outputs").items():
        if not isinstance(given, dict) or "Value" not in given:
            raise TemplateError(
                f"Template format error: Every Outputs member must contain a Value object [{name}]"
            )
        condition = given.get("Condition")
        if isinstance(condition, str) and resolver.condition(condition) is not True:
            continue
        export = given.get("Export")
        named = resolver.value(export["Name"]) if isinstance(export, dict) and "Name" in export else ""
        yield name, resolver.value(given["Value"]), str(given.get("Description") or ""), named


def imports(blueprint: Blueprint) -> tuple[str, ...]:
    """The names of the exports that the template takes in."""
    recording = _Recording()
    resolver = blueprint.resolver(recording)
    for one in blueprint.resources.values():
        resolver.value(one.properties)
    for _ in outputs(blueprint, recording):
        pass
    return tuple(recording.imports)


def required(template: Template) -> tuple[str, ...]:
    """The capabilities that the template as it is written asks for."""
    found: dict[str, None] = {}
    for one in template.resources.values():
        named_by = _IAM_TYPES.get(one.type)
        if named_by is not None:
            found[NAMED_IAM if named_by and named_by in one.properties else IAM] = None
    if NAMED_IAM in found:
        found.pop(IAM, None)
    if template.transforms:
        found[EXPAND] = None
    return tuple(found)


def reason_of(template: Template) -> str:
    """CapabilitiesReason of GetTemplateSummary and ValidateTemplate."""
    types = dict.fromkeys(one.type for one in template.resources.values() if one.type in _IAM_TYPES)
    if not types:
        return ""
    return f"The following resource(s) require capabilities: [{', '.join(types)}]"


def check_capabilities(template: Template, given: Sequence[str]) -> None:
    """Raises InsufficientCapabilities for what was not acknowledged."""
    held = {*given, *((IAM,) if NAMED_IAM in given else ())}
    missing = [one for one in required(template) if one not in held]
    if missing:
        raise InsufficientCapabilities(f"Requires capabilities : [{', '.join(missing)}]")


def _refuse_circles(depends: Mapping[str, tuple[str, ...]]) -> None:
    left = {name: set(needs) for name, needs in depends.items()}
    while left:
        ready = [name for name, needs in left.items() if not needs & left.keys()]
        if not ready:
            raise TemplateError(f"Circular dependency between resources: [{', '.join(left)}]")
        for name in ready:
            del left[name]
