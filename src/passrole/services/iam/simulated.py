"""What the policy simulator tells of one action: the strictest of its resources' answers, and each of them.

Source: IAM API Reference, EvaluationResult and ResourceSpecificResult.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from passrole.catalog import operations, services
from passrole.decision.evaluate import evaluate
from passrole.decision.explain import explain
from passrole.decision.layers import SCP
from passrole.decision.request import Clause, Decision, Outcome, Policies, Request
from passrole.policy.document import Policy as Document
from passrole.policy.source import statement_spans
from passrole.services.iam.errors import InvalidInput
from passrole.values.glob import Pattern
from passrole.values.principal import Principal

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_DECISION: Final = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICIT_DENY: "explicitDeny",
    Outcome.IMPLICIT_DENY: "implicitDeny",
}
_STRICTEST: Final = (Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY, Outcome.ALLOWED)
_SOURCE: Final = "IAM Policy"  # SourcePolicyType, as recorded; the model's enum has other words
_EVERYTHING: Final = Document.parse(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What every question of one simulation has in common."""

    principal: Principal
    policies: Policies
    context: Mapping[str, str | tuple[str, ...]]


def evaluation(
    setting: Setting, action: str, resources: Sequence[str], account: str
) -> shapes.EvaluationResult:
    """One action's result: the strictest of its resources', with what made it, and theirs one by one.

    Source: IAM API Reference, EvaluationResult. Where several resources are asked about, EvalResourceName is
    a template of what the action is about; of one alone it is that resource, as recorded.

    Raises InvalidInput.
    """
    if ":" not in action:
        raise InvalidInput(f"Invalid action name: {action}")  # assumed wording
    asked = [_Asked.of(setting, action, resource, account) for resource in resources]
    outcome = _strictest(one.outcome for one in asked)
    matched: list[shapes.Statement] = []
    for one in asked:
        matched += [each for each in one.matched if one.outcome is outcome and each not in matched]
    missing = _missing(setting, action)
    result: shapes.EvaluationResult = {
        "EvalActionName": action,
        "EvalResourceName": resources[0] if len(resources) == 1 else template(action),
        "EvalDecision": _DECISION[outcome],
        "MatchedStatements": matched,
        "MissingContextValues": missing,
        "OrganizationsDecisionDetail": {
            "AllowedByOrganizations": not any(one.denied_by_organization for one in asked)
        },
    }
    if setting.policies.boundaries:
        result["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": all(one.bounded for one in asked)
        }
    if resources == ["*"]:
        return result
    if not any(one.denied_by_organization for one in asked):
        result["EvalDecisionDetails"] = {
            name: _DECISION[_strictest(one.details[name] for one in asked)] for name in asked[0].details
        }
    result["ResourceSpecificResults"] = [
        one.result(missing, bounded=bool(setting.policies.boundaries)) for one in asked
    ]
    return result


def _strictest(outcomes: Iterable[Outcome]) -> Outcome:
    return min(outcomes, key=_STRICTEST.index)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the policies say of one action on one resource.

    details tells, of a resource of another account, what each kind of policy says; {} within one account.
    """

    resource: str
    outcome: Outcome
    matched: list[shapes.Statement]
    denied_by_organization: bool
    bounded: bool
    details: Mapping[str, Outcome]

    @classmethod
    def of(cls, setting: Setting, action: str, resource: str, account: str) -> _Asked:
        """Asks."""
        request = Request(
            principal=setting.principal,
            action=action,
            resource=resource,
            resource_account=account,
            context=setting.context,
        )
        policies = setting.policies
        decision = evaluate(request, policies)
        details: dict[str, Outcome] = {}
        if account not in ("", setting.principal.account):
            theirs = Policies(identity=(_EVERYTHING,), resource=policies.resource)
            # The names of the kinds of policies are assumed: no recording across accounts was found.
            details = {
                _SOURCE: evaluate(
                    replace(request, resource_account=""), replace(policies, resource=None)
                ).outcome,
                "Resource Policy": evaluate(request, theirs).outcome,
            }
        return cls(
            resource,
            decision.outcome,
            [_statement(policies, clause) for clause in _matched(request, policies, decision)],
            decision.layer == SCP.name,
            evaluate(request, Policies(identity=policies.boundaries)).allowed
            if policies.boundaries
            else True,
            details,
        )

    def result(self, missing: Sequence[str], *, bounded: bool) -> shapes.ResourceSpecificResult:
        """As ResourceSpecificResults tells it."""
        found: shapes.ResourceSpecificResult = {
            "EvalResourceName": self.resource,
            "EvalResourceDecision": _DECISION[self.outcome],
            "MatchedStatements": self.matched,
            "MissingContextValues": missing,
        }
        if self.details:
            found["EvalDecisionDetails"] = {name: _DECISION[each] for name, each in self.details.items()}
        if bounded:
            found["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": self.bounded}
        return found


_FILLED_IN: Final = re.compile(r"\{[^{}]*?([A-Za-z]+)[^A-Za-z{}]*\}")


def template(action: str) -> str:
    """What ARNs of the first resource type of an action look like, ``*`` where it has none.

    The names in it are those of the operation's input, AWS's own are others.

    >>> template("s3:GetObject"), template("iam:PassRole"), template("ec2:DescribeInstances")
    ('arn:${Partition}:s3:::${Bucket}/${Key}', 'arn:${Partition}:iam::${Account}:role/${RoleName}', '*')
    """
    folded = action.lower()
    if folded == operations.PASS_ROLE.lower():
        folded = "iam:getrole"
    text = _templates(folded.partition(":")[0]).get(folded, "*")
    return _FILLED_IN.sub(lambda found: f"${{{found[1][:1].upper()}{found[1][1:]}}}", text)


@lru_cache(maxsize=32)
def _templates(prefix: str) -> Mapping[str, str]:
    """The template of the first resource of each action, in lower case, that an operation is named for."""
    found: dict[str, str] = {}
    for service in operations.services():
        if services.action_prefix(service) != prefix:
            continue
        for name in operations.operation_names(service):
            known = operations.operation(service, name)
            if known is not None and known.actions:
                arns = (use.template for use in known.actions[0].resources if use.template.startswith("arn:"))
                found.setdefault(known.actions[0].action.lower(), next(arns, "*"))
    return found


def _matched(request: Request, policies: Policies, decision: Decision) -> Iterable[Clause]:
    """The statements of identity and resource policies that made the decision."""
    if decision.outcome is Outcome.IMPLICIT_DENY:
        return ()
    told = explain(request, policies, decision).statements
    return [clause for clause in told if clause.layer in ("identity", "resource") and not clause.element]


def _statement(policies: Policies, clause: Clause) -> shapes.Statement:
    if clause.layer == "resource" and policies.resource is not None:
        document = policies.resource
    else:
        document = policies.identity[clause.index]
    labels = [statement.label for statement in document.statements]
    span = statement_spans(document.text)[labels.index(clause.statement)]
    (line, column), (end_line, end_column) = span.simulated
    return {
        "SourcePolicyId": document.name,
        "SourcePolicyType": _SOURCE,
        "StartPosition": {"Line": line, "Column": column},
        "EndPosition": {"Line": end_line, "Column": end_column},
    }


def _missing(setting: Setting, action: str) -> list[str]:
    """The condition keys that statements about the action ask for and no context entry gives."""
    found: dict[str, None] = {}
    for document in setting.policies.identity:
        for statement in document.statements:
            named = any(Pattern.parse(text.lower()).matches(action.lower()) for text in statement.actions)
            if named is statement.not_action:
                continue
            for condition in statement.conditions:
                for key in condition.keys:
                    if key not in setting.context:
                        found[condition.written if key == condition.key else key] = None
    return list(found)
