"""Stacks made, changed and deleted: what is asked is checked and noted, the agent does the work.

Source: CloudFormation API Reference; User Guide, "Stack status codes", "Protect CloudFormation stacks from
being deleted", "CloudFormation service role". Texts as public reports quote them.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from passrole.services.cloudformation import lookup
from passrole.services.cloudformation.blueprint import imports, read_template
from passrole.services.cloudformation.errors import (
    AlreadyExists,
    ValidationError,
    cannot_update,
    no_updates,
)
from passrole.services.cloudformation.reading import Read
from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.shapes import cloudformation as shapes
from passrole.state.stacks import DELETED, REVIEW, Stack, Wanted, named, resources, stacks

_NAME: Final = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_MOST: Final = 2000  # Source: CloudFormation User Guide, "Understand CloudFormation quotas"

UPDATABLE: Final = frozenset(
    ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED", "UPDATE_FAILED")
)
_INITIATED: Final = "User Initiated"


@operation("cloudformation:CreateStack")
def create_stack(call: ServiceCall, given: shapes.CreateStackInput) -> shapes.CreateStackOutput:
    """Begins a stack.

    Raises AlreadyExistsException, ValidationError, InsufficientCapabilitiesException,
    LimitExceededException or TokenAlreadyExistsException.
    """
    name = given["StackName"]
    token = given.get("ClientRequestToken", "")
    before = named(call.directory, call.account, call.region, name)
    if before is not None:
        if token and before.token == token:
            return {"StackId": before.arn}
        raise AlreadyExists(f"Stack [{name}] already exists")
    stack = begun(call, name)
    wanted, blueprint = lookup.wanted(call, given, None, lookup.where(stack))
    if "DisableRollback" in given and "OnFailure" in given:
        raise ValidationError("You can specify either DisableRollback or OnFailure, but not both.")
    failure = "DO_NOTHING" if given.get("DisableRollback") else given.get("OnFailure", "ROLLBACK")
    made = replace(
        stack,
        wanted=wanted,
        role_arn=lookup.passed_role(call, given),
        on_failure=failure,
        timeout=given.get("TimeoutInMinutes", 0),
        protected=given.get("EnableTerminationProtection", False),
        policy=_read(call).policy,
        imports=imports(blueprint),
        token=token,
    )
    lookup.hold_role(call, made.arn)
    lookup.history(call).stack(made, "CREATE_IN_PROGRESS", call.now, _INITIATED)
    return {"StackId": made.arn, "OperationId": call.ids.uuid()}


@operation("cloudformation:UpdateStack")
def update_stack(call: ServiceCall, given: shapes.UpdateStackInput) -> shapes.UpdateStackOutput:
    """Begins an update. Without RoleARN the stack's own role, if it has one, does the work.

    Raises ValidationError or InsufficientCapabilitiesException.
    """
    found = named(call.directory, call.account, call.region, given["StackName"])
    if found is None or found.status == DELETED:
        raise ValidationError(f"Stack [{given['StackName']}] does not exist")
    token = given.get("ClientRequestToken", "")
    if token and found.token == token and found.status.startswith("UPDATE"):
        return {"StackId": found.arn}
    if found.status not in UPDATABLE:
        raise cannot_update(found.arn, found.status)
    wanted, blueprint = lookup.wanted(call, given, found, lookup.where(found))
    if not changes_anything(found, wanted):
        raise no_updates()
    update_begins(
        call,
        replace(
            found,
            token=token,
            imports=imports(blueprint),
            policy=_read(call).policy or found.policy,
            policy_once=_read(call).policy_once,
        ),
        wanted,
        role=lookup.passed_role(call, given) or found.role_arn,
        failure="DO_NOTHING" if given.get("DisableRollback") else "ROLLBACK",
    )
    return {"StackId": found.arn, "OperationId": call.ids.uuid()}


@operation("cloudformation:DeleteStack")
def delete_stack(call: ServiceCall, given: shapes.DeleteStackInput) -> Output:
    """Begins a deletion; a stack that is not there, or is being deleted, is as it is asked to be.

    Raises ValidationError for a protected stack, and for one that is being updated.
    """
    stack = named(call.directory, call.account, call.region, given["StackName"])
    if stack is None or stack.status in (DELETED, "DELETE_IN_PROGRESS"):
        return {}
    if stack.protected:
        raise ValidationError(
            f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        )
    if stack.busy and not stack.status.startswith(("CREATE", "ROLLBACK")):
        raise ValidationError(f"Stack [{stack.arn}] cannot be deleted while in status {stack.status}")
    retain = tuple(given.get("RetainResources", ()))
    if retain and stack.status != "DELETE_FAILED":
        raise ValidationError(
            f"Invalid operation on stack [{stack.arn}]. RetainResources can only be specified for stacks in "
            "DELETE_FAILED state"
        )
    strange = [name for name in retain if name not in resources(call.directory, stack.arn)]
    if strange:
        raise ValidationError(f"Resources [{', '.join(strange)}] do not exist in stack [{stack.name}]")
    changed = replace(
        stack,
        retain=retain,
        role_arn=lookup.passed_role(call, given) or stack.role_arn,
        token=given.get("ClientRequestToken", ""),
    )
    lookup.hold_role(call, stack.arn)
    lookup.history(call).stack(changed, "DELETE_IN_PROGRESS", call.now, _INITIATED)
    return {}


@operation("cloudformation:CancelUpdateStack")
def cancel_update_stack(call: ServiceCall, given: shapes.CancelUpdateStackInput) -> Output:
    """Rolls an update that goes on back. Raises ValidationError."""
    stack = lookup.live(call, given["StackName"])
    if stack.status != "UPDATE_IN_PROGRESS":
        raise ValidationError("CancelUpdateStack cannot be called from current stack status")
    return {}


@operation("cloudformation:ContinueUpdateRollback")
def continue_update_rollback(
    call: ServiceCall, given: shapes.ContinueUpdateRollbackInput
) -> shapes.ContinueUpdateRollbackOutput:
    """Tries a rollback that has failed again, without the resources to skip. Raises ValidationError."""
    stack = lookup.live(call, given["StackName"])
    if stack.status != "UPDATE_ROLLBACK_FAILED":
        raise ValidationError(f"Stack:{stack.arn} is in {stack.status} state and can not continue rollback.")
    lookup.hold_role(call, stack.arn)
    changed = replace(
        stack,
        role_arn=lookup.passed_role(call, given) or stack.role_arn,
        retain=tuple(given.get("ResourcesToSkip", ())),
    )
    lookup.history(call).stack(changed, "UPDATE_ROLLBACK_IN_PROGRESS", call.now, _INITIATED)
    return {}


@operation("cloudformation:RollbackStack")
def rollback_stack(call: ServiceCall, given: shapes.RollbackStackInput) -> shapes.RollbackStackOutput:
    """Goes back from a failed creation or update that was left as it was. Raises ValidationError."""
    stack = lookup.live(call, given["StackName"])
    states = {"CREATE_FAILED": "ROLLBACK_IN_PROGRESS", "UPDATE_FAILED": "UPDATE_ROLLBACK_IN_PROGRESS"}
    if stack.status not in states:
        raise ValidationError(f"Stack:{stack.arn} is in {stack.status} state and can not be rolled back.")
    lookup.hold_role(call, stack.arn)
    changed = replace(stack, role_arn=lookup.passed_role(call, given) or stack.role_arn)
    lookup.history(call).stack(changed, states[stack.status], call.now, _INITIATED)
    return {"StackId": stack.arn}


@operation("cloudformation:UpdateTerminationProtection")
def update_termination_protection(
    call: ServiceCall, given: shapes.UpdateTerminationProtectionInput
) -> shapes.UpdateTerminationProtectionOutput:
    """Raises ValidationError."""
    stack = lookup.live(call, given["StackName"])
    if stack.parent:
        raise ValidationError(
            f"TerminationProtection cannot be changed on nested stack [{stack.name}]; change it "
            "on the root stack"
        )
    call.directory.put(replace(stack, protected=given["EnableTerminationProtection"]))
    return {"StackId": stack.arn}


@operation("cloudformation:SetStackPolicy")
def set_stack_policy(call: ServiceCall, given: shapes.SetStackPolicyInput) -> Output:
    """Updates are held to the policy from now on. Raises ValidationError."""
    stack = lookup.live(call, given["StackName"])
    call.directory.put(replace(stack, policy=_read(call).policy))
    return {}


@operation("cloudformation:GetStackPolicy")
def get_stack_policy(call: ServiceCall, given: shapes.GetStackPolicyInput) -> shapes.GetStackPolicyOutput:
    """Raises ValidationError."""
    stack = lookup.find(call, given["StackName"])
    return {"StackPolicyBody": stack.policy} if stack.policy else {}


def _read(call: ServiceCall) -> Read:
    return call.read if isinstance(call.read, Read) else Read("")


def begun(call: ServiceCall, name: str) -> Stack:
    """A stack of that name without anything in it, not kept yet. Raises ValidationError or LimitExceeded."""
    if _NAME.fullmatch(name) is None:
        raise ValidationError(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    there = [one for one in stacks(call.directory, call.account, call.region) if one.status != DELETED]
    if len(there) >= _MOST:
        raise ValidationError(f"Limit for stack has been exceeded: {_MOST}")
    unique = call.ids.uuid()
    arn = f"arn:aws:cloudformation:{call.region}:{call.account}:stack/{name}/{unique}"
    return Stack(
        account=call.account,
        region=call.region,
        name=name,
        arn=arn,
        created=call.now,
        status=REVIEW,
        wanted=Wanted(template=""),
    )


def update_begins(call: ServiceCall, stack: Stack, wanted: Wanted, *, role: str, failure: str) -> None:
    """The stack is being updated from now on."""
    changed = replace(
        stack,
        wanted=wanted,
        previous=stack.wanted,
        role_arn=role,
        on_failure=failure,
        updated=call.now,
    )
    lookup.hold_role(call, stack.arn)
    lookup.history(call).stack(changed, "UPDATE_IN_PROGRESS", call.now, _INITIATED)


def changes_anything(stack: Stack, wanted: Wanted) -> bool:
    """Does what is wanted differ from what is there?"""
    now = stack.wanted
    if not now.template or stack.status.endswith("_FAILED"):
        return True
    same = (now.parameters, now.resolved, now.tags) == (wanted.parameters, wanted.resolved, wanted.tags)
    return not same or read_template(now.template).data != read_template(wanted.template).data
