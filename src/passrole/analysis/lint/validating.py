"""A policy as Access Analyzer's ValidatePolicy looks at it: its findings in AWS's member names.

Source: IAM Access Analyzer API Reference, ValidatePolicy, ValidatePolicyFinding, Location, PathElement,
Position; IAM User Guide, "Access Analyzer policy check reference".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from passrole.analysis.lint.document import Broken, Document, Found, kind_of
from passrole.analysis.lint.grants import takes_in
from passrole.analysis.lint.linting import lint_file
from passrole.analysis.lint.node import Embedded, Node, read_json
from passrole.analysis.lint.rule import Finding
from passrole.analysis.lint.sources import PolicyFile
from passrole.policy.document import Kind
from passrole.policy.source import JsonError, place_in

_PAGE: Final = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
    "#access-analyzer-reference-policy-checks"
)
_SECTIONS: Final[Mapping[str, str]] = {
    "ERROR": "error",
    "SECURITY_WARNING": "security-warning",
    "WARNING": "general-warning",
    "SUGGESTION": "suggestion",
}
_KINDS: Final[Mapping[str, Kind]] = {
    "IDENTITY_POLICY": "identity",
    "SERVICE_CONTROL_POLICY": "scp",
    "RESOURCE_CONTROL_POLICY": "rcp",
}
TRUST: Final = "AWS::IAM::AssumeRolePolicyDocument"

Path = tuple[dict[str, object], ...]


def validate_policy(text: str, policy_type: str, resource_type: str = "") -> list[dict[str, object]]:
    """The findings about a policy, as ValidatePolicy returns them, in the order of the text.

    policy_type and resource_type are the operation's policyType and validatePolicyResourceType.
    """
    found = Found()
    root = Node(0, 0)
    try:
        root = read_json(Embedded.whole(text))
    except JsonError as error:
        found.broken.append(Broken(min(error.offset, len(text)), error.message))
    else:
        found.documents.append(Document(root, _kind(root, policy_type, resource_type)))
    return [
        _finding(text, root, one)
        for one in lint_file(PolicyFile("", text, found))
        if one.finding_type is not None
    ]


def _kind(root: Node, policy_type: str, resource_type: str) -> Kind:
    if policy_type in _KINDS:
        return _KINDS[policy_type]
    if resource_type:
        return "trust" if resource_type == TRUST else "resource"
    return "trust" if kind_of(root, "resource") == "trust" else "resource"


def _finding(text: str, root: Node, one: Finding) -> dict[str, object]:
    kind = str(one.finding_type)
    slug = one.code.lower().replace("_", "-")
    return {
        "findingDetails": one.message,
        "findingType": kind,
        "issueCode": one.code,
        "learnMoreLink": f"{_PAGE}-{_SECTIONS[kind]}-{slug}",
        "locations": [
            {"path": list(path), "span": {"start": _position(text, start), "end": _position(text, end)}}
            for path, start, end in _locations(root, one)
        ],
    }


def _position(text: str, offset: int) -> dict[str, int]:
    """Lines count from 1, columns and offsets from 0."""
    place = place_in(text, offset)
    return {"line": place.line, "column": place.column - 1, "offset": offset}


def _locations(root: Node, one: Finding) -> Iterator[tuple[Path, int, int]]:
    """Where it is: for iam:PassRole, the actions that take it in and then the resources."""
    path, start, end = _located(root, one.start, ()) or ((), one.start, one.end)
    if one.code.startswith("PASS_ROLE_") and len(path) >= 2:
        lone = "index" not in path[1]
        statements = root.get("Statement")
        statement = statements.values()[0 if lone else int(str(path[1]["index"]))] if statements else root
        element = "NotAction" if statement.member("NotAction") is not None else "Action"
        given = statement.get(element)
        for number, node in enumerate(given.values() if given is not None else ()):
            if element == "Action" and takes_in(node.text):
                head: Path = (*path[: 1 if lone else 2], {"value": element})
                inside: Path = ({"index": number},) if given is not None and given.items is not None else ()
                yield (*head, *inside), node.start, node.end
    yield path, start, end


def _located(node: Node, start: int, path: Path) -> tuple[Path, int, int] | None:
    """The path to what stands at a place; of a key, that of its value."""
    if node.start == start:
        return path, node.start, node.end
    for member in node.members or ():
        inner: Path = (*path, {"value": member.name})
        if member.start == start:
            return inner, member.value.start, member.value.end
        if member.value.start <= start < member.value.end:
            return _located(member.value, start, inner)
    for index, item in enumerate(node.items or ()):
        if item.start <= start < item.end:
            return _located(item, start, (*path, {"index": index}))
    return None
