"""Why a call was refused: a denial read, and asked again of the account's policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from passrole.analysis.answer import Answer, Told, answered, told
from passrole.analysis.askers import PASSED_TO, Asker, NoSuchPrincipal, asker_named, role_named
from passrole.analysis.check import unknown_keys
from passrole.analysis.denials import ACCOUNT, EXPLICIT, IMPLICIT, Denial
from passrole.analysis.trust import assuming
from passrole.authorize.call import NoFacts
from passrole.authorize.check import Judged, check
from passrole.authorize.plan import Check
from passrole.decision.explain import matching, nearest
from passrole.decision.layers import IDENTITY, LAYERS, TRUST
from passrole.decision.plan import compiled
from passrole.decision.request import Request
from passrole.passing.rule import ACTION, judge_pass
from passrole.state.entities import Group, InstanceProfile, ManagedPolicy, Role, User
from passrole.state.estate.estate import Estate
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, PassroleError

_FACTS: Final = NoFacts()

# How IAM's own messages name a resource: "role Web".
_SLOTS: Final[Mapping[str, type[User | Group | Role | InstanceProfile | ManagedPolicy]]] = {
    "user": User,
    "group": Group,
    "role": Role,
    "instance profile": InstanceProfile,
    "policy": ManagedPolicy,
}
_PLACES: Final = {layer.name: layer.article_words for layer in LAYERS}


class Unopened(PassroleError):
    """A denial of which nothing but its encoded message is known. args hold the denial."""

    def __init__(self, denial: Denial) -> None:
        super().__init__(denial)
        self.cut = denial.encoded_cut

    def __str__(self) -> str:
        if self.cut:
            return "the encoded message is cut short: nobody can open it"
        return "only the account that wrote the encoded message opens it: give --endpoint or --profile"


def explain(denial: Denial, estate: Estate | None = None) -> Answer:
    """Why it was refused and what would help, as far as the denial and the account's details tell.

    allowed is False: a denial it was, whatever the policies say now; where they say another thing, a note
    tells so. Raises Unopened for an encoded message that tells nothing yet: see ``denied_calls.opened``.
    """
    if denial.encoded and not denial.action:
        raise Unopened(denial)
    said = _said(denial)
    if estate is None:
        text = "only the message was looked at: with the account's details, statements would be named"
        return replace(said, notes=(*said.notes, text))
    if denial.layer == ACCOUNT or not denial.action:
        return said
    try:
        asker = asker_named(estate, denial.principal) if denial.principal else None
    except NoSuchPrincipal as error:
        return replace(said, notes=(*said.notes, str(error)))
    if denial.layer == TRUST.name and denial.action == "sts:AssumeRole" and denial.services:
        return _of_trust(said, denial, estate)
    if asker is None:
        return replace(said, notes=(*said.notes, "the message does not tell who was refused"))
    asker = replace(asker, context={**asker.context, **denial.context})
    judged = _judged(denial, asker, estate)
    return _compared(said, denial, judged, asker)


def _said(denial: Denial) -> Answer:
    """What the denial alone tells."""
    remedies: tuple[str, ...] = ()
    if denial.outcome == IMPLICIT and denial.layer and denial.action and denial.layer != ACCOUNT:
        remedies = (_remedy(denial),)
    elif denial.layer == ACCOUNT:
        remedies = ("Pass a role of the account in which the call is made.",)
    return Answer(
        principal=denial.principal,
        action=denial.action,
        resource=denial.resource or "*",
        service=denial.services[0] if denial.services else "",
        allowed=False,
        decision=denial.outcome or IMPLICIT,
        reason=denial.reason,
        layer=denial.layer,
        statements=tuple(
            Told(policy, statement, "Action", "", denial.action, (), "Deny")
            for policy, statement in denial.statements
        ),
        remedies=remedies,
    )


def _remedy(denial: Denial) -> str:
    place = _PLACES.get(denial.layer, "a policy")
    text = f"a statement that allows {denial.action}"
    if denial.layer == TRUST.name:
        who = denial.services[0] if denial.services else denial.principal
        return f"Add {text} for {who} to {place}."
    text += f" on {denial.resource or '*'}"
    if denial.action == ACTION and denial.services and denial.layer == IDENTITY.name:
        text += f" to {denial.services[0]}"
    of = f" of {denial.principal}" if denial.layer == IDENTITY.name and denial.principal else ""
    return f"Add {text} to {place}{of}."


def _judged(denial: Denial, asker: Asker, estate: Estate) -> Judged:
    """The engine's own answer to the call, as far as the denial tells of it."""
    resource = _resource(denial.resource, asker, estate)
    if denial.action == ACTION and resource.startswith("arn:"):
        arn = Arn.parse(resource)
        unknown = set() if denial.complete else set(unknown_keys(asker, arn, denial.services))
        if not denial.services and not denial.complete:
            unknown.add(PASSED_TO)
        return judge_pass(
            asker.caller,
            arn,
            denial.services,
            asker.context,
            estate.directory,
            _FACTS,
            unknown=frozenset(unknown - asker.context.keys()),
        )
    owner = _owner(resource) or asker.account
    request = Request(asker.caller.principal, denial.action, resource, owner, asker.context)
    keys = {key for rule in compiled(asker.policies).plan(request).rules() for key in rule.keys}
    unknown = set() if denial.complete else set(asker.unknown(keys, passing=False))
    context = {key: value for key, value in asker.context.items() if key != "aws:resourceaccount"}
    asked = Check(
        denial.action, resource, owner, {**context, "aws:resourceaccount": owner}, frozenset(unknown)
    )
    return check(estate.directory, _FACTS, asker.caller, asked, "us-east-1")


def _resource(text: str, asker: Asker, estate: Estate) -> str:
    """The resource's ARN: IAM's own messages name it otherwise."""
    if not text or text == "*":
        return "*"
    if text.startswith("arn:"):
        return text
    kind, _, name = text.rpartition(" ")
    found = _SLOTS.get(kind)
    if found is None:
        return text
    if name.startswith("arn:"):
        return name
    entity = estate.directory.get(found, asker.account, name.rsplit("/", 1)[-1])
    word = kind.replace(" ", "-")
    return entity.arn if entity is not None else f"arn:aws:iam::{asker.account}:{word}/{name.lstrip('/')}"


def _owner(resource: str) -> str:
    try:
        return Arn.parse(resource).account
    except InvalidArn:
        return ""


def _compared(said: Answer, denial: Denial, judged: Judged, asker: Asker) -> Answer:
    """The denial with the statements that are behind it; what the policies say now where that differs."""
    service = denial.services[0] if denial.services else ""
    now = answered(judged, principal=denial.principal, service=service)
    same = not denial.layer or (denial.layer, denial.outcome) == (now.layer, now.decision)
    notes = (*said.notes, *now.notes)
    if now.allowed:
        text = "by the policies as they are now, the call would be allowed"
        return replace(said, action=now.action, resource=now.resource, notes=(*notes, text))
    if same:
        reason = said.reason or now.reason
        statements = now.statements or said.statements
        return replace(now, allowed=False, reason=reason, statements=statements, notes=notes)
    clauses = _in_layer(denial, judged)
    if clauses:
        remedies = now.remedies if denial.outcome == IMPLICIT and now.decision == IMPLICIT else ()
        return replace(
            said,
            resource=now.resource,
            statements=tuple(clauses),
            conditions=now.conditions,
            remedies=remedies or said.remedies,
            notes=notes,
        )
    text = (
        f"{denial.layer} policies that refuse this are not in the account's details; by those that are: "
        f"{now.reason or 'allowed'}"
    )
    remedies = said.remedies or (now.remedies if denial.outcome == IMPLICIT else ())
    return replace(said, resource=now.resource, remedies=remedies, notes=(*said.notes, text))


def _in_layer(denial: Denial, judged: Judged) -> list[Told]:
    """The statements of the layer that the denial names: Deny ones that match, Allow ones that came near."""
    plan = compiled(judged.policies).plan(judged.request)
    action = judged.request.action
    if denial.outcome == EXPLICIT:
        matched = matching(plan, judged.request, allow=False)
        return [told(one, action) for one in matched if one.layer == denial.layer]
    return [told(one, action) for one in nearest(plan, judged.request, denial.layer)]


def _of_trust(said: Answer, denial: Denial, estate: Estate) -> Answer:
    """Why a service may not assume a role."""
    if not denial.resource.startswith("arn:"):
        return said
    role = role_named(estate.directory, Arn.parse(denial.resource))
    if role is None:
        return replace(said, notes=(*said.notes, f"{denial.resource} is not in the account's details"))
    judged = assuming(estate.directory, role, denial.services[0])
    now = answered(judged, principal=denial.principal, service=denial.services[0])
    if now.allowed:
        text = f"the trust policy of {role.name} admits {denial.services[0]} by now"
        return replace(said, notes=(*said.notes, text))
    theirs = f"the trust policy of {role.name}"
    return replace(
        now,
        reason=said.reason or now.reason,
        remedies=tuple(text.replace("the role trust policy", theirs) for text in now.remedies),
        notes=(*said.notes, *now.notes),
    )
