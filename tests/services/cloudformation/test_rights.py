"""With whose rights a stack's resources are made: its role's, or those of its caller.

Source: CloudFormation User Guide, "CloudFormation service role"; IAM User Guide, "Grant a user permissions to
pass a role to an AWS service".
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.services.cloudformation.conftest import ACCOUNT, REGION, Account, allow, code

from passrole.faces.endpoint import Endpoint
from passrole.state.associations import held_by

STACKS = allow(["cloudformation:*"])
FUNCTIONS = allow(["lambda:*"])

FUNCTION = """
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: {role}
      Description: {description}
      Code: {{ZipFile: "def handler(event, context): return 1"}}
"""
TOPIC = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"
TOPICS = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}, Other: {Type: 'AWS::SNS::Topic'}}"


def template(role: str, description: str = "one") -> str:
    return FUNCTION.format(role=role, description=description)


def records(root: Account, event: str, **keys: object) -> list[dict[str, Any]]:
    """The trail's records of that event whose members are those."""
    found = root.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": event}], MaxResults=50
    )
    parsed = [json.loads(one["CloudTrailEvent"]) for one in found["Events"]]
    return [one for one in parsed if all(one.get(name) == value for name, value in keys.items())]


def test_a_template_cannot_pass_what_its_deployer_may_not(root: Account) -> None:
    powerful = root.role("powerful", "lambda.amazonaws.com", allow("*"))
    alice = root.user("alice", STACKS, FUNCTIONS)
    stack = alice.create("alice", template(powerful))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = alice.events(stack["StackId"])
    (reason,) = [text for name, status, text in events if (name, status) == ("Function", "CREATE_FAILED")]
    assert (
        f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: iam:PassRole on resource: "
        f"{powerful} because no identity-based policy allows the iam:PassRole action"
    ) in reason
    assert "HandlerErrorCode: AccessDenied" in reason
    assert (
        "alice",
        "ROLLBACK_IN_PROGRESS",
        "The following resource(s) failed to create: [Function]. Rollback requested by user.",
    ) in events
    # The trail has Alice's call, forwarded by the service.
    (record,) = records(root, "CreateFunction20150331", errorCode="AccessDenied")
    assert record["userIdentity"]["userName"] == "alice"
    assert record["userIdentity"]["invokedBy"] == "cloudformation.amazonaws.com"
    assert record["sourceIPAddress"] == "cloudformation.amazonaws.com"
    # Once she may pass it the same template deploys.
    alice.delete(stack["StackId"])
    grant = json.dumps({"Version": "2012-10-17", "Statement": [allow("iam:PassRole", powerful)]})
    root.client("iam").put_user_policy(UserName="alice", PolicyName="pass", PolicyDocument=grant)
    assert alice.create("alice", template(powerful))["StackStatus"] == "CREATE_COMPLETE"


def test_with_a_role_the_stack_does_what_its_deployer_may_not(endpoint: Endpoint, root: Account) -> None:
    deployer = root.role("deployer", "cloudformation.amazonaws.com", allow(["sns:*"]))
    bob = root.user("bob", STACKS)
    with pytest.raises(ClientError) as refused:
        bob.create("bob", TOPIC, RoleARN=deployer)
    assert code(refused)[0] == "AccessDenied"
    assert f"is not authorized to perform: iam:PassRole on resource: {deployer}" in code(refused)[1]

    passing = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                allow(
                    "iam:PassRole",
                    deployer,
                    Condition={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
                )
            ],
        }
    )
    root.client("iam").put_user_policy(UserName="bob", PolicyName="pass", PolicyDocument=passing)
    stack = bob.create("bob", TOPIC, RoleARN=deployer)
    assert (stack["StackStatus"], stack["RoleARN"]) == ("CREATE_COMPLETE", deployer)
    directory = endpoint._running()._directory
    (held,) = held_by(directory, stack["StackId"])
    assert (held.holder, held.service) == ("RoleARN", "cloudformation.amazonaws.com")
    (taken,) = records(root, "AssumeRole")
    assert taken["userIdentity"] == {"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"}
    assert taken["requestParameters"]["roleArn"] == deployer
    (made,) = records(root, "CreateTopic")
    assert made["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == deployer
    assert made["userIdentity"]["invokedBy"] == "cloudformation.amazonaws.com"

    # The role stays with the stack: whoever may update it acts with the role, and passes nothing.
    root.client("iam").delete_user_policy(UserName="bob", PolicyName="pass")
    carol = root.user("carol", STACKS)
    updated = carol.update("bob", TOPICS)
    assert (updated["StackStatus"], updated["RoleARN"]) == ("UPDATE_COMPLETE", deployer)
    # What the role may not, the stack does not, whatever its caller's rights.
    queue = TOPICS[:-1] + ", Queue: {Type: 'AWS::SQS::Queue'}}"
    failed = root.update("bob", queue)
    assert failed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (reason,) = [text for name, status, text in root.events("bob") if status == "CREATE_FAILED"]
    assert (
        "assumed-role/deployer/AWSCloudFormation is not authorized to perform: sqs:"
        in reason.lower().replace("awscloudformation", "AWSCloudFormation")
    )
    assert carol.delete(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert held_by(directory, stack["StackId"]) == ()


def test_the_roles_trust_is_asked_when_it_is_taken(root: Account) -> None:
    role = root.role("fickle", "cloudformation.amazonaws.com", allow("sns:*"))
    stack = root.create("fickle", TOPIC, RoleARN=role)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    other = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ec2.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    )
    root.client("iam").update_assume_role_policy(RoleName="fickle", PolicyDocument=other)
    deleted = root.delete(stack["StackId"])
    assert deleted["StackStatus"] == "DELETE_FAILED"
    assert deleted["StackStatusReason"] == f"Role {role} is invalid or cannot be assumed"
    with pytest.raises(ClientError) as refused:
        root.create("another", TOPIC, RoleARN=role)
    assert code(refused) == ("ValidationError", f"Role {role} is invalid or cannot be assumed")


def test_a_template_in_a_bucket_is_read_by_the_caller(root: Account) -> None:
    s3 = root.client("s3")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="templates", Key="topic.yaml", Body=TOPIC.encode())
    dave = root.user("dave", STACKS, allow("sns:*"))
    given = {"StackName": "dave", "TemplateURL": f"https://templates.s3.{REGION}.amazonaws.com/topic.yaml"}
    with pytest.raises(ClientError) as refused:
        dave.client("cloudformation").create_stack(**given)
    assert code(refused)[0] == "ValidationError"
    assert code(refused)[1].startswith("S3 error: ")
    made = root.client("cloudformation").create_stack(**given)
    assert root.ended(made["StackId"])["StackStatus"] == "CREATE_COMPLETE"
    missing = {**given, "StackName": "other", "TemplateURL": f"{root.url}/templates/none.yaml"}
    with pytest.raises(ClientError) as refused:
        root.client("cloudformation").create_stack(**missing)
    assert code(refused)[1].startswith("S3 error: The specified key does not exist.")


def test_parameters_and_references_are_read_by_whoever_deploys(root: Account) -> None:
    root.client("ssm").put_parameter(Name="/app/name", Type="String", Value="from-the-store")
    secret = root.client("secretsmanager").create_secret(
        Name="app", SecretString=json.dumps({"token": "hidden-value"})
    )["ARN"]
    text = f"""
Parameters:
  Name: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /app/name}}
Resources:
  Topic: {{Type: 'AWS::SNS::Topic', Properties: {{DisplayName: !Ref Name}}}}
  Copy:
    Type: AWS::SSM::Parameter
    Properties: {{Type: String, Value: '{{{{resolve:secretsmanager:{secret}:SecretString:token}}}}'}}
"""
    erin = root.user("erin", STACKS, allow(["sns:*", "ssm:PutParameter", "ssm:DeleteParameter"]))
    with pytest.raises(ClientError) as refused:
        erin.create("erin", text)
    assert "ssm:GetParameters" in code(refused)[1]
    root.client("iam").put_user_policy(
        UserName="erin",
        PolicyName="read",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow("ssm:GetParameter*")]}),
    )
    failed = erin.create("erin", text)
    assert failed["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [text for _, status, text in erin.events(failed["StackId"]) if status == "CREATE_FAILED"]
    assert any("secretsmanager:GetSecretValue" in reason for reason in reasons)
    stack = root.create("reads", text)
    assert stack["Parameters"][0] == {
        "ParameterKey": "Name",
        "ParameterValue": "/app/name",
        "ResolvedValue": "from-the-store",
    }
    copy = root.physical("reads")["Copy"]
    assert root.client("ssm").get_parameter(Name=copy)["Parameter"]["Value"] == "hidden-value"
    shown = json.dumps(root.client("cloudformation").describe_stack_events(StackName="reads"), default=str)
    assert "hidden-value" not in shown


def test_who_may_change_a_stack_may_depend_on_its_tags(root: Account) -> None:
    tagged = root.create("tagged", TOPIC, Tags=[{"Key": "team", "Value": "blue"}])
    other = root.create("other-team", TOPIC, Tags=[{"Key": "team", "Value": "red"}])
    frank = root.user(
        "frank",
        allow("cloudformation:DescribeStack*"),
        allow(
            ["cloudformation:UpdateStack", "cloudformation:DeleteStack"],
            Condition={"StringEquals": {"aws:ResourceTag/team": "blue"}},
        ),
        allow("sns:*"),
    )
    with pytest.raises(ClientError) as refused:
        frank.client("cloudformation").delete_stack(StackName="other-team")
    assert code(refused)[0] == "AccessDenied"
    with pytest.raises(ClientError) as refused:
        frank.client("cloudformation").delete_stack(StackName=other["StackId"])
    assert code(refused)[0] == "AccessDenied"
    assert frank.update("tagged", TOPICS)["StackStatus"] == "UPDATE_COMPLETE"
    assert frank.delete(tagged["StackId"])["StackStatus"] == "DELETE_COMPLETE"
