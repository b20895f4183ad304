"""The role passes of a Terraform plan, as ``terraform show -json`` writes it.

Source: Terraform Internals, "JSON Output Format"; Terraform Registry, AWS provider, aws_iam_role.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from passrole.analysis.plan.configuration import Asker, Configuration, Json, as_json
from passrole.analysis.plan.passes import ANY, Deployment, PlannedPass, UnreadablePlan, Where, roles_of
from passrole.analysis.plan.properties import planned_at, segments
from passrole.analysis.plan.templates import read_template
from passrole.catalog import deployments
from passrole.catalog.deployments import RoleProperty
from passrole.catalog.role_parameters import ROLE_NAME
from passrole.state.directory import Directory
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn

_WORK: Final = frozenset(("create", "update"))
_UNNAMED: Final = f"terraform-{ANY}"  # what the provider calls a role that has neither name nor prefix
_ROLES: Final[Mapping[str, str]] = {"aws_iam_role": "name", "awscc_iam_role": "role_name"}
_PROFILES: Final[Mapping[str, str]] = {
    "aws_iam_instance_profile": "name",
    "awscc_iam_instance_profile": "instance_profile_name",
}
_HELD: Final[Mapping[str, str]] = {"aws_iam_instance_profile": "role", "awscc_iam_instance_profile": "roles"}
_TEMPLATES: Final = "aws_launch_template"
# The calls that launch instances from a launch template, and where the resource names it.
_LAUNCHES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "aws_autoscaling_group": (
        "autoscaling:CreateAutoScalingGroup",
        ("launch_template", "mixed_instances_policy.launch_template.launch_template_specification"),
    ),
    "aws_instance": ("ec2:RunInstances", ("launch_template",)),
    "aws_spot_fleet_request": (
        "ec2:RequestSpotFleet",
        ("launch_template_config.launch_template_specification",),
    ),
}
_TAGS: Final = frozenset(("tags", "tags_all"))
_STACK: Final = "aws_cloudformation_stack"
_NAMES: Final = ("id", "name", "launch_template_id", "launch_template_name")


def read_plan(text: str, where: Where, directory: Directory | None = None) -> list[Deployment]:
    """The passes of the resources that the plan makes or gives another role.

    A provider with assume_role makes a deployment of its own. Raises UnreadablePlan.
    """
    try:
        plan = json.loads(text)
    except ValueError as error:
        raise UnreadablePlan(f"it is no JSON: {error}") from error
    if not isinstance(plan, dict) or not isinstance(plan.get("resource_changes", []), list):
        raise UnreadablePlan("it is no plan: terraform show -json PLAN writes one")
    if "values" in plan and "planned_values" not in plan:
        raise UnreadablePlan("it is a state, which passes nothing: terraform show -json PLAN writes a plan")
    changes = [one for one in plan.get("resource_changes", ()) if isinstance(one, dict)]
    configuration = Configuration(plan, changes)
    made: dict[str, _Plan] = {"": _Plan(configuration, changes, where, directory, "")}
    made[""].deployment.notes += _left_out(plan)
    for one in changes:
        asker = configuration.asker(one)
        assumed = configuration.assumed(asker)
        if assumed not in made:
            made[assumed] = _Plan(configuration, changes, _there(where, assumed), directory, assumed)
        made[assumed].add(one, asker)
    stacks = [stack for one in made.values() for stack in one.stacks]
    return [*(one.deployment for name, one in made.items() if not name or one.deployment.passes), *stacks]


def _left_out(plan: Json) -> Iterator[str]:
    if plan.get("errored") is True:
        yield "the plan failed, and has only what came before that"
    deferred = plan.get("deferred_changes")
    for one in deferred if isinstance(deferred, list) else ():
        change = as_json(as_json(one).get("resource_change"))
        yield f"{change.get('address', 'a resource')}: it is put off to another plan, and not read"


def _there(where: Where, role: str) -> Where:
    """Where the calls of a role are made: in its account."""
    try:
        arn = Arn.parse(role)
    except InvalidArn:
        return where
    return replace(where, partition=arn.partition, account=arn.account)


class _Plan:
    """What one caller makes of a plan: the deployer, or a role that a provider assumes."""

    def __init__(
        self,
        configuration: Configuration,
        changes: Sequence[Json],
        where: Where,
        directory: Directory | None,
        assumed: str,
    ) -> None:
        self._configuration = configuration
        self._changes = changes
        self._where = where
        self._directory = directory
        self.deployment = Deployment(assumed=assumed)
        self.stacks: list[Deployment] = []  # of CloudFormation, deployed with a role of their own

    def add(self, one: Json, asker: Asker) -> None:
        """Adds what a resource of the plan passes."""
        actions = _actions(one)
        if one.get("mode", "managed") != "managed" or not _WORK & actions:
            return
        change = as_json(one.get("change"))
        # What is replaced is made anew, with its role; of what stays most calls only send what is new.
        before = as_json(change.get("before")) if "delete" not in actions else {}
        address, kind = str(one.get("address", "")), str(one.get("type", ""))
        whole = _changes(before, change)
        for row in deployments.terraform(kind):
            held = {} if whole and deployments.sends_again(kind, row) else before
            present = {text for text in planned_at(held, None, segments(row.path)) if text is not None}
            for role in self._named(one, asker, row, present):
                self.deployment.passes.append(PlannedPass(address, row, role))
        if kind in _LAUNCHES and "create" in actions:
            self._launch(one, asker, address, kind)
        if kind == _STACK:
            self._stack(address, before, change)

    def _named(self, one: Json, asker: Asker, row: RoleProperty, present: set[str]) -> Iterator[str]:
        """The roles that a property of a resource names."""
        change = as_json(one.get("change"))
        holds = row.parameter.holds
        for value in planned_at(change.get("after"), change.get("after_unknown"), segments(row.path)):
            if value is None:
                yield from self._to_come(asker, row.path, holds)
            elif value not in present:
                yield from self._known(value, holds)

    def _to_come(self, asker: Asker, path: str, holds: str) -> tuple[str, ...]:
        """The roles of the resources that a value will come from; any role where that is not told."""
        found: list[str] = []
        for planned in self._configuration.referred(asker, path):
            kind = str(planned.get("type", ""))
            if kind in _ROLES:
                found.append(self._role(planned))
            elif kind in _PROFILES:
                found += self._of_profile(planned)
        if found or "#json" in path:  # a JSON text may hold none at all
            return tuple(dict.fromkeys(found))
        return roles_of(ANY, holds, self._where, self._directory)

    def _known(self, value: str, holds: str) -> tuple[str, ...]:
        own = self._called(_PROFILES, value) if "instance-profile" in holds else None
        if own is not None:
            return tuple(self._of_profile(own))
        own = self._called(_ROLES, value) if "name" in holds else None
        return (self._role(own),) if own is not None else roles_of(value, holds, self._where, self._directory)

    def _role(self, planned: Json) -> str:
        """The ARN of a role of the plan, or of a data source."""
        change = as_json(planned.get("change"))
        after = as_json(change.get("after"))
        if isinstance(after.get("arn"), str):
            return str(after["arn"])
        named = after.get(_ROLES[str(planned.get("type"))])
        prefix = after.get("name_prefix")
        if isinstance(named, str):
            name = named
        elif isinstance(prefix, str) and prefix:
            name = f"{prefix}{ANY}"
        else:
            asker = self._configuration.asker(planned)
            mine = planned.get("type") == "aws_iam_role" and bool(asker.config)
            told = any(self._configuration.says(asker, one) for one in ("name", "name_prefix"))
            name = _UNNAMED if mine and not told else ANY
        return self._where.role(name, str(after.get("path") or "/"))

    def _of_profile(self, planned: Json) -> list[str]:
        after = as_json(as_json(planned.get("change")).get("after"))
        attribute = _HELD[str(planned.get("type"))]
        given = after.get(attribute)
        names = [one for one in (given if isinstance(given, list) else [given]) if isinstance(one, str)]
        if names:
            return [role for one in names for role in self._known(one, ROLE_NAME)]
        return list(self._to_come(self._configuration.asker(planned), attribute, ROLE_NAME))

    def _called(self, kinds: Mapping[str, str], value: str) -> Json | None:
        """The resource of the plan that has that name, or that ARN."""
        for one in self._changes:
            attribute = kinds.get(str(one.get("type", "")))
            after = as_json(as_json(one.get("change")).get("after"))
            if attribute is not None and value in (after.get(attribute), after.get("arn")):
                return one
        return None

    # Stacks

    def _stack(self, address: str, before: Json, change: Json) -> None:
        """The passes of a template that is deployed: by its role, or with the rights of the caller."""
        after, unknown = as_json(change.get("after")), as_json(change.get("after_unknown"))
        parts = ("template_body", "parameters", "iam_role_arn")
        if all(before.get(one) == after.get(one) for one in parts) and before:
            return
        body, role = after.get("template_body"), after.get("iam_role_arn")
        note = ""
        if not isinstance(body, str):
            note = "its template is not in the plan, and not read"
        elif unknown.get("iam_role_arn"):
            note = "its role is made by the plan: what that passes is not judged"
        else:
            given = {key: str(value) for key, value in as_json(after.get("parameters")).items()}
            where = replace(self._where, stack=str(after.get("name") or ANY))
            try:
                inner = read_template(body, where, self._directory, given)
            except UnreadablePlan as error:
                note = f"its template is not read: {error}"
            else:
                made = Deployment(assumed=role) if isinstance(role, str) else self.deployment
                made.passes += [replace(one, resource=f"{address}/{one.resource}") for one in inner.passes]
                made.notes += [f"{address}/{one}" for one in inner.notes]
                if made is not self.deployment:
                    self.stacks.append(made)
        if note:
            self.deployment.notes.append(f"{address}: {note}")

    # Launch templates

    def _launch(self, one: Json, asker: Asker, address: str, kind: str) -> None:
        call, places = _LAUNCHES[kind]
        change = as_json(one.get("change"))
        for place in places:
            for name in _NAMES:
                path = f"{place}.{name}"
                for value in planned_at(change.get("after"), change.get("after_unknown"), segments(path)):
                    templates = (
                        self._configuration.referred(asker, path)
                        if value is None
                        else [found for found in self._changes if _is_template(found, value)]
                    )
                    own = [found for found in templates if found.get("type") == _TEMPLATES]
                    for template in own:
                        self._from_template(template, address, call)
                    if value is not None and not own:
                        note = f"{address}: its launch template {value} is not in the plan, and not read"
                        self.deployment.notes.append(note)

    def _from_template(self, template: Json, address: str, call: str) -> None:
        asker = self._configuration.asker(template)
        for row in deployments.terraform(_TEMPLATES):
            for role in self._named(template, asker, row, set()):
                launched = PlannedPass(address, RoleProperty("launch_template", call, row.parameter), role)
                if launched not in self.deployment.passes:
                    self.deployment.passes.append(launched)


def _changes(before: Json, change: Json) -> bool:
    """Does an update change more than tags, which have calls of their own?"""
    after, unknown = as_json(change.get("after")), as_json(change.get("after_unknown"))
    names = (before.keys() | after.keys() | {name for name, one in unknown.items() if one}) - _TAGS
    return any(before.get(name) != after.get(name) for name in names)


def _actions(one: Json) -> frozenset[str]:
    return frozenset(as_json(one.get("change")).get("actions") or ())


def _is_template(one: Json, value: str) -> bool:
    after = as_json(as_json(one.get("change")).get("after"))
    return one.get("type") == _TEMPLATES and value in (after.get("id"), after.get("name"))
