"""The policy simulator: the engine asked what it would answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from passrole.decision.evaluate import evaluate
from passrole.decision.explain import explain
from passrole.decision.request import Clause, Decision, Outcome, Policies, Request
from passrole.policy import variables
from passrole.policy.document import Policy as Document
from passrole.policy.document import UnreadablePolicy
from passrole.policy.source import statement_spans
from passrole.services.iam import grants, managed, paging
from passrole.services.iam.errors import InvalidInput, NoSuchEntity
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.entities import Group, Role, User
from passrole.state.organization import scps_for
from passrole.values.errors import InvalidArn
from passrole.values.glob import Pattern
from passrole.values.principal import Principal, PrincipalKind

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_DECISION: Final = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICIT_DENY: "explicitDeny",
    Outcome.IMPLICIT_DENY: "implicitDeny",
}
_SOURCE: Final = "IAM Policy"  # SourcePolicyType, as recorded; the model's enum has other words


@dataclass(frozen=True, slots=True)
class _Setting:
    """What every question of one simulation has in common."""

    principal: Principal
    policies: Policies
    context: Mapping[str, str | tuple[str, ...]]


@operation("iam:SimulateCustomPolicy")
def simulate_custom(call: ServiceCall, given: shapes.SimulateCustomPolicyRequest) -> Output:
    """Asks the given policies. Raises InvalidInput."""
    identity = _parsed_list(given["PolicyInputList"], "PolicyInputList")
    levels = tuple(
        _parsed_list(
            level.get("ServiceControlPolicyInputList", ()), f"OrderedOrganizationPolicyInputList.{n}"
        )
        for n, level in enumerate(given.get("OrderedOrganizationPolicyInputList", ()), 1)
    )
    policies = Policies(
        identity=identity,
        boundaries=_boundaries(given.get("PermissionsBoundaryPolicyInputList", ())),
        resource=_resource_policy(given.get("ResourcePolicy")),
        scps=levels,
    )
    setting = _Setting(
        _caller(call, given.get("CallerArn")), policies, _context(given.get("ContextEntries", ()))
    )
    return _answer(
        setting,
        given["ActionNames"],
        given.get("ResourceArns"),
        given.get("ResourceOwner"),
        given.get("Marker"),
        given.get("MaxItems"),
    )


@operation("iam:SimulatePrincipalPolicy")
def simulate_principal(call: ServiceCall, given: shapes.SimulatePrincipalPolicyRequest) -> Output:
    """Asks the policies that a user, group or role has, with further ones where given.

    A user's groups count; so do the entity's boundary, unless another is given, and the account's SCPs.
    Raises NoSuchEntity or InvalidInput.
    """
    entity = _entity(call, given["PolicySourceArn"])
    own = tuple(_parsed(grant.document, grant.name, grant.arn) for grant in grants.policies_of(call, entity))
    extra = _parsed_list(given.get("PolicyInputList", ()), "PolicyInputList")
    boundaries = _boundaries(given.get("PermissionsBoundaryPolicyInputList", ()))
    if not boundaries and isinstance(entity, (User, Role)) and entity.boundary:
        boundary = managed.look_up(call.directory, entity.boundary)
        boundaries = (_parsed(boundary.document, boundary.name, boundary.arn),) if boundary else ()
    policies = Policies(
        identity=own + extra,
        boundaries=boundaries,
        resource=_resource_policy(given.get("ResourcePolicy")),
        scps=tuple(
            tuple(_parsed(*policy) for policy in level) for level in scps_for(call.directory, call.account)
        ),
    )
    asked = given.get("CallerArn")
    principal = _caller(call, asked) if asked is not None else _principal(entity)
    setting = _Setting(principal, policies, _context(given.get("ContextEntries", ())))
    return _answer(
        setting,
        given["ActionNames"],
        given.get("ResourceArns"),
        given.get("ResourceOwner"),
        given.get("Marker"),
        given.get("MaxItems"),
    )


@operation("iam:GetContextKeysForCustomPolicy")
def keys_for_custom(call: ServiceCall, given: shapes.GetContextKeysForCustomPolicyRequest) -> Output:
    """The condition keys that policies ask for, variables included. Raises InvalidInput."""
    return {"ContextKeyNames": _keys(_parsed_list(given["PolicyInputList"], "PolicyInputList"))}


@operation("iam:GetContextKeysForPrincipalPolicy")
def keys_for_principal(call: ServiceCall, given: shapes.GetContextKeysForPrincipalPolicyRequest) -> Output:
    """The same for the policies of a user, group or role. Raises NoSuchEntity or InvalidInput."""
    entity = _entity(call, given["PolicySourceArn"])
    own = tuple(_parsed(grant.document, grant.name) for grant in grants.policies_of(call, entity))
    return {"ContextKeyNames": _keys(own + _parsed_list(given.get("PolicyInputList", ()), "PolicyInputList"))}


def _answer(
    setting: _Setting,
    actions: Sequence[str],
    resources: Sequence[str] | None,
    owner: str | None,
    marker: str | None,
    most: int | None,
) -> Output:
    account = owner.split(":")[4] if owner is not None and owner.count(":") >= 5 else ""
    pairs = [(action, resource) for action in actions for resource in resources or ("*",)]
    found, cut = paging.page_of(pairs, marker, most)
    results = [_result(setting, action, resource, account) for action, resource in found]
    return {"EvaluationResults": results, **cut}


def _result(setting: _Setting, action: str, resource: str, account: str) -> shapes.EvaluationResult:
    if ":" not in action:
        raise InvalidInput(f"Invalid action name: {action}")  # assumed wording
    request = Request(
        principal=setting.principal,
        action=action,
        resource=resource,
        resource_account=account,
        context=setting.context,
    )
    policies = setting.policies
    decision = evaluate(request, policies)
    matched = [_statement(policies, clause) for clause in _matched(request, policies, decision)]
    missing = _missing(setting, action)
    verdict = _DECISION[decision.outcome]
    result: shapes.EvaluationResult = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": verdict,
        "MatchedStatements": matched,
        "MissingContextValues": missing,
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": decision.layer != "scp"},
        "EvalDecisionDetails": {},
        "ResourceSpecificResults": [
            {
                "EvalResourceName": resource,
                "EvalResourceDecision": verdict,
                "MatchedStatements": matched,
                "MissingContextValues": missing,
            }
        ],
    }
    if policies.boundaries:
        bounded = evaluate(request, Policies(identity=policies.boundaries))
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": bounded.allowed}
    return result


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


def _missing(setting: _Setting, action: str) -> list[str]:
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


def _keys(documents: Iterable[Document]) -> list[str]:
    found: dict[str, str] = {}
    for document in documents:
        for statement in document.statements:
            texts = [*(statement.resources or ())]
            for condition in statement.conditions:
                found.setdefault(condition.key, condition.written)
                texts += condition.wanted if condition.variables else ()
            if statement.live:
                for text in texts:
                    for name in variables.names(text):
                        found.setdefault(name.lower(), name)
    return list(found.values())


def _context(entries: Sequence[shapes.ContextEntry]) -> dict[str, str | tuple[str, ...]]:
    context: dict[str, str | tuple[str, ...]] = {}
    for entry in entries:
        values = tuple(entry.get("ContextKeyValues", ()))
        name = entry.get("ContextKeyName", "").lower()
        if entry.get("ContextKeyType", "string").endswith("List"):
            context[name] = values
        elif values:
            context[name] = values[0]
    return context


def _parsed_list(texts: Sequence[str], name: str) -> tuple[Document, ...]:
    return tuple(_parsed(text, f"{name}.{number}") for number, text in enumerate(texts, 1))


def _parsed(text: str, name: str, arn: str = "") -> Document:
    try:
        return Document.parse(text, name=name, arn=arn)
    except UnreadablePolicy as error:
        raise InvalidInput(f"Invalid policy {name}: {error}") from error  # assumed wording


def _boundaries(texts: Sequence[str]) -> tuple[Document, ...]:
    return _parsed_list(texts, "PermissionsBoundaryPolicyInputList")


def _resource_policy(text: str | None) -> Document | None:
    return _parsed(text, "ResourcePolicy") if text is not None else None


def _entity(call: ServiceCall, arn: str) -> grants.Entity:
    entity = grants.entity_of(call, arn)
    if isinstance(entity, managed.Policy):
        raise InvalidInput(f"Invalid Entity Arn: {arn}")  # assumed wording
    return entity


def _principal(entity: grants.Entity) -> Principal:
    if isinstance(entity, Role):
        arn = f"arn:aws:sts::{entity.account}:assumed-role/{entity.name}/simulated"
        id = f"{entity.id}:simulated"
        return Principal(PrincipalKind.ROLE_SESSION, arn, entity.account, id, role_arn=entity.arn)
    # A group is asked as if it were a user that has its policies.
    return Principal(PrincipalKind.USER, entity.arn, entity.account, entity.id)


def _caller(call: ServiceCall, arn: str | None) -> Principal:
    """The principal of CallerArn, or whoever calls. Raises InvalidInput or NoSuchEntity."""
    if arn is None:
        own = call.caller.principal
        # The root's rights come from no policy: custom policies are asked about as a user's.
        return (
            own
            if own.kind is not PrincipalKind.ROOT
            else Principal(PrincipalKind.USER, f"arn:aws:iam::{call.account}:user/simulated", call.account)
        )
    if ":user/" in arn and arn.split(":")[4] == call.account:
        user = grants.entity_of(call, arn)
        if not isinstance(user, (User, Group)):
            raise NoSuchEntity(f"ARN {arn} cannot be found.")
        return _principal(user)
    try:
        return Principal.parse(arn)
    except InvalidArn:
        raise InvalidInput(f"Invalid Entity Arn: {arn}") from None
