"""Change sets: what an update would do, looked at before it is done.

Source: CloudFormation API Reference, CreateChangeSet, ExecuteChangeSet; User Guide, "Update CloudFormation
stacks using change sets".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from passrole.policy.cfn_values import waits_for
from passrole.services.cloudformation import lookup
from passrole.services.cloudformation.blueprint import Blueprint, drawn, imports
from passrole.services.cloudformation.describe import pages, shown_parameters
from passrole.services.cloudformation.errors import (
    AlreadyExists,
    ChangeSetNotFound,
    InvalidChangeSetStatus,
    ValidationError,
    cannot_update,
    no_stack,
)
from passrole.services.cloudformation.present import Present
from passrole.services.cloudformation.provision import tagged
from passrole.services.cloudformation.stacks import UPDATABLE, begun, changes_anything, update_begins
from passrole.services.cloudformation.types import table
from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.shapes import cloudformation as shapes
from passrole.state.entities import Tags
from passrole.state.stacks import (
    DELETED,
    REVIEW,
    Change,
    ChangeSet,
    Stack,
    StackResource,
    change_sets,
    named,
    resources,
)

_NAME: Final = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_NOTHING: Final = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


@operation("cloudformation:CreateChangeSet")
def create_change_set(call: ServiceCall, given: shapes.CreateChangeSetInput) -> shapes.CreateChangeSetOutput:
    """Works the changes out at once: the change set is complete when this has answered.

    Raises ValidationError, AlreadyExistsException or InsufficientCapabilitiesException.
    """
    name = given["ChangeSetName"]
    if _NAME.fullmatch(name) is None:
        raise ValidationError(
            f"1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    stack = _stack(call, given)
    if any(one.name == name for one in change_sets(call.directory, stack.arn)):
        raise AlreadyExists(f"ChangeSet {name} already exists")
    new = stack.status == REVIEW
    wanted, blueprint = lookup.wanted(call, given, None if new else stack, lookup.where(stack))
    changes = _changes(call, stack, blueprint, wanted.tags)
    nothing = not new and not changes and not changes_anything(stack, wanted)
    change_set = ChangeSet(
        account=call.account,
        region=call.region,
        stack=stack.arn,
        stack_name=stack.name,
        name=name,
        arn=f"arn:aws:cloudformation:{call.region}:{call.account}:changeSet/{name}/{call.ids.uuid()}",
        kind_of="CREATE" if new else "UPDATE",
        created=call.now,
        description=given.get("Description", ""),
        status="FAILED" if nothing else "CREATE_COMPLETE",
        reason=_NOTHING if nothing else "",
        execution="UNAVAILABLE" if nothing else "AVAILABLE",
        wanted=wanted,
        changes=changes,
        role_arn=lookup.passed_role(call, given),
        on_failure=given.get("OnStackFailure", ""),
        token=given.get("ClientToken", ""),
    )
    call.directory.put(change_set)
    if call.directory.by_key(Stack, call.account, stack.arn) is None:
        lookup.history(call).stack(stack, REVIEW, call.now, "User Initiated")
    lookup.hold_role(call, stack.arn)
    return {"Id": change_set.arn, "StackId": stack.arn}


@operation("cloudformation:DescribeChangeSet")
def describe_change_set(
    call: ServiceCall, given: shapes.DescribeChangeSetInput
) -> shapes.DescribeChangeSetOutput:
    """Raises ChangeSetNotFound."""
    one = find(call, given["ChangeSetName"], given.get("StackName", ""))
    found, token = pages(one.changes, given.get("NextToken"))
    shown: shapes.DescribeChangeSetOutput = {
        "ChangeSetName": one.name,
        "ChangeSetId": one.arn,
        "StackId": one.stack,
        "StackName": one.stack_name,
        "Parameters": shown_parameters(one.wanted),
        "CreationTime": one.created,
        "ExecutionStatus": one.execution,
        "Status": one.status,
        "NotificationARNs": list(one.wanted.notifications),
        "Capabilities": list(one.wanted.capabilities),
        "Tags": [{"Key": key, "Value": value} for key, value in one.wanted.tags],
        "Changes": [_shape(change) for change in found],
        "IncludeNestedStacks": False,
    }
    if one.description:
        shown["Description"] = one.description
    if one.reason:
        shown["StatusReason"] = one.reason
    if one.on_failure:
        shown["OnStackFailure"] = one.on_failure
    if token:
        shown["NextToken"] = token
    return shown


@operation("cloudformation:ListChangeSets")
def list_change_sets(call: ServiceCall, given: shapes.ListChangeSetsInput) -> shapes.ListChangeSetsOutput:
    """Raises ValidationError."""
    stack = lookup.find(call, given["StackName"])
    found, token = pages(change_sets(call.directory, stack.arn), given.get("NextToken"))
    listed: list[shapes.ChangeSetSummary] = []
    for one in found:
        summary: shapes.ChangeSetSummary = {
            "StackId": one.stack,
            "StackName": one.stack_name,
            "ChangeSetId": one.arn,
            "ChangeSetName": one.name,
            "ExecutionStatus": one.execution,
            "Status": one.status,
            "CreationTime": one.created,
        }
        if one.reason:
            summary["StatusReason"] = one.reason
        if one.description:
            summary["Description"] = one.description
        listed.append(summary)
    return {"Summaries": listed, "NextToken": token} if token else {"Summaries": listed}


@operation("cloudformation:DeleteChangeSet")
def delete_change_set(call: ServiceCall, given: shapes.DeleteChangeSetInput) -> Output:
    """One that is not there is as it is asked to be. Raises InvalidChangeSetStatus."""
    try:
        one = find(call, given["ChangeSetName"], given.get("StackName", ""))
    except ChangeSetNotFound:
        return {}
    if one.execution == "EXECUTE_IN_PROGRESS":
        raise InvalidChangeSetStatus(
            f"ChangeSet [{one.arn}] cannot be deleted in its current status of [{one.execution}]"
        )
    call.directory.delete(one)
    return {}


@operation("cloudformation:ExecuteChangeSet")
def execute_change_set(call: ServiceCall, given: shapes.ExecuteChangeSetInput) -> Output:
    """Begins what the change set says, with the role that it was made with or the stack's own.

    Raises ChangeSetNotFound, InvalidChangeSetStatus or ValidationError.
    """
    one = find(call, given["ChangeSetName"], given.get("StackName", ""))
    if one.execution != "AVAILABLE":
        raise InvalidChangeSetStatus(
            f"ChangeSet [{one.arn}] cannot be executed in its current status of [{one.status}]"
        )
    stack = lookup.find(call, one.stack)
    failure = "DO_NOTHING" if given.get("DisableRollback") else one.on_failure or "ROLLBACK"
    blueprint = drawn(one.wanted, lookup.where(stack))
    token = given.get("ClientRequestToken", "")
    begins = replace(stack, change_set=one.arn, token=token, imports=imports(blueprint))
    if one.kind_of == "CREATE" and stack.status == REVIEW:
        made = replace(begins, wanted=one.wanted, role_arn=one.role_arn or stack.role_arn, on_failure=failure)
        lookup.history(call).stack(made, "CREATE_IN_PROGRESS", call.now, "User Initiated")
    elif stack.status not in UPDATABLE:
        raise cannot_update(stack.arn, stack.status)
    else:
        update_begins(call, begins, one.wanted, role=one.role_arn or stack.role_arn, failure=failure)
    # The others were worked out from what is no longer there.
    for other in change_sets(call.directory, stack.arn):
        if other.arn != one.arn:
            call.directory.delete(other)
    call.directory.put(replace(one, execution="EXECUTE_COMPLETE"))
    return {}


def find(call: ServiceCall, name: str, stack_name: str) -> ChangeSet:
    """Raises ChangeSetNotFound, or ValidationError without the stack's name beside a change set's."""
    if name.startswith("arn:"):
        one = call.directory.by_key(ChangeSet, call.account, name)
        if one is None:
            raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")
        return one
    if not stack_name:
        raise ValidationError("StackName must be specified if ChangeSetName is not specified as an ARN.")
    stack = named(call.directory, call.account, call.region, stack_name)
    if stack is None:
        raise (
            no_stack(stack_name)
            if stack_name.startswith("arn:")
            else ValidationError(f"Stack [{stack_name}] does not exist")
        )
    for one in change_sets(call.directory, stack.arn):
        if one.name == name:
            return one
    raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")


def _stack(call: ServiceCall, given: shapes.CreateChangeSetInput) -> Stack:
    name = given["StackName"]
    stack = named(call.directory, call.account, call.region, name)
    there = stack is not None and stack.status != DELETED
    if given.get("ChangeSetType", "UPDATE") == "IMPORT":
        raise ValidationError("Importing resources into a stack is not supported by this endpoint.")
    if given.get("ChangeSetType") == "CREATE":
        if stack is not None and there and stack.status != REVIEW:
            raise ValidationError(
                f"Stack [{name}] already exists and cannot be created again with the changeSet "
                f"[{given['ChangeSetName']}]."
            )
        return stack if stack is not None and there else begun(call, name)
    if stack is None or not there:
        raise ValidationError(f"Stack [{name}] does not exist")
    if stack.status not in UPDATABLE:
        raise cannot_update(stack.arn, stack.status)
    return stack


def _changes(call: ServiceCall, stack: Stack, blueprint: Blueprint, tags: Tags) -> tuple[Change, ...]:
    there = resources(call.directory, stack.arn)
    found: list[Change] = []
    replaced: set[str] = set()
    for name in blueprint.order():
        one = blueprint.resources[name]
        old = there.get(name)
        if old is None or not old.physical:
            found.append(Change(action="Add", name=name, type=one.type))
            replaced.add(name)
            continue
        known = Present(
            call.directory, call.account, call.region, there, [], frozenset(replaced), strict=False
        )
        value = blueprint.resolver(known).value(one.properties)
        assert isinstance(value, dict)
        new = tagged(table().get(one.type), value, tags)
        before = json.loads(old.properties)
        unsure = {key for key in new if waits_for(new[key])}
        changed = [
            key for key in dict.fromkeys((*before, *new)) if key in unsure or before.get(key) != new.get(key)
        ]
        if one.type == old.type and not changed:
            continue
        change = _modified(old, one.type, changed, unsure)
        if change.replacement != "False":
            replaced.add(name)
        found.append(change)
    found += [
        Change(action="Remove", name=name, type=old.type, physical=old.physical)
        for name, old in there.items()
        if name not in blueprint.resources and old.status != "DELETE_COMPLETE"
    ]
    return tuple(found)


def _modified(old: StackResource, kind: str, changed: list[str], unsure: set[str]) -> Change:
    row = table().get(kind)
    recreating = set(row.replacing(iter(changed))) if row is not None else set()
    replacement = "False"
    if kind != old.type or recreating - unsure:
        replacement = "True"
    elif recreating:
        replacement = "Conditional"
    return Change(
        action="Modify",
        name=old.name,
        type=kind,
        physical=old.physical,
        replacement=replacement,
        scope=tuple(dict.fromkeys("Tags" if key == "Tags" else "Properties" for key in changed)),
        details=tuple(
            ("Tags" if key == "Tags" else "Properties", key, "Always" if key in recreating else "Never")
            for key in changed
        ),
    )


def _shape(change: Change) -> shapes.Change:
    shown: shapes.ResourceChange = {
        "Action": change.action,
        "LogicalResourceId": change.name,
        "ResourceType": change.type,
        "Scope": list(change.scope),
        "Details": [_detail(*one) for one in change.details],
    }
    if change.physical:
        shown["PhysicalResourceId"] = change.physical
    if change.replacement:
        shown["Replacement"] = change.replacement
    return {"Type": "Resource", "ResourceChange": shown}


def _detail(attribute: str, name: str, recreation: str) -> shapes.ResourceChangeDetail:
    target: Mapping[str, str] = {"Attribute": attribute, "RequiresRecreation": recreation}
    if attribute == "Properties":
        target = {**target, "Name": name}
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}  # type: ignore[typeddict-item]  # its members are all texts
