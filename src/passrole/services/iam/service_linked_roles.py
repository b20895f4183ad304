"""Making and deleting service-linked roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from passrole.catalog.services import linked_roles
from passrole.services.iam import views
from passrole.services.iam.errors import InvalidInput, NoSuchEntity
from passrole.services.iam.lookup import find, moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state import usage
from passrole.state.entities import Role
from passrole.state.linked_roles import make_linked_role, uses_of
from passrole.state.settings import DeletionTask

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes


@operation("iam:CreateServiceLinkedRole")
def create_role(call: ServiceCall, given: shapes.CreateServiceLinkedRoleRequest) -> Output:
    """Makes the role of a service. Raises InvalidInput.

    Texts recorded, but for a service that has no such role.
    """
    service, suffix = given["AWSServiceName"], given.get("CustomSuffix", "")
    linked = linked_roles().get(service)
    if linked is None:
        raise InvalidInput(f"Service role for {service} cannot be created.")  # assumed wording
    if suffix and linked.suffix is False:
        raise InvalidInput(f"Custom suffix is not allowed for {service}")
    name = linked.role_name + (f"_{suffix}" if suffix else "")
    if call.directory.taken(Role, call.account, name) is not None:
        raise InvalidInput(
            f"Service role name {name} has been taken in this account, please try a different suffix."
        )
    role = make_linked_role(
        call.directory,
        call.ids,
        call.account,
        linked,
        call.now,
        suffix=suffix,
        description=given.get("Description"),
    )
    return {"Role": views.role_brief(role, call.directory)}


@operation("iam:DeleteServiceLinkedRole")
def delete_role(call: ServiceCall, given: shapes.DeleteServiceLinkedRoleRequest) -> Output:
    """Deletes the role unless something uses it; the task that is returned tells how it went.

    Raises NoSuchEntity, also for a role that is no service-linked one.
    """
    role = find(call, Role, given["RoleName"])
    if not role.service_linked:
        raise NoSuchEntity(f"The role with name {role.name} cannot be found.")
    service = role.path.split("/")[2]
    used = uses_of(call.directory, role)
    task = DeletionTask(
        account=call.account,
        id=f"task/aws-service-role/{service}/{role.name}/{call.ids.uuid()}",
        role_id=role.id,
        status="FAILED" if used else "SUCCEEDED",
        created=moment(call),
        reason=f"The role is still used by resources of {service}." if used else "",  # assumed wording
        usage=used,
    )
    if not used:
        usage.forget(call.directory, role.id)
        call.directory.delete(role)
    call.directory.put(task)
    return {"DeletionTaskId": task.id}


@operation("iam:GetServiceLinkedRoleDeletionStatus")
def get_status(call: ServiceCall, given: shapes.GetServiceLinkedRoleDeletionStatusRequest) -> Output:
    """How a deletion went, and what was in its way. Raises NoSuchEntity."""
    task = call.directory.by_key(DeletionTask, call.account, given["DeletionTaskId"])
    if task is None:
        raise NoSuchEntity(f"Deletion task {given['DeletionTaskId']} cannot be found.")  # assumed wording
    view: shapes.GetServiceLinkedRoleDeletionStatusResponse = {"Status": task.status}
    if task.status == "FAILED":
        usages: list[shapes.RoleUsageType] = [
            {"Region": region, "Resources": list(arns)} for region, arns in task.usage.items()
        ]
        view["Reason"] = {"Reason": task.reason, "RoleUsageList": usages}
    return view
