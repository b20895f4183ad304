"""A policy as Access Analyzer's ValidatePolicy looks at it: its findings in AWS's member names.

Source: IAM Access Analyzer API Reference, ValidatePolicy, ValidatePolicyFinding, Location, PathElement,
Position; IAM User Guide, "IAM policy validation check reference".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from passrole.analysis.lint.node import Embedded, Node, read_json
from passrole.analysis.lint.validation.checking import checked
from passrole.analysis.lint.validation.reference import CHECKS, link
from passrole.analysis.lint.validation.subject import TRUST, Said, Spot, Subject
from passrole.policy.document import Kind
from passrole.policy.source import JsonError, place_in

_KINDS: Final[Mapping[str, Kind]] = {
    "IDENTITY_POLICY": "identity",
    "SERVICE_CONTROL_POLICY": "scp",
    "RESOURCE_CONTROL_POLICY": "rcp",
}

Path = tuple[dict[str, object], ...]


def validate_policy(text: str, policy_type: str, resource_type: str = "") -> list[dict[str, object]]:
    """The findings about a policy, as ValidatePolicy returns them, in the order of the text.

    policy_type and resource_type are the operation's policyType and validatePolicyResourceType. A trust
    policy is looked at as one only where the latter says so: else it lacks a Resource, as AWS says.
    """
    root = Node(0, len(text))
    try:
        root = read_json(Embedded.whole(text))
    except JsonError as error:
        at = min(error.offset, len(text))
        place = place_in(text, at)
        values = {"index": str(at), "line": str(place.line), "column": str(place.column - 1)}
        found = [Said("JSON_SYNTAX_ERROR", ((at, at),), values)]
    else:
        kind = _KINDS.get(policy_type) or ("trust" if resource_type == TRUST else "resource")
        found = checked(Subject(root, kind, resource_type), text)
    return [_finding(text, root, one) for one in found]


def _finding(text: str, root: Node, one: Said) -> dict[str, object]:
    check = CHECKS[one.code]
    return {
        "findingDetails": check.text.format_map(one.values),
        "findingType": check.type,
        "issueCode": one.code,
        "learnMoreLink": link(one.code),
        "locations": [
            {
                "path": list(_located(root, spot, ()) or ()),
                "span": {"start": _position(text, spot[0]), "end": _position(text, spot[1])},
            }
            for spot in one.spots
        ],
    }


def _position(text: str, offset: int) -> dict[str, int]:
    """Lines count from 1, columns and offsets from 0."""
    place = place_in(text, offset)
    return {"line": place.line, "column": place.column - 1, "offset": offset}


def _located(node: Node, spot: Spot, path: Path) -> Path | None:
    """The path to what stands at a place: a value, or a key by itself."""
    if (node.start, node.end) == spot:
        return path
    return next(_inside(node, spot, path), None)


def _inside(node: Node, spot: Spot, path: Path) -> Iterator[Path]:
    for member in node.members or ():
        if (member.start, member.end) == spot:
            yield (*path, {"key": member.name})
        elif member.value.start <= spot[0] < member.value.end:
            found = _located(member.value, spot, (*path, {"value": member.name}))
            if found is not None:
                yield found
    for index, item in enumerate(node.items or ()):
        if item.start <= spot[0] < item.end:
            found = _located(item, spot, (*path, {"index": index}))
            if found is not None:
                yield found
