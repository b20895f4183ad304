"""Organizational units and the tree that they and the accounts make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.organizations import lookup, views
from passrole.services.organizations.errors import OrganizationsError
from passrole.services.organizations.organization import full_access
from passrole.services.organizations.tags import checked_tags
from passrole.state.organization import CHILD_OF, Member, Organization, Unit

if TYPE_CHECKING:
    from passrole.services.shapes import organizations as shapes

_DEEPEST: Final = 5  # units below the root. Source: Organizations User Guide, "Quotas and service limits"


@operation("organizations:CreateOrganizationalUnit")
def create_unit(call: ServiceCall, given: shapes.CreateOrganizationalUnitRequest) -> Output:
    """Adds a unit under the root or another unit.

    Raises ParentNotFoundException, DuplicateOrganizationalUnitException or ConstraintViolationException.
    """
    organization = lookup.managed(call)
    tags = checked_tags(given.get("Tags", ()))
    parent = lookup.parent(call, organization, given["ParentId"])
    _ensure_free(call, parent.id, given["Name"])
    depth = lookup.unit_path(call, organization, parent).count("/ou-")
    if depth >= _DEEPEST:
        raise OrganizationsError.of(
            "ConstraintViolationException",
            "You have exceeded the allowed depth of organizational units.",  # assumed wording
            "OU_DEPTH_LIMIT_EXCEEDED",
        )
    prefix = f"ou-{organization.root_id.removeprefix('r-')}-"
    unit = Unit(
        account=organization.account,
        id=call.ids.lower(prefix, 8),
        name=given["Name"],
        parent=parent.id,
        policies=full_access(organization),
        tags=tags,
    )
    call.directory.put(unit)
    return {"OrganizationalUnit": views.unit(call, organization, unit)}


@operation("organizations:DescribeOrganizationalUnit")
def describe_unit(call: ServiceCall, given: shapes.DescribeOrganizationalUnitRequest) -> Output:
    """A unit. Raises OrganizationalUnitNotFoundException."""
    organization = lookup.readable(call)
    unit = lookup.unit(call, organization, given["OrganizationalUnitId"])
    return {"OrganizationalUnit": views.unit(call, organization, unit)}


@operation("organizations:UpdateOrganizationalUnit")
def update_unit(call: ServiceCall, given: shapes.UpdateOrganizationalUnitRequest) -> Output:
    """Renames a unit. Raises OrganizationalUnitNotFoundException, DuplicateOrganizationalUnitException."""
    organization = lookup.managed(call)
    unit = lookup.unit(call, organization, given["OrganizationalUnitId"])
    name = given.get("Name", unit.name)
    if name != unit.name:
        _ensure_free(call, unit.parent, name)
        unit = replace(unit, name=name)
        call.directory.put(unit)
    return {"OrganizationalUnit": views.unit(call, organization, unit)}


@operation("organizations:DeleteOrganizationalUnit")
def delete_unit(call: ServiceCall, given: shapes.DeleteOrganizationalUnitRequest) -> Output:
    """Removes an empty unit.

    Raises OrganizationalUnitNotFoundException or OrganizationalUnitNotEmptyException.
    """
    organization = lookup.managed(call)
    unit = lookup.unit(call, organization, given["OrganizationalUnitId"])
    if call.directory.oldest(CHILD_OF, unit.id) is not None:
        raise OrganizationsError.of("OrganizationalUnitNotEmptyException")
    call.directory.delete(unit)
    return {}


@operation("organizations:ListOrganizationalUnitsForParent")
def list_units(call: ServiceCall, given: shapes.ListOrganizationalUnitsForParentRequest) -> Output:
    """The units right under the root or a unit. Raises ParentNotFoundException."""
    organization = lookup.readable(call)
    under = _children(call, organization, given["ParentId"], Unit)
    units, cut = lookup.page_of(under, given.get("NextToken"), given.get("MaxResults"))
    shown = [views.unit(call, organization, unit) for unit in units if isinstance(unit, Unit)]
    return {"OrganizationalUnits": shown, **cut}


@operation("organizations:ListChildren")
def list_children(call: ServiceCall, given: shapes.ListChildrenRequest) -> Output:
    """The units, or the accounts, right under the root or a unit. Raises ParentNotFoundException."""
    organization = lookup.readable(call)
    type = given["ChildType"]
    under = _children(call, organization, given["ParentId"], Member if type == "ACCOUNT" else Unit)
    found, cut = lookup.page_of(under, given.get("NextToken"), given.get("MaxResults"))
    return {"Children": [{"Id": child.id, "Type": type} for child in found], **cut}


@operation("organizations:ListParents")
def list_parents(call: ServiceCall, given: shapes.ListParentsRequest) -> Output:
    """The one root or unit that a unit or account is under. Raises ChildNotFoundException."""
    organization = lookup.readable(call)
    id = given["ChildId"]
    child = call.directory.by_key(Unit, organization.account, id) or call.directory.by_key(
        Member, organization.account, id
    )
    if child is None or not child.parent:
        raise OrganizationsError.of("ChildNotFoundException")
    type = "ROOT" if child.parent == organization.root_id else "ORGANIZATIONAL_UNIT"
    return {"Parents": [{"Id": child.parent, "Type": type}]}


def _children(
    call: ServiceCall, organization: Organization, id: str, kind: type[Unit | Member]
) -> list[Unit | Member]:
    parent = lookup.parent(call, organization, id)
    return [node for node in call.directory.referring(CHILD_OF, parent.id) if isinstance(node, kind)]


def _ensure_free(call: ServiceCall, parent: str, name: str) -> None:
    for node in call.directory.referring(CHILD_OF, parent):
        if isinstance(node, Unit) and node.name == name:
            raise OrganizationsError.of("DuplicateOrganizationalUnitException")
