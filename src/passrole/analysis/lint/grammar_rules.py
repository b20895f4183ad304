"""What breaks the grammar of policies, under Access Analyzer's codes: a table over policy.grammar's rules.

``TrustWithoutCondition`` is this project's own. Messages quote nothing of the policy: the place says where.
Source of the codes: IAM User Guide, "IAM policy validation check reference".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from passrole.analysis.lint.document import Document
from passrole.analysis.lint.node import Node, is_unknown, render
from passrole.analysis.lint.rule import Severity
from passrole.catalog import actions
from passrole.policy import grammar
from passrole.policy.wordings import FAMILIES


@dataclass(frozen=True, slots=True)
class GrammarRule:
    """A code of Access Analyzer's for rules of policy.grammar, with what is said of them."""

    code: str
    message: str
    remedy: str
    severity: Severity = "error"


JSON_SYNTAX: Final = GrammarRule("JSON_SYNTAX_ERROR", "The JSON is broken.", "Repair the JSON.")
_ELEMENT: Final = GrammarRule(
    "INVALID_POLICY_ELEMENT", "A policy has no such element.", "Remove it, or write it as the grammar has it."
)
_TYPE: Final = GrammarRule(
    "DATA_TYPE_MISMATCH",
    "The value is of the wrong JSON type.",
    "Write a string, list or object as the grammar says.",
)
_STATEMENT: Final = GrammarRule("MISSING_STATEMENT", "The policy has no statement.", "Add a Statement.")
_ACTION: Final = GrammarRule("MISSING_ACTION", "The statement has no action.", "Add an Action or NotAction.")
_RESOURCE: Final = GrammarRule(
    "MISSING_RESOURCE", "The statement has no resource.", "Add a Resource or NotResource."
)
_EFFECT: Final = GrammarRule(
    "INVALID_EFFECT", "The effect is neither Allow nor Deny.", "Write Allow or Deny, with the capital."
)
_PREFIX: Final = GrammarRule(
    "INVALID_ACTION", "The action is not of the form service:Name.", "Write it as service:Name."
)
_ARN: Final = GrammarRule(
    "INVALID_ARN_PREFIX", "The resource is neither an ARN nor a star.", "Write the resource's ARN."
)
_PRINCIPAL: Final = GrammarRule(
    "UNSUPPORTED_PRINCIPAL", "The policy may not name a principal.", "Remove the principal."
)
_FORMAT: Final = GrammarRule(
    "INVALID_PRINCIPAL_FORMAT",
    "The principal is not of a known form.",
    "Write an ARN, an account or a service.",
)
_CONDITION: Final = GrammarRule(
    "INVALID_CONDITION_OPERATOR", "There is no such condition operator.", "Use an operator of the reference."
)
_VERSION: Final = GrammarRule("INVALID_VERSION", "The version is no policy version.", "Write 2012-10-17.")

# By the codes of policy.grammar.
TABLE: Final[Mapping[str, GrammarRule]] = {
    "characters": GrammarRule(
        "JSON_SYNTAX_ERROR", "A character may not be in a policy.", "Use characters of Latin-1 only."
    ),
    "json": JSON_SYNTAX,
    "document-type": JSON_SYNTAX,
    "duplicate-key": GrammarRule("JSON_SYNTAX_ERROR", "A key is there twice in one object.", "Join the two."),
    "unknown-element": _ELEMENT,
    "id-type": _TYPE,
    "sid-type": _TYPE,
    "action-type": _TYPE,
    "resource-type": _TYPE,
    "statement-type": _TYPE,
    "principal-type": _TYPE,
    "condition-type": _TYPE,
    "condition-value": GrammarRule(
        "INVALID_CONDITION_DATA_TYPE",
        "A condition's value is a string, a number or a boolean.",
        "Write a string or a list of strings.",
    ),
    "unknown-version": _VERSION,
    "version": GrammarRule(
        "MISSING_VERSION",
        "We recommend that you specify the Version element to help you with debugging permission issues.",
        'Add "Version": "2012-10-17".',
        "warning",
    ),
    "statement-missing": _STATEMENT,
    "statement-empty": _STATEMENT,
    "sid-unique": GrammarRule(
        "UNIQUE_SIDS_REQUIRED", "Another statement has the same Sid.", "Give each statement its own Sid."
    ),
    "sid-characters": GrammarRule(
        "UNSUPPORTED_SID", "A Sid holds letters and digits only.", "Leave the other characters out."
    ),
    "effect-missing": GrammarRule("MISSING_EFFECT", "The statement has no effect.", "Add an Effect."),
    "effect": _EFFECT,
    "effect-case": _EFFECT,
    "effect-allow": GrammarRule("INVALID_EFFECT", "A policy of this kind can only deny.", "Write Deny."),
    "action-missing": _ACTION,
    "action-empty": GrammarRule(
        "EMPTY_ARRAY_ACTION", "The list of actions is empty.", "Name an action, or remove the statement."
    ),
    "both-actions": GrammarRule(
        "UNSUPPORTED_ELEMENT_COMBINATION", "Action and NotAction exclude each other.", "Keep one of them."
    ),
    "action-vendor-missing": _PREFIX,
    "action-colons": _PREFIX,
    "action-vendor": GrammarRule(
        "INVALID_SERVICE_IN_ACTION", "The action's service is none.", "Write the service's prefix."
    ),
    "action-sts": GrammarRule(
        "UNSUPPORTED_ACTION_IN_POLICY", "A trust policy takes actions of STS only.", "Write sts:AssumeRole."
    ),
    "resource-missing": _RESOURCE,
    "resource-empty": GrammarRule(
        "EMPTY_ARRAY_RESOURCE", "The list of resources is empty.", "Name a resource, or remove the statement."
    ),
    "both-resources": GrammarRule(
        "UNSUPPORTED_ELEMENT_COMBINATION", "Resource and NotResource exclude each other.", "Keep one of them."
    ),
    "resource-forbidden": GrammarRule(
        "INVALID_POLICY_ELEMENT", "A trust policy has no resource.", "Remove the resource."
    ),
    "not-resource-forbidden": GrammarRule(
        "INVALID_POLICY_ELEMENT", "A trust policy has no resource.", "Remove the resource."
    ),
    "resource-arn": _ARN,
    "resource-legacy": GrammarRule(
        "MISSING_ARN_FIELD", "The ARN lacks a field.", "Write arn:partition:service:region:account:resource."
    ),
    "resource-partition": GrammarRule(
        "INVALID_PARTITION", "There is no such partition.", "Write aws, aws-cn or aws-us-gov."
    ),
    "resource-vendor": GrammarRule(
        "INVALID_SERVICE",
        "The ARN's service is not named in full.",
        "Write the service without wildcards.",
    ),
    "resource-region-iam": GrammarRule(
        "ARN_REGION_NOT_ALLOWED", "The ARN of an IAM resource has no Region.", "Leave the Region empty."
    ),
    "resource-region-s3": GrammarRule(
        "ARN_REGION_NOT_ALLOWED",
        "The ARN of a bucket has no Region.",
        "Leave the Region empty.",
        # AWS's own policies name some that IAM used to refuse.
        "warning",
    ),
    "resource-iam-path": GrammarRule(
        "INVALID_ARN_RESOURCE",
        "IAM has no resource of that type.",
        "Begin it with role/, user/ and so on.",
        # AWS's own policies name some that IAM used to refuse.
        "warning",
    ),
    "principal-missing": GrammarRule(
        "MISSING_PRINCIPAL", "The statement has no principal.", "Add a Principal."
    ),
    "principal-forbidden": _PRINCIPAL,
    "not-principal": _PRINCIPAL,
    "not-principal-allow": GrammarRule(
        "ALLOW_WITH_NOT_PRINCIPAL", "Allow cannot go with NotPrincipal.", "Name the principals in Principal."
    ),
    "both-principals": GrammarRule(
        "UNSUPPORTED_ELEMENT_COMBINATION",
        "Principal and NotPrincipal exclude each other.",
        "Keep one of them.",
    ),
    "principal-empty": GrammarRule("EMPTY_OBJECT_PRINCIPAL", "The principal is empty.", "Name a principal."),
    "principal-kind": GrammarRule(
        "INVALID_PRINCIPAL_KEY", "There is no such kind of principal.", "Write AWS, Service or Federated."
    ),
    "principal-value": _FORMAT,
    "condition-operator": _CONDITION,
    "condition-key": GrammarRule(
        "INVALID_CONDITION_KEY_FORMAT", "The condition key has no name.", "Write it as service:Key."
    ),
    "condition-date": GrammarRule(
        "TYPE_MISMATCH_DATE", "The value is no date.", "Write an ISO 8601 date.", "warning"
    ),
    "cognito-condition": GrammarRule(
        "TrustWithoutCondition", "The trust in Amazon Cognito has no condition.", "Add the identity pool."
    ),
    "provider-condition": GrammarRule(
        "TrustWithoutCondition",
        "The trust in a provider that many share has no condition on whose it is.",
        "Add a condition on the provider's sub or aud.",
    ),
}
UNKNOWN_ACTION: Final = GrammarRule(
    "INVALID_ACTION",
    "The service has no such action.",
    "Look it up in the Service Authorization Reference.",
    "warning",
)
UNKNOWN_SERVICE: Final = GrammarRule(
    "INVALID_SERVICE_IN_ACTION",
    "There is no service of that prefix.",
    "Look it up in the Service Authorization Reference.",
    "warning",
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule broken at [start, end) of the file."""

    rule: GrammarRule
    start: int
    end: int


def broken_rules(document: Document) -> Iterator[Broken]:
    """Everything in a policy that breaks the grammar of its kind, what is unknown left out."""
    rendered = render(document.root)
    seen: set[tuple[str, int]] = set()
    for finding in grammar.findings(rendered.text, FAMILIES[document.kind]):
        (start, end), node = rendered.place(finding.offset)
        if node is not None and is_unknown(node):
            continue
        rule = TABLE[finding.code]
        if (rule.code, start) not in seen:
            seen.add((rule.code, start))
            yield Broken(rule, start, end)
    yield from _unknown_actions(document.root)


def _unknown_actions(root: Node) -> Iterator[Broken]:
    """Actions that AWS's reference does not have: a policy may be newer, so they are warnings."""
    listed = root.get("Statement")
    for statement in listed.values() if listed is not None else ():
        for element in ("Action", "NotAction"):
            given = statement.get(element)
            for node in given.values() if given is not None else ():
                prefix, colon, name = node.text.partition(":")
                if not colon or is_unknown(node) or set(node.text) & set("*?"):
                    continue
                if not actions.actions(prefix):
                    yield Broken(UNKNOWN_SERVICE, node.start, node.end)
                elif name and ":" not in name and actions.canonical(node.text) is None:
                    yield Broken(UNKNOWN_ACTION, node.start, node.end)
