"""Which roles a call hands on: every role parameter of its input, resolved to a role's ARN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from passrole.authorize.call import Call, ResourceFacts
from passrole.authorize.resources import role_of_arn
from passrole.catalog import templates
from passrole.catalog.operations import operation
from passrole.catalog.role_parameters import LAUNCH_TEMPLATE, RoleParameter
from passrole.state.directory import Directory
from passrole.state.entities import InstanceProfile, Role
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, ServiceError


@dataclass(frozen=True, slots=True)
class RolePass:
    """One role passed in one call, resolved: what the rule judges and associations remember.

    parameter is the concrete path in the input (``IamInstanceProfile.Name``). role_id is "" where
    no such role exists. profile_arn and profile_id are set where the role came through an instance
    profile, template where it came from a launch template rather than from the request itself.
    services are the values of ``iam:PassedToService`` (several only where AWS's sources disagree).
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


class NotARole(ServiceError):
    """A role parameter that holds neither a role's ARN nor, where one may stand there, its name."""

    code, status = "ValidationException", 400


def role_passes(call: Call, directory: Directory, facts: ResourceFacts) -> tuple[RolePass, ...]:
    """Every role passed by the call, once a (role, service, associated resource).

    A parameter that is missing or empty passes nothing. An instance profile that does not exist or holds
    no role passes nothing either: there is no role to judge, and the service refuses it itself.
    Raises NotARole for a text that cannot be a role.
    """
    known = operation(call.service, call.operation)
    if known is None:
        return ()
    found: dict[tuple[str, tuple[str, ...], str], RolePass] = {}
    for parameter in known.role_parameters:
        for passed in _passes(call, parameter, directory, facts):
            found.setdefault((str(passed.role), passed.services, passed.associated_resource), passed)
    return tuple(found.values())


def _passes(
    call: Call, parameter: RoleParameter, directory: Directory, facts: ResourceFacts
) -> Iterator[RolePass]:
    if parameter.holds == LAUNCH_TEMPLATE:
        yield from _from_template(call, parameter, directory, facts)
        return
    for place, value in parameter.values(call.input):
        if not value:
            continue
        if parameter.holds.startswith("instance-profile"):
            profile = _profile(call, value, directory)
            if profile is not None:
                yield from _of_profile(call, parameter, place, profile, directory)
        else:
            yield _of_role(call, parameter, place, value, directory)


def _associated(call: Call, parameter: RoleParameter) -> str:
    if not parameter.associated_resource:
        return ""
    filled = templates.fill(
        parameter.associated_resource,
        call.input,
        partition="aws",
        region=call.region,
        account=call.account,
    )
    return filled[0] if filled else ""


def _of_role(call: Call, parameter: RoleParameter, place: str, value: str, directory: Directory) -> RolePass:
    role: Role | None
    if value.startswith("arn:"):
        try:
            arn = Arn.parse(value)
        except InvalidArn as error:
            raise NotARole(f"{place}: {error}") from error
        if arn.service != "iam" or arn.kind != "role" or not arn.name:
            raise NotARole(f"{place}: {value} is not the ARN of a role")
        role = role_of_arn(directory, value)
    elif "name" in parameter.holds:
        # A path may stand before the name: "service-role/Web".
        role = directory.get(Role, call.account, value.rsplit("/", 1)[-1])
        arn = Arn("aws", "iam", "", call.account, f"role/{value.lstrip('/')}")
        if role is not None and ("/" not in value or role.arn == str(arn)):
            arn = Arn.parse(role.arn)
    else:
        raise NotARole(f"{place}: {value!r} is not the ARN of a role")
    return RolePass(
        parameter=place,
        role=arn,
        role_id=role.id if role is not None else "",
        services=parameter.principals,
        associated_resource=_associated(call, parameter),
        row=parameter,
    )


def _profile(call: Call, value: str, directory: Directory) -> InstanceProfile | None:
    if not value.startswith("arn:"):
        return directory.get(InstanceProfile, call.account, value)
    parts = value.split(":", 5)
    if len(parts) != 6:
        return None
    # Of whatever account: a profile of another one leads to a role that cannot be passed.
    profile = directory.get(InstanceProfile, parts[4], parts[5].rsplit("/", 1)[-1])
    return profile if profile is not None and profile.arn == value else None


def _of_profile(
    call: Call,
    parameter: RoleParameter,
    place: str,
    profile: InstanceProfile,
    directory: Directory,
    template: str = "",
) -> Iterator[RolePass]:
    role = directory.by_id(Role, profile.role_id)
    if role is None:
        return
    yield RolePass(
        parameter=place,
        role=Arn.parse(role.arn),
        role_id=role.id,
        services=parameter.principals,
        associated_resource=_associated(call, parameter),
        row=parameter,
        profile_arn=profile.arn,
        profile_id=profile.id,
        template=template,
    )


def _from_template(
    call: Call, parameter: RoleParameter, directory: Directory, facts: ResourceFacts
) -> Iterator[RolePass]:
    """The profile that a launch template carries."""
    for place, text in parameter.values(call.input):
        named = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
        template = named.get("id", named.get("name", ""))
        data = facts.launch_template(
            call.account,
            call.region,
            id=named.get("id", ""),
            name=named.get("name", ""),
            version=named.get("version", ""),
        )
        given = data.get("IamInstanceProfile") if data is not None else None
        if not isinstance(given, Mapping):
            continue
        for member in ("Arn", "Name"):
            value = given.get(member)
            profile = _profile(call, value, directory) if isinstance(value, str) and value else None
            if profile is not None:
                yield from _of_profile(call, parameter, place, profile, directory, template)
                break
