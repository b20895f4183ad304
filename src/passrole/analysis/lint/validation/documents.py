"""Checks of a document as a whole, its statements' Sids, and of what organization policies may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from passrole.analysis.lint.grants import asked_of
from passrole.analysis.lint.node import UNKNOWN, Member, Node, is_unknown, render, walk
from passrole.analysis.lint.validation.subject import Said, Subject, allows, either, spot, texts
from passrole.policy.validate import size

# Source: IAM User Guide, "IAM and AWS STS quotas"; AWS Organizations User Guide, "Quotas for AWS
# Organizations"; Amazon S3 User Guide, "Bucket policies". Of identity-based policies the largest is meant:
# a role's inline policies, as in what ValidatePolicy answers.
IDENTITY_QUOTA: Final = 10_240
ORGANIZATION_QUOTA: Final = 5_120
TRUST_QUOTA: Final = 2_048
BUCKET_QUOTA: Final = 20_480
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}?")
# Elements in which a variable is only text.
_NO_VARIABLES: Final = ("Sid", "Effect", "Action", "NotAction", "Principal", "NotPrincipal")
_RCP_KEYS: Final = (
    ("aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn"),
    ("aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceaccount", "aws:sourcearn"),
)
_IS_SERVICE: Final = "aws:principalisawsservice"


def check(subject: Subject, text: str = "") -> Iterator[Said]:
    """text is the whole of the document, "" where it is part of a file: its size is not looked at then."""
    yield from _size(subject, text)
    yield from _repeated(subject)
    for statement in subject.statements:
        sid = statement.get("Sid")
        if sid is not None and sid.value == "":
            yield Said("EMPTY_SID_VALUE", (spot(sid),))
        yield from _variables(subject, statement)
        if subject.kind == "rcp":
            yield from _rcp(statement)


def _size(subject: Subject, text: str) -> Iterator[Said]:
    counted, quota, code = {
        "identity": (size(text), IDENTITY_QUOTA, "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"),
        "scp": (len(text), ORGANIZATION_QUOTA, "POLICY_SIZE_EXCEEDS_SCP_QUOTA"),
        "rcp": (len(text), ORGANIZATION_QUOTA, "POLICY_SIZE_EXCEEDS_RCP_QUOTA"),
        "trust": (size(text), TRUST_QUOTA, "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA"),
    }.get(subject.kind, (0, 0, ""))
    if subject.resource_type == "AWS::S3::Bucket":
        counted, quota, code = len(text), BUCKET_QUOTA, "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA"
    if counted > quota:
        yield Said(code, ((0, len(text)),), {"size": str(counted), "quota": str(quota)})


def _repeated(subject: Subject) -> Iterator[Said]:
    """Statements that say the same, whatever their Sids and the order of their elements."""
    seen: dict[str, list[Node]] = {}
    for statement in subject.statements:
        text = render(statement).text
        if UNKNOWN not in text:
            plain = statement.plain()
            assert isinstance(plain, dict)
            key = json.dumps({name: value for name, value in plain.items() if name != "Sid"}, sort_keys=True)
            seen.setdefault(key, []).append(statement)
    for same in seen.values():
        if len(same) > 1:
            yield Said("REDUNDANT_STATEMENT", tuple(map(spot, same)))


# --- Variables --------------------------------------------------------------------------------


def _variables(subject: Subject, statement: Node) -> Iterator[Said]:
    for element in _NO_VARIABLES:
        given = statement.get(element)
        for one in walk(given) if given is not None else ():
            found = _VARIABLE.search(one.text)
            if found is not None and not is_unknown(one):
                yield Said("VARIABLE_UNSUPPORTED_IN_ELEMENT", (spot(one),), {"variable": found[0]})
    nodes = [one for _, one in either(statement, "Resource")]
    block = statement.get("Condition")
    nodes += [one for one in (walk(block) if block is not None else ()) if not is_unknown(one)]
    for one in nodes:
        for found in _VARIABLE.finditer(one.text):
            yield from _variable(subject, one, found[0])


def _variable(subject: Subject, node: Node, text: str) -> Iterator[Said]:
    if not subject.live:
        yield Said("VARIABLE_UNSUPPORTED_IN_VERSION", (spot(node),))
        return
    if not text.endswith("}"):
        yield Said("MISSING_BRACE_IN_VARIABLE", (spot(node),))
        return
    name, comma, default = text[2:-1].partition(",")
    if not name.strip():
        yield Said("EMPTY_VARIABLE", (spot(node),))
    elif " " in name:
        yield Said("UNSUPPORTED_SPACE_IN_VARIABLE", (spot(node),))
    quoted = default.strip()
    if comma and not (len(quoted) > 1 and quoted.startswith("'") and quoted.endswith("'")):
        yield Said("MISSING_QUOTE_IN_VARIABLE", (spot(node),))


# --- Resource control policies ----------------------------------------------------------------


def _rcp(statement: Node) -> Iterator[Said]:
    excluded = statement.member("NotAction")
    if excluded is not None:
        yield Said("RCP_SYNTAX_ERROR_NOTACTION", (spot(excluded),))
    for one in texts(statement, "Action"):
        # A star alone is for policies that AWS manages.
        if one.text == "*" and not allows(statement):
            yield Said("RCP_SYNTAX_ERROR_ACTION", (spot(one),))
    if allows(statement):
        return
    yield from _about_services([one.key_at for one in asked_of(statement)])


def _about_services(asked: list[Member]) -> Iterator[Said]:
    """Keys of principals that are people's and roles', or services', without a word on which."""
    if any(one.name.lower() == _IS_SERVICE for one in asked):
        return
    codes = (
        "RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY",
        "RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY",
    )
    for code, names in zip(codes, _RCP_KEYS, strict=True):
        for one in asked:
            if one.name.lower() in names:
                yield Said(code, (spot(one),), {"key": one.name})
