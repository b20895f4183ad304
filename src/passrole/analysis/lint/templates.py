"""Policies in CloudFormation and CDK templates, their functions worked out as far as the template tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import yaml

from passrole.analysis.lint.document import (
    Broken,
    Document,
    Found,
    KnownRole,
    allows_everything,
    holds_statements,
    kind_of,
    made,
    unknown,
)
from passrole.analysis.lint.json_files import ADMINISTRATOR_ACCESS
from passrole.analysis.lint.node import UNKNOWN, Embedded, Member, Node, placed, read_json, walk
from passrole.policy import cfn_template
from passrole.policy.cfn_template import TemplateError
from passrole.policy.cfn_values import NO_VALUE, Resolver, Unknown
from passrole.policy.document import Kind
from passrole.policy.source import JsonError

# Properties that hold a policy; "Policies" holds a list of objects with a PolicyDocument.
# Source: CloudFormation Template Reference, "AWS resource and property types reference".
_HOLDERS: Final[Mapping[str, Mapping[str, Kind | None]]] = {
    "AWS::IAM::Policy": {"PolicyDocument": "inline"},
    "AWS::IAM::RolePolicy": {"PolicyDocument": "inline"},
    "AWS::IAM::UserPolicy": {"PolicyDocument": "inline"},
    "AWS::IAM::GroupPolicy": {"PolicyDocument": "inline"},
    "AWS::IAM::ManagedPolicy": {"PolicyDocument": "identity"},
    "AWS::IAM::Role": {"AssumeRolePolicyDocument": "trust", "Policies": "inline"},
    "AWS::IAM::User": {"Policies": "inline"},
    "AWS::IAM::Group": {"Policies": "inline"},
    "AWS::SSO::PermissionSet": {"InlinePolicy": "inline"},
    "AWS::Organizations::Policy": {"Content": "scp"},
    "AWS::Serverless::Function": {"Policies": "inline"},
    "AWS::Serverless::StateMachine": {"Policies": "inline"},
    "AWS::S3::BucketPolicy": {"PolicyDocument": "resource"},
    "AWS::SQS::QueuePolicy": {"PolicyDocument": "resource"},
    "AWS::SNS::TopicPolicy": {"PolicyDocument": "resource"},
    "AWS::KMS::Key": {"KeyPolicy": "resource"},
}
_ROLE: Final = "AWS::IAM::Role"
_LOOP: Final = "Fn::ForEach::"
_REFERENCE: Final = re.compile(r"\{\{resolve:[^}]*\}\}")
_LINE: Final = re.compile(r"\(line (\d+), column (\d+)\)")
# Elements of statements that may hold a list.
_LISTS: Final = frozenset(("Statement", "Action", "NotAction", "Resource", "NotResource"))
# Source: CloudFormation Template Reference, "Get AWS values using pseudo parameters".
_PSEUDO: Final[Mapping[str, object]] = {
    "AWS::AccountId": UNKNOWN,
    "AWS::NotificationARNs": [UNKNOWN],
    "AWS::Partition": "aws",
    "AWS::Region": UNKNOWN,
    "AWS::StackId": UNKNOWN,
    "AWS::StackName": UNKNOWN,
    "AWS::URLSuffix": "amazonaws.com",
}


class _Untold:
    """Known of a template that nobody has deployed: what it waits for is UNKNOWN, not a wildcard."""

    def ref(self, resource: str) -> object:
        return Unknown(UNKNOWN, (resource,))

    def attribute(self, resource: str, attribute: str) -> object:
        return Unknown(UNKNOWN, (f"{resource}.{attribute}",))

    def imported(self, name: str) -> object:
        return Unknown(UNKNOWN, (name,))

    def zones(self, region: str) -> object:
        return Unknown(UNKNOWN, ("zones",))


def read_template(text: str) -> Found:
    """The policies of a template, JSON or YAML."""
    found = Found()
    try:
        template = cfn_template.parse(text)
    except TemplateError as error:
        found.broken.append(Broken(_place(text, error.message), error.message, "template"))
        return found
    raw = (
        read_json(Embedded.whole(text))
        if text.lstrip().startswith("{")
        else _composed(yaml.compose(text, Loader=yaml.SafeLoader))
    )
    resources = raw.get("Resources")
    if resources is not None:
        _resources(resources, template, {**_PSEUDO, **_parameters(template)}, found)
    return found


def _place(text: str, message: str) -> int:
    """Where a template is broken, as the message says."""
    told = _LINE.search(message)
    if told is None:
        return 0
    before = text.splitlines(keepends=True)[: int(told[1]) - 1]
    return min(sum(map(len, before)) + int(told[2]) - 1, len(text))


def _resources(
    resources: Node, template: cfn_template.Template, parameters: Mapping[str, object], found: Found
) -> None:
    """The policies of resources. What a loop makes is read once, whatever it goes over."""
    resolver = Resolver(template, parameters, _Untold())
    for member in resources.members or ():
        if member.name.startswith(_LOOP):
            loop = member.value.items or ()
            if len(loop) == 3:
                _resources(loop[2], template, {**parameters, loop[0].text: UNKNOWN}, found)
            continue
        kind, properties = member.value.get("Type"), member.value.get("Properties")
        if kind is None or properties is None:
            continue
        try:
            _resource(member.name, kind.text, properties, resolver, found)
        except TemplateError as error:
            found.broken.append(Broken(member.start, error.message, "template"))


def _parameters(template: cfn_template.Template) -> dict[str, object]:
    """The parameters by their defaults; one without is unknown."""
    made: dict[str, object] = {}
    for name, given in template.section("Parameters").items():
        default = given.get("Default") if isinstance(given, dict) else None
        listed = isinstance(given, dict) and "List" in str(given.get("Type", ""))
        text = UNKNOWN if default is None else str(default)
        made[name] = text.split(",") if listed else text
    return made


def _resource(name: str, kind: str, properties: Node, resolver: Resolver, found: Found) -> None:
    seen: set[int] = set()
    for key, held in _HOLDERS.get(kind, {}).items():
        given = properties.get(key)
        for one in _documents(given) if given is not None else ():
            seen.update(inner.start for inner in walk(one))
            _document(name, one, held, resolver, found)
    for one in walk(properties):
        if one.start not in seen and one.member("Statement") is not None and holds_statements(one):
            _document(name, one, None, resolver, found)
    if kind == _ROLE:
        found.roles.append(_role(name, properties, resolver))


def _document(name: str, given: Node, kind: Kind | None, resolver: Resolver, found: Found) -> None:
    """A policy, which may stand as a JSON text."""
    root = resolved(given, resolver)
    if root.text.lstrip().startswith("{"):
        try:
            root = placed(read_json(Embedded.whole(root.text)), given.start, given.end)
        except JsonError as error:
            if UNKNOWN not in root.text:
                found.broken.append(Broken(given.start, error.message))
            return
    if root.member("Statement") is not None:
        found.documents.append(Document(root, kind or kind_of(root), name=name))


def _documents(given: Node) -> Iterator[Node]:
    """The documents in a property: itself, or those of the policies that it lists."""
    for one in given.values():
        inner = one.get("PolicyDocument")
        yield inner if inner is not None else one


def _role(key: str, properties: Node, resolver: Resolver) -> KnownRole:
    name, path, arns, policies = (
        resolved(one, resolver) if (one := properties.get(member)) is not None else None
        for member in ("RoleName", "Path", "ManagedPolicyArns", "Policies")
    )
    everything = any(
        one.text.endswith(ADMINISTRATOR_ACCESS) for one in (arns.values() if arns is not None else ())
    ) or any(allows_everything(one) for one in (_documents(policies) if policies is not None else ()))
    return KnownRole(
        name=name.text if name is not None else "",
        path=(path.text if path is not None else "") or "/",
        administrator=everything and properties.member("PermissionsBoundary") is None,
        key=key,
    )


def resolved(node: Node, resolver: Resolver) -> Node:
    """The node with its functions worked out; what the template does not tell is UNKNOWN.

    Of Fn::If both branches count, where a list may hold both: which one is deployed, parameters say.
    Raises TemplateError.
    """
    if node.members is not None:
        names = [one.name for one in node.members]
        if len(names) == 1 and (names[0] == "Ref" or names[0].startswith("Fn::")):
            branches = _branches(node, resolver)
            return branches[0] if branches else _worked_out(node, resolver)
        members = (
            Member(one.name, one.start, one.end, value)
            for one in node.members
            if (value := _element(one.name, one.value, resolver)) is not _NOTHING
        )
        return Node(node.start, node.end, members=tuple(members))
    if node.items is not None:
        items = (
            one for item in node.items for one in _branches(item, resolver) or (resolved(item, resolver),)
        )
        return Node(node.start, node.end, items=tuple(one for one in items if one is not _NOTHING))
    return _without_references(node)


def _without_references(node: Node) -> Node:
    """A text in which ``{{resolve:ssm:…}}`` and the like, which a deployment fills in, are UNKNOWN."""
    if "{{resolve:" not in node.text:
        return node
    return Node(node.start, node.end, _REFERENCE.sub(UNKNOWN, node.text))


def _element(name: str, node: Node, resolver: Resolver) -> Node:
    """A member's value: both branches of Fn::If as a list, in elements that take lists."""
    branches = _branches(node, resolver) if name in _LISTS else ()
    if not branches:
        return resolved(node, resolver)
    flat = tuple(inner for one in branches if one is not _NOTHING for inner in one.values())
    return Node(node.start, node.end, items=flat) if flat else _NOTHING


def _branches(node: Node, resolver: Resolver) -> tuple[Node, ...]:
    """What either branch of an Fn::If gives, those that give something first; () of what is no Fn::If."""
    given = node.get("Fn::If") if node.members is not None and len(node.members) == 1 else None
    if given is None or given.items is None or len(given.items) != 3:
        return ()
    found = [resolved(one, resolver) for one in given.items[1:]]
    return tuple(sorted(found, key=lambda one: one is _NOTHING))


_NOTHING: Final = Node(-1, -1)


def _worked_out(node: Node, resolver: Resolver) -> Node:
    value = resolver.value(node.plain())
    if value is NO_VALUE:
        return _NOTHING
    if isinstance(value, Unknown):
        text = value.pattern if UNKNOWN in value.pattern else UNKNOWN
        return Node(node.start, node.end, text)
    if _has_unknown(value):
        return unknown(node.start, node.end)
    found = made(value, node.start, node.end)
    return _without_references(found)


def _has_unknown(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    return isinstance(value, Unknown)


def _composed(node: yaml.Node | None) -> Node:
    """YAML's nodes with their places; the short forms of functions become the long ones."""
    if node is None:
        return Node(0, 0)
    start, end = node.start_mark.index, node.end_mark.index
    value: Node
    if isinstance(node, yaml.MappingNode):
        members = tuple(
            Member(str(key.value), key.start_mark.index, key.end_mark.index, _composed(one))
            for key, one in node.value
        )
        value = Node(start, end, members=members)
    elif isinstance(node, yaml.SequenceNode):
        value = Node(start, end, items=tuple(map(_composed, node.value)))
    else:
        value = Node(start, end, str(node.value))
    tag = node.tag
    if not tag.startswith("!") or tag == "!":
        return value
    name = tag[1:] if tag in ("!Ref", "!Condition") else f"Fn::{tag[1:]}"
    if name == "Fn::GetAtt" and value.text:
        value = made(list(value.text.split(".", 1)), start, end)
    return Node(start, end, members=(Member(name, start, end, value),))
