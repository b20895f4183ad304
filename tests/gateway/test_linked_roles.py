"""Service-linked roles: made by the service's first call with the caller's rights, named, passed, shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from tests.gateway.estate import ACCOUNT, ALL, USER, Estate, Statement, refused

from passrole.state.entities import Role

DEFAULT: Final = "AWSServiceRoleForAutoScaling"
PATH: Final = "/aws-service-role/autoscaling.amazonaws.com/"
ARN: Final = f"arn:aws:iam::{ACCOUNT}:role{PATH}{DEFAULT}"
WITHOUT: Final[Statement] = {"Effect": "Allow", "NotAction": "iam:CreateServiceLinkedRole", "Resource": "*"}
WITHOUT_EITHER: Final[Statement] = {
    "Effect": "Allow",
    "NotAction": ["iam:CreateServiceLinkedRole", "iam:PassRole"],
    "Resource": "*",
}


@pytest.fixture
def estate() -> Iterator[Estate]:
    """With a launch configuration for groups, in moto."""
    with Estate(embedded=True) as estate:
        estate.allow(ALL)
        given = {"LaunchConfigurationName": "small", "ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
        estate.output("autoscaling", "CreateLaunchConfiguration", given)
        yield estate


def group(name: str, **more: object) -> dict[str, object]:
    """The input of a group without instances."""
    return {
        "AutoScalingGroupName": name,
        "LaunchConfigurationName": "small",
        "MinSize": 0,
        "MaxSize": 0,
        "AvailabilityZones": ["eu-west-1a"],
        **more,
    }


def linked(estate: Estate, name: str = DEFAULT) -> Role | None:
    return estate.directory.get(Role, ACCOUNT, name)


def shown(estate: Estate, name: str) -> object:
    """The role that DescribeAutoScalingGroups shows."""
    asked = {"AutoScalingGroupNames": [name]}
    found: Any = estate.output("autoscaling", "DescribeAutoScalingGroups", asked)["AutoScalingGroups"]
    return found[0]["ServiceLinkedRoleARN"]


def test_the_first_group_makes_the_role_and_the_second_finds_it(estate: Estate) -> None:
    assert linked(estate) is None
    estate.output("autoscaling", "CreateAutoScalingGroup", group("one"))
    made = linked(estate)
    assert made is not None
    assert made.arn == ARN
    assert made.attached == ("arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy",)
    estate.output("autoscaling", "CreateAutoScalingGroup", group("two"))
    assert linked(estate) == made
    assert shown(estate, "one") == shown(estate, "two") == ARN


def test_its_making_is_on_record_as_the_services_doing_for_the_caller(estate: Estate) -> None:
    estate.output("autoscaling", "CreateAutoScalingGroup", group("one"))
    (record,) = estate.events("CreateServiceLinkedRole", region="us-east-1")
    assert record["eventSource"] == "iam.amazonaws.com"
    assert record["userIdentity"]["arn"] == USER
    assert record["userIdentity"]["invokedBy"] == "autoscaling.amazonaws.com"
    assert record["sourceIPAddress"] == "autoscaling.amazonaws.com"
    assert record["requestParameters"] == {"aWSServiceName": "autoscaling.amazonaws.com"}
    assert record["responseElements"]["role"]["arn"] == ARN
    (group_record,) = estate.events("CreateAutoScalingGroup")
    assert record["requestID"] != group_record["requestID"]


def test_who_may_not_make_the_role_may_not_make_the_first_group(estate: Estate) -> None:
    estate.allow(WITHOUT)
    error = refused(estate.ask("autoscaling", "CreateAutoScalingGroup", group("one")))
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert error.message == (
        f"User: {USER} is not authorized to perform: iam:CreateServiceLinkedRole on resource: {ARN} because "
        "no identity-based policy allows the iam:CreateServiceLinkedRole action"
    )
    assert linked(estate) is None
    estate.allow(ALL)
    groups = estate.output("autoscaling", "DescribeAutoScalingGroups", {})["AutoScalingGroups"]
    assert groups == []
    # Once it is there nobody is asked.
    estate.output("autoscaling", "CreateAutoScalingGroup", group("one"))
    estate.allow(WITHOUT)
    estate.output("autoscaling", "CreateAutoScalingGroup", group("two"))


@pytest.mark.parametrize(
    ("principal", "resource", "allowed"),
    [
        ("autoscaling.amazonaws.com", ARN, True),
        ("autoscaling.amazonaws.com", f"arn:aws:iam::*:role{PATH}*", True),
        ("ecs.amazonaws.com", ARN, False),
        ("autoscaling.amazonaws.com", f"arn:aws:iam::{ACCOUNT}:role/{DEFAULT}", False),
    ],
)
def test_the_grant_may_be_narrowed(estate: Estate, principal: str, resource: str, allowed: bool) -> None:
    narrowed: Statement = {
        "Effect": "Allow",
        "Action": "iam:CreateServiceLinkedRole",
        "Resource": resource,
        "Condition": {
            "StringEquals": {"iam:AWSServiceName": principal},
            "Bool": {"aws:ViaAWSService": "true"},
        },
    }
    estate.allow(WITHOUT, narrowed)
    response = estate.ask("autoscaling", "CreateAutoScalingGroup", group("one"))
    assert (response.status < 300) is allowed, response.body
    assert (linked(estate) is not None) is allowed


def test_a_call_that_fails_makes_no_role(estate: Estate) -> None:
    without = {name: value for name, value in group("one").items() if name != "LaunchConfigurationName"}
    error = refused(estate.ask("autoscaling", "CreateAutoScalingGroup", without))
    assert (error.code, error.status) == ("ValidationError", 400)
    assert linked(estate) is None
    assert estate.events("CreateServiceLinkedRole", region="us-east-1") == []


def test_a_role_of_the_name_in_another_case_is_in_the_way(estate: Estate) -> None:
    estate.role(DEFAULT.lower())
    estate.output("autoscaling", "CreateAutoScalingGroup", group("one"))
    assert linked(estate) is None


@pytest.mark.parametrize("suffix", ["", "_blue"])
def test_a_named_role_must_be_passed(estate: Estate, suffix: str) -> None:
    name, arn = f"{DEFAULT}{suffix}", f"{ARN}{suffix}"
    create = {"AWSServiceName": "autoscaling.amazonaws.com"}
    estate.output(
        "iam", "CreateServiceLinkedRole", {**create, "CustomSuffix": suffix[1:]} if suffix else create
    )
    assert linked(estate, name) is not None
    named = group("one", ServiceLinkedRoleARN=arn)
    estate.allow(WITHOUT_EITHER)
    error = refused(estate.ask("autoscaling", "CreateAutoScalingGroup", named))
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert f"iam:PassRole on resource: {arn} because" in error.message
    passing: Statement = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": arn,
        "Condition": {"StringEquals": {"iam:PassedToService": "autoscaling.amazonaws.com"}},
    }
    estate.allow(WITHOUT_EITHER, passing)
    estate.output("autoscaling", "CreateAutoScalingGroup", named)
    assert shown(estate, "one") == arn
    estate.allow(ALL)
    changed = {"AutoScalingGroupName": "one", "ServiceLinkedRoleARN": f"{ARN}_green"}
    estate.output("autoscaling", "UpdateAutoScalingGroup", changed)
    assert shown(estate, "one") == f"{ARN}_green"
    assert (linked(estate) is None) is bool(suffix)  # the default one was not asked for


def test_no_role_named_none_passed(estate: Estate) -> None:
    estate.output("autoscaling", "CreateAutoScalingGroup", group("one"))
    estate.allow(WITHOUT_EITHER)
    estate.output("autoscaling", "CreateAutoScalingGroup", group("two"))


def test_ecs_goes_on_without(estate: Estate) -> None:
    estate.allow(WITHOUT)
    estate.output("ecs", "CreateCluster", {"clusterName": "one"})
    assert linked(estate, "AWSServiceRoleForECS") is None
    estate.allow(ALL)
    estate.output("ecs", "CreateCluster", {"clusterName": "two"})
    assert linked(estate, "AWSServiceRoleForECS") is not None


def test_the_endpoints_own_services_ask_too(estate: Estate) -> None:
    estate.allow(WITHOUT)
    error = refused(estate.ask("organizations", "CreateOrganization", {}))
    assert (error.code, error.status) == ("AccessDeniedException", 400)
    assert "iam:CreateServiceLinkedRole" in error.message
    estate.allow(ALL)
    estate.output("organizations", "CreateOrganization", {})
    assert linked(estate, "AWSServiceRoleForOrganizations") is not None


def test_in_report_mode_the_role_is_made_all_the_same() -> None:
    with Estate(report=True) as estate:
        estate.allow(WITHOUT)
        response = estate.ask("elbv2", "CreateLoadBalancer", {"Name": "one"})
        assert response.status == 200
        would = dict(response.headers)["x-passrole-would-deny"]
        assert "iam:CreateServiceLinkedRole" in would
        assert linked(estate, "AWSServiceRoleForElasticLoadBalancing") is not None
        (record,) = estate.events("CreateServiceLinkedRole", region="us-east-1")
        assert record["additionalEventData"] == {"passroleWouldDeny": would}
