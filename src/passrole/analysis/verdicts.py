"""One question about a recorded call under some policies, answered in three values and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from passrole.analysis.requirements import requirements
from passrole.authorize.check import Judged
from passrole.decision import explain as explaining
from passrole.decision.layers import IDENTITY, RESOURCE
from passrole.decision.request import Outcome, Policies, Request
from passrole.decision.residual import Answer, residual

# Services whose resources may have policies of their own, which no details tell. Source: IAM User Guide,
# "AWS services that work with IAM", column "Resource-based policies".
_OWN_POLICIES: Final = frozenset(
    (
        "acm-pca",
        "apigateway",
        "backup",
        "codeartifact",
        "codebuild",
        "dynamodb",
        "ecr",
        "elasticfilesystem",
        "es",
        "events",
        "glacier",
        "glue",
        "iot",
        "kafka",
        "kinesis",
        "kms",
        "lambda",
        "lex",
        "logs",
        "mediastore",
        "mobiletargeting",
        "redshift-serverless",
        "rekognition",
        "s3",
        "s3-object-lambda",
        "s3-outposts",
        "s3express",
        "s3tables",
        "schemas",
        "secretsmanager",
        "serverlessrepo",
        "ses",
        "signer",
        "sns",
        "sqs",
        "ssm",
        "ssm-contacts",
        "ssm-incidents",
        "vpc-lattice",
    )
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question. missing is what is not known and decides: condition keys, or in words.

    asked is the question: ``s3:GetObject on arn:aws:s3:::b/k``.
    """

    answer: Answer
    why: str
    missing: tuple[str, ...] = ()
    asked: str = ""


def verdict_of(judged: Judged, *, new: bool = False) -> Verdict:
    """What the engine answers, with the reason. Doubt about a resource's own policy is doubt.

    new tells that the call makes the resource, which has no policy then.
    """
    request, policies = judged.request, judged.policies
    found = residual(request, policies)
    what = f"{request.action} on {request.resource or 'a resource that the record does not tell'}"
    if found.answer is Answer.ALLOWED:
        return Verdict(Answer.ALLOWED, f"{what} is allowed{_by(judged)}", asked=what)
    if found.answer is Answer.DEPENDS:
        keys = tuple(dict.fromkeys(one.key for one in requirements(found)))
        if request.resource is None:
            keys = tuple(dict.fromkeys(("the resource", *(key for key in keys if key != "Resource"))))
        named = " and ".join(keys) or "the resource-based policy"
        return Verdict(Answer.DEPENDS, f"{what} depends on what is not told: {named}", keys or (named,))
    reason = explaining.reason(found.best, policies)
    implicit = found.best.outcome is Outcome.IMPLICIT_DENY
    ours = found.best.layer in (IDENTITY.name, RESOURCE.name)
    if implicit and ours and not new and _may_grant(request, policies):
        text = f"the resource-based policy of {request.resource}"
        return Verdict(Answer.DEPENDS, f"{what} is not allowed {reason}, but may be by {text}", (text,))
    return Verdict(Answer.REFUSED, f"{what} is not allowed {reason}{_by(judged)}", asked=what)


def _may_grant(request: Request, policies: Policies) -> bool:
    """May the resource have a policy, which nobody has told?"""
    if policies.resource is not None or request.resource in (None, "*"):
        return False
    return request.action.partition(":")[0] in _OWN_POLICIES


def _by(judged: Judged) -> str:
    clauses = judged.decision.clauses
    return f" (statement {clauses[0].statement} of {clauses[0].policy or 'its policy'})" if clauses else ""
