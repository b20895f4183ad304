"""Member accounts: making, finding, moving, removing and closing them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.organizations import lookup, views
from passrole.services.organizations.errors import OrganizationsError
from passrole.services.organizations.organization import add_member, remove_member
from passrole.services.organizations.tags import checked_tags
from passrole.state.accounts import add_account, unused_account
from passrole.state.entities import Account, Role
from passrole.state.organization import CHILD_OF, AccountRequest, Member
from passrole.values.ids import ROLE

if TYPE_CHECKING:
    from passrole.services.shapes import organizations as shapes

_ACCESS_ROLE: Final = "OrganizationAccountAccessRole"
_ADMINISTRATOR: Final = "arn:aws:iam::aws:policy/AdministratorAccess"


@operation("organizations:CreateAccount")
def create_account(call: ServiceCall, given: shapes.CreateAccountRequest) -> Output:
    """Makes a member account with a role that the management account can assume.

    The answer says IN_PROGRESS, as AWS's does; the account is there at once, and the next
    DescribeCreateAccountStatus tells so, or why it failed.
    """
    organization = lookup.managed(call)
    tags = checked_tags(given.get("Tags", ()))
    now = call.now.replace(microsecond=0)
    request = AccountRequest(
        account=call.account,
        id=call.ids.lower("car-", 32),
        name=given["AccountName"],
        state="IN_PROGRESS",
        requested=now,
    )
    answer = _status(request)
    email = given["Email"]
    if any(other.email.lower() == email.lower() for other in call.directory.everywhere(Account)):
        failed = replace(request, state="FAILED", failure="EMAIL_ALREADY_EXISTS", completed=now)
        call.directory.put(failed)
        return {"CreateAccountStatus": answer}
    account = unused_account(call.directory, call.ids)
    add_account(call.directory, account, given["AccountName"], call.now, email=email, created_by=call.account)
    call.directory.put(_access_role(call, account, given.get("RoleName", _ACCESS_ROLE)))
    member = add_member(call, organization, account, method="CREATED")
    call.directory.put(replace(member, tags=tags))
    call.directory.put(replace(request, state="SUCCEEDED", made=account, completed=now))
    return {"CreateAccountStatus": answer}


def _access_role(call: ServiceCall, account: str, name: str) -> Role:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{call.account}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    return Role(
        account=account,
        name=name,
        id=call.ids.unique(ROLE, account),
        created=call.now.replace(microsecond=0),
        trust=json.dumps(trust, separators=(",", ":")),
        attached=(_ADMINISTRATOR,),
    )


@operation("organizations:DescribeCreateAccountStatus")
def describe_status(call: ServiceCall, given: shapes.DescribeCreateAccountStatusRequest) -> Output:
    """How a CreateAccount went. Raises CreateAccountStatusNotFoundException."""
    organization = lookup.readable(call)
    id = given["CreateAccountRequestId"]
    request = call.directory.by_key(AccountRequest, organization.account, id)
    if request is None:
        raise OrganizationsError.of("CreateAccountStatusNotFoundException")
    return {"CreateAccountStatus": _status(request)}


@operation("organizations:ListCreateAccountStatus")
def list_statuses(call: ServiceCall, given: shapes.ListCreateAccountStatusRequest) -> Output:
    """All CreateAccount requests, or those in the given states."""
    organization = lookup.readable(call)
    states = given.get("States") or ()
    place = lookup.start(given.get("NextToken"))
    found = (
        request
        for request in call.directory.after(AccountRequest, organization.account, place)
        if not states or request.state in states
    )
    requests, cut = lookup.page(found, lambda request: request.key, given.get("MaxResults"))
    return {"CreateAccountStatuses": [_status(request) for request in requests], **cut}


def _status(request: AccountRequest) -> shapes.CreateAccountStatus:
    view: shapes.CreateAccountStatus = {
        "Id": request.id,
        "AccountName": request.name,
        "State": request.state,
        "RequestedTimestamp": request.requested,
    }
    if request.completed is not None:
        view["CompletedTimestamp"] = request.completed
    if request.made:
        view["AccountId"] = request.made
    if request.failure:
        view["FailureReason"] = request.failure
    return view


@operation("organizations:DescribeAccount")
def describe_account(call: ServiceCall, given: shapes.DescribeAccountRequest) -> Output:
    """A member account. Raises AccountNotFoundException."""
    organization = lookup.readable(call)
    member = lookup.member(call, organization, given["AccountId"])
    return {"Account": views.account(call, organization, member)}


@operation("organizations:ListAccounts")
def list_accounts(call: ServiceCall, given: shapes.ListAccountsRequest) -> Output:
    """All member accounts, the management account among them."""
    organization = lookup.readable(call)
    place = lookup.start(given.get("NextToken"))
    found = call.directory.after(Member, organization.account, place)
    members, cut = lookup.page(found, lambda member: member.key, given.get("MaxResults"))
    return {"Accounts": [views.account(call, organization, member) for member in members], **cut}


@operation("organizations:ListAccountsForParent")
def list_accounts_for_parent(call: ServiceCall, given: shapes.ListAccountsForParentRequest) -> Output:
    """The accounts right under the root or a unit. Raises ParentNotFoundException."""
    organization = lookup.readable(call)
    parent = lookup.parent(call, organization, given["ParentId"])
    under = [node for node in call.directory.referring(CHILD_OF, parent.id) if isinstance(node, Member)]
    members, cut = lookup.page_of(under, given.get("NextToken"), given.get("MaxResults"))
    return {"Accounts": [views.account(call, organization, member) for member in members], **cut}


@operation("organizations:MoveAccount")
def move_account(call: ServiceCall, given: shapes.MoveAccountRequest) -> Output:
    """Moves an account between root and units; other policies reach it from the next call on.

    Raises AccountNotFoundException, SourceParentNotFoundException, DestinationParentNotFoundException or
    DuplicateAccountException.
    """
    organization = lookup.managed(call)
    member = lookup.member(call, organization, given["AccountId"])
    source = lookup.parent(call, organization, given["SourceParentId"], "SourceParentNotFoundException")
    destination = lookup.parent(
        call, organization, given["DestinationParentId"], "DestinationParentNotFoundException"
    )
    if member.parent != source.id:
        raise OrganizationsError.of("SourceParentNotFoundException")
    if destination.id == source.id:
        raise OrganizationsError.of("DuplicateAccountException")
    call.directory.put(replace(member, parent=destination.id))
    return {}


@operation("organizations:RemoveAccountFromOrganization")
def remove_account(call: ServiceCall, given: shapes.RemoveAccountFromOrganizationRequest) -> Output:
    """Takes a member out of the organization.

    Raises AccountNotFoundException or MasterCannotLeaveOrganizationException.
    """
    organization = lookup.managed(call)
    member = lookup.member(call, organization, given["AccountId"])
    if member.id == organization.account:
        raise OrganizationsError.of("MasterCannotLeaveOrganizationException")
    remove_member(call, organization, member)
    return {}


@operation("organizations:CloseAccount")
def close_account(call: ServiceCall, given: shapes.CloseAccountRequest) -> Output:
    """Closes a member account: its credentials stop working at once; it stays listed as SUSPENDED.

    Raises AccountNotFoundException, AccountAlreadyClosedException or ConstraintViolationException.
    """
    organization = lookup.managed(call)
    member = lookup.member(call, organization, given["AccountId"])
    if member.id == organization.account:
        raise OrganizationsError.of(
            "ConstraintViolationException",
            "You can't close the management account.",  # assumed wording
            "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
        )
    if member.status == "SUSPENDED":
        raise OrganizationsError.of("AccountAlreadyClosedException")
    call.directory.put(replace(member, status="SUSPENDED"))
    return {}
