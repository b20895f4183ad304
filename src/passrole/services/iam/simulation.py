"""The policy simulator: the engine asked what it would answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from passrole.decision.request import Policies
from passrole.policy import variables
from passrole.policy.document import Policy as Document
from passrole.policy.document import UnreadablePolicy
from passrole.services.iam import grants, managed, paging
from passrole.services.iam.errors import InvalidInput, NoSuchEntity
from passrole.services.iam.simulated import Setting, evaluation
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.entities import Group, Role, User
from passrole.state.organization import scps_for
from passrole.values.errors import InvalidArn
from passrole.values.principal import Principal, PrincipalKind

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes


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
    setting = Setting(
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
    own = tuple(
        _parsed(grant.document, _source_id(grant, entity), grant.arn)
        for grant in grants.policies_of(call, entity)
    )
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
    setting = Setting(principal, policies, _context(given.get("ContextEntries", ())))
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
    setting: Setting,
    actions: Sequence[str],
    resources: Sequence[str] | None,
    owner: str | None,
    marker: str | None,
    most: int | None,
) -> Output:
    account = owner.split(":")[4] if owner is not None and owner.count(":") >= 5 else ""
    found, cut = paging.page_of(list(actions), marker, most)
    results = [evaluation(setting, action, list(resources or ("*",)), account) for action in found]
    return {"EvaluationResults": results, **cut}


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


def _source_id(grant: grants.Grant, entity: grants.Entity) -> str:
    """SourcePolicyId: a managed policy's name; of an inline one with whose it is before it.

    Source: an answer of AWS's in a public troubleshooting note: ``role_NAME_POLICY``.
    """
    return (
        grant.name
        if grant.arn
        else f"{(grant.through or entity).kind}_{(grant.through or entity).name}_{grant.name}"
    )


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
