"""The known differences from iam-simulate, each with the AWS page that settles it.

A difference is recognized on a disagreement that was cut down to its least case, so that what is left in it
is what matters. The first that recognizes it takes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Json = dict[str, object]


@dataclass(frozen=True)
class Disagreement:
    """One least case and both answers."""

    case: Json
    ours: str
    theirs: str

    @property
    def text(self) -> str:
        """The case as JSON, to look for what is left in it."""
        return json.dumps({key: value for key, value in self.case.items() if key != "id"})

    @property
    def principal(self) -> str:
        """Who asks."""
        request = self.case["request"]
        assert isinstance(request, dict)
        return str(request["principal"])

    @property
    def context(self) -> Json:
        """The request's context."""
        request = self.case["request"]
        assert isinstance(request, dict)
        context = request.get("context", {})
        assert isinstance(context, dict)
        return context

    def has(self, *layers: str) -> bool:
        """Are all these layers left in the case?"""
        return all(self.case.get(layer) for layer in layers)


@dataclass(frozen=True)
class Difference:
    """One thing that the two see differently."""

    title: str
    settled: str  # what AWS's pages say, and which
    shown_by: Callable[[Disagreement], bool]


def found(pattern: str) -> Callable[[Disagreement], bool]:
    """Does the case's text hold the regular expression?"""
    return lambda item: re.search(pattern, item.text) is not None


def old_variable(item: Disagreement) -> bool:
    """Is there a variable in a document that is not of version 2012-10-17?"""
    return any(
        "${" in json.dumps(document) and document.get("Version") != "2012-10-17"
        for document in documents(item.case)
    )


def documents(value: object) -> list[Json]:
    """Every policy document of a case."""
    if isinstance(value, dict) and "Statement" in value:
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [document for part in inner for document in documents(part)]


def several_values(item: Disagreement) -> bool:
    """Is a list of values compared by an operator that no set operator stands before?"""
    listed = [key for key, value in item.context.items() if isinstance(value, list)]
    return any(
        re.search(rf'"(?!For)[A-Za-z]+": {{"{re.escape(key)}"', item.text, re.IGNORECASE) for key in listed
    )


def first_part(item: Disagreement) -> bool:
    """Is there a wildcard, or a variable with a value, before the first slash of a resource's last field?"""
    for pattern in re.findall(r'"arn:[^":]*:[^":]*:[^":]*:[^":]*:([^"]*)"', item.text):
        named = re.match(r"\$\{([^},]+)", pattern)
        if named and named[1].lower() in {key.lower() for key in item.context}:
            return True
        if "/" in pattern and "*" in pattern.split("/")[0] and "${" not in pattern:
            return True
    return False


DIFFERENCES: Final[tuple[Difference, ...]] = (
    Difference(
        "The root user needs no policy",
        "The root user of an account has full access unless an SCP, an RCP or a resource's policy "
        'limits it (IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or '
        'deny access": by default all requests are implicitly denied with the exception of the root '
        "user's). The package wants an identity-based policy of it.",
        lambda item: item.principal.endswith(":root"),
    ),
    Difference(
        "NotPrincipal spares whom it lists together with the account",
        'IAM User Guide, "AWS JSON policy elements: NotPrincipal": a Deny with NotPrincipal denies '
        "everyone but the principals it lists, and one of them only if its account's ARN (and for a "
        "session its role's ARN) stands there as well; with a permissions boundary attached it always "
        "denies. The package lets an account's ARN spare everyone of that account, and a principal's "
        "ARN alone spare that principal.",
        found('"NotPrincipal"'),
    ),
    Difference(
        "A variable is text before version 2012-10-17",
        'IAM User Guide, "IAM JSON policy elements: Version" and "Variables and tags": in a document '
        "of version 2008-10-17, or without Version, `${…}` is literal text. The package fills it in.",
        old_variable,
    ),
    Difference(
        "An escaped wildcard is that character",
        'IAM User Guide, "IAM policy elements: Variables and tags", "Special characters": `${*}`, '
        "`${?}` and `${$}` stand for the characters themselves, in every string that takes variables.",
        found(r"\$\{[*?$]\}"),
    ),
    Difference(
        "Wildcards and variables in the first part of the resource",
        'Amazon EC2 User Guide, "Example policies to control access to the Amazon EC2 API": '
        '`arn:aws:ec2:us-east-1:111122223333:*/*` covers every resource; IAM User Guide, "Variables '
        'and tags": a variable may stand anywhere behind the fifth colon. The package wants the part '
        "before the first slash to be spelled out.",
        first_part,
    ),
    Difference(
        "A variable without a value equals nothing",
        'IAM User Guide, "IAM policy elements: Variables and tags", "Policy variables with no value": '
        "negated operators do match against it, and in Resource or NotResource it matches no "
        "resource, so that NotResource leaves nothing out. The package drops the statement.",
        found(r"\$\{"),
    ),
    Difference(
        "Dates may be epoch seconds, and are nothing but dates",
        'IAM User Guide, "Condition operators", "Date condition operators": values are W3C dates or '
        "epoch time in the policy and in the request; wildcards are not permitted.",
        found(r'"(?:ForA\w+:)?Date[A-Z]'),
    ),
    Difference(
        "Addresses are compared as addresses",
        'IAM User Guide, "Condition operators", "IP address condition operators": IPv6 addresses may '
        "be spelled with `::`; `0.0.0.0/0` holds every IPv4 address; NotIpAddress holds for all but "
        "the range, addresses of the other family included.",
        found(r'"(?:ForA\w+:)?(?:Not)?IpAddress'),
    ),
    Difference(
        "A federated user without session policy may do nothing",
        'IAM User Guide, "Permissions for GetFederationToken": without a session policy the federated '
        "user has no permissions but those of a resource's policy that names it.",
        lambda item: "federated-user/" in item.principal and not item.has("session_policies"),
    ),
    Difference(
        "A grant to the session or to everyone is not limited by the session policy",
        'IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access", '
        '"Resource-based policies", and "AWS JSON policy elements: Principal", "IAM role principals": '
        "in the same account an implicit deny in a session policy does not limit what a resource's "
        "policy grants to the session's own ARN, or to everyone.",
        lambda item: item.has("session_policies", "resource_policy") and item.ours == "allowed",
    ),
    Difference(
        "A role must be trusted by its own policy, and by a caller with credentials",
        'IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access": '
        "role trust policies must explicitly allow; STS API Reference, AssumeRole: the caller uses "
        "the credentials of a user or a role.",
        found(r'"action": "sts:'),
    ),
    Difference(
        "kms:RetireGrant is beyond RCPs",
        'AWS Organizations User Guide, "Resource control policies (RCPs)", "Resources and entities '
        'not restricted by RCPs".',
        found("kms:RetireGrant"),
    ),
    Difference(
        "SCPs do not apply to services",
        'AWS Organizations User Guide, "Service control policies (SCPs)": they apply to the '
        "principals of member accounts. The package applies whatever it is given.",
        lambda item: item.has("scps") and not item.principal.startswith("arn:"),
    ),
    Difference(
        "An empty list of values is no value",
        'Inferred from IAM User Guide, "Single-valued vs. multivalued context keys" and "Condition '
        'operators" (Null): a key that has no values is like one that is not there.',
        lambda item: [] in item.context.values(),
    ),
    Difference(
        "Several values without a set operator",
        'AWS defines several values for set operators only (IAM User Guide, "Single-valued vs. '
        'multivalued context keys": a multivalued key requires one). Here they are tried one after '
        "the other, as with ForAnyValue; the package never matches.",
        several_values,
    ),
    Difference(
        "A negated ARN operator holds for what is no ARN",
        'Inferred from IAM User Guide, "Condition operators": negated matching is the contrary of matching.',
        found(r'"(?:ForA\w+:)?ArnNot'),
    ),
    Difference(
        "NotResource covers a request without resource",
        'IAM User Guide, "IAM JSON policy elements: NotResource": the statement applies to everything '
        "but the listed resources.",
        lambda item: '"NotResource"' in item.text and '"resource": "*"' in item.text,
    ),
    Difference(
        "The path of a session's role is not guessed",
        "IAM User Guide, \"IAM identifiers\": a session's ARN has its role's name without the path, so "
        "that a role's ARN with a path names it only where the role is known to have that path.",
        found(r'"AWS": .*:role/[^"/]+/'),
    ),
    Difference(
        "Wildcards across the fields of an ARN",
        'IAM User Guide, "IAM JSON policy elements: Resource", "Using wildcards in resource ARNs": a '
        "star that ends a field may match beyond the colon, and an incomplete ARN is completed with "
        "stars.",
        found(r'"(?:Not)?Resource": .*"arn:(?:[^"]*\*|[^":]*:[^":]*")'),
    ),
)
