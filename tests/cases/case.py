"""Reads the cases of the YAML files of this folder; README.md describes their form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

ACCOUNT: Final = "111122223333"
STANDINGS: Final = ("documented", "observed", "inferred")
VERSION: Final = "2012-10-17"

# AWS's words for a policy type, with the article that an explicit denial puts before it.
# Source: IAM User Guide, "Troubleshoot access denied error messages".
TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "identity": ("an", "identity-based policy"),
    "resource": ("a", "resource-based policy"),
    "trust": ("the", "role trust policy"),
    "boundary": ("a", "permissions boundary"),
    "session": ("a", "session policy"),
    "scp": ("a", "service control policy"),
    "rcp": ("a", "resource control policy"),
    "vpc_endpoint": ("a", "VPC endpoint policy"),
}
FULL_ACCESS: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
FIELDS: Final = frozenset(
    ("id", "standing", "source", "note", "request", "context", "expect", "cases", "identity", "boundary")
) | {"session", "resource_policy", "scps", "rcps", "vpc_endpoint"}


@dataclass(frozen=True)
class Case:
    """One question to the policy language, and AWS's answer.

    body is a case of ``passrole decide --jsonl``. layer and reason belong to a denial: the policy type
    that decides, and AWS's words after the resource; both are "" where the request is allowed.
    """

    id: str
    topic: str  # the file's name
    standing: str
    source: str
    body: Mapping[str, object]
    outcome: str  # "allowed", "explicit_deny" or "implicit_deny"
    layer: str = ""
    reason: str = ""


class InvalidCase(ValueError):
    """A case is not of the form that README.md describes."""


def load() -> list[Case]:
    """Every case of the folder, in the order of files and lines. Raises InvalidCase."""
    cases = [case for path in sorted(Path(__file__).parent.glob("*.yaml")) for case in read(path)]
    doubled = {case.id for case in cases if sum(case.id == other.id for other in cases) > 1}
    if doubled:
        raise InvalidCase(f"two cases have the same id: {sorted(doubled)}")
    return cases


def read(path: Path) -> Iterator[Case]:
    """The cases of one file."""
    groups = yaml.safe_load(path.read_text())
    for group in groups:
        for fields in spread(group):
            yield made(fields, path.stem)


def spread(group: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """A case, or each case of a group with what the group says for all of them."""
    unknown = set(group) - FIELDS
    if unknown:
        raise InvalidCase(f"{group.get('id', group.get('source'))} has unknown fields {sorted(unknown)}")
    shared = {field: value for field, value in group.items() if field not in ("cases", "context")}
    short = {"context": mapping(group.get("context"))}
    shared["request"] = joined(mapping(group.get("request")), short)
    members = group.get("cases")
    if not isinstance(members, list):
        yield shared
        return
    for member in members:
        for fields in spread(member):
            merged = {**shared, **fields}
            merged["request"] = joined(mapping(shared.get("request")), mapping(fields.get("request")))
            yield merged


def joined(shared: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    """Two requests as one; the contexts are joined key by key."""
    context = {**mapping(shared.get("context")), **mapping(own.get("context"))}
    return {**shared, **own, "context": context}


def made(fields: Mapping[str, object], topic: str) -> Case:
    """One case, its shorthand spelled out."""
    name = str(fields.get("id", ""))
    if fields.get("standing") not in STANDINGS or not name or not fields.get("source"):
        raise InvalidCase(f"{topic}: {name!r} lacks an id, a source or a standing of {STANDINGS}")
    asked = mapping(fields["request"])
    action, context = str(asked["action"]), mapping(asked.get("context"))
    outcome, layer = expected(fields["expect"], name)
    return Case(
        id=name,
        topic=topic,
        standing=str(fields["standing"]),
        source=str(fields["source"]),
        body={
            "id": name,
            "request": {
                **asked,
                "principal": principal(str(asked.get("principal", "user/Alice"))),
                "resource": asked.get("resource", "*"),
                # A null takes away a key that the group gives.
                "context": {key: value for key, value in context.items() if value is not None},
            },
            "identity_policies": documents(fields.get("identity")),
            "resource_policy": alone(documents(fields.get("resource_policy"), trust=is_trust(action))),
            "permission_boundaries": documents(fields.get("boundary")),
            "session_policies": documents(fields.get("session")),
            "scps": [documents(level) for level in listed(fields.get("scps"))],
            "rcps": [documents(level, everyone=True) for level in listed(fields.get("rcps"))],
            "vpc_endpoint_policy": alone(documents(fields.get("vpc_endpoint"), everyone=True)),
        },
        outcome=outcome,
        layer=layer,
        reason=worded(outcome, layer, action),
    )


def expected(expect: object, name: str) -> tuple[str, str]:
    """``allowed``, or ``{explicit_deny: LAYER}``, or ``{implicit_deny: LAYER}``."""
    if expect == "allowed":
        return "allowed", ""
    for outcome, layer in mapping(expect).items():
        if outcome in ("explicit_deny", "implicit_deny") and layer in TYPES:
            return outcome, str(layer)
    raise InvalidCase(f"{name!r} expects {expect!r}")


def worded(outcome: str, layer: str, action: str) -> str:
    """AWS's words after the resource."""
    if outcome == "allowed":
        return ""
    article, policy = TYPES[layer]
    if outcome == "explicit_deny":
        return f"with an explicit deny in {article} {policy}"
    return f"because no {policy} allows the {action} action"


def principal(text: str) -> str:
    """The ARN of ``user/Alice``, ``session/Role/name``, ``federated/Bob`` or ``root``, in ACCOUNT or in
    the account before a colon (``444455556666:user/Bob``); anything else stands for itself."""
    account, _, local = text.rpartition(":") if text[:12].isdigit() else (ACCOUNT, "", text)
    kind, _, rest = local.partition("/")
    if kind == "session":
        return f"arn:aws:sts::{account}:assumed-role/{rest}"
    if kind == "federated":
        return f"arn:aws:sts::{account}:federated-user/{rest}"
    if kind in ("user", "root"):
        return f"arn:aws:iam::{account}:{local}"
    return text


def is_trust(action: str) -> bool:
    """Is the resource's policy a role trust policy, which names no resource?"""
    return action.lower().startswith("sts:")


def documents(value: object, *, trust: bool = False, everyone: bool = False) -> list[dict[str, object]]:
    """Policy documents, from one (with Statement), a list of them, or a list of statements."""
    if isinstance(value, Mapping):
        return [spelled(value, trust=trust, everyone=everyone)]
    items = listed(value)
    if any(isinstance(item, Mapping) and "Statement" in item for item in items):
        return [spelled(mapping(item), trust=trust, everyone=everyone) for item in items]
    if not items:
        return []
    return [spelled({"Version": VERSION, "Statement": items}, trust=trust, everyone=everyone)]


def spelled(document: Mapping[str, object], *, trust: bool, everyone: bool) -> dict[str, object]:
    """A document with the shorthand of its statements spelled out."""
    given = document["Statement"]
    made = [
        statement(item, trust=trust, everyone=everyone)
        for item in (given if isinstance(given, list) else [given])
    ]
    return {**document, "Statement": made if isinstance(given, list) else made[0]}


def statement(item: object, *, trust: bool, everyone: bool) -> dict[str, object]:
    """``{Allow: ACTIONS, …}`` has Effect and Action; what names no resource means every one."""
    given = dict(FULL_ACCESS if item == "FullAWSAccess" else mapping(item))
    for effect in ("Allow", "Deny"):
        if effect in given:
            given = {"Effect": effect, "Action": given.pop(effect), **given}
    if not trust and "Resource" not in given and "NotResource" not in given:
        given["Resource"] = "*"
    if everyone and "Principal" not in given:
        given["Principal"] = "*"
    return given


def alone(found: list[dict[str, object]]) -> dict[str, object] | None:
    """The only document, if there is one."""
    if len(found) > 1:
        raise InvalidCase("a resource has one policy")
    return found[0] if found else None


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
