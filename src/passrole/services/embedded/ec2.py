"""What EC2 calls need before moto works on them: the profile found and checked, the count AWS launches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from passrole.authorize.call import Call, ResourceFacts
from passrole.services.backend import answer_dry_run, not_implemented
from passrole.services.embedded.prepared import Prepared
from passrole.services.embedded.profiles import IncorrectState, find
from passrole.state.directory import Directory


def prepare(call: Call, directory: Directory, facts: ResourceFacts) -> Prepared:
    """The call as moto gets it. Raises EC2's error for a profile that cannot be used, before anything is
    made, and DryRunOperation for a dry run that got here.
    """
    prepared = Prepared(call.input)
    launch = _LAUNCHES.get(call.operation)
    if launch is not None:
        prepared = launch(call, directory, facts)
    answer_dry_run(call)  # half of moto's operations would carry one out
    return prepared


def _run_instances(call: Call, directory: Directory, facts: ResourceFacts) -> Prepared:
    given = call.input
    profile = find(given.get("IamInstanceProfile"), call.account, directory)
    if profile is None:
        profile = find(_of_template(call, given.get("LaunchTemplate"), facts), call.account, directory)
    changed = {name: value for name, value in given.items() if name != "IamInstanceProfile"}
    # AWS launches as many as it can up to MaxCount; moto, which always can, launches MinCount.
    if "MaxCount" in given:
        changed["MinCount"] = given["MaxCount"]
    return Prepared(changed, {"Arn": profile.arn} if profile is not None else None)


def _request_spot_instances(call: Call, directory: Directory, facts: ResourceFacts) -> Prepared:
    specification = _member(call.input.get("LaunchSpecification"), "IamInstanceProfile")
    find(specification, call.account, directory)
    return Prepared(call.input, specification)


def _associate(call: Call, directory: Directory, facts: ResourceFacts) -> Prepared:
    find(call.input.get("IamInstanceProfile"), call.account, directory)
    instance = str(call.input.get("InstanceId"))
    arn = f"arn:aws:ec2:{call.region}:{call.account}:instance/{instance}"
    known = facts.attributes(call.account, call.region, arn) or {}
    if _member(known.get("State"), "Name") in ("shutting-down", "terminated"):
        raise IncorrectState(
            f"The instance '{instance}' is not in the 'running' or 'stopped' states.",
            code="IncorrectInstanceState",
        )
    if known.get("IamInstanceProfile"):
        raise IncorrectState(f"There is an existing association for instance {instance}")
    return Prepared(call.input)


def _replace(call: Call, directory: Directory, facts: ResourceFacts) -> Prepared:
    find(call.input.get("IamInstanceProfile"), call.account, directory)
    return Prepared(call.input)


def _fleet(call: Call, directory: Directory, facts: ResourceFacts) -> Prepared:
    """A fleet launches from several specifications; moto forgets which instance came from which."""
    found = {find(given, call.account, directory) for given in _of_fleet(call, facts)}
    if len(found) > 1:
        raise not_implemented(
            "ec2", call.operation, "Give its launch specifications one and the same instance profile."
        )
    profile = next(iter(found), None)
    return Prepared(call.input, {"Arn": profile.arn} if profile is not None else None)


def _of_fleet(call: Call, facts: ResourceFacts) -> Iterator[object]:
    config = call.input.get("SpotFleetRequestConfig", call.input)
    for specification in _list(_member(config, "LaunchSpecifications")):
        yield _member(specification, "IamInstanceProfile")
    for template in _list(_member(config, "LaunchTemplateConfigs")):
        yield _of_template(call, _member(template, "LaunchTemplateSpecification"), facts)


def _of_template(call: Call, given: object, facts: ResourceFacts) -> object:
    """The IamInstanceProfileSpecification of a template's version; None where it has none or is unknown.

    A template that does not exist is left to moto, which says so.
    """
    if not isinstance(given, Mapping):
        return None
    data = facts.launch_template(
        call.account,
        call.region,
        id=str(given.get("LaunchTemplateId") or ""),
        name=str(given.get("LaunchTemplateName") or ""),
        version=str(given.get("Version") or ""),
    )
    return (data or {}).get("IamInstanceProfile")


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


_LAUNCHES: Final = {
    "RunInstances": _run_instances,
    "RequestSpotInstances": _request_spot_instances,
    "RequestSpotFleet": _fleet,
    "CreateFleet": _fleet,
    "AssociateIamInstanceProfile": _associate,
    "ReplaceIamInstanceProfileAssociation": _replace,
}
