"""Custom resources, which functions make, and nested stacks.

Source: CloudFormation User Guide, "Custom resources", "Split a template into reusable
pieces using nested stacks".
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from tests.services.cloudformation.conftest import REGION, ROOT, Account, allow

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import Options

CUSTOM = """
Parameters: {Size: {Type: Number, Default: 1}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
  Maker:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: 20
      MemorySize: 256
      Code:
        ZipFile: |
          import cfnresponse
          def handler(event, context):
              given = event["ResourceProperties"]
              if given.get("Fails") == event["RequestType"]:
                  cfnresponse.send(event, context, cfnresponse.FAILED, {}, "made", reason="as asked")
              elif given.get("Fails") == "Crash":
                  raise ValueError("boom")
              else:
                  data = {"Doubled": int(given["Size"]) * 2, "Asked": event["RequestType"]}
                  cfnresponse.send(event, context, cfnresponse.SUCCESS, data, "made")
  Made:
    Type: Custom::Thing
    Properties: {ServiceToken: !GetAtt Maker.Arn, Size: !Ref Size}
Outputs:
  Doubled: {Value: !GetAtt Made.Doubled}
  Asked: {Value: !GetAtt Made.Asked}
"""
INNER = """
Parameters: {Name: {Type: String}}
Resources: {Topic: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref Name}}}
Outputs: {Topic: {Value: !Ref Topic}}
"""
OUTER = f"""
Parameters: {{Name: {{Type: String, Default: one}}}}
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: https://s3.{REGION}.amazonaws.com/pieces/inner.yaml
      Parameters: {{Name: !Ref Name}}
Outputs: {{Topic: {{Value: !GetAtt Inner.Outputs.Topic}}}}
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    options = Options(port=0, ephemeral=True, testing=True, run_functions=True, root_key=ROOT)
    with Endpoint(options) as running:
        yield running


def outputs(stack: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def failures(account: Account, arn: str) -> dict[str, str]:
    return {name: reason for name, status, reason in account.events(arn) if status == "CREATE_FAILED"}


def test_a_function_makes_the_resource(root: Account) -> None:
    stack = root.create("custom", CUSTOM)
    assert stack["StackStatus"] == "CREATE_COMPLETE", failures(root, stack["StackId"])
    assert outputs(stack) == {"Doubled": "2", "Asked": "Create"}
    assert root.physical("custom")["Made"] == "made"
    updated = root.update("custom", CUSTOM.replace("Default: 1", "Default: 4"))
    assert outputs(updated) == {"Doubled": "8", "Asked": "Update"}
    assert root.delete(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_what_the_function_says_or_leaves_unsaid_fails(root: Account) -> None:
    said = root.create("said", CUSTOM.replace("Size: !Ref Size}", "Size: 1, Fails: Create}"))
    assert said["StackStatus"] == "ROLLBACK_COMPLETE"
    assert failures(root, said["StackId"])["Made"] == (
        "Received response status [FAILED] from custom resource. Message returned: as asked"
    )
    crashed = root.create(
        "crashed", CUSTOM.replace("Size: !Ref Size}", "Size: 1, Fails: Crash}"), DisableRollback=True
    )
    assert crashed["StackStatus"] == "CREATE_FAILED"
    assert failures(root, crashed["StackId"])["Made"].endswith("failed without answering")


def test_a_custom_resource_is_invoked_with_its_deployers_rights(root: Account) -> None:
    deployer = root.user(
        "no-invoke", allow(["cloudformation:*", "iam:*", "lambda:CreateFunction", "lambda:DeleteFunction"])
    )
    stack = deployer.create("invoked", CUSTOM)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "not authorized to perform: lambda:InvokeFunction" in failures(deployer, stack["StackId"])["Made"]


def test_nobody_answers_for_a_resource_that_does_not_wait(root: Account) -> None:
    request = urllib.request.Request(f"{root.url}/_passrole/cloudformation/guessed", data=b"{}", method="PUT")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    assert refused.value.code == 404


def test_nested_stacks_come_and_go_with_the_outer_one(root: Account) -> None:
    s3 = root.client("s3")
    s3.create_bucket(Bucket="pieces", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="pieces", Key="inner.yaml", Body=INNER.encode())
    outer = root.create("outer", OUTER, Tags=[{"Key": "team", "Value": "blue"}])
    assert outer["StackStatus"] == "CREATE_COMPLETE", failures(root, outer["StackId"])
    inner = root.ended(root.physical("outer")["Inner"])
    assert (inner["ParentId"], inner["RootId"]) == (outer["StackId"], outer["StackId"])
    assert inner["StackName"].startswith("outer-Inner-")
    assert inner["Tags"] == [{"Key": "team", "Value": "blue"}]
    topic = outputs(outer)["Topic"]
    assert root.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "one"
    updated = root.update("outer", OUTER.replace("Default: one", "Default: two"))
    assert updated["StackStatus"] == "UPDATE_COMPLETE", root.events("outer")
    assert root.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "two"
    assert root.delete(outer["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert root.ended(inner["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_a_nested_stack_passes_no_more_than_its_deployer_may(root: Account) -> None:
    powerful = root.role("powerful", "lambda.amazonaws.com", allow("*"))
    text = f"""
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties: {{Runtime: python3.12, Handler: index.handler, Role: '{powerful}', Code: {{ZipFile: 'a=1'}}}}
"""
    root.client("s3").put_object(Bucket="pieces", Key="inner.yaml", Body=text.encode())
    deployer = root.user("nester", allow(["cloudformation:*", "lambda:*", "s3:GetObject"]))
    stack = deployer.create(
        "nested",
        OUTER.replace("      Parameters: {Name: !Ref Name}\n", "").replace(
            "Outputs: {Topic: {Value: !GetAtt Inner.Outputs.Topic}}", ""
        ),
    )
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    (reason,) = failures(deployer, stack["StackId"]).values()
    assert reason.startswith("Embedded stack arn:aws:cloudformation:")
    assert reason.endswith("The following resource(s) failed to create: [Function].")
