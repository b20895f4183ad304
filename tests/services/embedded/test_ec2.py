"""Instances carry the profile that they were launched with, and lose it as AWS says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.services.embedded.cloud import ALPHA, BETA, Cloud

from passrole.state.entities import Association, InstanceProfile, Role

ARN = f"arn:aws:iam::{ALPHA}:instance-profile"


@pytest.fixture
def web(cloud: Cloud) -> InstanceProfile:
    """A profile with a role, under a path."""
    return cloud.profile("Web", path="/app/", role=cloud.role("WebRole"))


@pytest.fixture
def other(cloud: Cloud) -> InstanceProfile:
    """Another profile."""
    return cloud.profile("Other", role=cloud.role("OtherRole"))


def error(call: Any, **given: object) -> tuple[str, str, int]:
    """(code, message, status) of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def launch(ec2: Any, **given: object) -> list[Any]:
    """The instances of one RunInstances."""
    answer = ec2.run_instances(**{"ImageId": "ami-0abcdef12", "MinCount": 1, "MaxCount": 1, **given})
    return list(answer["Instances"])


def held(cloud: Cloud, account: str = ALPHA) -> dict[str, tuple[str, str, str, str]]:
    """instance id -> (holder, profile id, role id, service) of our associations."""
    found: Iterator[Association] = cloud.directory.all(Association, account)
    return {
        entity.resource.rpartition("/")[2]: (entity.holder, entity.profile_id, entity.role_id, entity.service)
        for entity in found
    }


def shown(ec2: Any, instance: str) -> object:
    """What DescribeInstances shows of the profile."""
    described = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return described.get("IamInstanceProfile")


@pytest.mark.parametrize("given", [{"Name": "Web"}, {"Arn": f"{ARN}/app/Web"}])
def test_every_instance_carries_the_profile(
    cloud: Cloud, web: InstanceProfile, given: dict[str, str]
) -> None:
    ec2 = cloud.client("ec2")
    instances = launch(ec2, IamInstanceProfile=given, MinCount=1, MaxCount=3)
    assert len(instances) == 3  # as many as it can, which is all
    profile = {"Arn": web.arn, "Id": web.id}
    assert [instance["IamInstanceProfile"] for instance in instances] == [profile] * 3
    ids = [instance["InstanceId"] for instance in instances]
    assert [shown(ec2, instance) for instance in ids] == [profile] * 3
    associations = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert {one["InstanceId"]: one["IamInstanceProfile"] for one in associations} == dict.fromkeys(
        ids, profile
    )
    assert all(one["AssociationId"].startswith("iip-assoc-") for one in associations)
    assert held(cloud) == dict.fromkeys(ids, ("IamInstanceProfile", web.id, web.role_id, "ec2.amazonaws.com"))
    found = cloud.embedded.facts.instance(ids[0])
    assert found is not None
    assert found.arn == f"arn:aws:ec2:eu-west-1:{ALPHA}:instance/{ids[0]}"


def test_no_profile_no_association(cloud: Cloud, web: InstanceProfile) -> None:
    ec2 = cloud.client("ec2")
    (instance,) = launch(ec2)
    assert "IamInstanceProfile" not in instance
    assert held(cloud) == {}


def template(ec2: Any, **versions: str) -> str:
    """A launch template "web" with one version a profile name; its id."""
    names = list(versions.values())

    def data(name: str) -> dict[str, object]:
        return {"ImageId": "ami-1", "InstanceType": "t3.nano", "IamInstanceProfile": {"Name": name}}

    made = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data(names[0]))
    for name in names[1:]:
        ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=data(name))
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


@pytest.mark.parametrize("by", ["id", "name"])
@pytest.mark.parametrize(
    ("version", "expected"),
    [("1", "Web"), ("2", "Other"), ("$Latest", "Other"), ("$Default", "Web"), ("", "Web")],
)
def test_a_template_brings_its_version_s_profile(
    cloud: Cloud, web: InstanceProfile, other: InstanceProfile, by: str, version: str, expected: str
) -> None:
    ec2 = cloud.client("ec2")
    id = template(ec2, one="Web", two="Other")
    named = {"LaunchTemplateId": id} if by == "id" else {"LaunchTemplateName": "web"}
    (instance,) = launch(ec2, LaunchTemplate={**named, **({"Version": version} if version else {})})
    profile = web if expected == "Web" else other
    assert instance["IamInstanceProfile"] == {"Arn": profile.arn, "Id": profile.id}
    assert held(cloud)[instance["InstanceId"]][1] == profile.id
    data = cloud.embedded.facts.launch_template(
        ALPHA, "eu-west-1", id=id if by == "id" else "", name="" if by == "id" else "web", version=version
    )
    assert data is not None
    assert data["IamInstanceProfile"] == {"Name": expected}


def test_a_profile_in_the_request_overrides_the_template_s(
    cloud: Cloud, web: InstanceProfile, other: InstanceProfile
) -> None:
    ec2 = cloud.client("ec2")
    template(ec2, one="Web")
    (instance,) = launch(
        ec2, LaunchTemplate={"LaunchTemplateName": "web"}, IamInstanceProfile={"Name": "Other"}
    )
    assert instance["IamInstanceProfile"]["Id"] == other.id
    assert held(cloud)[instance["InstanceId"]][1] == other.id


def test_templates_that_are_not_there(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    facts = cloud.embedded.facts
    assert facts.launch_template(ALPHA, "eu-west-1", id="", name="web", version="") is None
    id = template(ec2, one="Web")
    assert facts.launch_template(BETA, "eu-west-1", id=id, name="", version="") is None
    assert facts.launch_template(ALPHA, "eu-west-1", id=id, name="", version="7") is None
    assert facts.launch_template(ALPHA, "eu-west-1", id=id, name="", version="$latest") is None
    assert error(ec2.run_instances, MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateName": "no"})[
        0
    ] == ("InvalidLaunchTemplateName.NotFoundException")


# What EC2 says of a profile that cannot be used, wherever it is named.
BAD: dict[str, tuple[dict[str, str], str, str]] = {
    "unknown name": (
        {"Name": "No"},
        "InvalidParameterValue",
        "Value (No) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    ),
    "another case": (
        {"Name": "web"},
        "InvalidParameterValue",
        "Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    ),
    "unknown ARN": (
        {"Arn": f"{ARN}/Web"},
        "InvalidParameterValue",
        f"Value ({ARN}/Web) for parameter iamInstanceProfile.arn is invalid. "
        "Invalid IAM Instance Profile ARN",
    ),
    "both": (
        {"Name": "Web", "Arn": f"{ARN}/app/Web"},
        "InvalidParameterCombination",
        "The parameter 'iamInstanceProfile.name' may not be used in combination with "
        "'iamInstanceProfile.arn'",
    ),
    "empty": (
        {"Name": "Empty"},
        "InvalidParameterValue",
        f'IAM Instance Profile "{ARN}/Empty" has no associated IAM Roles',
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_profile_that_cannot_be_used(cloud: Cloud, web: InstanceProfile, case: str) -> None:
    cloud.profile("Empty")
    given, code, message = BAD[case]
    expected = (code, message, 400)
    ec2 = cloud.client("ec2")
    assert error(launch, ec2=ec2, IamInstanceProfile=given) == expected
    assert error(launch, ec2=ec2, IamInstanceProfile=given, DryRun=True) == expected
    spec = {"ImageId": "ami-1", "IamInstanceProfile": given}
    assert error(ec2.request_spot_instances, LaunchSpecification=spec) == expected
    data = {"ImageId": "ami-1", "InstanceType": "t3.nano", "IamInstanceProfile": given}
    ec2.create_launch_template(LaunchTemplateName="bad", LaunchTemplateData=data)
    assert error(launch, ec2=ec2, LaunchTemplate={"LaunchTemplateName": "bad"}) == expected
    assert ec2.describe_instances()["Reservations"] == []  # nothing was created
    (instance,) = launch(ec2)
    assert error(
        ec2.associate_iam_instance_profile, InstanceId=instance["InstanceId"], IamInstanceProfile=given
    ) == (expected)
    made = ec2.associate_iam_instance_profile(
        InstanceId=instance["InstanceId"], IamInstanceProfile={"Name": "Web"}
    )
    id = made["IamInstanceProfileAssociation"]["AssociationId"]
    assert (
        error(ec2.replace_iam_instance_profile_association, AssociationId=id, IamInstanceProfile=given)
        == expected
    )
    assert held(cloud)[instance["InstanceId"]][1] == web.id


def test_associate_replace_and_disassociate(
    cloud: Cloud, web: InstanceProfile, other: InstanceProfile
) -> None:
    ec2 = cloud.client("ec2")
    id = launch(ec2)[0]["InstanceId"]
    made = ec2.associate_iam_instance_profile(InstanceId=id, IamInstanceProfile={"Name": "Web"})
    first = made["IamInstanceProfileAssociation"]
    assert (first["State"], first["IamInstanceProfile"]) == ("associating", {"Arn": web.arn, "Id": web.id})
    assert shown(ec2, id) == {"Arn": web.arn, "Id": web.id}
    for name in ("Web", "Other"):
        assert error(
            ec2.associate_iam_instance_profile, InstanceId=id, IamInstanceProfile={"Name": name}
        ) == (
            "IncorrectState",
            f"There is an existing association for instance {id}",
            400,
        )
    replaced = ec2.replace_iam_instance_profile_association(
        AssociationId=first["AssociationId"], IamInstanceProfile={"Arn": other.arn}
    )["IamInstanceProfileAssociation"]
    assert replaced["AssociationId"] != first["AssociationId"]
    assert shown(ec2, id) == {"Arn": other.arn, "Id": other.id}
    assert held(cloud) == {id: ("IamInstanceProfile", other.id, other.role_id, "ec2.amazonaws.com")}
    (listed,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert (listed["AssociationId"], listed["State"]) == (replaced["AssociationId"], "associated")
    ec2.disassociate_iam_instance_profile(AssociationId=replaced["AssociationId"])
    assert shown(ec2, id) is None
    assert held(cloud) == {}
    gone = error(ec2.disassociate_iam_instance_profile, AssociationId=replaced["AssociationId"])
    assert gone[0] == "InvalidAssociationID.NotFound"
    again = ec2.associate_iam_instance_profile(InstanceId=id, IamInstanceProfile={"Name": "Web"})
    assert again["IamInstanceProfileAssociation"]["IamInstanceProfile"]["Id"] == web.id
    assert held(cloud)[id][1] == web.id


def test_what_is_not_there_cannot_be_associated(cloud: Cloud, web: InstanceProfile) -> None:
    ec2 = cloud.client("ec2")
    given = {"IamInstanceProfile": {"Name": "Web"}}
    missing = error(ec2.associate_iam_instance_profile, InstanceId="i-00000000000000000", **given)
    assert missing[0] == "InvalidInstanceID.NotFound"
    id = launch(ec2)[0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[id])
    assert error(ec2.associate_iam_instance_profile, InstanceId=id, **given)[0] == "IncorrectInstanceState"
    assert held(cloud) == {}


def test_termination_ends_the_association_and_a_stop_does_not(cloud: Cloud, web: InstanceProfile) -> None:
    ec2 = cloud.client("ec2")
    one, two = launch(ec2, IamInstanceProfile={"Name": "Web"}, MinCount=2, MaxCount=2)
    ec2.stop_instances(InstanceIds=[one["InstanceId"]])
    assert set(held(cloud)) == {one["InstanceId"], two["InstanceId"]}
    ec2.terminate_instances(InstanceIds=[one["InstanceId"]])
    assert set(held(cloud)) == {two["InstanceId"]}
    found = cloud.embedded.facts.instance(one["InstanceId"])
    assert found is not None
    assert found.state == "terminated"


def test_a_spot_instance_carries_its_profile(cloud: Cloud, web: InstanceProfile) -> None:
    ec2 = cloud.client("ec2")
    ec2.request_spot_instances(
        InstanceCount=2, LaunchSpecification={"ImageId": "ami-1", "IamInstanceProfile": {"Name": "Web"}}
    )
    found = [one["Instances"][0] for one in ec2.describe_instances()["Reservations"]]
    assert [one["IamInstanceProfile"]["Id"] for one in found] == [web.id] * 2
    assert {one["InstanceId"] for one in found} == set(held(cloud))
    facts = cloud.embedded.facts.instance(found[0]["InstanceId"])
    assert facts is not None
    assert facts.spot


def test_a_fleet_s_instances_carry_theirs(cloud: Cloud, web: InstanceProfile, other: InstanceProfile) -> None:
    ec2 = cloud.client("ec2")
    template(ec2, one="Web", two="Other")

    def fleet(*versions: str) -> dict[str, Any]:
        return {
            "LaunchTemplateConfigs": [
                {"LaunchTemplateSpecification": {"LaunchTemplateName": "web", "Version": version}}
                for version in versions
            ],
            "TargetCapacitySpecification": {
                "TotalTargetCapacity": 3,
                "OnDemandTargetCapacity": 2,
                "SpotTargetCapacity": 1,
                "DefaultTargetCapacityType": "on-demand",
            },
            "Type": "maintain",
        }

    ec2.create_fleet(**fleet("1"))
    assert [profile for _, profile, _, _ in held(cloud).values()] == [web.id] * 3
    # moto forgets which instance came from which of them.
    assert error(ec2.create_fleet, **fleet("1", "2"))[0] == "NotImplemented"


def test_a_group_itself_launches_nothing(cloud: Cloud, web: InstanceProfile) -> None:
    autoscaling = cloud.client("autoscaling")
    autoscaling.create_launch_configuration(
        LaunchConfigurationName="lc", ImageId="ami-1", InstanceType="t3.nano", IamInstanceProfile=web.arn
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="g",
        LaunchConfigurationName="lc",
        MinSize=2,
        MaxSize=2,
        AvailabilityZones=["eu-west-1a"],
    )
    (group,) = cloud.embedded.scaling.groups()
    assert (group.name, group.wanted, group.members) == ("g", 2, ())
    assert group.launch["IamInstanceProfile"] == {"Arn": web.arn}
    assert held(cloud) == {}
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName="g")
    assert cloud.embedded.scaling.groups() == []


def test_a_dry_run_creates_nothing(cloud: Cloud, web: InstanceProfile) -> None:
    ec2 = cloud.client("ec2")
    expected = ("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    assert error(launch, ec2=ec2, IamInstanceProfile={"Name": "Web"}, DryRun=True) == expected
    # moto would create this one.
    assert (
        error(ec2.create_launch_template, LaunchTemplateName="t", LaunchTemplateData={}, DryRun=True)
        == expected
    )
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []


def test_a_profile_of_another_account_is_none(cloud: Cloud) -> None:
    theirs = cloud.profile("Theirs", BETA, role=cloud.role("TheirRole", BETA))
    ec2 = cloud.client("ec2")
    assert error(launch, ec2=ec2, IamInstanceProfile={"Name": "Theirs"})[0] == "InvalidParameterValue"
    assert error(launch, ec2=ec2, IamInstanceProfile={"Arn": theirs.arn})[0] == "InvalidParameterValue"


def test_the_profile_is_what_it_is_now(cloud: Cloud, web: InstanceProfile) -> None:
    ec2 = cloud.client("ec2")
    launch(ec2, IamInstanceProfile={"Name": "Web"})
    cloud.directory.delete(web)
    cloud.directory.commit()
    assert error(launch, ec2=ec2, IamInstanceProfile={"Name": "Web"})[0] == "InvalidParameterValue"
    role = cloud.directory.get(Role, ALPHA, "WebRole")
    again = cloud.profile("Web", role=role)
    (instance,) = launch(ec2, IamInstanceProfile={"Name": "Web"})
    assert instance["IamInstanceProfile"] == {"Arn": f"{ARN}/Web", "Id": again.id}


def test_start_ends_what_instances_of_the_last_run_held(cloud: Cloud, web: InstanceProfile) -> None:
    launch(cloud.client("ec2"), IamInstanceProfile={"Name": "Web"}, MinCount=2, MaxCount=2)
    kept = Association(
        account=ALPHA, resource="arn:aws:x:::y", holder="Else", role_id="AROAX", created=web.created
    )
    cloud.directory.put(kept)
    assert cloud.embedded.notes == ()
    assert cloud.embedded.on_start() == 2
    assert list(cloud.directory.everywhere(Association)) == [kept]


def test_metadata_sees_the_instance(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    group = ec2.create_security_group(GroupName="sg", Description="d")["GroupId"]
    (made,) = launch(
        ec2,
        InstanceType="t3.micro",
        SecurityGroupIds=[group],
        UserData="#!/bin/sh\n",
        MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}],
    )
    found = cloud.embedded.facts.instance(made["InstanceId"])
    assert found is not None
    assert (found.account, found.region, found.type) == (ALPHA, "eu-west-1", "t3.micro")
    assert (found.zone, found.private_ip) == (made["Placement"]["AvailabilityZone"], made["PrivateIpAddress"])
    assert found.security_groups == ((group, "sg"),)
    assert found.user_data == b"#!/bin/sh\n"
    assert found.options.tokens_required
    assert found.options.tags
    assert found.options.endpoint
    assert found.tags == {"Name": "web"}
    assert found.mac == made["NetworkInterfaces"][0]["MacAddress"]
    assert cloud.embedded.facts.instance("i-00000000000000000") is None
