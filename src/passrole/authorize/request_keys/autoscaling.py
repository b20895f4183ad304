"""Amazon EC2 Auto Scaling.

Source: Service Authorization Reference, "Condition keys for Amazon EC2 Auto Scaling"; EC2 Auto Scaling User
Guide, "Identity-based policy examples" and "Control Amazon EC2 launch template usage in Auto Scaling groups".
"""

from __future__ import annotations

from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.request_keys.source import Computed, Keys, Rules, many, one
from passrole.catalog import paths
from passrole.state.directory import Directory

_MIXED: Final = (
    "MixedInstancesPolicy.LaunchTemplate",
    "DesiredConfiguration.MixedInstancesPolicy.LaunchTemplate",
)
_TEMPLATES: Final = (
    "LaunchTemplate",
    *(f"{mixed}.LaunchTemplateSpecification" for mixed in _MIXED),
    *(f"{mixed}.Overrides[].LaunchTemplateSpecification" for mixed in _MIXED),
)
_RESERVED: Final = "CapacityReservationSpecification.CapacityReservationTarget"

KEYS: Final[Keys] = {
    "autoscaling:capacityreservationids": many(f"{_RESERVED}.CapacityReservationIds[]"),
    "autoscaling:capacityreservationresourcegrouparns": many(
        f"{_RESERVED}.CapacityReservationResourceGroupArns[]"
    ),
    "autoscaling:forcedelete": one("ForceDelete", default="false"),
    "autoscaling:instancetypes": many(*(f"{mixed}.Overrides[].InstanceType" for mixed in _MIXED)),
    "autoscaling:launchconfigurationname": one("LaunchConfigurationName"),
    "autoscaling:loadbalancernames": many("LoadBalancerNames[]"),
    "autoscaling:maxsize": one("MaxSize"),
    "autoscaling:metadatahttpendpoint": one("MetadataOptions.HttpEndpoint"),
    "autoscaling:metadatahttpputresponsehoplimit": one("MetadataOptions.HttpPutResponseHopLimit"),
    "autoscaling:metadatahttptokens": one("MetadataOptions.HttpTokens"),
    "autoscaling:minsize": one("MinSize"),
    "autoscaling:operatorprincipal": one(),  # of groups that a service runs on somebody's behalf
    "autoscaling:spotprice": one("SpotPrice"),
    "autoscaling:targetgrouparns": many("TargetGroupARNs[]"),
    "autoscaling:trafficsourceidentifiers": many("TrafficSources[].Identifier"),
}


def _version_specified(call: Call, directory: Directory) -> str | None:
    """Does the request name a version by its number? One of several that do not agree is unknown."""
    templates = [value for path in _TEMPLATES for _, value in paths.values(path, call.input)]
    numbered = {
        str(version).isdigit()
        for one in templates
        for version in [one.get("Version", "") if isinstance(one, dict) else ""]
    }
    if len(numbered) > 1:
        return None
    return str(numbered.pop()).lower() if numbered else ""


def _zones(call: Call, directory: Directory) -> tuple[str, ...]:
    given = call.input.get("VPCZoneIdentifier")
    subnets = given.split(",") if isinstance(given, str) else ()
    return tuple(subnet.strip() for subnet in subnets if subnet.strip())


def _of_launch(member: str) -> Computed:
    """What a launch configuration says, or takes from the instance that it is made after."""

    def find(call: Call, directory: Directory) -> str | tuple[str, ...] | None:
        given = call.input.get(member)
        if isinstance(given, str) and given:
            return given
        if call.input.get("InstanceId"):
            return None
        overriding = (f"{mixed}.Overrides[].{member}" for mixed in _MIXED)
        return tuple(str(value) for path in overriding for _, value in paths.values(path, call.input))

    return find


def _capacity_types(call: Call, directory: Directory) -> str | None:
    """Of the segments that a mixed instances policy is distributed over."""
    segments = (
        f"{mixed.rpartition('.')[0]}.InstancesDistribution.DistributionSegments[]" for mixed in _MIXED
    )
    return None if any(True for path in segments for _ in paths.values(path, call.input)) else ""


RULES: Final[Rules] = {
    "autoscaling:imageid": _of_launch("ImageId"),
    "autoscaling:instancetype": _of_launch("InstanceType"),
    "autoscaling:launchtemplateversionspecified": _version_specified,
    "autoscaling:targetcapacitytypes": _capacity_types,
    "autoscaling:vpczoneidentifiers": _zones,
}
