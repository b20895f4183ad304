"""Launches that a service tries with its caller's rights before it takes a launch template.

Auto Scaling asks EC2 for a dry run: who may not launch from a template, or not pass its profile's role, may
not have a group do so. The answer names the template alone, never what was missing.
Source: Auto Scaling User Guide, "Control Amazon EC2 launch template usage in Auto Scaling groups"; reports of
live calls (eksctl issue 834, ansible-collections/community.aws pull request 831).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.refusal import AccessRefused
from passrole.catalog.role_parameters import LAUNCH_TEMPLATE, RoleParameter

_OPERATIONS: Final = frozenset(("CreateAutoScalingGroup", "UpdateAutoScalingGroup", "StartInstanceRefresh"))


@dataclass(frozen=True, slots=True)
class Launch:
    """A RunInstances that is only asked for, and the template as the caller named it."""

    call: Call
    template: str


def tries_launches(call: Call, row: RoleParameter) -> bool:
    """Does the service judge the role that this parameter passes by a dry run of a launch?"""
    return call.service == "autoscaling" and row.holds == LAUNCH_TEMPLATE


def launches(call: Call) -> Iterator[Launch]:
    """What the caller must be allowed to launch: an instance of each template that the call names."""
    if call.service != "autoscaling" or call.operation not in _OPERATIONS:
        return
    given = call.input.get("DesiredConfiguration", call.input)
    subnets = str(call.input.get("VPCZoneIdentifier") or "")
    for template, instance_type in _templates(given):
        asked: dict[str, object] = {"LaunchTemplate": template, "MinCount": 1, "MaxCount": 1}
        if instance_type:
            asked["InstanceType"] = instance_type
        if subnets:
            asked["SubnetId"] = subnets.split(",")[0].strip()
        forwarded = replace(call, service="ec2", operation="RunInstances", protocol="ec2", input=asked)
        named = template.get("LaunchTemplateId") or template.get("LaunchTemplateName")
        yield Launch(forwarded, str(named or ""))


def unauthorized(template: str, error: AccessRefused) -> AccessRefused:
    """The refusal in Auto Scaling's words."""
    named = dict(part.split("=", 1) for part in template.split(",") if "=" in part)
    name = named.get("id") or named.get("name") or template
    return AccessRefused(
        f"You are not authorized to use launch template: {name}",
        code="AccessDenied",
        status=403,
        refusal=error.refusal,
    )


def _templates(given: object) -> Iterator[tuple[Mapping[str, object], str]]:
    """Each template, with the instance type that overrides its own."""
    template = _member(given, "LaunchTemplate")
    if isinstance(template, Mapping):
        yield template, ""
    mixed = _member(_member(given, "MixedInstancesPolicy"), "LaunchTemplate")
    whole = _member(mixed, "LaunchTemplateSpecification")
    overrides = _member(mixed, "Overrides")
    if isinstance(whole, Mapping) and not overrides:
        yield whole, ""
    for override in overrides if isinstance(overrides, list) else ():
        own = _member(override, "LaunchTemplateSpecification") or whole
        if isinstance(own, Mapping):
            yield own, str(_member(override, "InstanceType") or "")


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None
