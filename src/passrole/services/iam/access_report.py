"""The organizations access report: which services an organization's accounts may use, and do.

Source: IAM User Guide, "Refine permissions in AWS using last accessed information for AWS Organizations".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from passrole.services.iam import grants, paging
from passrole.services.iam.errors import NoSuchEntity
from passrole.services.iam.lookup import moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.organization import (
    CHILD_OF,
    SCP,
    Member,
    Organization,
    Unit,
    organization_of,
    policy_named,
)
from passrole.state.settings import AccessJob
from passrole.state.usage import ServiceUse
from passrole.values.errors import ServiceError

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_SORT: Final = "organization"


class AccessDenied(ServiceError):
    """A caller that is not of the management account, or a path that is not its organization's."""

    code, status = "AccessDenied", 403


class _Row(msgspec.Struct, frozen=True):
    namespace: str
    name: str
    time: datetime | None = None
    region: str = ""
    path: str = ""
    total: int = 0


@operation("iam:GenerateOrganizationsAccessReport")
def generate(call: ServiceCall, given: shapes.GenerateOrganizationsAccessReportRequest) -> Output:
    """Reports on the root, a unit or an account by its path ``o-…/r-…/ou-…/ACCOUNT``.

    With OrganizationsPolicyId only the services that this policy allows are reported. Raises AccessDenied.
    """
    organization = organization_of(call.directory, call.account)
    if organization is None or organization.account != call.account:
        raise AccessDenied("You don't have permissions to access this resource.")
    node = _node(call, organization, given["EntityPath"])
    wanted = given.get("OrganizationsPolicyId")
    allowed = _allowed(call, organization, node, wanted)
    accounts = _accounts(call, node)
    rows = tuple(_row(call, namespace, accounts, given["EntityPath"]) for namespace in sorted(allowed))
    now = moment(call)
    job = AccessJob(
        account=call.account,
        id=call.ids.uuid(),
        sort=_SORT,
        arn=given["EntityPath"],
        created=now,
        completed=now,
        answer=msgspec.json.encode(rows).decode(),
    )
    call.directory.put(job)
    return {"JobId": job.id}


@operation("iam:GetOrganizationsAccessReport")
def get(call: ServiceCall, given: shapes.GetOrganizationsAccessReportRequest) -> Output:
    """A page of a report. Raises NoSuchEntity."""
    job = call.directory.by_key(AccessJob, call.account, given["JobId"])
    if job is None or job.sort != _SORT:
        raise NoSuchEntity(f"Job {given['JobId']} cannot be found.")  # assumed wording
    rows = list(msgspec.json.decode(job.answer, type=tuple[_Row, ...]))
    key = given.get("SortKey", "SERVICE_NAMESPACE_ASCENDING")
    if key.startswith("LAST_AUTHENTICATED_TIME"):
        rows.sort(key=lambda row: row.time.timestamp() if row.time is not None else 0.0)
    if key.endswith("DESCENDING"):
        rows.reverse()
    shown, cut = paging.page_of(rows, given.get("Marker"), given.get("MaxItems"))
    return {
        "JobStatus": "COMPLETED",
        "JobCreationDate": job.created,
        "JobCompletionDate": job.completed,
        "NumberOfServicesAccessible": len(rows),
        "NumberOfServicesNotAccessed": sum(1 for row in rows if row.time is None),
        "AccessDetails": [_view(row) for row in shown],
        **cut,
    }


def _node(call: ServiceCall, organization: Organization, path: str) -> Unit | Member:
    id = path.rstrip("/").rsplit("/", 1)[-1]
    found = call.directory.by_key(Unit, organization.account, id) or call.directory.by_key(
        Member, organization.account, id
    )
    if found is None or not path.startswith(f"{organization.id}/"):
        raise AccessDenied("You don't have permissions to access this resource.")
    return found


def _above(call: ServiceCall, node: Unit | Member) -> list[Unit | Member]:
    found = [node]
    while found[-1].parent:
        parent = call.directory.by_id(Unit, found[-1].parent)
        if parent is None:
            break
        found.append(parent)
    return found


def _allowed(
    call: ServiceCall, organization: Organization, node: Unit | Member, wanted: str | None
) -> frozenset[str]:
    """The services that the SCPs of every level from the root to the node allow something of."""
    everything = grants.services_granted('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}')
    if SCP not in organization.policy_types:
        return everything
    if wanted is not None:
        policy = policy_named(call.directory, organization, wanted)
        return grants.services_granted(policy.content) if policy is not None else frozenset()
    allowed = everything
    for level in _above(call, node):
        policies = (policy_named(call.directory, organization, id) for id in level.policies)
        allowed &= frozenset().union(
            *(grants.services_granted(each.content) for each in policies if each and each.type == SCP)
        )
    return allowed


def _accounts(call: ServiceCall, node: Unit | Member) -> list[str]:
    if isinstance(node, Member):
        return [node.id]
    below = call.directory.referring(CHILD_OF, node.id)
    return [
        account for child in below if isinstance(child, (Unit, Member)) for account in _accounts(call, child)
    ]


def _row(call: ServiceCall, namespace: str, accounts: Sequence[str], path: str) -> _Row:
    uses = [
        use
        for account in accounts
        for use in call.directory.all(ServiceUse, account)
        if use.service == namespace
    ]
    name = grants.service_name(namespace)
    if not uses:
        return _Row(namespace, name)
    latest = max(uses, key=lambda use: use.time)
    owner = f"{path.rstrip('/')}/{latest.account}" if latest.account not in path else path
    return _Row(namespace, name, latest.time, latest.region, owner, len(uses))


def _view(row: _Row) -> shapes.AccessDetail:
    view: shapes.AccessDetail = {
        "ServiceName": row.name,
        "ServiceNamespace": row.namespace,
        "TotalAuthenticatedEntities": row.total,
    }
    if row.time is not None:
        view["Region"] = row.region
        view["EntityPath"] = row.path
        view["LastAuthenticatedTime"] = row.time
    return view
