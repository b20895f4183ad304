"""Which roles a call hands on: every role parameter of its input, resolved to a role's ARN."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from passrole.authorize.call import Call, ResourceFacts
from passrole.authorize.resources import role_of_arn
from passrole.catalog import templates
from passrole.catalog.operations import Operation, operation
from passrole.catalog.role_parameters import (
    INSTANCE_PROFILE_ARN,
    INSTANCE_PROFILE_ARN_OR_NAME,
    INSTANCE_PROFILE_NAME,
    LAUNCH_TEMPLATE,
    TASK_DEFINITION,
    RoleParameter,
)
from passrole.passing.unpassable import cross_account, is_name, malformed, missing_profile, role_arn
from passrole.state.associations import held_by, role_of
from passrole.state.directory import Directory
from passrole.state.entities import InstanceProfile, Role
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn

ASSOCIATED: Final = "iam:associatedresourcearn"


@dataclass(frozen=True, slots=True)
class RolePass:
    """One role passed in one call, resolved: what the rule judges and associations remember.

    parameter is the concrete path in the input (``IamInstanceProfile.Name``). role_id is "" where
    no such role exists. profile_arn and profile_id are set where the role came through an instance
    profile, template where it came from a launch template or a task definition rather than from the
    request itself. services are the values of ``iam:PassedToService`` (several only where AWS's sources
    disagree). unknown names the condition keys that AWS sets and nobody here can tell.
    """

    parameter: str
    role: Arn
    role_id: str
    services: tuple[str, ...]
    associated_resource: str  # iam:AssociatedResourceArn, "" where AWS sets none
    row: RoleParameter  # the catalog's
    profile_arn: str = ""
    profile_id: str = ""
    template: str = ""
    unknown: frozenset[str] = frozenset()


def role_passes(call: Call, directory: Directory, facts: ResourceFacts) -> tuple[RolePass, ...]:
    """Every role passed by the call, once a (role, service, associated resource).

    A parameter that is missing or empty passes nothing, nor does an update that keeps the present role
    where AWS does not check that. Raises the service's own error for a text that is no role, for an
    instance profile of another account, and for one that does not exist or holds no role where the service
    refuses it at the call: whoever gives it a role later would not be asked again.
    """
    known = operation(call.service, call.operation)
    if known is None:
        return ()
    found: dict[tuple[str, tuple[str, ...], str], RolePass] = {}
    for parameter in known.role_parameters:
        for passed in _Parameter(call, known, parameter, directory, facts).passes():
            found.setdefault((str(passed.role), passed.services, passed.associated_resource), passed)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One role parameter in one call."""

    call: Call
    operation: Operation
    row: RoleParameter
    directory: Directory
    facts: ResourceFacts

    def passes(self) -> Iterator[RolePass]:
        resolve = _RESOLVED.get(self.row.holds, _Parameter.role)
        for place, given in self.row.values(self.call.input):
            if not self._kept(given):
                yield from resolve(self, place, given)

    # What may stand in the parameter

    def role(self, place: str, given: str, template: str = "") -> Iterator[RolePass]:
        """A role by its ARN or, where one may stand there, its name."""
        account = self.call.account
        role: Role | None
        arn = role_arn(given)
        if arn is not None:
            role = role_of_arn(self.directory, given)
        elif "name" in self.row.holds and is_name(given.lstrip("/")):
            # A path may stand before the name: "service-role/Web".
            role = self.directory.get(Role, account, given.rsplit("/", 1)[-1])
            if role is not None and "/" in given and role.arn.partition("/")[2] != given.lstrip("/"):
                role = None
            text = role.arn if role is not None else f"arn:aws:iam::{account}:role/{given.lstrip('/')}"
            arn = Arn.parse(text)
        else:
            raise malformed(self.call, self.row, place, given)
        yield self._pass(place, arn, role, template=template)

    def profile(self, place: str, given: str, template: str = "") -> Iterator[RolePass]:
        """The role that an instance profile holds now."""
        found: InstanceProfile | None
        if given.startswith("arn:"):
            found = self._profile_of_arn(given)
        else:
            found = self.directory.get(InstanceProfile, self.call.account, given)
        role = self.directory.by_id(Role, found.role_id) if found is not None else None
        if found is None or role is None:
            error = missing_profile(self.row, given)
            if error is not None:
                raise error
            return
        yield self._pass(place, Arn.parse(role.arn), role, profile=found, template=template)

    def launch_template(self, place: str, given: str) -> Iterator[RolePass]:
        """The role of the profile that a launch template carries."""
        named = dict(part.split("=", 1) for part in given.split(",") if "=" in part)
        data = self.facts.launch_template(
            self.call.account,
            self.call.region,
            id=named.get("id", ""),
            name=named.get("name", ""),
            version=named.get("version", ""),
        )
        profile = data.get("IamInstanceProfile") if data is not None else None
        if not isinstance(profile, Mapping):
            return
        text = profile.get("Arn") or profile.get("Name")
        if isinstance(text, str):
            yield from self.profile(place, text, named.get("id") or named.get("name", ""))

    def task_definition(self, place: str, given: str) -> Iterator[RolePass]:
        """The roles of a task definition that the call does not override."""
        call = self.call
        prefix = f"arn:aws:ecs:{call.region}:{call.account}:task-definition/"
        arn = given if given.startswith("arn:") else prefix + given
        known = self.facts.attributes(call.account, call.region, arn) or {}
        overrides = call.input.get("overrides")
        for member in ("taskRoleArn", "executionRoleArn"):
            text = known.get(member)
            overridden = isinstance(overrides, Mapping) and overrides.get(member)
            if isinstance(text, str) and text and not overridden:
                yield from self.role(f"{place}.{member}", text, given)

    # What they share

    def _pass(
        self,
        place: str,
        arn: Arn,
        role: Role | None,
        *,
        profile: InstanceProfile | None = None,
        template: str = "",
    ) -> RolePass:
        associated = self._associated()
        return RolePass(
            parameter=place,
            role=arn,
            role_id=role.id if role is not None else "",
            services=tuple(one.replace("{region}", self.call.region) for one in self.row.principals),
            associated_resource=associated or "",
            row=self.row,
            profile_arn=profile.arn if profile is not None else "",
            profile_id=profile.id if profile is not None else "",
            template=template,
            unknown=frozenset((ASSOCIATED,)) if associated is None else frozenset(),
        )

    def _associated(self) -> str | None:
        """iam:AssociatedResourceArn; "" where AWS sets none, None where it does and nobody can tell."""
        if not self.row.associated_resource:
            return ""
        filled = self._filled(self.row.associated_resource)
        return filled[0] if filled else None

    def _filled(self, template: str) -> tuple[str, ...] | None:
        call = self.call
        return templates.fill(template, call.input, partition="aws", region=call.region, account=call.account)

    def _profile_of_arn(self, given: str) -> InstanceProfile | None:
        try:
            arn = Arn.parse(given)
        except InvalidArn:
            return None
        if arn.service == "iam" and arn.kind == "instance-profile" and arn.account != self.call.account:
            # Said of one that is not there, too: what another account has is its own affair.
            raise cross_account(self.call, self.row, arn)
        found = self.directory.get(InstanceProfile, arn.account, arn.name)
        return found if found is not None and found.arn == given else None

    def _kept(self, given: str) -> bool:
        """True for an update that keeps the role which the resource has already, where AWS lets that be."""
        if not self.row.only_when_changed:
            return False
        call = self.call
        for use in self.operation.actions[:1]:
            for resource in use.resources:
                for arn in self._filled(resource.template) or ():
                    present = self.facts.attributes(call.account, call.region, arn) or {}
                    if present.get(self.row.path) == given or self._held(arn, given):
                        return True
        return False

    def _held(self, resource: str, given: str) -> bool:
        """Has the resource this very role by this parameter: passed before, and not made anew since?"""
        held = (one for one in held_by(self.directory, resource) if one.holder == self.row.path)
        return any((role := role_of(self.directory, one)) is not None and role.arn == given for one in held)


_RESOLVED: Final[Mapping[str, Callable[[_Parameter, str, str], Iterator[RolePass]]]] = {
    INSTANCE_PROFILE_ARN: _Parameter.profile,
    INSTANCE_PROFILE_NAME: _Parameter.profile,
    INSTANCE_PROFILE_ARN_OR_NAME: _Parameter.profile,
    LAUNCH_TEMPLATE: _Parameter.launch_template,
    TASK_DEFINITION: _Parameter.task_definition,
}
