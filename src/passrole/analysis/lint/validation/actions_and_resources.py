"""Checks of what statements name: actions and resources."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from passrole.analysis.lint.node import Node
from passrole.analysis.lint.validation.subject import TRUST, Said, Subject, either, spot, texts
from passrole.catalog import actions, operations
from passrole.catalog.services import action_prefix
from passrole.values import partition
from passrole.values.glob import Pattern

_NEAR: Final = 0.8
_ACCOUNT: Final = re.compile(r"[0-9]{12}|aws(?:-[a-z]+)*", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]+", re.ASCII)
_FIELDS: Final = 6  # of an ARN
_WILD: Final = re.compile(r"[*?]|\$\{")
PARTITIONS: Final = (
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
)
# Resources of S3 that, unlike buckets and objects, are an account's. Source: Service Authorization
# Reference, "Actions, resources, and condition keys for Amazon S3".
_OF_ACCOUNTS: Final = re.compile(
    r"(?:accesspoint|job|storage-lens|storage-lens-group|access-grants|async-request|bucket)[/:*]"
)
# Services some of whose resources are AWS's own, in no account or Region: Access Analyzer finds nothing
# wrong with those in AWS's managed policies.
_OF_AWS: Final = frozenset(("artifact", "bedrock", "ec2", "inspector", "partnercentral", "s3", "ssm"))
_UNPLACED: Final = _OF_AWS - {"ssm"}
# Of which ValidatePolicy names an action that is meant by an operation's name.
_HINTED: Final = "s3"
# Whose actions the policies of a resource type take. Source: IAM Access Analyzer API Reference,
# ValidatePolicy, validatePolicyResourceType.
_ACTIONS_OF: Final = {
    "AWS::S3::Bucket": "s3",
    "AWS::S3::AccessPoint": "s3",
    "AWS::S3::MultiRegionAccessPoint": "s3",
    "AWS::S3ObjectLambda::AccessPoint": "s3-object-lambda",
    "AWS::DynamoDB::Table": "dynamodb",
    TRUST: "sts",
}


def check(subject: Subject) -> Iterator[Said]:
    for statement in subject.statements:
        for element, one in either(statement, "Action"):
            yield from _action(subject, element, one)
        for _, one in either(statement, "Resource"):
            yield from _resource(one)
        yield from _redundant(texts(statement, "Action"), "REDUNDANT_ACTION", "action", str.lower)
        yield from _redundant(texts(statement, "Resource"), "REDUNDANT_RESOURCE", "resource", str)


# --- Actions ----------------------------------------------------------------------------------


def _action(subject: Subject, element: str, node: Node) -> Iterator[Said]:
    text = node.text
    prefix, colon, name = text.partition(":")
    if subject.kind == "scp" and _WILD.search(text.rstrip("*")) is not None:
        yield Said("SCP_SYNTAX_ERROR_ACTION_WILDCARD", (spot(node),), {"action": text})
    if not colon or ":" in name:
        return
    if _WILD.search(prefix) is not None:
        if text != "*:*":
            yield Said("WILDCARD_IN_SERVICE_NAME", (spot(node),))
        return
    owner = _ACTIONS_OF.get(subject.resource_type, "")
    if owner and prefix.lower() != owner and subject.kind != "trust":
        values = {"action": text, "resource_type": subject.resource_type}
        yield Said("UNSUPPORTED_ACTION_IN_POLICY", (spot(node),), values)
    if not actions.actions(prefix):
        near = difflib.get_close_matches(prefix.lower(), actions.prefixes(), n=1, cutoff=_NEAR)
        hint = f" Did you mean {near[0]}?" if near else ""
        yield Said("INVALID_SERVICE_IN_ACTION", (spot(node),), {"action": text, "hint": hint})
    elif name and _WILD.search(name) is None and actions.canonical(text) is None:
        yield Said("INVALID_ACTION", (spot(node),), {"action": text, "hint": _hint(prefix, name)})


def _hint(prefix: str, name: str) -> str:
    """What goes by another name than the operation's, as s3:ListAllMyBuckets does."""
    meant = _operations(_HINTED).get(name.lower()) if prefix.lower() == _HINTED else None
    if meant is None:
        return ""
    operation, action = meant
    return f" Did you mean {action}? The API called {operation} authorizes against the IAM action {action}."


@lru_cache(maxsize=512)
def _operations(prefix: str) -> dict[str, tuple[str, str]]:
    """The operations of a prefix's services that need an action of another name, by lower-case name."""
    found: dict[str, tuple[str, str]] = {}
    for service in operations.services():
        if action_prefix(service) != prefix:
            continue
        for name in operations.operation_names(service):
            known = operations.operation(service, name)
            used = known.actions[:1] if known is not None else ()
            for one in used:
                if one.action.partition(":")[2].lower() != name.lower():
                    found[name.lower()] = name, one.action
    return found


# --- Resources --------------------------------------------------------------------------------


def _resource(node: Node) -> Iterator[Said]:
    fields = node.text.split(":", 5)
    if fields[0] != "arn":
        return
    if len(fields) < _FIELDS:
        if "*" not in node.text:
            yield Said("MISSING_ARN_FIELD", (spot(node),), {"fields": str(_FIELDS)})
        return
    _, _, service, region, account, name = fields
    if _WILD.search(service) is not None:
        if service != "*":
            yield Said("WILDCARD_IN_SERVICE_NAME", (spot(node),))
        return
    if service != service.lower() and service.lower() in _namespaces():
        yield Said("INVALID_ARN_SERVICE_CASE", (spot(node),), {"service": service})
        return
    if service and service not in _namespaces():
        yield Said("INVALID_SERVICE", (spot(node),), {"service": service})
        return
    yield from _in_place(node, service, region, account, name)


def _in_place(node: Node, service: str, region: str, account: str, name: str) -> Iterator[Said]:
    regional, owned = _places(service)
    named = _WILD.search(region) is None
    if region and named and regional is False:
        yield Said("ARN_REGION_NOT_ALLOWED", (spot(node),), {"service": service})
    elif region and named and _REGION.fullmatch(region) is None:
        yield Said("INVALID_ARN_REGION", (spot(node),), {"region": region})
    elif not region and regional and service not in _UNPLACED:
        yield Said("MISSING_ARN_REGION", (spot(node),), {"service": service})
    if not account:
        if owned and service not in _OF_AWS and name != "*":
            yield Said("MISSING_ARN_ACCOUNT", (spot(node),), {"resource": name})
    elif _WILD.search(account) is None:
        if owned is False or (service == "s3" and _OF_ACCOUNTS.match(name) is None):
            yield Said("ARN_ACCOUNT_NOT_ALLOWED", (spot(node),), {"service": service})
        elif _ACCOUNT.fullmatch(account) is None:
            yield Said("INVALID_ARN_ACCOUNT", (spot(node),), {"account": account})


@lru_cache(maxsize=512)
def _places(service: str) -> tuple[bool | None, bool | None]:
    """Do the ARNs of a service have a Region, and an account? None where some do."""
    found = _templates().get(service, frozenset())
    regions, accounts = ({bool(one[place]) for one in found} for place in (0, 1))
    return (
        regions.pop() if len(regions) == 1 else None,
        accounts.pop() if len(accounts) == 1 else None,
    )


@lru_cache(maxsize=1)
def _templates() -> dict[str, frozenset[tuple[str, str]]]:
    """Region and account in the ARN templates of each service, by its name in ARNs."""
    found: dict[str, set[tuple[str, str]]] = {}
    for service in operations.services():
        for name in operations.operation_names(service):
            known = operations.operation(service, name)
            for use in known.actions if known is not None else ():
                for one in use.resources:
                    fields = one.template.split(":", 5)
                    if len(fields) == 6 and fields[0] == "arn":
                        found.setdefault(fields[2], set()).add((fields[3], fields[4]))
    return {service: frozenset(places) for service, places in found.items()}


@lru_cache(maxsize=1)
def _namespaces() -> frozenset[str]:
    """The services that ARNs can be of."""
    return frozenset((*_templates(), *actions.prefixes()))


# --- Redundant --------------------------------------------------------------------------------


def _redundant(nodes: Sequence[Node], code: str, named: str, spelled: Callable[[str], str]) -> Iterator[Said]:
    """Values that another one of the list takes in, each with those that share the widest one.

    The longest of them is named, as in Access Analyzer's own findings.
    """
    patterns = [Pattern.parse(spelled(one.text)) for one in nodes]
    first: dict[Pattern, int] = {}
    for number, pattern in enumerate(patterns):
        first.setdefault(pattern, number)
    wild = [number for pattern, number in first.items() if not pattern.exact]
    widest = [_widest(first[pattern], patterns, wild) for pattern in patterns]
    groups: dict[int, list[int]] = {}
    for number, of in enumerate(widest):
        groups.setdefault(of, []).append(number)
    for of, members in groups.items():
        if len(members) > 1:
            shown = max(members, key=lambda one: (one != of, len(nodes[one].text), -one))
            values = {"count": str(len(members)), named: nodes[shown].text}
            yield Said(code, tuple(spot(nodes[one]) for one in members), values)


def _widest(number: int, patterns: Sequence[Pattern], wild: Sequence[int]) -> int:
    """The value that takes this one in and is taken in by no other; itself where there is none."""
    for other in wild:
        whole = patterns[other]
        # Only what begins no later can take it in: most pairs are told apart by that.
        may = other != number and patterns[number].head.startswith(whole.head)
        if may and _covers(whole, patterns[number]):
            number = other
    return number


def _covers(whole: Pattern, part: Pattern) -> bool:
    try:
        return partition.covers(whole, part)
    except partition.TooManyStates:
        return False
