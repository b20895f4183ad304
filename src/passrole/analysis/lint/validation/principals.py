"""Checks of who may: the principals of trust policies and of resource-based ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from passrole.analysis.lint.node import Node, is_unknown
from passrole.analysis.lint.validation.subject import Said, Subject, allows, spot, texts
from passrole.values.glob import Pattern

_ROLE_ID: Final = re.compile(r"AROA[A-Z0-9]{8,}", re.ASCII)
_USER_ID: Final = re.compile(r"AIDA[A-Z0-9]{8,}", re.ASCII)
SERVICE: Final = re.compile(
    r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws(?:\.internal)?)", re.ASCII
)
SERVICE_FORMAT: Final = "service-name.amazonaws.com"
_SESSION: Final = re.compile(
    r"arn:(?P<partition>[a-z-]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+"
)
_FEDERATED: Final = re.compile(
    r"arn:[a-z-]+:iam::\d{12}:(?P<kind>saml|oidc)-provider/(?P<name>.+)|(?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+)+)",
    re.ASCII,
)
_ANYWHERE: Final = "rolesanywhere.amazonaws.com"
_FOR_ANYWHERE: Final = ("sts:assumerole", "sts:setsourceidentity", "sts:tagsession")
_GITHUB: Final = "token.actions.githubusercontent.com"
_SUB: Final = f"{_GITHUB}:sub"
_LEAST: Final = 6  # characters before a wildcard in GitHub's sub
_WITH: Final = {"saml": "sts:AssumeRoleWithSAML", "oidc": "sts:AssumeRoleWithWebIdentity"}


def check(subject: Subject) -> Iterator[Said]:
    if subject.kind not in ("trust", "resource", "endpoint"):
        return
    for statement in subject.statements:
        for element in ("Principal", "NotPrincipal"):
            given = statement.get(element)
            for member in (given.members or ()) if given is not None else ():
                named = [one for one in member.value.values() if one.text and not is_unknown(one)]
                yield from _named(subject, member.name, member.value, named)
        if subject.kind == "trust":
            yield from _trust(statement)


def _named(subject: Subject, key: str, given: Node, named: Sequence[Node]) -> Iterator[Said]:
    if given.items == ():
        yield Said("EMPTY_ARRAY_PRINCIPAL", (spot(given),))
    for one in named:
        text = one.text
        if key == "AWS" and _ROLE_ID.fullmatch(text):
            yield Said("INVALID_ROLE_REFERENCE", (spot(one),), {"roleid": text})
        elif key == "AWS" and _USER_ID.fullmatch(text):
            yield Said("INVALID_USER_REFERENCE", (spot(one),), {"userid": text})
        elif text != "*" and ("*" in text or "?" in text):
            yield Said("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", (spot(one),), {"principal_key": key})
        elif key == "Service" and SERVICE.fullmatch(text) is None:
            yield Said("INVALID_SERVICE_PRINCIPAL_FORMAT", (spot(one),), {"format": SERVICE_FORMAT})
        elif key == "Federated" and subject.kind != "trust" and subject.resource_type:
            yield Said("FEDERATED_PRINCIPAL_NOT_SUPPORTED", (spot(one),))
        elif key == "Federated" and subject.kind == "trust" and _FEDERATED.fullmatch(text) is None:
            yield Said("INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", (spot(one),))
    if key == "AWS" and subject.kind == "trust":
        yield from _redundant(named)


def _redundant(named: Sequence[Node]) -> Iterator[Said]:
    """Sessions of a role that is named itself."""
    whole = {one.text for one in named}
    for one in named:
        found = _SESSION.fullmatch(one.text)
        role = f"arn:{found['partition']}:iam::{found['account']}:role/{found['role']}" if found else ""
        if role in whole:
            yield Said(
                "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY",
                (spot(one),),
                {"principal": one.text, "role": role},
            )


# --- Trust policies ---------------------------------------------------------------------------


def _trust(statement: Node) -> Iterator[Said]:
    actions = texts(statement, "Action")
    given = statement.get("Principal")
    if given is None or given.members is None:
        return
    services = [
        one.text for member in given.members if member.name == "Service" for one in member.value.values()
    ]
    if _ANYWHERE in services and allows(statement):
        patterns = [Pattern.parse(one.text.lower()) for one in actions]
        if any(not any(one.matches(needed) for one in patterns) for needed in _FOR_ANYWHERE):
            element = statement.get("Action")
            yield Said("MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", (spot(element or statement),))
    yield from _federated(statement, given, actions)


def _federated(statement: Node, given: Node, actions: Sequence[Node]) -> Iterator[Said]:
    held = given.get("Federated")
    providers = [
        one for one in (held.values() if held is not None else ()) if one.text and not is_unknown(one)
    ]
    kinds = {one.text: _kind(one.text) for one in providers}
    for action in actions:
        wrong = [name for name, kind in kinds.items() if kind and not _fits(action.text, kind)]
        if wrong:
            values = {"action": action.text, "principals": ", ".join(wrong)}
            yield Said("MISMATCHED_ACTION_FOR_PRINCIPAL", (spot(action),), values)
    if not allows(statement):
        return
    keys = _keys(statement)
    for one in providers:
        name = one.text.partition(":oidc-provider/")[2] or one.text
        if kinds[one.text] != "oidc":
            continue
        if name == _GITHUB and _SUB not in keys:
            yield Said("MISSING_GITHUB_REPO_CONDITION_KEY", (spot(one),))
        elif not any(key.startswith(f"{name.lower()}:") for key in keys):
            yield Said("MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", (spot(one),))


def _kind(provider: str) -> str:
    """``saml``, ``oidc``, "" for what is neither."""
    found = _FEDERATED.fullmatch(provider)
    return "" if found is None else found["kind"] or "oidc"


def _fits(action: str, kind: str) -> bool:
    """Can a provider of that kind go with an action? It cannot with the other kind's, nor with AssumeRole."""
    lower = action.lower()
    others = [one.lower() for other, one in _WITH.items() if other != kind]
    return lower not in (*others, "sts:assumerole")


def _keys(statement: Node) -> frozenset[str]:
    block = statement.get("Condition")
    return frozenset(
        asked.name.lower()
        for operator in ((block.members or ()) if block is not None else ())
        for asked in operator.value.members or ()
    )


def github_sub(subject: Subject, key: str, value: Node) -> Iterator[Said]:
    """GitHub's sub with a wildcard: too few characters before it, or a repository that it leaves open."""
    if key.lower() != _SUB or "*" not in value.text:
        return
    parts = re.split(r"[*?]+", value.text)
    if any(len(part) < _LEAST for part in parts[:-1]):
        yield Said("WILDCARD_USAGE_TOO_PERMISSIVE", (spot(value),), {"key": key})
    if subject.kind == "trust":
        yield Said("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", (spot(value),))
