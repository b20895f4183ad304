"""The policies that apply to a caller, as they are at this very moment."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from passrole.authorize.call import Caller
from passrole.catalog import managed
from passrole.decision.request import Policies
from passrole.policy.document import Policy
from passrole.state.directory import Directory
from passrole.state.entities import Group, ManagedPolicy, Role, Session, User
from passrole.state.organization import rcps_for, scps_for
from passrole.state.principals import trust_document
from passrole.values.errors import PassroleError
from passrole.values.glob import pattern_of

_PARSED_KEPT: Final = 20_000
_parsed: OrderedDict[tuple[str, str, str], Policy] = OrderedDict()

_trusts: OrderedDict[tuple[object, ...], Policy] = OrderedDict()


class PolicyGone(PassroleError):
    """A managed policy that is attached but not there: a broken store, never a reason to allow."""


def parsed(text: str, name: str, arn: str = "") -> Policy:
    """The policy of that text, parsed once as long as it is among the newest."""
    place = (text, name, arn)
    policy = _parsed.get(place)
    if policy is None:
        policy = _parsed[place] = Policy.parse(text, name=name, arn=arn)
        if len(_parsed) > _PARSED_KEPT:
            _parsed.popitem(last=False)
    return policy


def forget() -> None:
    """Drops everything that was parsed, as after a reset: it is made again when asked for."""
    _parsed.clear()
    _trusts.clear()
    pattern_of.cache_clear()  # most name one account


def managed_document(directory: Directory, arn: str) -> tuple[str, str]:
    """Text and name of a managed policy's default version: the account's own or AWS's.

    Raises PolicyGone where there is none of that ARN.
    """
    account = arn.split(":", 5)[4]
    # An estate read from an account's details brings AWS's policies as that account has them.
    own = directory.get(ManagedPolicy, account, arn.rsplit("/", 1)[-1])
    if own is not None and own.arn == arn:
        return own.document, own.name
    known = managed.get(arn) if account == "aws" else None
    if known is None:
        raise PolicyGone(f"{arn} is attached but does not exist, or is not in this version's list of AWS's")
    return known.document, known.name


def managed_policy(directory: Directory, arn: str) -> Policy:
    """That version, parsed. Raises PolicyGone."""
    return parsed(*managed_document(directory, arn), arn)


def identity_policies(directory: Directory, entity: User | Group | Role) -> tuple[Policy, ...]:
    """Inline and managed policies of a user (its groups' included), a group or a role."""
    found = [parsed(text, name) for name, text in entity.inline.items()]
    found += [managed_policy(directory, arn) for arn in entity.attached]
    if isinstance(entity, User):
        for group_id in entity.groups:
            group = directory.by_id(Group, group_id)
            if group is not None:
                found += identity_policies(directory, group)
    return tuple(found)


def session_policies(directory: Directory, session: Session) -> tuple[Policy, ...] | None:
    """The session policies of temporary credentials; None where none was given."""
    if session.policies is None and not session.policy_arns:
        return None
    inline = tuple(parsed(text, "session policy") for text in session.policies or ())
    return inline + tuple(managed_policy(directory, arn) for arn in session.policy_arns)


def gather(
    directory: Directory, caller: Caller, *, resource_policy: Policy | None = None, resource_account: str = ""
) -> Policies:
    """Everything that applies to one request of this caller."""
    identity: tuple[Policy, ...] = ()
    boundaries: tuple[Policy, ...] = ()
    session: tuple[Policy, ...] | None = None
    entity = caller.role if caller.role is not None else caller.user
    scps: tuple[tuple[Policy, ...], ...] = ()
    if entity is not None:
        identity = identity_policies(directory, entity)
        if entity.boundary:
            boundaries = (managed_policy(directory, entity.boundary),)
    if caller.session is not None:
        session = session_policies(directory, caller.session)
    linked = caller.role is not None and caller.role.service_linked
    if caller.account and not linked:
        scps = _levels(scps_for(directory, caller.account))
    owner = resource_account or caller.account
    rcps = () if linked or not owner else _levels(rcps_for(directory, owner))
    return Policies(
        identity=identity,
        resource=resource_policy,
        boundaries=boundaries,
        session=session,
        scps=scps,
        rcps=rcps,
    )


def _levels(levels: tuple[tuple[tuple[str, str, str], ...], ...]) -> tuple[tuple[Policy, ...], ...]:
    """(text, name, arn) triples a level, as ``state.organization`` keeps them, parsed."""
    return tuple(tuple(parsed(*policy) for policy in level) for level in levels)


def trust_policy(role: Role) -> Policy:
    """A role's trust policy with the principals it names as the unique ids they had when it was saved."""
    place = (role.trust, role.name, tuple(role.trust_ids.items()))
    known = _trusts.get(place)
    if known is None:
        known = _trusts[place] = parsed(trust_document(role), role.name)
        if len(_trusts) > _PARSED_KEPT:
            _trusts.popitem(last=False)
    return known
