"""The narrowest policy that covers what was used: exact roles, or a prefix that takes in no others."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import orjson

from passrole.analysis.audit.usage import Used

Document = dict[str, object]

# Roles that a statement names one by one. Source of the second: IAM User Guide, "IAM and AWS STS quotas", the
# 6,144 characters of a managed policy.
_EXACT: Final = 10
_EXACT_UNKNOWN: Final = 80  # where it is not known which other roles a prefix would take in
_LARGEST: Final = 6144
_LEAST: Final = 3  # roles that a prefix stands for
_SHORTEST: Final = 3  # letters of a path or name that a prefix must have
_ENDS: Final = re.compile(r"[/_.@+=,-]")


def policies(used: Iterable[Used], roles: Collection[str] | None = None) -> dict[str, Document]:
    """A policy for each principal that passed a role. See ``policy``."""
    by_principal: dict[str, list[Used]] = {}
    for row in used:
        if row.allowed:
            by_principal.setdefault(row.principal, []).append(row)
    found = {principal: policy(rows, roles) for principal, rows in by_principal.items()}
    return {principal: document for principal, document in found.items() if document is not None}


def policy(used: Iterable[Used], roles: Collection[str] | None = None) -> Document | None:
    """The policy under which every pass that succeeded would succeed again; None where there was none.

    roles are the ARNs of all roles there are, where that is known: a prefix then takes in none but those
    that were passed. Services that got the same roles share a statement.
    """
    by_service: dict[tuple[str, ...], set[str]] = {}
    for row in used:
        if row.allowed:
            by_service.setdefault(row.services or (row.service,), set()).add(row.role)
    by_roles: dict[tuple[str, ...], set[str]] = {}
    for services, passed in by_service.items():
        by_roles.setdefault(tuple(sorted(passed)), set()).update(services)
    statements = [
        _statement(number, patterns(passed, roles), sorted(services))
        for number, (passed, services) in enumerate(sorted(by_roles.items()), 1)
    ]
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


def _statement(number: int, resources: Sequence[str], services: Sequence[str]) -> Document:
    return {
        "Sid": f"PassRoles{number}",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": _one_or_all(resources),
        "Condition": {"StringEquals": {"iam:PassedToService": _one_or_all(services)}},
    }


def _one_or_all(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def patterns(passed: Collection[str], roles: Collection[str] | None = None) -> list[str]:
    """The roles one by one, or prefixes where that would be many."""
    if len(passed) <= (_EXACT if roles is not None else _EXACT_UNKNOWN):
        return sorted(passed)
    others = None if roles is None else sorted(set(roles) - set(passed))
    return sorted(_grouped(sorted(passed), others))


def _grouped(passed: list[str], others: list[str] | None) -> list[str]:
    """Roles in order: a prefix where they share one that takes in no other role, else the parts of them."""
    if len(passed) < _LEAST:
        return passed
    prefix = _prefix(passed[0], passed[-1])
    if prefix and not any(other.startswith(prefix) for other in others or ()):
        return [f"{prefix}*"]
    shared = len(prefix) or len(_shared(passed[0], passed[-1]))
    parts: dict[str, list[str]] = {}
    for role in passed:
        end = _ENDS.search(role, shared)
        parts.setdefault(role[: end.end()] if end is not None else role, []).append(role)
    if len(parts) == 1:
        return passed
    return [one for part in parts.values() for one in _grouped(part, others)]


def _prefix(first: str, last: str) -> str:
    """What two roles, and all between them, begin with, to the end of a word; "" where that says little."""
    shared = _shared(first, last)
    ends = [found.end() for found in _ENDS.finditer(shared)]
    prefix = shared[: ends[-1]] if ends else ""
    start = prefix.find(":role/")
    return prefix if start >= 0 and len(prefix) - start - len(":role/") >= _SHORTEST else ""


def _shared(first: str, last: str) -> str:
    count = 0
    for one, other in zip(first, last, strict=False):
        if one != other:
            break
        count += 1
    return first[:count]


def is_too_large(document: Mapping[str, object]) -> bool:
    """Is it more than a managed policy may hold? White space does not count."""
    return len(re.sub(rb"\s", b"", orjson.dumps(document))) > _LARGEST


def terraform(documents: Mapping[str, Document]) -> str:
    """The policies as Terraform: one data source a principal."""
    names: dict[str, int] = {}
    return "\n".join(_source(principal, document, names) for principal, document in documents.items())


def _source(principal: str, document: Document, names: dict[str, int]) -> str:
    name = re.sub(r"\W+", "_", principal.rpartition(":")[2], flags=re.ASCII).strip("_") or "all"
    names[name] = names.get(name, 0) + 1
    if names[name] > 1:  # two accounts may have roles of one name
        name = f"{name}_{names[name]}"
    lines = [f"# {principal}", f'data "aws_iam_policy_document" "pass_{name}" {{']
    statements = document["Statement"]
    for one in statements if isinstance(statements, list) else ():
        lines += [
            "  statement {",
            f"    sid       = {_quoted(one['Sid'])}",
            f"    actions   = {_listed(one['Action'])}",
            f"    resources = {_listed(one['Resource'])}",
        ]
        if "Condition" in one:
            condition = one["Condition"]["StringEquals"]["iam:PassedToService"]
            lines += [
                "",
                "    condition {",
                '      test     = "StringEquals"',
                '      variable = "iam:PassedToService"',
                f"      values   = {_listed(condition)}",
                "    }",
            ]
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


def _listed(values: str | list[str]) -> str:
    given = [values] if isinstance(values, str) else values
    return "[" + ", ".join(map(_quoted, given)) + "]"


def _quoted(text: str) -> str:
    """A string of Terraform's language, in which ``${`` and ``%{`` would begin a template."""
    return orjson.dumps(text).decode().replace("${", "$${").replace("%{", "%%{")
