"""Invitations, and the handshake that enables all features."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.organizations import lookup, views
from passrole.services.organizations.errors import OrganizationsError
from passrole.services.organizations.organization import add_member
from passrole.services.organizations.tags import checked_tags
from passrole.state.entities import Account
from passrole.state.organization import (
    HANDSHAKE_FOR,
    Handshake,
    Organization,
    member_of,
)

if TYPE_CHECKING:
    from passrole.services.shapes import organizations as shapes

_INVITATION_LIFE: Final = timedelta(days=15)  # Source: InviteAccountToOrganization
_OPEN: Final = ("REQUESTED", "OPEN")


@operation("organizations:InviteAccountToOrganization")
def invite(call: ServiceCall, given: shapes.InviteAccountToOrganizationRequest) -> Output:
    """Invites another account of this endpoint, by id or e-mail address.

    Raises HandshakeConstraintViolationException, DuplicateHandshakeException, AccountNotFoundException or
    InvalidInputException.
    """
    organization = lookup.managed(call)
    tags = checked_tags(given.get("Tags", ()))
    recipient, type = given["Target"]["Id"], given["Target"]["Type"]
    if type not in ("ACCOUNT", "EMAIL"):
        raise OrganizationsError.of(
            "InvalidInputException",
            "You specified the wrong type of entity (account, organization, or email) as a party.",
            "INVALID_PARTY_TYPE_TARGET",
        )
    if type == "ACCOUNT" and member_of(call.directory, lookup.account_of(call, recipient).key) is not None:
        raise _already()
    for other in call.directory.referring(HANDSHAKE_FOR, recipient):
        if isinstance(other, Handshake) and other.account == call.account and _is_open(call, other):
            raise OrganizationsError.of("DuplicateHandshakeException")
    now = call.now.replace(microsecond=0)
    handshake = Handshake(
        account=call.account,
        id=call.ids.lower("h-", 10),
        action="INVITE",
        state="OPEN",
        requested=now,
        expires=now + _INVITATION_LIFE,
        recipient=recipient,
        recipient_type=type,
        notes=given.get("Notes", ""),
        organization_id=organization.id,
        tags=tags,
    )
    call.directory.put(handshake)
    return {"Handshake": views.handshake(call, handshake)}


@operation("organizations:AcceptHandshake")
def accept(call: ServiceCall, given: shapes.AcceptHandshakeRequest) -> Output:
    """The invited account joins; the management account completes the change to all features.

    Raises HandshakeNotFoundException, HandshakeAlreadyInStateException, AccessDeniedException,
    InvalidHandshakeTransitionException or HandshakeConstraintViolationException.
    """
    handshake = _handshake(call, given["HandshakeId"])
    _ensure_open(call, handshake, "ACCEPTED")
    organization = call.directory.by_key(Organization, handshake.account, "organization")
    if organization is None:
        raise OrganizationsError.of("HandshakeNotFoundException")
    if handshake.action == "INVITE":
        if not _invited(call, handshake):
            raise OrganizationsError.of("AccessDeniedException")
        if member_of(call.directory, call.account) is not None:
            raise _already()
        member = add_member(call, organization, call.account, method="INVITED")
        call.directory.put(replace(member, tags=handshake.tags))
    else:
        if handshake.account != call.account:
            raise OrganizationsError.of("AccessDeniedException")
        call.directory.put(replace(organization, feature_set="ALL"))
    return _moved(call, handshake, "ACCEPTED")


@operation("organizations:DeclineHandshake")
def decline(call: ServiceCall, given: shapes.DeclineHandshakeRequest) -> Output:
    """The invited account refuses. Raises as AcceptHandshake does."""
    handshake = _handshake(call, given["HandshakeId"])
    _ensure_open(call, handshake, "DECLINED")
    if not _invited(call, handshake):
        raise OrganizationsError.of("AccessDeniedException")
    return _moved(call, handshake, "DECLINED")


@operation("organizations:CancelHandshake")
def cancel(call: ServiceCall, given: shapes.CancelHandshakeRequest) -> Output:
    """The management account takes an invitation back. Raises as AcceptHandshake does."""
    handshake = _handshake(call, given["HandshakeId"])
    _ensure_open(call, handshake, "CANCELED")
    if handshake.account != call.account:
        raise OrganizationsError.of("AccessDeniedException")
    return _moved(call, handshake, "CANCELED")


@operation("organizations:DescribeHandshake")
def describe(call: ServiceCall, given: shapes.DescribeHandshakeRequest) -> Output:
    """A handshake that the caller is a party of. Raises HandshakeNotFoundException."""
    return {"Handshake": views.handshake(call, _handshake(call, given["HandshakeId"]))}


@operation("organizations:ListHandshakesForAccount")
def list_for_account(call: ServiceCall, given: shapes.ListHandshakesForAccountRequest) -> Output:
    """The invitations that the caller's account got."""
    addresses = [call.account, lookup.account_of(call, call.account).email]
    wanted = given.get("Filter", {}).get("ActionType")
    found = [
        handshake
        for address in addresses
        if address
        for handshake in call.directory.referring(HANDSHAKE_FOR, address)
        if isinstance(handshake, Handshake) and wanted in (None, handshake.action)
    ]
    shown, cut = lookup.page_of(found, given.get("NextToken"), given.get("MaxResults"))
    return {"Handshakes": [views.handshake(call, handshake) for handshake in shown], **cut}


@operation("organizations:ListHandshakesForOrganization")
def list_for_organization(call: ServiceCall, given: shapes.ListHandshakesForOrganizationRequest) -> Output:
    """The handshakes that the organization began."""
    organization = lookup.readable(call)
    wanted = given.get("Filter", {}).get("ActionType")
    place = lookup.start(given.get("NextToken"))
    found = (
        handshake
        for handshake in call.directory.after(Handshake, organization.account, place)
        if wanted in (None, handshake.action)
    )
    shown, cut = lookup.page(found, lambda handshake: handshake.key, given.get("MaxResults"))
    return {"Handshakes": [views.handshake(call, handshake) for handshake in shown], **cut}


def _handshake(call: ServiceCall, id: str) -> Handshake:
    handshake = call.directory.by_id(Handshake, id)
    if handshake is None or not (handshake.account == call.account or _invited(call, handshake)):
        raise OrganizationsError.of("HandshakeNotFoundException")
    return handshake


def _invited(call: ServiceCall, handshake: Handshake) -> bool:
    account = call.directory.by_key(Account, call.account, call.account)
    return handshake.recipient == call.account or (
        account is not None and bool(account.email) and handshake.recipient == account.email
    )


def _is_open(call: ServiceCall, handshake: Handshake) -> bool:
    return handshake.state in _OPEN and handshake.expires > call.now


def _ensure_open(call: ServiceCall, handshake: Handshake, wanted: str) -> None:
    if handshake.state == wanted:
        raise OrganizationsError.of("HandshakeAlreadyInStateException")
    if not _is_open(call, handshake):
        raise OrganizationsError.of("InvalidHandshakeTransitionException")


def _moved(call: ServiceCall, handshake: Handshake, state: str) -> Output:
    changed = replace(handshake, state=state)
    call.directory.put(changed)
    return {"Handshake": views.handshake(call, changed)}


def _already() -> OrganizationsError:
    return OrganizationsError.of(
        "HandshakeConstraintViolationException",
        "The handshake request is invalid because the invited account is already a member of an "
        "organization.",
        "ALREADY_IN_AN_ORGANIZATION",
    )
