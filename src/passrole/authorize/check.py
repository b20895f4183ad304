"""One question put to all the policies that apply: the only place where a decision is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from passrole.authorize.call import Caller, ResourceFacts
from passrole.authorize.gather import gather, parsed, trust_policy
from passrole.authorize.plan import Check
from passrole.authorize.resources import role_of_arn
from passrole.decision.evaluate import evaluate
from passrole.decision.request import Decision, Policies, Request
from passrole.policy.document import Policy
from passrole.state.directory import Directory
from passrole.values.principal import PrincipalKind

# Actions that a role's trust policy must allow. Source: IAM User Guide, "Pass session tags in AWS STS" and
# "Monitor and control actions taken with assumed roles".
TRUSTED: Final = frozenset(
    (
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:SetContext",
    )
)

# A bucket's owner cannot lock itself out: its root user may do these whatever the bucket's policy denies.
# Source: Amazon S3 API Reference, DeleteBucketPolicy, GetBucketPolicy, PutBucketPolicy.
_OWNERS = frozenset(("s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"))

_OWN_ACCOUNT = '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "%s"}, "Action": "sts:TagSession"}}'


@dataclass(frozen=True, slots=True)
class Judged:
    """A question with its answer and all that the answer was drawn from."""

    request: Request
    policies: Policies
    decision: Decision


def check(directory: Directory, facts: ResourceFacts, caller: Caller, asked: Check, region: str) -> Judged:
    """Decides one check of a plan for a caller, by its policies as they are now."""
    policies = gather(
        directory,
        caller,
        resource_policy=_resource_policy(directory, facts, caller, asked, region),
        resource_account=asked.resource_account,
    )
    request = Request(
        principal=caller.principal,
        action=asked.action,
        resource=asked.resource,
        resource_account=asked.resource_account,
        context=asked.context,
        unknown=asked.unknown,
    )
    return Judged(request, policies, evaluate(request, policies))


def _resource_policy(
    directory: Directory, facts: ResourceFacts, caller: Caller, asked: Check, region: str
) -> Policy | None:
    if asked.action == "sts:TagSession" and (asked.resource or "*") == "*":
        # GetFederationToken's tags: there is no role, so the account trusts whom its policies allow.
        return parsed(_OWN_ACCOUNT % asked.resource_account, "trust of the account")
    if asked.resource is None or asked.resource == "*":
        return None
    if asked.action in TRUSTED:
        role = role_of_arn(directory, asked.resource)
        return trust_policy(role) if role is not None else None
    if asked.resource.startswith("arn:aws:iam:"):
        return None
    principal = caller.principal
    if (
        asked.action in _OWNERS
        and principal.kind is PrincipalKind.ROOT
        and principal.account == asked.resource_account
    ):
        return None
    text = facts.resource_policy(asked.resource_account, region, asked.resource)
    return parsed(text, "resource policy") if text else None
