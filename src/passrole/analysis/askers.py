"""The principals of an estate as callers: their policies, and which keys of a call are known beforehand.

A question to an estate is no call: some keys follow from who asks, some are absent from iam:PassRole whoever
asks, and the others are unknown, which is not the same as absent.
Source: IAM User Guide, "AWS global condition context keys"; "Grant a user permissions to pass a role to an
AWS service".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from passrole.authorize.call import Caller
from passrole.authorize.context import Values, principal_context
from passrole.authorize.gather import gather, parsed, trust_policy
from passrole.decision.request import Policies
from passrole.state.directory import Directory
from passrole.state.entities import Role, User
from passrole.state.estate.estate import Estate
from passrole.state.organization import member_of, org_id, org_path
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, PassroleError
from passrole.values.glob import Pattern
from passrole.values.principal import Principal, PrincipalKind

PASSED_TO: Final = "iam:passedtoservice"
ASSOCIATED: Final = "iam:associatedresourcearn"
_TAG: Final = "aws:principaltag/"
_TAG_SESSION: Final = "sts:tagsession"

# No call that passes a role carries these for iam:PassRole, whatever its own action carries.
_NEVER_PASSING: Final = ("aws:resourcetag/", "aws:requesttag/")
_NEVER_PASSING_KEYS: Final = frozenset(("aws:tagkeys",))

# Keys of a service principal's own calls: users and roles lack them.
_OF_SERVICES: Final = frozenset(
    (
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
    )
)
_OF_SESSIONS: Final = frozenset(("aws:federatedprovider", "aws:sourceidentity", "aws:assumedroot"))
OF_ORGANIZATIONS: Final = frozenset(
    ("aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid", "aws:resourceorgpaths")
)

# Keys of other services that ride on a role session's credentials. Source: the User Guides of EC2 ("Policies
# with instance identity"), Lambda, Systems Manager and Glue.
_RIDING: Final = frozenset(
    (
        "ec2:instancemetadatatags",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "glue:credentialissuingservice",
        "glue:roleassumedby",
        "identitystore:userid",
        "lambda:sourcefunctionarn",
        "ssm:sourceinstancearn",
    )
)


class NoSuchPrincipal(PassroleError):
    """A principal that the estate does not have."""


@dataclass(frozen=True, slots=True, eq=False)
class Asker:
    """One principal as it would call.

    arn is how it is listed: a session by its role. context holds the keys that are known of it, names in
    lower case.
    """

    arn: str
    caller: Caller
    policies: Policies
    context: Mapping[str, Values]
    organized: bool  # is the organization known?
    tagged: bool = False  # may its sessions carry tags that override the role's?

    @property
    def account(self) -> str:
        """The account it belongs to."""
        return self.caller.account

    def unknown(self, keys: Iterable[str], *, passing: bool = True) -> Iterator[str]:
        """Which of these keys (lower case) are unknown in a call that nobody has made yet.

        passing tells that the question is about iam:PassRole; iam:PassedToService is the question's own.
        """
        for key in keys:
            if key not in self.context and not self.lacks(key, passing=passing):
                yield key

    def lacks(self, key: str, *, passing: bool = True) -> bool:
        """Is a key that context does not have surely absent?"""
        service, _, _ = key.partition(":")
        session = self.caller.principal.kind is PrincipalKind.ROLE_SESSION
        if service == "aws":
            if key.startswith(_NEVER_PASSING) or key in _NEVER_PASSING_KEYS:
                return passing
            if key.startswith(_TAG):
                return not session  # a session may bring tags that its role lacks
            if key in _OF_SERVICES:
                return True
            if key in _OF_SESSIONS or key == "aws:username":
                return not session or key == "aws:username"
            return self.organized and key in OF_ORGANIZATIONS
        if service == "passrole":
            return False
        if rides(key):
            return not session
        return passing and key not in (ASSOCIATED, PASSED_TO)


def rides(key: str) -> bool:
    """Is it a key (lower case) that comes with the credentials of a role session, if at all?"""
    service, _, _ = key.partition(":")
    return key in _RIDING or "." in service or service in ("saml", "sts", "identitystore")


def never_passing(key: str) -> bool:
    """Is it a key (lower case) that no user's or role's call carries for iam:PassRole?"""
    service, _, _ = key.partition(":")
    if service == "aws":
        return key.startswith(_NEVER_PASSING) or key in _NEVER_PASSING_KEYS or key in _OF_SERVICES
    return not rides(key) and key not in (ASSOCIATED, PASSED_TO)


def asker_of(estate: Estate, entity: User | Role, policies: Policies | None = None) -> Asker:
    """The user, or a session of the role. policies are its policies where they are known already."""
    if isinstance(entity, User):
        principal = Principal(PrincipalKind.USER, entity.arn, entity.account, entity.id)
        return _asker(estate, entity.arn, Caller(principal, user=entity), policies=policies)
    session = f"arn:aws:sts::{entity.account}:assumed-role/{entity.name}/passrole"
    principal = Principal(
        PrincipalKind.ROLE_SESSION, session, entity.account, f"{entity.id}:passrole", role_arn=entity.arn
    )
    return _asker(estate, entity.arn, Caller(principal, role=entity), any_session=True, policies=policies)


def _asker(
    estate: Estate,
    arn: str,
    caller: Caller,
    *,
    any_session: bool = False,
    policies: Policies | None = None,
) -> Asker:
    directory = estate.directory
    account = caller.account
    known = dict(principal_context(caller))
    known["aws:resourceaccount"] = account
    tagged = False
    if caller.principal.kind is PrincipalKind.ROLE_SESSION:
        if any_session or not caller.principal.id:
            known.pop("aws:userid", None)
        tagged = caller.role is None or may_tag(caller.role)
        if tagged:
            known = {key: value for key, value in known.items() if not key.startswith(_TAG)}
    if caller.principal.kind is PrincipalKind.FEDERATED_USER:
        tagged = True
    if estate.organized and member_of(directory, account) is not None:
        for who in ("principal", "resource"):
            known[f"aws:{who}orgid"] = org_id(directory, account)
            known[f"aws:{who}orgpaths"] = (org_path(directory, account),)
    return Asker(
        arn=arn,
        caller=caller,
        policies=policies or gather(directory, caller, resource_account=account),
        context=known,
        organized=estate.organized,
        tagged=tagged,
    )


def may_tag(role: Role) -> bool:
    """Does the role's trust policy let anyone bring tags into a session?"""
    document = parsed(role.trust, "")
    for statement in document.statements:
        if statement.allows:
            named = any(Pattern.parse(text.lower()).matches(_TAG_SESSION) for text in statement.actions)
            if named != statement.not_action:
                return True
    return False


def has_policies(entity: User | Role) -> bool:
    """May it have identity-based policies, its groups' included? Without any it passes no role."""
    return bool(entity.inline or entity.attached or (isinstance(entity, User) and entity.groups))


def askers(estate: Estate, account: str) -> Iterator[Asker]:
    """Every user and role of an account, users first, each in order of name."""
    for user in estate.directory.all(User, account):
        yield asker_of(estate, user)
    for role in estate.directory.all(Role, account):
        yield asker_of(estate, role)


def asker_named(estate: Estate, text: str) -> Asker:
    """The principal of an ARN: a user's, a role's, a role session's, a federated user's or a root's.

    Raises NoSuchPrincipal, saying what is wrong.
    """
    try:
        arn = Arn.parse(text)
    except InvalidArn as error:
        raise NoSuchPrincipal(str(error)) from error
    directory = estate.directory
    if arn.account not in estate.accounts:
        raise NoSuchPrincipal(f"{text}: the details have nothing of account {arn.account or '(none)'}")
    if arn.service == "iam" and arn.kind == "user":
        user = directory.get(User, arn.account, arn.name)
        if user is not None and user.arn == text:
            return asker_of(estate, user)
        raise NoSuchPrincipal(f"{text}: there is no such user in the details{_instead(user)}")
    if arn.service == "iam" and arn.kind == "role":
        role = directory.get(Role, arn.account, arn.name)
        if role is not None and role.arn == text:
            return asker_of(estate, role)
        raise NoSuchPrincipal(f"{text}: there is no such role in the details{_instead(role)}")
    try:
        principal = Principal.parse(text)
    except InvalidArn:
        raise NoSuchPrincipal(f"{text}: neither a user, a role, a session nor a root user") from None
    return _session_asker(estate, principal, arn)


def _session_asker(estate: Estate, principal: Principal, arn: Arn) -> Asker:
    directory = estate.directory
    if principal.kind is PrincipalKind.ROLE_SESSION:
        role = directory.get(Role, arn.account, arn.resource.split("/")[1])
        if role is None:
            raise NoSuchPrincipal(f"{principal.arn}: there is no such role in the details")
        session = Principal(
            PrincipalKind.ROLE_SESSION,
            principal.arn,
            arn.account,
            f"{role.id}:{principal.session_name}",
            role_arn=role.arn,
        )
        return _asker(estate, role.arn, Caller(session, role=role))
    if principal.kind is PrincipalKind.ROOT:
        return _asker(estate, principal.arn, Caller(principal))
    if principal.kind is PrincipalKind.FEDERATED_USER:
        raise NoSuchPrincipal(
            f"{principal.arn}: a federated user's rights are those of the user that issued the session: "
            "ask for that user"
        )
    raise NoSuchPrincipal(f"{principal.arn}: neither a user, a role, a session nor a root user")


def _instead(entity: User | Role | None) -> str:
    return f"; there is {entity.arn}" if entity is not None else ""


def role_named(directory: Directory, arn: Arn) -> Role | None:
    """The role of exactly that ARN."""
    role = directory.get(Role, arn.account, arn.name)
    return role if role is not None and role.arn == str(arn) else None


def services_trusted(role: Role) -> tuple[str, ...]:
    """The service principals that a role's trust policy names in an Allow, ``*`` where it takes everyone."""
    found: dict[str, None] = {}
    for statement in trust_policy(role).statements:
        if not statement.allows or statement.principals is None:
            continue
        for name in statement.principals:
            if statement.not_principal or name.value == "*":
                found["*"] = None
            elif name.kind == "Service":
                found[name.value] = None
    return tuple(found)
