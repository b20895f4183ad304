"""Account data of a live account, which is only read: ours or AWS's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from passrole.state.estate.details import Page
from passrole.state.estate.estate import Estate, Export, estate_of
from passrole.state.estate.notes import Notes
from passrole.values.errors import PassroleError, ServiceError
from passrole.wire.client import Client

_PAGE: Final = 1000  # entities a page, the most that IAM gives
_TYPES: Final = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")

# Source: Organizations API Reference, DescribeOrganization, errors.
_NO_ORGANIZATION: Final = "AWSOrganizationsNotInUseException"


class CannotRead(PassroleError):
    """The account does not let itself be read; the text says what refused."""


def read_live(client: Client, *organizations: Export) -> Estate:
    """The caller's account, page by page, and its organization.

    Without an organization's export the caller's own is read, as far as the caller may see it. What could
    not be read is noted. Raises CannotRead and NotReached.
    """
    notes = Notes()
    try:
        account = str(client.call("sts", "GetCallerIdentity").get("Account", ""))
        pages = list(_details(client, account))
    except ServiceError as error:
        raise CannotRead(f"the account cannot be read: {error}") from error
    alone = False
    found = list(organizations)
    if not found:
        try:
            own = read_organization(client)
            alone = own is None
            found += [own] if own is not None else []
        except CannotRead as error:
            notes.add(account, "organization", str(error))
    return estate_of(pages, found, notes=notes, alone=alone)


def read_organization(client: Client) -> Export | None:
    """The export of the caller's organization; None where its account is in none.

    A caller of the management account may read it, or of an account to which that is delegated. Raises
    CannotRead and NotReached.
    """
    try:
        return Export(client.url or "organizations", _export(client))
    except ServiceError as error:
        if error.code == _NO_ORGANIZATION:
            return None
        raise CannotRead(f"not read: {error}") from error


def _details(client: Client, account: str) -> Iterator[Page]:
    asked = {"MaxItems": _PAGE}
    answers = client.pages("iam", "GetAccountAuthorizationDetails", asked, token="Marker")
    for answer in answers:
        # That the next page follows is seen to here.
        yield Page(account, {**answer, "IsTruncated": False, "Marker": None}, account)


def _export(client: Client) -> Mapping[str, object]:
    organization = client.call("organizations", "DescribeOrganization")["Organization"]
    roots = _listed(client, "ListRoots", "Roots")
    units: list[dict[str, object]] = []
    accounts: list[dict[str, object]] = []
    parents = [str(root["Id"]) for root in roots]
    while parents:
        parent = parents.pop()
        for unit in _listed(
            client, "ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=parent
        ):
            units.append({**unit, "ParentId": parent})
            parents.append(str(unit["Id"]))
        for one in _listed(client, "ListAccountsForParent", "Accounts", ParentId=parent):
            accounts.append({**one, "ParentId": parent})
    policies: list[dict[str, object]] = []
    for kind in _TYPES:
        for summary in _listed(client, "ListPolicies", "Policies", Filter=kind):
            id = str(summary["Id"])
            policy = client.call("organizations", "DescribePolicy", {"PolicyId": id})["Policy"]
            content = policy.get("Content") if isinstance(policy, Mapping) else None
            targets = _listed(client, "ListTargetsForPolicy", "Targets", PolicyId=id)
            policies.append({"PolicySummary": summary, "Content": content, "Targets": targets})
    return {
        "Organization": organization,
        "Roots": roots,
        "OrganizationalUnits": units,
        "Accounts": accounts,
        "Policies": policies,
    }


def _listed(client: Client, operation: str, member: str, **given: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for page in client.pages("organizations", operation, given):
        rows = page.get(member)
        found += rows if isinstance(rows, list) else []
    return found
