"""The users and roles that a trust or resource policy names, kept by unique id.

A policy that names a user or a role means that very entity: it stops matching when the entity is
deleted, also when another of the same name follows, and follows it when it is renamed. So a
document is stored as given beside a map of each such ARN to the unique id it stood for.
Source: IAM User Guide, "AWS JSON policy elements: Principal", IAM user and IAM role principals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from passrole.state.directory import Directory
from passrole.state.entities import Account, Role, User
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, PassroleError

_ELEMENTS = ("Principal", "NotPrincipal")


class UnknownPrincipal(PassroleError):
    """A policy names a principal that does not exist. kind is its key in the policy: ``AWS``."""

    def __init__(self, kind: str, value: str) -> None:
        super().__init__(kind, value)
        self.kind = kind
        self.value = value

    def __str__(self) -> str:
        return f'Invalid principal in policy: "{self.kind}":"{self.value}"'


def resolve(document: str, directory: Directory) -> dict[str, str]:
    """Which entity each principal ARN of the document stands for now: ARN -> unique id.

    Role sessions, whole accounts, ``*`` and principals of accounts that are not of this endpoint
    stand for themselves and are not in the map.

    Raises UnknownPrincipal for an entity that its account, one of ours, does not have.
    """
    ids: dict[str, str] = {}
    for value in _named(json.loads(document)):
        found = _entity_id(value, directory)
        if found is None:
            raise UnknownPrincipal("AWS", value)
        if found:
            ids[value] = found
    return ids


def bound(document: str, ids: Mapping[str, str]) -> str:
    """The form that is evaluated: each ARN of the map replaced by its unique id."""
    return _replaced(document, ids) if ids else document


def shown(document: str, ids: Mapping[str, str], directory: Directory) -> str:
    """The form that reading gives back: as stored, but an entity that was renamed has its ARN of
    now, and one that is gone the bare unique id.
    """
    changed = {}
    for arn, unique_id in ids.items():
        now = _arn_of(unique_id, directory)
        if now != arn:
            changed[arn] = now
    return _replaced(document, changed) if changed else document


def trust_document(role: Role) -> str:
    """A role's trust policy as it is evaluated, with unique ids in place of user and role ARNs."""
    return bound(role.trust, role.trust_ids)


def _entity_id(value: str, directory: Directory) -> str | None:
    """The unique id, "" for a principal that is no entity of ours, None where it does not exist."""
    if value == "*" or (value.isdigit() and len(value) == 12):
        return ""
    if not value.startswith("arn:"):
        return value if _alive(value, directory) else None
    try:
        arn = Arn.parse(value)
    except InvalidArn:
        return None
    if arn.service not in ("iam", "sts") or not (arn.account.isdigit() and len(arn.account) == 12):
        return None
    if directory.by_key(Account, arn.account, arn.account) is None or arn.resource == "root":
        return ""
    if arn.service == "sts":
        return "" if _session_possible(arn, directory) else None
    found: User | Role | None = None
    if arn.kind == "user":
        found = directory.get(User, arn.account, arn.name)
    elif arn.kind == "role":
        found = directory.get(Role, arn.account, arn.name)
    return found.id if found is not None and found.arn == value else None


def _session_possible(arn: Arn, directory: Directory) -> bool:
    if arn.kind == "federated-user":
        return True  # it need not have signed in before
    parts = arn.resource.split("/")
    if arn.kind != "assumed-role" or len(parts) != 3:
        return False
    return directory.get(Role, arn.account, parts[1]) is not None


def _alive(unique_id: str, directory: Directory) -> bool:
    return directory.by_id(User, unique_id) is not None or directory.by_id(Role, unique_id) is not None


def _arn_of(unique_id: str, directory: Directory) -> str:
    """The entity's ARN of now, the id itself once it is gone."""
    entity = directory.by_id(Role, unique_id) or directory.by_id(User, unique_id)
    return entity.arn if entity is not None else unique_id


def _statements(policy: object) -> Iterator[dict[str, object]]:
    found = policy.get("Statement") if isinstance(policy, dict) else None
    for statement in found if isinstance(found, list) else [found]:
        if isinstance(statement, dict):
            yield statement


def _named(policy: object) -> Iterator[str]:
    for statement in _statements(policy):
        for element in _ELEMENTS:
            principals = statement.get(element)
            values = principals.get("AWS") if isinstance(principals, dict) else None
            for value in values if isinstance(values, list) else [values]:
                if isinstance(value, str):
                    yield value


def _replaced(document: str, texts: Mapping[str, str]) -> str:
    """The document with its AWS principals respelled. ARNs elsewhere (a condition's
    aws:PrincipalArn) stay: AWS binds principals only.
    """

    def respelled(value: object) -> object:
        return texts.get(value, value) if isinstance(value, str) else value

    policy = json.loads(document)
    for statement in _statements(policy):
        for element in _ELEMENTS:
            principals = statement.get(element)
            if isinstance(principals, dict) and "AWS" in principals:
                principals["AWS"] = _each(principals["AWS"], respelled)
    return json.dumps(policy, separators=(",", ":"), ensure_ascii=False)


def _each(values: object, change: Callable[[object], object]) -> object:
    return [change(value) for value in values] if isinstance(values, list) else change(values)
