"""Finds role parameters in botocore's models, and settles them by tools/facts/roles.yaml.

Four signs, each on the strings of an input (figures: make bench, "catalog"):

D1 the member's name: ``role``, ``*Role``, ``*RoleArn``, ``*InstanceProfile*``, and names off the track
D2 the string's pattern asks for a role's ARN
D3 its shape is named after a role's ARN or name
D4 its documentation speaks of an IAM role's ARN or name

D1 decides, since D2 to D4 alone are mostly wrong; the others tell how sure a row is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tools.models import Leaf, Model

# Source of the names off the track: the API references of the services that use them.
_NAME: Final = re.compile(
    r"""roles?$ | roles?_?arns?$ | ^iamroles?$ | rolename$ | instanceprofile(arn|name|identifier)?$
        | ^role$ | role(arn)?(override|update)$ | iamrolearns?$
        | ^snscallerarn$ | ^deliverlogspermissionarn$ | ^credentials(arn)?$ | ^authorizercredentials(arn)?$
        | ^deliverystatusiamrole$ | ^keycachesecretiamarn$ | iamrolefor\w+arn$ | rolearnforlogging$""",
    re.IGNORECASE | re.VERBOSE,
)
_NEVER: Final = re.compile(r"^(rolesessionname|roletype|roleid|roledescription|rolestatus)$", re.IGNORECASE)
_PATTERN: Final = re.compile(r":role/|iam.*role", re.IGNORECASE)
_SHAPE: Final = re.compile(r"RoleArn|IamRole|RoleName|IAMRole|RoleARN")
_DOCUMENTATION: Final = re.compile(
    r"IAM (service |service-linked |execution )?role|\brole (ARN|Amazon Resource Name)"
    r"|(ARN|Amazon Resource Name).{0,40}\brole\b",
    re.IGNORECASE,
)
# Operations that read or take away pass no role; the exceptions are rows of the facts.
_VERBS: Final = (
    "Describe", "List", "Get", "Search", "BatchGet", "Delete", "Remove", "Detach", "Disassociate",
    "Deregister", "Stop", "Cancel", "Disable", "Revoke", "Validate",
)  # fmt: skip
_SERVICES: Final = ("iam", "sts")  # they make roles and hand them to nobody; exceptions are rows too


@dataclass(frozen=True, slots=True)
class Sign:
    """A string that may be a role parameter, with the detectors that fired."""

    leaf: Leaf
    detectors: frozenset[str]


def signs(leaf: Leaf) -> frozenset[str]:
    """The detectors that fire on one string of an input."""
    if leaf.type != "string" or leaf.enum or _NEVER.match(leaf.member):
        return frozenset()
    in_profile = any("InstanceProfile" in parent for parent in leaf.parents[1:])
    found = set()
    if _NAME.search(leaf.member) or (in_profile and leaf.member.lower() in ("arn", "name")):
        found.add("D1")
    if _PATTERN.search(leaf.pattern):
        found.add("D2")
    if _SHAPE.search(leaf.shape):
        found.add("D3")
    if _DOCUMENTATION.search(leaf.documentation[:400]):
        found.add("D4")
    return frozenset(found)


def candidates(model: Model, operation: str) -> Iterator[Sign]:
    """Every string of an operation's input on which a detector fires, whatever the verb."""
    for leaf in model.leaves(operation, depth=10):
        found = signs(leaf)
        if found:
            yield Sign(leaf, found)


def detected(model: Model, operation: str) -> Iterator[Sign]:
    """What the detectors alone take for role parameters."""
    if model.name in _SERVICES or operation.startswith(_VERBS):
        return
    for sign in candidates(model, operation):
        if "D1" in sign.detectors:
            yield sign


def role_parameters(model: Model, operation: str, prefix: str, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of an operation's role parameters, as they go into its service's data file."""
    rows: dict[str, dict[str, Any]] = {}
    for sign in detected(model, operation):
        if not _no_role(facts["not_roles"], model.name, operation, sign.leaf.path):
            rows[sign.leaf.path] = {"path": sign.leaf.path, "holds": _holds(sign.leaf)}
    for added in (facts["add"].get(model.name) or {}).get(operation, ()):
        row = rows[added["path"]] = dict(added)
        row["added"] = True
    return [_settled(row, model.name, operation, prefix, facts) for row in rows.values()]


def _no_role(rows: list[dict[str, Any]], service: str, operation: str, path: str) -> bool:
    return any(
        service in _list(row["service"])
        and re.fullmatch(row.get("operation", ".*"), operation)
        and re.search(row.get("path", ""), path)
        for row in rows
    )


def _holds(leaf: Leaf) -> str:
    member = leaf.member.lower()
    profile = "instanceprofile" in member or any("InstanceProfile" in parent for parent in leaf.parents[1:])
    if profile:
        return "instance-profile-name" if member.endswith("name") else "instance-profile-arn"
    return "role-name" if member.endswith("rolename") else "role-arn"


def _settled(
    row: dict[str, Any], service: str, operation: str, prefix: str, facts: dict[str, Any]
) -> dict[str, Any]:
    own = {key: value for key, value in row.items() if key != "added"}
    settled: dict[str, Any] = {"principals": [facts["principals"].get(service, prefix)], "sources": ["D"]}
    if own["holds"].startswith("instance-profile") or own["holds"] == "launch-template":
        settled["principals"] = ["ec2"]
    for one in facts["rows"]:
        if (
            service in _list(one["service"])
            and re.fullmatch(one.get("operation", ".*"), operation)
            and re.search(one["path"], own["path"])
        ):
            settled.update(one["set"])
    # A row written for this very place knows best; what the detector found is only a start.
    settled = {**settled, **own} if row.get("added") else {**own, **settled}
    for one in facts["errors"]:
        services = _list(one["service"])
        if (
            (services == ["*"] or service in services)
            and re.fullmatch(one.get("operation", ".*"), operation)
            and re.search(one.get("path", ""), own["path"])
        ):
            for kind in ("trust", "cross_account", "missing", "malformed"):
                if kind in one:
                    settled[f"{kind}_error"] = one[kind]
    if settled["holds"] == "embedded":
        for kind in ("trust_error", "missing_error", "malformed_error"):
            settled.pop(kind, None)
    for key in ("principals", "trust"):
        if key in settled:
            settled[key] = [_principal(name) for name in settled[key]]
    return {key: settled[key] for key in _ORDER if settled.get(key) not in (None, "", False, [])}


_ORDER: Final = (
    "path", "holds", "principals", "trust", "disputed", "associated", "when", "not_roles",
    "only_when_changed", "checked", "trust_error", "cross_account_error", "missing_error",
    "malformed_error", "sources",
)  # fmt: skip


def _principal(name: str) -> str:
    return name if name.endswith(".amazonaws.com") else f"{name}.amazonaws.com"


def _list(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]
