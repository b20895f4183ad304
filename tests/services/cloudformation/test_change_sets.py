"""Change sets: what they foresee is what then happens."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.services.cloudformation.conftest import QUICK, Account, code

ONE = """
Resources:
  Stays: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: 1}}
  Replaced: {Type: 'AWS::SNS::Topic'}
  Leaves: {Type: 'AWS::SNS::Topic'}
  Follows:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Replaced, Protocol: sqs, Endpoint: !GetAtt Stays.Arn}
"""
TWO = """
Resources:
  Stays: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: 2}}
  Replaced: {Type: 'AWS::SNS::Topic', Properties: {TopicName: named}}
  Comes: {Type: 'AWS::SNS::Topic'}
  Follows:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Replaced, Protocol: sqs, Endpoint: !GetAtt Stays.Arn}
"""


def changes(described: Any) -> dict[str, tuple[str, str]]:
    return {
        one["ResourceChange"]["LogicalResourceId"]: (
            one["ResourceChange"]["Action"],
            one["ResourceChange"].get("Replacement", ""),
        )
        for one in described["Changes"]
    }


def test_a_stack_by_change_sets(root: Account) -> None:
    cloudformation = root.client("cloudformation")
    made = cloudformation.create_change_set(
        StackName="sets", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=ONE
    )
    cloudformation.get_waiter("change_set_create_complete").wait(
        StackName="sets", ChangeSetName="first", WaiterConfig=QUICK
    )
    assert (
        cloudformation.describe_stacks(StackName="sets")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    )
    described = cloudformation.describe_change_set(ChangeSetName=made["Id"])
    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert changes(described) == dict.fromkeys(("Stays", "Replaced", "Leaves", "Follows"), ("Add", ""))
    cloudformation.execute_change_set(ChangeSetName=made["Id"])
    stack = root.ended(made["StackId"])
    assert (stack["StackStatus"], stack["ChangeSetId"]) == ("CREATE_COMPLETE", made["Id"])

    cloudformation.create_change_set(StackName="sets", ChangeSetName="second", TemplateBody=TWO)
    described = cloudformation.describe_change_set(StackName="sets", ChangeSetName="second")
    assert changes(described) == {
        "Stays": ("Modify", "False"),
        "Replaced": ("Modify", "True"),
        "Follows": ("Modify", "Conditional"),
        "Comes": ("Add", ""),
        "Leaves": ("Remove", ""),
    }
    before = root.physical("sets")
    cloudformation.execute_change_set(StackName="sets", ChangeSetName="second")
    assert root.ended(made["StackId"])["StackStatus"] == "UPDATE_COMPLETE"
    after = root.physical("sets")
    assert after["Stays"] == before["Stays"]
    assert after["Replaced"] != before["Replaced"]
    assert after["Follows"] != before["Follows"]
    assert "Leaves" not in after
    # Carried out once.
    with pytest.raises(ClientError) as refused:
        cloudformation.execute_change_set(StackName="sets", ChangeSetName="second")
    assert code(refused)[0] == "InvalidChangeSetStatus"

    cloudformation.create_change_set(StackName="sets", ChangeSetName="third", TemplateBody=TWO)
    described = cloudformation.describe_change_set(StackName="sets", ChangeSetName="third")
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"] == (
        "The submitted information didn't contain changes. "
        "Submit different information to create a change set."
    )
    cloudformation.delete_change_set(StackName="sets", ChangeSetName="third")
    names = [one["ChangeSetName"] for one in cloudformation.list_change_sets(StackName="sets")["Summaries"]]
    assert names == ["second"]
    root.delete(made["StackId"])


def test_a_change_set_of_no_stack(root: Account) -> None:
    cloudformation = root.client("cloudformation")
    with pytest.raises(ClientError) as refused:
        cloudformation.create_change_set(StackName="none", ChangeSetName="c", TemplateBody=ONE)
    assert code(refused) == ("ValidationError", "Stack [none] does not exist")
    with pytest.raises(ClientError) as refused:
        cloudformation.describe_change_set(StackName="none", ChangeSetName="c")
    assert code(refused) == ("ValidationError", "Stack [none] does not exist")
