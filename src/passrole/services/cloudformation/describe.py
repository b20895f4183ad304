"""Stacks, their events and resources as CloudFormation's reading operations show them.

Source: CloudFormation API Reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from passrole.policy.cfn_template import TemplateError, parse
from passrole.services.cloudformation import lookup, parameters
from passrole.services.cloudformation.errors import ValidationError
from passrole.services.operation import ServiceCall, operation
from passrole.services.pages import ForeignToken, page_of
from passrole.services.shapes import cloudformation as shapes
from passrole.state.stacks import (
    DELETED,
    REVIEW,
    Stack,
    StackResource,
    Wanted,
    events,
    exports,
    importers,
    resources,
    stacks,
)

T = TypeVar("T")

_PAGE: Final = 100


@operation("cloudformation:DescribeStacks")
def describe_stacks(call: ServiceCall, given: shapes.DescribeStacksInput) -> shapes.DescribeStacksOutput:
    """One stack by its name, or by its ARN also when it is deleted; else all that are there."""
    name = given.get("StackName")
    if name:
        return {"Stacks": [shape(lookup.find(call, name))]}
    there = [one for one in stacks(call.directory, call.account, call.region) if one.status != DELETED]
    found, token = pages(there, given.get("NextToken"))
    return {"Stacks": [shape(one) for one in found], **_next(token)}  # type: ignore[typeddict-item]  # a token or nothing


@operation("cloudformation:ListStacks")
def list_stacks(call: ServiceCall, given: shapes.ListStacksInput) -> shapes.ListStacksOutput:
    """Every stack, deleted ones too, of the statuses asked for."""
    wanted = given.get("StackStatusFilter")
    there = [
        one for one in stacks(call.directory, call.account, call.region) if not wanted or one.status in wanted
    ]
    found, token = pages(there, given.get("NextToken"))
    return {"StackSummaries": [_summary(one) for one in found], **_next(token)}  # type: ignore[typeddict-item]  # a token or nothing


@operation("cloudformation:DescribeStackEvents")
def describe_stack_events(
    call: ServiceCall, given: shapes.DescribeStackEventsInput
) -> shapes.DescribeStackEventsOutput:
    """The newest first. Raises ValidationError."""
    stack = lookup.find(call, given.get("StackName", ""))
    found, token = pages(events(call.directory, stack.arn)[::-1], given.get("NextToken"))
    listed: list[shapes.StackEvent] = []
    for one in found:
        event: shapes.StackEvent = {
            "StackId": stack.arn,
            "StackName": stack.name,
            "EventId": one.id,
            "Timestamp": one.at,
            "LogicalResourceId": one.name,
            "PhysicalResourceId": one.physical,
            "ResourceType": one.type,
            "ResourceStatus": one.status,
        }
        if one.reason:
            event["ResourceStatusReason"] = one.reason
        if one.properties:
            event["ResourceProperties"] = one.properties
        if one.token:
            event["ClientRequestToken"] = one.token
        listed.append(event)
    return {"StackEvents": listed, **_next(token)}  # type: ignore[typeddict-item]  # a token or nothing


@operation("cloudformation:DescribeStackResource")
def describe_stack_resource(
    call: ServiceCall, given: shapes.DescribeStackResourceInput
) -> shapes.DescribeStackResourceOutput:
    """Raises ValidationError."""
    stack = lookup.find(call, given["StackName"])
    name = given["LogicalResourceId"]
    one = resources(call.directory, stack.arn).get(name)
    if one is None:
        raise ValidationError(f"Resource {name} does not exist for stack {stack.name}")
    detail: shapes.StackResourceDetail = {
        "StackName": stack.name,
        "StackId": stack.arn,
        "LogicalResourceId": one.name,
        "PhysicalResourceId": one.physical,
        "ResourceType": one.type,
        "LastUpdatedTimestamp": one.at,
        "ResourceStatus": one.status,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }
    if one.reason:
        detail["ResourceStatusReason"] = one.reason
    return {"StackResourceDetail": detail}


@operation("cloudformation:DescribeStackResources")
def describe_stack_resources(
    call: ServiceCall, given: shapes.DescribeStackResourcesInput
) -> shapes.DescribeStackResourcesOutput:
    """Of a stack, or of the stack that holds a physical resource. Raises ValidationError."""
    name, physical = given.get("StackName"), given.get("PhysicalResourceId")
    if not name and not physical:
        raise ValidationError("A StackName or a PhysicalResourceId must be given")
    stack = lookup.find(call, name) if name else _holder(call, physical or "")
    logical = given.get("LogicalResourceId")
    listed: list[shapes.StackResource] = []
    for one in resources(call.directory, stack.arn).values():
        if logical and one.name != logical:
            continue
        shown: shapes.StackResource = {
            "StackName": stack.name,
            "StackId": stack.arn,
            "LogicalResourceId": one.name,
            "PhysicalResourceId": one.physical,
            "ResourceType": one.type,
            "Timestamp": one.at,
            "ResourceStatus": one.status,
            "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
        }
        if one.reason:
            shown["ResourceStatusReason"] = one.reason
        listed.append(shown)
    return {"StackResources": listed}


@operation("cloudformation:ListStackResources")
def list_stack_resources(
    call: ServiceCall, given: shapes.ListStackResourcesInput
) -> shapes.ListStackResourcesOutput:
    """Raises ValidationError."""
    stack = lookup.find(call, given["StackName"])
    found, token = pages(list(resources(call.directory, stack.arn).values()), given.get("NextToken"))
    return {"StackResourceSummaries": [_resource_summary(one) for one in found], **_next(token)}  # type: ignore[typeddict-item]  # a token or nothing


@operation("cloudformation:ListExports")
def list_exports(call: ServiceCall, given: shapes.ListExportsInput) -> shapes.ListExportsOutput:
    """What the stacks of the Region export, by name."""
    there = sorted(exports(call.directory, call.account, call.region).items())
    found, token = pages(there, given.get("NextToken"))
    listed: list[shapes.Export] = [
        {"ExportingStackId": stack.arn, "Name": name, "Value": one.value} for name, (stack, one) in found
    ]
    return {"Exports": listed, **_next(token)}  # type: ignore[typeddict-item]  # a token or nothing


@operation("cloudformation:ListImports")
def list_imports(call: ServiceCall, given: shapes.ListImportsInput) -> shapes.ListImportsOutput:
    """Raises ValidationError for an export that nobody imports."""
    name = given["ExportName"]
    there = [one.name for one in importers(call.directory, call.account, call.region, name)]
    if not there:
        raise ValidationError(f"Export '{name}' is not imported by any stack.")
    found, token = pages(there, given.get("NextToken"))
    return {"Imports": found, **_next(token)}  # type: ignore[typeddict-item]  # a token or nothing


def shape(stack: Stack) -> shapes.Stack:
    """A stack as DescribeStacks shows it."""
    shown: shapes.Stack = {
        "StackId": stack.arn,
        "StackName": stack.name,
        "Parameters": shown_parameters(stack.wanted),
        "CreationTime": stack.created,
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "DisableRollback": stack.on_failure == "DO_NOTHING",
        "NotificationARNs": list(stack.wanted.notifications),
        "Capabilities": list(stack.wanted.capabilities),
        "Tags": [{"Key": key, "Value": value} for key, value in stack.wanted.tags],
        "EnableTerminationProtection": stack.protected,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "Outputs": [],
    }
    described = _description(stack.wanted)
    if described:
        shown["Description"] = described
    if stack.updated is not None:
        shown["LastUpdatedTime"] = stack.updated
    if stack.deleted is not None:
        shown["DeletionTime"] = stack.deleted
    if stack.reason:
        shown["StackStatusReason"] = stack.reason
    if stack.role_arn:
        shown["RoleARN"] = stack.role_arn
    if stack.timeout:
        shown["TimeoutInMinutes"] = stack.timeout
    if stack.change_set:
        shown["ChangeSetId"] = stack.change_set
    if stack.parent:
        shown["ParentId"] = stack.parent
        shown["RootId"] = stack.root
    outputs: list[shapes.Output] = []
    for one in stack.outputs:
        output: shapes.Output = {"OutputKey": one.name, "OutputValue": one.value}
        if one.description:
            output["Description"] = one.description
        if one.export:
            output["ExportName"] = one.export
        outputs.append(output)
    shown["Outputs"] = outputs
    return shown


def shown_parameters(wanted: Wanted) -> list[shapes.Parameter]:
    """Parameters with what NoEcho hides masked."""
    if not wanted.template:
        return []
    template = parse(wanted.template)
    listed: list[shapes.Parameter] = []
    for name, value in wanted.parameters.items():
        one: shapes.Parameter = {
            "ParameterKey": name,
            "ParameterValue": parameters.masked(template, name, value),
        }
        if name in wanted.resolved:
            one["ResolvedValue"] = wanted.resolved[name]
        listed.append(one)
    return listed


def pages(found: Sequence[T], token: str | None) -> tuple[list[T], str | None]:
    """A page of at most a hundred. Raises ValidationError for a token that is not ours."""
    try:
        return page_of(found, token, _PAGE)
    except ForeignToken as error:
        raise ValidationError("NextToken is invalid") from error


def _next(token: str | None) -> Mapping[str, str]:
    return {"NextToken": token} if token else {}


def _description(wanted: Wanted) -> str:
    try:
        return parse(wanted.template).description if wanted.template else ""
    except TemplateError:
        return ""


def _holder(call: ServiceCall, physical: str) -> Stack:
    for stack in stacks(call.directory, call.account, call.region):
        if stack.status not in (DELETED, REVIEW) and any(
            one.physical == physical for one in resources(call.directory, stack.arn).values()
        ):
            return stack
    raise ValidationError(f"Stack for {physical} does not exist")


def _summary(stack: Stack) -> shapes.StackSummary:
    shown: shapes.StackSummary = {
        "StackId": stack.arn,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
    described = _description(stack.wanted)
    if described:
        shown["TemplateDescription"] = described
    if stack.updated is not None:
        shown["LastUpdatedTime"] = stack.updated
    if stack.deleted is not None:
        shown["DeletionTime"] = stack.deleted
    if stack.reason:
        shown["StackStatusReason"] = stack.reason
    if stack.parent:
        shown["ParentId"] = stack.parent
        shown["RootId"] = stack.root
    return shown


def _resource_summary(one: StackResource) -> shapes.StackResourceSummary:
    shown: shapes.StackResourceSummary = {
        "LogicalResourceId": one.name,
        "PhysicalResourceId": one.physical,
        "ResourceType": one.type,
        "LastUpdatedTimestamp": one.at,
        "ResourceStatus": one.status,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }
    if one.reason:
        shown["ResourceStatusReason"] = one.reason
    return shown
