"""A refusal, in AWS's words and with what would let the call through.

Sources: IAM User Guide, "Troubleshoot access denied error messages"; EC2 API Reference, "Error codes";
STS API Reference, DecodeAuthorizationMessage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from passrole.authorize.check import Judged
from passrole.authorize.message import seal
from passrole.catalog.services import Denial, denial
from passrole.decision.explain import Remedy, remedies
from passrole.decision.request import Clause, Outcome
from passrole.values.errors import ServiceError
from passrole.values.principal import PrincipalKind


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action was refused. slot is how the message names the resource ("" for its ARN)."""

    judged: Judged
    slot: str = ""
    why: bool = True  # False where AWS leaves the reason out (sts:AssumeRole, other organizations)

    @property
    def action(self) -> str:
        """The action that was refused."""
        return self.judged.request.action

    @property
    def resource(self) -> str:
        """The resource as the message prints it."""
        return self.slot or self.judged.request.resource or "*"

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """Each enough alone, narrowest first; () after an explicit deny."""
        return remedies(self.judged.request, self.judged.policies, self.judged.decision)

    def sentence(self, *, quoted: bool = False) -> str:
        """``User: … is not authorized to perform: … on resource: … because …``."""
        principal = self.judged.request.principal
        if principal.kind is PrincipalKind.IDENTITY_PROVIDER:
            return f"Not authorized to perform {self.action}"
        who = "anonymous" if principal.kind is PrincipalKind.ANONYMOUS else principal.arn
        resource = f'"{self.resource}"' if quoted else self.resource
        text = f"User: {who} is not authorized to perform: {self.action} on resource: {resource}"
        reason = self.judged.decision.reason
        return f"{text} {reason}" if reason and self.why else text


class AccessRefused(ServiceError):
    """A refusal on its way to the wire, in the answering service's own code and form."""

    code, status = "AccessDenied", 403

    def __init__(self, message: str, *, code: str, status: int, refusal: Refusal) -> None:
        super().__init__(message, code=code, status=status)
        self.refusal = refusal


def refused(service: str, refusal: Refusal, key: bytes) -> AccessRefused:
    """The error that ``service`` (botocore's name) answers a refusal with.

    key seals EC2's encoded message; DecodeAuthorizationMessage opens it again.
    """
    form: Denial = denial(service)
    text = refusal.sentence(quoted=form.quotes_resource)
    if form.encoded:
        blob = seal(failure_message(refusal), key)
        text = f"{form.opening}{text}. Encoded authorization failure message: {blob}"
    return AccessRefused(text, code=form.code, status=form.status, refusal=refusal)


def failure_message(refusal: Refusal) -> Mapping[str, object]:
    """What DecodeAuthorizationMessage shows of a refusal, in AWS's shape."""
    request = refusal.judged.request
    decision = refusal.judged.decision
    explicit = decision.outcome is Outcome.EXPLICIT_DENY
    principal: dict[str, object] = {"id": request.principal.id, "arn": request.principal.arn}
    if request.principal.kind is PrincipalKind.USER:
        principal["name"] = request.principal.arn.rsplit("/", 1)[-1]
    return {
        "allowed": False,
        "explicitDeny": explicit,
        "matchedStatements": {
            "items": [_statement(clause, request.principal.id) for clause in decision.clauses if explicit]
        },
        "failures": {"items": []},
        "context": {
            "principal": principal,
            "action": request.action,
            "resource": request.resource or "*",
            "conditions": {
                "items": [
                    {
                        "key": key,
                        "values": {
                            "items": [
                                {"value": value}
                                for value in (values if isinstance(values, tuple) else (values,))
                            ]
                        },
                    }
                    for key, values in sorted(request.context.items())
                ]
            },
        },
    }


def _statement(clause: Clause, principal_id: str) -> Mapping[str, object]:
    return {
        "statementId": clause.statement,
        "effect": clause.effect.upper(),
        "principals": {"items": [{"value": principal_id}]},
        "principalGroups": {"items": []},
        "actions": {"items": []},
        "resources": {"items": []},
        "conditions": {"items": []},
        "policy": clause.policy,
    }
