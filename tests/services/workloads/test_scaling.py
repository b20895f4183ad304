"""Groups over time: credentials that end, and how often what fails is tried."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from tests.services.workloads.conftest import Account, allow, eventually

from passrole.services.workloads import rounds

REGION = "eu-west-1"


def group(account: Account, name: str, capacity: int, **given: object) -> Any:
    """A group of a launch configuration; returns Auto Scaling's client."""
    client = account.client("autoscaling", REGION)
    client.create_launch_configuration(
        LaunchConfigurationName=name, ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName=name,
        MinSize=0,
        MaxSize=4,
        DesiredCapacity=capacity,
        AvailabilityZones=[f"{REGION}a"],
        **given,
    )
    return client


def instances(client: Any, name: str) -> list[Any]:
    found: list[Any] = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return list(found[0]["Instances"])


def test_a_group_takes_its_role_anew_once_its_credentials_have_ended(account: Account) -> None:
    client = group(account, "aged", 1)
    eventually(lambda: len(instances(client, "aged")) == 1)
    taken = len(account.records("AssumeRole", REGION))
    account.advance(7200)  # credentials that a service takes for itself last 15 minutes
    client.set_desired_capacity(AutoScalingGroupName="aged", DesiredCapacity=2)
    eventually(lambda: len(instances(client, "aged")) == 2)
    assert len(account.records("AssumeRole", REGION)) > taken
    assert [one.get("errorCode") for one in account.records("RunInstances", REGION)] == [None, None]


def test_what_fails_is_tried_again_after_a_growing_pause(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "_FIRST_PAUSE", 0.2)
    other = account.role("Other", "ec2.amazonaws.com", allow("*"))
    client = group(account, "failing", 1, ServiceLinkedRoleARN=other)

    def failed() -> list[Any]:
        found: list[Any] = client.describe_scaling_activities(AutoScalingGroupName="failing")["Activities"]
        assert {one["StatusCode"] for one in found} <= {"Failed"}
        return found

    eventually(lambda: len(failed()) >= 4)
    started = [one["StartTime"] for one in reversed(failed())]
    pauses = [(after - before).total_seconds() for before, after in pairwise(started)]
    for number, pause in enumerate(pauses[:3]):
        assert pause >= 0.2 * 2**number * 0.9
    assert failed()[0]["StatusMessage"].endswith(" Launching EC2 instance failed.")
    client.delete_auto_scaling_group(AutoScalingGroupName="failing", ForceDelete=True)
