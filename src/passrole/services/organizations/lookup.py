"""Finding the caller's organization and what is in it, or failing in Organizations' words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NotRequired, TypedDict, TypeVar

from passrole.services import pages
from passrole.services.operation import ServiceCall
from passrole.services.organizations.errors import OrganizationsError
from passrole.state.entities import Account
from passrole.state.organization import (
    DelegatedAdministrator,
    Member,
    Organization,
    Unit,
    organization_of,
    path,
)

T = TypeVar("T")

_LARGEST_PAGE = 20


class Cut(TypedDict):
    """The output member of a listing."""

    NextToken: NotRequired[str]


def own(call: ServiceCall) -> Organization:
    """The organization of the caller's account. Raises AWSOrganizationsNotInUseException."""
    organization = organization_of(call.directory, call.account)
    if organization is None:
        raise OrganizationsError.of("AWSOrganizationsNotInUseException")
    return organization


def managed(call: ServiceCall) -> Organization:
    """The organization, where the caller is its management account.

    Raises AWSOrganizationsNotInUseException or AccessDeniedException.
    """
    organization = own(call)
    if organization.account != call.account:
        raise OrganizationsError.of("AccessDeniedException")
    return organization


def readable(call: ServiceCall) -> Organization:
    """The organization, where the caller may look at it: its management account or a delegated
    administrator of any service.

    Raises AWSOrganizationsNotInUseException or AccessDeniedException.
    """
    organization = own(call)
    if organization.account == call.account:
        return organization
    rows = call.directory.after(DelegatedAdministrator, organization.account, f"{call.account} ")
    first = next(iter(rows), None)
    if first is None or first.member != call.account:
        raise OrganizationsError.of("AccessDeniedException")
    return organization


def member(call: ServiceCall, organization: Organization, account: str) -> Member:
    """Raises AccountNotFoundException."""
    found = call.directory.by_key(Member, organization.account, account)
    if found is None:
        raise OrganizationsError.of("AccountNotFoundException")
    return found


def unit(call: ServiceCall, organization: Organization, id: str) -> Unit:
    """An organizational unit, not the root. Raises OrganizationalUnitNotFoundException."""
    found = call.directory.by_key(Unit, organization.account, id)
    if found is None or not found.parent:
        raise OrganizationsError.of("OrganizationalUnitNotFoundException")
    return found


def parent(
    call: ServiceCall, organization: Organization, id: str, missing: str = "ParentNotFoundException"
) -> Unit:
    """The root or an organizational unit. Raises the error of code missing."""
    found = call.directory.by_key(Unit, organization.account, id)
    if found is None:
        raise OrganizationsError.of(missing)
    return found


def target(call: ServiceCall, organization: Organization, id: str) -> Unit | Member:
    """What a policy can be attached to. Raises TargetNotFoundException."""
    found = call.directory.by_key(Unit, organization.account, id) or call.directory.by_key(
        Member, organization.account, id
    )
    if found is None:
        raise OrganizationsError.of("TargetNotFoundException")
    return found


def account_of(call: ServiceCall, id: str) -> Account:
    """An account of this endpoint. Raises AccountNotFoundException."""
    found = call.directory.by_key(Account, id, id)
    if found is None:
        raise OrganizationsError.of("AccountNotFoundException")
    return found


def unit_path(call: ServiceCall, organization: Organization, unit: Unit) -> str:
    """``o-…/r-…/ou-…/`` of the root or a unit."""
    ids = [unit.id]
    while unit.parent:
        unit = parent(call, organization, unit.parent)
        ids.append(unit.id)
    return "/".join((organization.id, *reversed(ids), ""))


def member_path(call: ServiceCall, organization: Organization, member: Member) -> str:
    """``o-…/r-…/ou-…/ACCOUNT/`` of a member."""
    return "/".join((organization.id, *(node.id for node in path(call.directory, member.id)), ""))


def start(token: str | None) -> str:
    """Where a page of a listing begins. Raises InvalidInputException."""
    try:
        return pages.key_of(token)
    except pages.ForeignToken:
        raise _foreign() from None


def page(found: Iterable[T], key: Callable[[T], str], most: int | None) -> tuple[list[T], Cut]:
    """The first items of found, which begins where start said, and the token of the next page."""
    items, token = pages.page(found, key, _LARGEST_PAGE if most is None else most)
    return items, _cut(token)


def page_of(found: Sequence[T], token: str | None, most: int | None) -> tuple[list[T], Cut]:
    """A page of a short list that is kept whole. Raises InvalidInputException."""
    try:
        items, following = pages.page_of(found, token, _LARGEST_PAGE if most is None else most)
    except pages.ForeignToken:
        raise _foreign() from None
    return items, _cut(following)


def _cut(token: str | None) -> Cut:
    return {} if token is None else {"NextToken": token}


def _foreign() -> OrganizationsError:
    return OrganizationsError.of(
        "InvalidInputException", "You specified an invalid value.", "INVALID_PAGINATION_TOKEN"
    )
