"""What breaks the grammar of policies, as Access Analyzer says it: a table over policy.grammar's rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from passrole.analysis.lint.grammar_rules import TABLE
from passrole.analysis.lint.node import Node, is_unknown, render
from passrole.analysis.lint.validation.actions_and_resources import PARTITIONS
from passrole.analysis.lint.validation.subject import TRUST, Said, Spot, Subject, allows
from passrole.policy import grammar
from passrole.policy.document import VERSIONS, Kind
from passrole.policy.grammar import Finding
from passrole.policy.wordings import FAMILIES

# Codes that a rule has for some kinds of policy, where they are not those of all. "" is none: another check
# looks at it.
_OF_KIND: Final[Mapping[tuple[Kind, str], str]] = {
    ("scp", "principal-forbidden"): "SCP_SYNTAX_ERROR_PRINCIPAL",
    ("rcp", "principal-missing"): "RCP_SYNTAX_ERROR_PRINCIPAL",
    ("rcp", "principal-value"): "RCP_SYNTAX_ERROR_PRINCIPAL",
    ("rcp", "not-principal"): "RCP_SYNTAX_ERROR_PRINCIPAL",
    ("rcp", "not-principal-allow"): "RCP_SYNTAX_ERROR_PRINCIPAL",
    ("rcp", "effect-allow"): "RCP_SYNTAX_ERROR_ALLOW",
    ("trust", "not-principal"): "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL",
    ("trust", "not-principal-allow"): "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL",
    ("trust", "resource-forbidden"): "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
    ("trust", "not-resource-forbidden"): "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
    ("trust", "cognito-condition"): "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL",
    ("trust", "provider-condition"): "",
    ("resource", "sid-unique"): "UNIQUE_SIDS_RECOMMENDED",
    ("scp", "sid-unique"): "UNIQUE_SIDS_RECOMMENDED",
    ("rcp", "sid-unique"): "UNIQUE_SIDS_RECOMMENDED",
}
_DATA_TYPES: Final[Mapping[str, str]] = {
    "id-type": "String",
    "sid-type": "String",
    "action-type": "String or String Array",
    "resource-type": "String or String Array",
    "statement-type": "Object",
    "principal-type": "Object",
    "condition-type": "Object",
}
_POLICY_TYPES: Final[Mapping[str, str]] = {"identity": "IDENTITY_POLICY"}


def check(subject: Subject) -> Iterator[Said]:
    rendered = render(subject.root)
    for finding in grammar.findings(rendered.text, FAMILIES[subject.kind]):
        place, node = rendered.place(finding.offset)
        if node is None or not is_unknown(node):
            yield from _said(subject, finding, place, node)
    if subject.kind == "resource":
        for statement in subject.statements:
            if statement.member("Resource") is None and statement.member("NotResource") is None:
                yield Said("MISSING_RESOURCE", ((statement.start, statement.end),))


def _said(subject: Subject, finding: Finding, place: Spot, node: Node | None) -> Iterator[Said]:
    code = _OF_KIND.get((subject.kind, finding.code), TABLE[finding.code].code)
    last = finding.path.rsplit(".", 1)[-1]
    text = node.text if node is not None else ""
    if finding.code == "condition-operator" and last.endswith(("Null", "NullIfExists")):
        return  # NULL_WITH_IF_EXISTS and NULL_WITH_QUALIFIER
    if finding.code in ("condition-date", "action-vendor") or not code:
        return
    if finding.code == "version" and subject.root.member("Version") is not None:
        return  # the old version is one, too
    if finding.code == "effect-allow" and _allows_all(subject, place):
        return
    if finding.code == "principal-type" and text == "*" and subject.kind == "trust":
        code = "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL"
    elif finding.code == "principal-type":
        code = "INVALID_PRINCIPAL_FORMAT"
    elif finding.code.endswith("-missing") and code == "INVALID_ACTION":
        code = "INVALID_SERVICE_IN_ACTION"
    values = {
        "action": text,
        "data_type": _DATA_TYPES.get(finding.code, ""),
        "effect": text,
        "element": last,
        "element1": last.removeprefix("Not"),
        "element2": last,
        "fields": "6",
        "hint": "",
        "operator": last,
        "partition": text.split(":")[1] if text.count(":") > 1 else "",
        "partitions": ", ".join(PARTITIONS),
        "policy_type": _POLICY_TYPES.get(subject.kind, ""),
        "principal_key": last,
        "resource_type": subject.resource_type or TRUST,
        "service": text.split(":")[2] if text.count(":") > 2 else text,
        "version": text,
        "versions": ", ".join(sorted(VERSIONS)),
    }
    yield Said(code, (place,), values)


def _allows_all(subject: Subject, place: Spot) -> bool:
    """Is it a statement as in AWS's own RCPFullAWSAccess?"""
    for statement in subject.statements:
        if statement.start <= place[0] < statement.end:
            whole = all(
                (one := statement.get(name)) is not None and one.text == "*"
                for name in ("Principal", "Resource")
            )
            return allows(statement) and whole and statement.member("Condition") is None
    return False
