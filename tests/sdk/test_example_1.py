"""Example 1, played by each client against the real server: who may launch an instance with which role.

Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service", Example 1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from tests.sdk.clients import Answer, Boto3, Client
from tests.sdk.example import (
    EC2_ACTIONS,
    IMAGE,
    ROLES,
    WEB,
    Administrator,
    Caller,
    allow,
    code,
    function_arn,
    profile_arn,
    refusal,
    trust,
)
from tests.sdk.server import ACCOUNT, REGION, Key


@dataclass(frozen=True, slots=True)
class Example:
    """The account after the administrator's part."""

    admin: Administrator
    alice: Caller  # may pass EC2-roles-for-XYZ-*
    bob: Caller  # may launch, may pass nothing
    carol: Caller  # may pass the same roles, to Lambda alone
    dave: Caller  # may pass the same roles, to EC2 alone
    roles: Mapping[str, str]  # name -> ARN


OTHER = "Admins"
WRONG_CASE = "ec2-roles-for-xyz-batch"
WITH_PATH = "EC2-roles-for-XYZ-nested"
FUNCTION = "EC2-roles-for-XYZ-function"  # trusts Lambda; the name is within Alice's pattern


@pytest.fixture(scope="module")
def example(client: Client) -> Example:
    admin = Administrator(client)
    passes = ["iam:GetRole", "iam:PassRole"]
    ec2 = allow(EC2_ACTIONS)
    functions = allow(["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration", "lambda:GetFunction*"])

    def to(service: str) -> Mapping[str, object]:
        return allow("iam:PassRole", ROLES, StringEquals={"iam:PassedToService": service})

    roles = {name: admin.ec2_role(name) for name in (WEB, OTHER, WRONG_CASE)}
    roles[WITH_PATH] = admin.ec2_role(WITH_PATH, path="/team/")
    roles[FUNCTION] = admin.role(FUNCTION, "lambda.amazonaws.com")
    return Example(
        admin,
        alice=admin.user("alice", allow(passes, ROLES), ec2, functions),
        bob=admin.user("bob", ec2, functions, allow("iam:AddRoleToInstanceProfile")),
        carol=admin.user("carol", to("lambda.amazonaws.com"), ec2, functions),
        dave=admin.user("dave", to("ec2.amazonaws.com"), ec2),
        roles=roles,
    )


def is_refused(answer: Answer, caller: Caller, role: str) -> None:
    """EC2's own form of the refusal."""
    assert answer.code == "UnauthorizedOperation", answer
    assert answer.status in (403, None)
    start = f"You are not authorized to perform this operation. {refusal(caller.arn, role)}."
    assert answer.message.startswith(f"{start} Encoded authorization failure message: "), answer.message


def test_alice_launches_with_the_role(example: Example) -> None:
    answer = example.alice.run(WEB)
    assert answer.text("Instances", 0, "IamInstanceProfile", "Arn") == profile_arn(WEB)
    instance = answer.text("Instances", 0, "InstanceId")
    assert example.admin.instances()[instance] == profile_arn(WEB)
    associations = example.alice.call("ec2:DescribeIamInstanceProfileAssociations").items(
        "IamInstanceProfileAssociations"
    )
    assert [
        one.text("IamInstanceProfile", "Arn") for one in associations if one.text("InstanceId") == instance
    ]


def test_alice_names_the_profile_by_its_arn(example: Example) -> None:
    instance = example.alice.launched(profile_arn(WEB))
    assert example.admin.instances()[instance] == profile_arn(WEB)


def test_alice_sees_the_role_that_she_passes_and_no_other(example: Example) -> None:
    assert example.alice.call("iam:GetRole", RoleName=WEB).text("Role", "Arn") == example.roles[WEB]
    assert example.alice.call("iam:GetRole", RoleName=OTHER).code == "AccessDenied"


@pytest.mark.parametrize("role", [OTHER, WRONG_CASE, WITH_PATH])
def test_alice_passes_no_other_role(example: Example, role: str) -> None:
    # The pattern compares with the role's whole ARN, its path included, and case counts.
    before = example.admin.instances()
    for given in (role, profile_arn(role)):
        is_refused(example.alice.run(given), example.alice, example.roles[role])
    assert example.admin.instances() == before


def test_names_of_profiles_are_exact(example: Example) -> None:
    answer = example.alice.run(WEB.lower())
    assert answer.code == "InvalidParameterValue"
    assert answer.message == (
        f"Value ({WEB.lower()}) for parameter iamInstanceProfile.name is invalid."
        " Invalid IAM Instance Profile name"
    )


def test_without_pass_role_bob_launches_only_without_a_role(example: Example) -> None:
    before = example.admin.instances()
    is_refused(example.bob.run(WEB), example.bob, example.roles[WEB])
    assert example.admin.instances() == before
    instance = example.bob.launched()
    assert example.admin.instances()[instance] == ""


def test_pass_role_to_another_service_is_not_to_ec2(example: Example) -> None:
    is_refused(example.carol.run(WEB), example.carol, example.roles[WEB])
    assert example.dave.launched(WEB)


@pytest.fixture(scope="module")
def elsewhere(example: Example) -> Caller:
    """The administrator of another account of the organization, by the role that AWS makes there."""
    client = Boto3(example.admin.client.url)
    root = Administrator(client)
    root.call("organizations:CreateOrganization", FeatureSet="ALL").at()
    made = root.call("organizations:CreateAccount", AccountName="other", Email="other@example.com")
    request = made.text("CreateAccountStatus", "Id")
    status = root.call("organizations:DescribeCreateAccountStatus", CreateAccountRequestId=request)
    account = status.text("CreateAccountStatus", "AccountId")
    # Roles may not be assumed by root accounts.
    operator = root.user("operator", allow("sts:AssumeRole"))
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    taken = operator.call("sts:AssumeRole", RoleArn=role, RoleSessionName="test")
    key = Key(
        *(taken.text("Credentials", part) for part in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    )
    return Caller(client, key, taken.text("AssumedRoleUser", "Arn"))


def test_a_role_of_another_account_is_never_passed(example: Example, elsewhere: Caller) -> None:
    role = elsewhere.call("iam:CreateRole", RoleName=WEB, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    elsewhere.call("iam:CreateInstanceProfile", InstanceProfileName=WEB).at()
    elsewhere.call("iam:AddRoleToInstanceProfile", InstanceProfileName=WEB, RoleName=WEB).at()
    profile = elsewhere.call("iam:GetInstanceProfile", InstanceProfileName=WEB)
    before = example.admin.instances()
    # The account's own root, whom no policy holds back, is refused as well.
    for caller in (example.alice, example.admin):
        answer = caller.run(profile.text("InstanceProfile", "Arn"))
        assert answer.code == "UnauthorizedOperation", answer
        assert "Cross-account pass role is not allowed" in answer.message
        answer = create_function(caller, "Elsewhere", role.text("Role", "Arn"))
        assert (answer.code, answer.message) == (
            "AccessDeniedException",
            "Cross-account pass role is not allowed.",
        )
    assert example.admin.instances() == before


def test_a_dry_run_makes_the_same_checks_and_nothing_else(example: Example) -> None:
    before = example.admin.instances()
    allowed = example.alice.run(WEB, DryRun=True)
    assert allowed.code == "DryRunOperation"
    assert allowed.message == "Request would have succeeded, but DryRun flag is set."
    assert allowed.status in (412, None)
    is_refused(example.alice.run(OTHER, DryRun=True), example.alice, example.roles[OTHER])
    is_refused(example.bob.run(WEB, DryRun=True), example.bob, example.roles[WEB])
    assert example.admin.instances() == before


def test_the_encoded_message_tells_what_was_asked(example: Example) -> None:
    opened = example.admin.decoded(example.alice.run(OTHER).message)
    assert (opened["allowed"], opened["explicitDeny"]) == (False, False)
    context = opened["context"]
    assert isinstance(context, Mapping)
    assert (context["action"], context["resource"]) == ("iam:PassRole", example.roles[OTHER])
    assert context["principal"]["arn"] == example.alice.arn
    keys = {
        item["key"].lower(): [value["value"] for value in item["values"]["items"]]
        for item in context["conditions"]["items"]
    }
    assert keys["iam:passedtoservice"] == ["ec2.amazonaws.com"]
    assert keys["iam:associatedresourcearn"] == [f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*"]


def test_only_who_may_decode_decodes(example: Example) -> None:
    message = example.alice.run(OTHER).message.rsplit(" ", 1)[-1]
    answer = example.alice.call("sts:DecodeAuthorizationMessage", EncodedMessage=message)
    assert (answer.code, answer.status in (403, None)) == ("AccessDenied", True)


@pytest.fixture(scope="module")
def template(example: Example) -> str:
    """A launch template: version 1 carries Alice's role, version 2 (the latest) another, 1 is the default."""

    def data(profile: str) -> Mapping[str, object]:
        return {"ImageId": IMAGE, "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": profile}}

    made = example.admin.call(
        "ec2:CreateLaunchTemplate", LaunchTemplateName="servers", LaunchTemplateData=data(WEB)
    )
    found = made.text("LaunchTemplate", "LaunchTemplateId")
    example.admin.call(
        "ec2:CreateLaunchTemplateVersion", LaunchTemplateId=found, LaunchTemplateData=data(OTHER)
    ).at()
    return found


@pytest.mark.parametrize("version", [None, "1", "$Default"])
def test_a_template_passes_the_role_of_its_profile(
    example: Example, template: str, version: str | None
) -> None:
    named = {"LaunchTemplateId": template} | ({"Version": version} if version else {})
    instance = example.alice.launched(LaunchTemplate=named)
    assert example.admin.instances()[instance] == profile_arn(WEB)
    is_refused(example.bob.run(LaunchTemplate=named), example.bob, example.roles[WEB])


@pytest.mark.parametrize("version", ["2", "$Latest"])
def test_the_version_decides_which_role_is_passed(example: Example, template: str, version: str) -> None:
    before = example.admin.instances()
    named = {"LaunchTemplateName": "servers", "Version": version}
    is_refused(example.alice.run(LaunchTemplate=named), example.alice, example.roles[OTHER])
    assert example.admin.instances() == before


def test_a_profile_in_the_request_overrides_the_templates(example: Example, template: str) -> None:
    latest = {"LaunchTemplateId": template, "Version": "$Latest"}
    instance = example.alice.launched(WEB, LaunchTemplate=latest)
    assert example.admin.instances()[instance] == profile_arn(WEB)
    first = {"LaunchTemplateId": template, "Version": "1"}
    is_refused(example.alice.run(OTHER, LaunchTemplate=first), example.alice, example.roles[OTHER])


def test_associating_and_replacing_a_profile_passes_its_role(example: Example) -> None:
    instance = example.bob.launched()
    given = {"InstanceId": instance, "IamInstanceProfile": {"Name": WEB}}
    is_refused(example.bob.call("ec2:AssociateIamInstanceProfile", **given), example.bob, example.roles[WEB])
    assert example.admin.instances()[instance] == ""
    made = example.alice.call("ec2:AssociateIamInstanceProfile", **given)
    association = made.text("IamInstanceProfileAssociation", "AssociationId")
    assert example.admin.instances()[instance] == profile_arn(WEB)
    replaced = {"AssociationId": association, "IamInstanceProfile": {"Name": OTHER}}
    operation = "ec2:ReplaceIamInstanceProfileAssociation"
    is_refused(example.alice.call(operation, **replaced), example.alice, example.roles[OTHER])
    assert example.admin.instances()[instance] == profile_arn(WEB)
    example.admin.call(operation, **replaced).at()
    assert example.admin.instances()[instance] == profile_arn(OTHER)


def test_a_spot_request_passes_the_role_too(example: Example) -> None:
    wanted = {"ImageId": IMAGE, "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": OTHER}}
    answer = example.alice.call("ec2:RequestSpotInstances", InstanceCount=1, LaunchSpecification=wanted)
    is_refused(answer, example.alice, example.roles[OTHER])
    assert example.admin.call("ec2:DescribeSpotInstanceRequests").items("SpotInstanceRequests") == []


def test_putting_a_role_into_a_profile_passes_it(example: Example) -> None:
    example.admin.call("iam:CreateInstanceProfile", InstanceProfileName="empty").at()
    answer = example.bob.call("iam:AddRoleToInstanceProfile", InstanceProfileName="empty", RoleName=WEB)
    assert answer.code == "AccessDenied"
    assert answer.message == refusal(example.bob.arn, example.roles[WEB])
    profile = example.admin.call("iam:GetInstanceProfile", InstanceProfileName="empty")
    assert profile.items("InstanceProfile", "Roles") == []


def create_function(caller: Caller, name: str, role: str) -> Answer:
    """Lambda's CreateFunction with a role."""
    return caller.call(
        "lambda:CreateFunction",
        FunctionName=name,
        Role=role,
        Runtime="python3.12",
        Handler="app.handler",
        Code={"ZipFile": code()},
    )


def test_a_functions_role_is_passed_to_lambda(example: Example) -> None:
    role = example.roles[FUNCTION]
    answer = create_function(example.bob, "Thumbs", role)
    assert (answer.code, answer.message) == ("AccessDeniedException", refusal(example.bob.arn, role))
    assert answer.status in (403, None)
    assert example.admin.call("lambda:GetFunction", FunctionName="Thumbs").code == "ResourceNotFoundException"
    # Alice may pass the role to whatever service, Carol to Lambda alone.
    made = create_function(example.carol, "Thumbs", role)
    assert (made.text("FunctionArn"), made.text("Role")) == (function_arn("Thumbs"), role)
    changed = example.bob.call("lambda:UpdateFunctionConfiguration", FunctionName="Thumbs", Role=role)
    assert (changed.code, changed.message) == ("AccessDeniedException", refusal(example.bob.arn, role))
    # No role in the call: nothing is passed.
    described = example.bob.call(
        "lambda:UpdateFunctionConfiguration", FunctionName="Thumbs", Description="small pictures"
    )
    assert described.text("Role") == role


def test_a_function_takes_no_role_that_lambda_cannot_assume(example: Example) -> None:
    answer = create_function(example.alice, "Wrong", example.roles[WEB])
    assert (answer.code, answer.message) == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    )
    assert answer.status in (400, None)
    # Who may not pass the role does not learn whether Lambda could assume it.
    refused = create_function(example.bob, "Wrong", example.roles[WEB])
    assert (refused.code, refused.message) == (
        "AccessDeniedException",
        refusal(example.bob.arn, example.roles[WEB]),
    )


def test_every_call_is_on_record_and_none_is_pass_role(example: Example) -> None:
    trail = Administrator(Boto3(example.admin.client.url))
    example.bob.run(WEB)

    def events(name: str) -> list[Mapping[str, object]]:
        found = trail.call(
            "cloudtrail:LookupEvents",
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
        )
        return [json.loads(one.text("CloudTrailEvent")) for one in found.items("Events")]

    newest = events("RunInstances")[0]
    assert newest["eventSource"] == "ec2.amazonaws.com"
    assert newest["errorCode"] == "Client.UnauthorizedOperation"
    identity = newest["userIdentity"]
    assert isinstance(identity, Mapping)
    assert (identity["type"], identity["userName"]) == ("IAMUser", "bob")
    assert any("errorCode" not in event for event in events("RunInstances"))
    assert events("PassRole") == []
