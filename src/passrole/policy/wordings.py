"""What each kind of document must hold, and what AWS says where it does not.

rank orders what AWS reports first. Sources: (V) answers of IAM as the IAM tests of versitygw (2026) have
them, (M) as moto's policy validation has them, both written from runs against AWS; (P) public error
reports; (G) the grammar asks for it and no text is known: the nearest one is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from passrole.policy.document import Kind


@dataclass(frozen=True, slots=True)
class Wording:
    """AWS's message; ``{value}`` is what it quotes."""

    rank: int
    text: str


@dataclass(frozen=True, slots=True)
class Family:
    """The rules of some kinds of document.

    current tells that Version must be there and 2012-10-17. principal is "forbidden", "required" or
    "everyone" (only ``"*"``), resource "required", "optional" or "forbidden"; sts tells that only actions
    of STS may be named, deny that only Deny statements are taken; strict that AWS looks into ARNs and
    action names. by_statement: AWS reads one statement after another and stops at the first that is wrong.
    """

    wordings: Mapping[str, Wording]
    error_code: str = "MalformedPolicyDocument"
    by_statement: bool = False
    current: bool = False
    principal: str = "forbidden"
    resource: str = "required"
    sts: bool = False
    deny: bool = False
    strict: bool = False
    sids: str = "[0-9A-Za-z]*"


# Whatever is wrong in the form of the JSON and its elements.
_FORM: Final = (
    "json",
    "duplicate-key",
    "characters",
    "document-type",
    "unknown-element",
    "id-type",
    "unknown-version",
    "statement-missing",
    "statement-empty",
    "statement-type",
    "sid-type",
    "effect-missing",
    "effect",
    "both-actions",
    "action-type",
    "both-resources",
    "resource-type",
    "both-principals",
    "principal-type",
    "principal-kind",
    "condition-type",
    "condition-operator",
    "condition-key",
    "condition-value",
)


def _all_say(rank: int, text: str, *codes: str) -> dict[str, Wording]:
    return {code: Wording(rank, text) for code in codes}


_SID_CHARACTERS: Final = (
    "Statement IDs (SID) must be alpha-numeric. "
    "Check that your input satisfies the regular expression [0-9A-Za-z]*"
)
_LEGACY: Final = "The policy failed legacy parsing"

IDENTITY: Final[Mapping[str, Wording]] = {
    **_all_say(1, "Syntax errors in policy.", *_FORM),  # M
    "version": Wording(2, "Policy document must be version 2012-10-17 or greater."),  # M
    **_all_say(
        3,
        "Policy document should not specify a principal.",  # P
        "principal-forbidden",
        "principal-missing",
        "principal-empty",
        "principal-value",
        "not-principal-allow",
        "not-principal",
    ),
    **_all_say(4, _LEGACY, "effect-case", "condition-date", "resource-legacy"),  # M
    "sid-unique": Wording(5, "Statement IDs (SID) in a single policy must be unique."),  # M
    "sid-characters": Wording(5, _SID_CHARACTERS),  # P
    **_all_say(6, "Policy statement must contain actions.", "action-missing", "action-empty"),  # M, P
    "resource-arn": Wording(7, 'Resource {value} must be in ARN format or "*".'),  # M, P
    "resource-partition": Wording(7, "Partition {value}."),  # M
    "resource-vendor": Wording(7, "Resource vendor must be fully qualified and cannot contain regexes."),  # M
    "resource-region-iam": Wording(7, "IAM resource {value} cannot contain region information."),  # M
    "resource-region-s3": Wording(7, "Resource {value} can not contain region information."),  # M
    "resource-iam-path": Wording(
        7,
        'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, '
        "instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, "
        "report/, access-report/.",
    ),  # M
    "action-vendor-missing": Wording(
        8, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
    ),  # M
    "action-colons": Wording(8, "Actions/Condition can contain only one colon."),  # M
    "action-vendor": Wording(8, "Vendor {value} is not valid"),  # M
    **_all_say(9, "Policy statement must contain resources.", "resource-missing", "resource-empty"),  # M, P
    **_all_say(1, "Syntax errors in policy.", "action-sts", "resource-forbidden", "not-resource-forbidden"),
    **_all_say(1, "Syntax errors in policy.", "cognito-condition", "provider-condition", "effect-allow"),
}

TRUST: Final[Mapping[str, Wording]] = {
    **_all_say(20, "Syntax error in policy.", *_FORM),  # V
    **_all_say(0, "This policy contains invalid Json", "json", "duplicate-key", "document-type"),  # V
    **_all_say(1, "The policy must contain a valid version string", "version", "unknown-version"),  # V
    **_all_say(
        2, "Could not parse the policy: Statement is empty!", "statement-missing", "statement-empty"
    ),  # V
    "effect-missing": Wording(10, "Missing required field Effect"),  # V
    **_all_say(10, "Invalid effect: {value}", "effect", "effect-case", "effect-allow"),  # V
    "not-principal-allow": Wording(11, "Allow with NotPrincipal is not allowed."),  # V
    "not-principal": Wording(11, "AssumeRole policy must not contain NotPrincipal field."),  # V
    **_all_say(12, "Missing required field Principal", "principal-missing", "principal-forbidden"),  # V
    "principal-type": Wording(12, "Principal must be a JSON object."),  # V
    "principal-empty": Wording(12, "Missing required field Principal cannot be empty!"),  # V
    **_all_say(13, "Invalid principal in policy: {value}", "principal-kind", "principal-value"),  # V, P
    "cognito-condition": Wording(14, "A condition block must be present for the Cognito provider"),  # V
    "provider-condition": Wording(
        14, "The trust policy of a shared OpenID Connect provider must have a condition on {value}"
    ),  # G: refused since 2025, "OIDC identity provider controls for shared OIDC providers"
    **_all_say(21, "Missing required field Action", "action-missing", "action-empty"),  # V
    **_all_say(
        22,
        "AssumeRole policy may only specify STS AssumeRole actions.",  # V, P
        "action-sts",
        "action-vendor-missing",
        "action-colons",
        "action-vendor",
    ),
    "resource-forbidden": Wording(23, "Has prohibited field Resource"),  # V, P
    "not-resource-forbidden": Wording(23, "AssumeRole policy must not contain resources."),  # V
    **_all_say(
        23,
        "Has prohibited field Resource",
        "resource-missing",
        "resource-empty",
        "resource-arn",
        "resource-partition",
        "resource-vendor",
        "resource-region-iam",
        "resource-region-s3",
        "resource-iam-path",
        "resource-legacy",
    ),
    "condition-date": Wording(24, "Syntax error in policy."),  # G
    "sid-unique": Wording(30, "The Statement Ids in the policy are not unique"),  # V
    "sid-characters": Wording(31, _SID_CHARACTERS),  # G
}

# Policies of resources: each service has texts of its own, these are S3's where it shares them (P).
RESOURCE: Final[Mapping[str, Wording]] = {
    **TRUST,
    "principal-type": Wording(12, "Invalid policy syntax."),
    "not-principal-allow": Wording(11, "Allow with NotPrincipal is not allowed."),
    **_all_say(23, "Missing required field Resource", "resource-missing", "resource-empty"),
    **_all_say(23, "Policy has invalid resource", "resource-arn", "resource-partition", "resource-vendor"),
    **_all_say(22, "Policy has invalid action", "action-vendor-missing", "action-colons", "action-vendor"),
}

_ORGANIZATION_TEXT: Final = (
    "The provided policy document does not meet the requirements of the specified policy type."
)
ORGANIZATION: Final[Mapping[str, Wording]] = {code: Wording(1, _ORGANIZATION_TEXT) for code in IDENTITY}

_MANAGED: Final = Family(IDENTITY, current=True, strict=True)
_INLINE: Final = Family(IDENTITY, strict=True)
_RESOURCE: Final = Family(
    RESOURCE, by_statement=True, principal="required", resource="optional", strict=True, sids=".*"
)

FAMILIES: Final[Mapping[Kind, Family]] = {
    "identity": _MANAGED,
    "boundary": _MANAGED,
    "inline": _INLINE,  # takes the old version still
    "session": _INLINE,
    "trust": Family(TRUST, by_statement=True, principal="required", resource="forbidden", sts=True),
    "resource": _RESOURCE,
    "endpoint": _RESOURCE,
    "scp": Family(ORGANIZATION, "MalformedPolicyDocumentException", current=True, strict=True, sids=".*"),
    "rcp": Family(
        ORGANIZATION,
        "MalformedPolicyDocumentException",
        current=True,
        principal="everyone",
        deny=True,
        strict=True,
        sids=".*",
    ),
}
