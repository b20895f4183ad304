"""An organization's export read into a directory: its tree, its accounts and its policies.

AWS has no such export of its own; this one is put together from what Organizations' operations give, in
their member names::

    {"Organization": DescribeOrganization's,
     "Roots": ListRoots's,
     "OrganizationalUnits": [ListOrganizationalUnitsForParent's with "ParentId"],
     "Accounts": [ListAccountsForParent's with "ParentId"],
     "Policies": [DescribePolicy's with "Targets": ListTargetsForPolicy's]}

Source: Organizations API Reference, data types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.state.directory import Directory
from passrole.state.estate import unread
from passrole.state.estate.notes import Notes, UnreadableEstate
from passrole.state.estate.row import EPOCH, Row
from passrole.state.organization import (
    AWS_POLICIES,
    RCP,
    SCP,
    Member,
    Organization,
    OrganizationPolicy,
    Unit,
)

_MEMBERS: Final = ("Organization", "Roots", "OrganizationalUnits", "Accounts", "Policies")


def is_organization(content: object) -> bool:
    """Is it the export of an organization rather than an account's details?"""
    return isinstance(content, Mapping) and "Organization" in content


def read_organization(
    content: Mapping[str, object], directory: Directory, notes: Notes, *, source: str
) -> str:
    """Puts the organization into the directory; returns its id. The transaction is left open.

    Raises UnreadableEstate.
    """
    whole = Row(content, source, "", notes)
    whole.know((*_MEMBERS, "ResponseMetadata"))
    given = whole.row("Organization")
    management = (given.text("MasterAccountId") or given.text("ManagementAccountId")) if given else ""
    if given is None or not given.text("Id") or not management:
        raise UnreadableEstate(f"{source}: Organization: it needs Id and MasterAccountId")
    roots = list(whole.rows("Roots"))
    if len(roots) != 1 or not roots[0].text("Id"):
        raise UnreadableEstate(f"{source}: Roots: an organization has one root, with an Id")
    root = roots[0]
    types = tuple(
        kind.text("Type") for kind in root.rows("PolicyTypes") if kind.text("Status") in ("ENABLED", "")
    )
    directory.put(
        Organization(
            account=management,
            id=given.text("Id"),
            root_id=root.text("Id"),
            created=EPOCH,
            feature_set=given.text("FeatureSet") or "ALL",
            policy_types=types,
        )
    )
    attached = _policies(whole, management, directory)
    directory.put(
        Unit(
            account=management,
            id=root.text("Id"),
            name=root.text("Name") or "Root",
            policies=attached.pop(root.text("Id"), ()),
        )
    )
    for unit in whole.rows("OrganizationalUnits"):
        id, parent = unit.text("Id"), unit.text("ParentId")
        if not id or not parent:
            unit.note("", "without Id or ParentId: left out")
            continue
        directory.put(
            Unit(
                account=management,
                id=id,
                name=unit.text("Name") or id,
                parent=parent,
                policies=attached.pop(id, ()),
            )
        )
    for member in whole.rows("Accounts"):
        id, parent = member.text("Id"), member.text("ParentId")
        if not id or not parent:
            member.note("", "without Id or ParentId: its policies are not known")
            continue
        directory.put(
            Member(
                account=management,
                id=id,
                parent=parent,
                joined=member.time("JoinedTimestamp") or EPOCH,
                status=member.text("Status") or "ACTIVE",
                policies=attached.pop(id, ()),
            )
        )
    for target in attached:
        notes.add(source, "Policies", f"attached to {target}, which the export does not have: left out")
    _check_tree(directory, management, notes, source)
    return given.text("Id")


def _policies(whole: Row, management: str, directory: Directory) -> dict[str, tuple[str, ...]]:
    """Puts the policies into the directory; returns which are attached to which target."""
    attached: dict[str, tuple[str, ...]] = {}
    for policy in whole.rows("Policies"):
        summary = policy.row("PolicySummary") or policy
        id, kind = summary.text("Id"), summary.text("Type")
        if not id or kind not in (SCP, RCP):
            if not id:
                policy.note("", "a policy without Id: left out")
            continue
        if id not in AWS_POLICIES:
            name = summary.text("Name") or id
            content = policy.document("Content")
            if not content:
                content = unread.allowing(name) if kind == SCP else unread.denying(name)
            directory.put(
                OrganizationPolicy(account=management, id=id, name=name, type=kind, content=content)
            )
        for target in policy.rows("Targets"):
            where = target.text("TargetId")
            attached[where] = (*attached.get(where, ()), id)
    return attached


def _check_tree(directory: Directory, management: str, notes: Notes, source: str) -> None:
    nodes: list[Unit | Member] = [*directory.all(Unit, management), *directory.all(Member, management)]
    for node in nodes:
        if node.parent and directory.by_id(Unit, node.parent) is None:
            notes.add(source, node.id, f"its parent {node.parent} is not in the export: policies are missing")
