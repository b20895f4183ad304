"""Auto Scaling against the real server: who may have groups launch what, and what the groups then do.

Source: Auto Scaling User Guide, "Service-linked roles for Amazon EC2 Auto Scaling", "Scaling activities",
"Control Amazon EC2 launch template usage in Auto Scaling groups".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.request import urlopen

import pytest
from tests.sdk.clients import Boto3
from tests.sdk.example import IMAGE, Administrator, allow, profile_arn
from tests.sdk.server import ACCOUNT, REGION, Serve

SERVICE = "autoscaling.amazonaws.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{SERVICE}/AWSServiceRoleForAutoScaling"
ZONE = f"{REGION}a"
SECONDS = 20.0  # that the agent may take

T = TypeVar("T")


@pytest.fixture(scope="module")
def admin(serve: Serve) -> Administrator:
    """After a role for instances, a template, a configuration and Auto Scaling's own role."""
    admin = Administrator(Boto3(serve.url))
    admin.ec2_role("Web")
    data = {"ImageId": IMAGE, "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": "Web"}}
    admin.call("ec2:CreateLaunchTemplate", LaunchTemplateName="web", LaunchTemplateData=data).at()
    admin.call(
        "autoscaling:CreateLaunchConfiguration",
        LaunchConfigurationName="web",
        ImageId=IMAGE,
        InstanceType="t3.small",
        IamInstanceProfile="Web",
    ).at()
    admin.call("iam:CreateServiceLinkedRole", AWSServiceName=SERVICE).at()
    return admin


def within(ask: Callable[[], T], settled: Callable[[T], bool]) -> T:
    """What is answered once it is as wanted; the last answer if it never is."""
    end = time.monotonic() + SECONDS
    found = ask()
    while not settled(found) and time.monotonic() < end:
        time.sleep(0.05)
        found = ask()
    return found


def create(caller: Any, name: str, capacity: int, **given: object) -> Any:
    """A group of the template, unless a configuration is given."""
    launch = {} if "LaunchConfigurationName" in given else {"LaunchTemplate": {"LaunchTemplateName": "web"}}
    return caller.call(
        "autoscaling:CreateAutoScalingGroup",
        **{
            "AutoScalingGroupName": name,
            "MinSize": 0,
            "MaxSize": 5,
            "DesiredCapacity": capacity,
            "AvailabilityZones": [ZONE],
            **launch,
            **given,
        },
    )


def shown(admin: Administrator, name: str) -> Mapping[str, Any]:
    """The group as DescribeAutoScalingGroups tells of it; {} where it is gone."""
    groups = admin.call("autoscaling:DescribeAutoScalingGroups", AutoScalingGroupNames=[name])
    found = groups.at("AutoScalingGroups")
    assert isinstance(found, list)
    return found[0] if found else {}


def instances(admin: Administrator, name: str) -> set[str]:
    """The ids of a group's instances."""
    return {one["InstanceId"] for one in shown(admin, name).get("Instances", ())}


def settled(admin: Administrator, name: str, number: int, without: str = "") -> set[str]:
    """The group's instances once there are that many, and a certain one is not among them."""
    found = within(lambda: instances(admin, name), lambda ids: len(ids) == number and without not in ids)
    assert len(found) == number
    assert without not in found
    return found


def activities(admin: Administrator, name: str) -> list[Mapping[str, Any]]:
    """What the group has done, newest first."""
    found = admin.call("autoscaling:DescribeScalingActivities", AutoScalingGroupName=name).at("Activities")
    assert isinstance(found, list)
    return found


def failure(admin: Administrator, name: str) -> str:
    """Why the group's newest activity failed."""
    found = within(
        lambda: activities(admin, name), lambda all: bool(all) and all[0]["StatusCode"] == "Failed"
    )
    assert found[0]["StatusCode"] == "Failed"
    assert found[0]["Description"].endswith(f"Status Reason: {found[0]['StatusMessage']}")
    return str(found[0]["StatusMessage"])


def delete(admin: Administrator, name: str) -> None:
    admin.call("autoscaling:DeleteAutoScalingGroup", AutoScalingGroupName=name, ForceDelete=True).at()
    assert within(lambda: shown(admin, name), lambda group: not group) == {}


def records(admin: Administrator, name: str) -> list[Mapping[str, Any]]:
    """The trail's records of an event name, newest first."""
    chosen = [{"AttributeKey": "EventName", "AttributeValue": name}]
    found = admin.call("cloudtrail:LookupEvents", LookupAttributes=chosen, MaxResults=50)
    return [json.loads(event.text("CloudTrailEvent")) for event in found.items("Events")]


def test_a_group_launches_as_its_service_linked_role(admin: Administrator) -> None:
    create(admin, "two", 2, Tags=[{"Key": "team", "Value": "a", "PropagateAtLaunch": True}]).at()
    ids = settled(admin, "two", 2)
    profiles = admin.instances()
    assert {profiles[each] for each in ids} == {profile_arn("Web")}
    told = admin.call("ec2:DescribeInstances", InstanceIds=sorted(ids)).at("Reservations", 0, "Instances", 0)
    assert isinstance(told, Mapping)
    tags = {tag["Key"]: tag["Value"] for tag in told["Tags"]}
    assert (tags["aws:autoscaling:groupName"], tags["team"]) == ("two", "a")

    (made, *_) = records(admin, "RunInstances")
    assert made["userIdentity"]["arn"] == (
        f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling"
    )
    assert made["userIdentity"]["invokedBy"] == made["sourceIPAddress"] == made["userAgent"] == SERVICE
    (taken, *_) = records(admin, "AssumeRole")
    assert taken["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}
    assert taken["requestParameters"]["roleArn"] == ROLE

    done = activities(admin, "two")
    assert [one["StatusCode"] for one in done] == ["Successful"] * 2
    assert {one["Description"] for one in done} == {f"Launching a new EC2 instance: {each}" for each in ids}
    assert (
        "a user request created an AutoScalingGroup changing the desired capacity from 0 to 2."
        in (done[0]["Cause"])
    )
    assert shown(admin, "two")["ServiceLinkedRoleARN"] == ROLE
    imds = f"{admin.client.url}/_passrole/imds/{min(ids)}/latest/meta-data/iam/security-credentials/Web"
    with urlopen(imds) as answer:
        assert json.load(answer)["Code"] == "Success"

    delete(admin, "two")


def test_a_launch_configuration_s_profile_is_carried_too(admin: Administrator) -> None:
    create(admin, "configured", 1, LaunchConfigurationName="web").at()
    (one,) = settled(admin, "configured", 1)
    assert admin.instances()[one] == profile_arn("Web")
    delete(admin, "configured")


@pytest.mark.parametrize(
    "rights",
    [[], ["ec2:RunInstances"], ["iam:PassRole"]],
    ids=["neither", "may launch", "may pass"],
)
def test_who_may_not_launch_from_a_template_may_not_have_a_group_do_so(
    admin: Administrator, rights: list[str]
) -> None:
    user = admin.user(
        f"user-{len(rights)}-{''.join(rights).replace(':', '')}", allow(["autoscaling:*", *rights])
    )
    answer = create(user, "refused", 1)
    assert (answer.code, answer.status) == ("AccessDenied", 403)
    assert answer.message == "You are not authorized to use launch template: web"
    assert shown(admin, "refused") == {}


def test_the_creator_s_rights_are_asked_at_set_up_only(admin: Administrator) -> None:
    carol = admin.user("carol", allow(["autoscaling:*", "ec2:RunInstances", "iam:PassRole"]))
    create(carol, "carols", 1).at()
    settled(admin, "carols", 1)
    admin.call("iam:DeleteUserPolicy", UserName="carol", PolicyName="own").at()
    admin.call("autoscaling:SetDesiredCapacity", AutoScalingGroupName="carols", DesiredCapacity=2).at()
    settled(admin, "carols", 2)
    delete(admin, "carols")


def test_a_terminated_instance_is_replaced(admin: Administrator) -> None:
    create(admin, "mended", 1).at()
    (first,) = settled(admin, "mended", 1)
    admin.call("ec2:TerminateInstances", InstanceIds=[first]).at()
    (second,) = settled(admin, "mended", 1, without=first)
    launched, ended = activities(admin, "mended")[:2]
    assert launched["Description"] == f"Launching a new EC2 instance: {second}"
    assert launched["Cause"].endswith(
        "an instance was launched in response to an unhealthy instance needing to be replaced."
    )
    assert ended["Cause"].endswith(
        "an instance was taken out of service in response to an EC2 health check indicating it has been"
        " terminated or stopped."
    )
    # A stopped instance is unhealthy, too, and the group terminates it.
    admin.call("ec2:StopInstances", InstanceIds=[second]).at()
    (third,) = settled(admin, "mended", 1, without=second)
    admin.call("autoscaling:SetInstanceHealth", InstanceId=third, HealthStatus="Unhealthy").at()
    (fourth,) = settled(admin, "mended", 1, without=third)
    asked = {"InstanceId": fourth, "ShouldDecrementDesiredCapacity": False}
    begun = admin.call("autoscaling:TerminateInstanceInAutoScalingGroup", **asked)
    assert begun.text("Activity", "StatusCode") == "InProgress"
    settled(admin, "mended", 1, without=fourth)
    known = {one["ActivityId"]: one["StatusCode"] for one in activities(admin, "mended")}
    assert known[begun.text("Activity", "ActivityId")] == "Successful"
    delete(admin, "mended")


def test_suspended_processes_wait(admin: Administrator) -> None:
    name = {"AutoScalingGroupName": "waiting"}
    create(admin, "waiting", 0).at()
    admin.call("autoscaling:SuspendProcesses", **name, ScalingProcesses=["Launch"]).at()
    admin.call("autoscaling:SetDesiredCapacity", **name, DesiredCapacity=1).at()
    create(admin, "other", 1).at()
    settled(admin, "other", 1)  # by now the agent has looked at both
    assert instances(admin, "waiting") == set()
    admin.call("autoscaling:ResumeProcesses", **name).at()
    settled(admin, "waiting", 1)
    delete(admin, "waiting")
    delete(admin, "other")


def test_attached_and_detached_instances(admin: Administrator) -> None:
    name = {"AutoScalingGroupName": "lent"}
    create(admin, "lent", 0).at()
    own = admin.launched()
    admin.call("autoscaling:AttachInstances", **name, InstanceIds=[own]).at()
    assert settled(admin, "lent", 1) == {own}
    admin.call(
        "autoscaling:DetachInstances", **name, InstanceIds=[own], ShouldDecrementDesiredCapacity=True
    ).at()
    settled(admin, "lent", 0)
    assert own in admin.instances()
    delete(admin, "lent")


def test_policies_move_the_capacity_within_its_bounds(admin: Administrator) -> None:
    name = {"AutoScalingGroupName": "policed"}
    create(admin, "policed", 1).at()
    policy = {"PolicyName": "up", "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 9}
    admin.call("autoscaling:PutScalingPolicy", **name, **policy).at()
    admin.call("autoscaling:ExecutePolicy", **name, PolicyName="up").at()
    settled(admin, "policed", 5)
    assert (
        "a user request executed policy up changing the desired capacity from 1 to 5."
        in (activities(admin, "policed")[0]["Cause"])
    )
    too_many = admin.call("autoscaling:SetDesiredCapacity", **name, DesiredCapacity=6)
    assert (too_many.code, too_many.message) == (
        "ValidationError",
        "New SetDesiredCapacity value 6 is above max value 5 for the AutoScalingGroup.",
    )
    admin.call("autoscaling:UpdateAutoScalingGroup", **name, MaxSize=2).at()
    settled(admin, "policed", 2)
    kept = admin.call("autoscaling:DeleteAutoScalingGroup", **name)
    assert kept.code == "ResourceInUse"
    delete(admin, "policed")


def test_what_fails_is_an_activity_and_tried_again_once_something_changes(admin: Administrator) -> None:
    admin.ec2_role("Frail")
    data = {"ImageId": IMAGE, "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": "Frail"}}
    admin.call("ec2:CreateLaunchTemplate", LaunchTemplateName="frail", LaunchTemplateData=data).at()
    create(admin, "frail", 1, LaunchTemplate={"LaunchTemplateName": "frail"}).at()
    settled(admin, "frail", 1)
    profile = {"InstanceProfileName": "Frail", "RoleName": "Frail"}
    admin.call("iam:RemoveRoleFromInstanceProfile", **profile).at()
    admin.call("autoscaling:SetDesiredCapacity", AutoScalingGroupName="frail", DesiredCapacity=2).at()
    assert failure(admin, "frail").endswith(" Launching EC2 instance failed.")
    assert len(instances(admin, "frail")) == 1
    admin.call("iam:AddRoleToInstanceProfile", **profile).at()
    settled(admin, "frail", 2)
    delete(admin, "frail")


def test_a_role_of_one_s_own_suffix_is_used_and_its_loss_is_said(admin: Administrator) -> None:
    made = admin.call("iam:CreateServiceLinkedRole", AWSServiceName=SERVICE, CustomSuffix="Own")
    arn, name = made.text("Role", "Arn"), made.text("Role", "RoleName")
    create(admin, "own", 1, ServiceLinkedRoleARN=arn).at()
    settled(admin, "own", 1)
    assert shown(admin, "own")["ServiceLinkedRoleARN"] == arn
    (last, *_) = records(admin, "RunInstances")
    assert last["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == name
    # While a group uses it, it cannot be deleted.
    task = admin.call("iam:DeleteServiceLinkedRole", RoleName=name).text("DeletionTaskId")
    status = admin.call("iam:GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)
    assert status.text("Status") == "FAILED"
    delete(admin, "own")
    task = admin.call("iam:DeleteServiceLinkedRole", RoleName=name).text("DeletionTaskId")
    status = admin.call("iam:GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)
    assert status.text("Status") == "SUCCEEDED"


def test_a_role_that_the_service_may_not_take_fails_the_launch(admin: Administrator) -> None:
    arn = admin.role("NotForScaling", "ec2.amazonaws.com")
    create(admin, "locked", 1, ServiceLinkedRoleARN=arn).at()
    assert failure(admin, "locked") == (
        f"Access denied when attempting to assume role {arn}. Launching EC2 instance failed."
    )
    refused = next(one for one in records(admin, "AssumeRole") if one.get("errorCode"))
    assert refused["requestParameters"]["roleArn"] == arn
    delete(admin, "locked")
