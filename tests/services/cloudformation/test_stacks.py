"""Stacks from their making to their end, as clients see them.

Source: CloudFormation User Guide, "Stack status codes"; API Reference.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, WaiterError
from msgspec.structs import replace
from tests.services.cloudformation.conftest import ACCOUNT, QUICK, REGION, ROOT, Account, code

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import Options
from passrole.state.stacks import Stack

APP = """
Description: An application
Parameters:
  Seconds: {Type: Number, Default: 30}
  Password: {Type: String, NoEcho: true, Default: do-not-show}
Conditions: {Never: !Equals [a, b]}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: !Ref Seconds, Tags: [{Key: own, Value: '1'}]}
  Watched: {Type: 'AWS::SNS::Topic', DependsOn: Jobs}
  Link:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Watched, Protocol: sqs, Endpoint: !GetAtt Jobs.Arn}
  Nothing: {Type: 'AWS::SQS::Queue', Condition: Never}
Outputs:
  Arn: {Value: !GetAtt Jobs.Arn, Description: the queue, Export: {Name: !Sub '${AWS::StackName}-jobs'}}
"""
BROKEN = """
Resources:
  Topic: {Type: 'AWS::SNS::Topic'}
  Bad:
    Type: AWS::SNS::Subscription
    DependsOn: Topic
    Properties: {TopicArn: 'arn:aws:sns:eu-west-1:111122223333:none', Protocol: sqs, Endpoint: !Ref Topic}
"""


def test_a_stack_is_made_waited_for_and_deleted(root: Account) -> None:
    cloudformation = root.client("cloudformation")
    arn = cloudformation.create_stack(
        StackName="app", TemplateBody=APP, Tags=[{"Key": "team", "Value": "blue"}]
    )["StackId"]
    assert arn.startswith(f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/app/")
    cloudformation.get_waiter("stack_create_complete").wait(StackName="app", WaiterConfig=QUICK)
    stack = cloudformation.describe_stacks(StackName="app")["Stacks"][0]
    assert stack["Description"] == "An application"
    assert {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]} == {
        "Seconds": "30",
        "Password": "****",
    }
    ids = root.physical("app")
    name = ids["Jobs"].rpartition("/")[2]
    assert name.startswith("app-Jobs-")
    assert "Nothing" not in ids
    assert stack["Outputs"] == [
        {
            "OutputKey": "Arn",
            "OutputValue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
            "Description": "the queue",
            "ExportName": "app-jobs",
        }
    ]
    # The stack's tags go on what it makes.
    tags = root.client("sqs").list_queue_tags(QueueUrl=ids["Jobs"])["Tags"]
    assert tags == {"own": "1", "team": "blue"}
    events = root.events("app")
    assert events[0] == ("app", "CREATE_IN_PROGRESS", "User Initiated")
    assert events[-1] == ("app", "CREATE_COMPLETE", "")
    order = [(name, status) for name, status, _ in events]
    assert order.index(("Jobs", "CREATE_COMPLETE")) < order.index(("Watched", "CREATE_IN_PROGRESS"))
    assert order.index(("Watched", "CREATE_COMPLETE")) < order.index(("Link", "CREATE_IN_PROGRESS"))
    assert cloudformation.list_exports()["Exports"][0]["Name"] == "app-jobs"
    assert cloudformation.get_template(StackName="app")["TemplateBody"] == APP

    cloudformation.delete_stack(StackName="app")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="app", WaiterConfig=QUICK)
    with pytest.raises(ClientError) as gone:
        cloudformation.describe_stacks(StackName="app")
    assert code(gone) == ("ValidationError", "Stack with id app does not exist")
    assert cloudformation.describe_stacks(StackName=arn)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert root.client("sqs").list_queues().get("QueueUrls", []) == []


def test_a_failure_rolls_back(root: Account) -> None:
    stack = root.create("broken", BROKEN)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    with pytest.raises(WaiterError):
        root.client("cloudformation").get_waiter("stack_create_complete").wait(
            StackName="broken", WaiterConfig=QUICK
        )
    statuses = [(name, status) for name, status, _ in root.events("broken")]
    assert statuses.index(("Bad", "CREATE_FAILED")) < statuses.index(("broken", "ROLLBACK_IN_PROGRESS"))
    assert statuses[-3:] == [
        ("Topic", "DELETE_IN_PROGRESS"),
        ("Topic", "DELETE_COMPLETE"),
        ("broken", "ROLLBACK_COMPLETE"),
    ]
    assert root.client("sns").list_topics()["Topics"] == []
    with pytest.raises(ClientError) as refused:
        root.update("broken", APP)
    assert code(refused) == (
        "ValidationError",
        f"Stack:{stack['StackId']} is in ROLLBACK_COMPLETE state and can not be updated.",
    )
    root.delete(stack["StackId"])


def test_a_failure_is_left_or_deleted_as_asked(root: Account) -> None:
    left = root.create("left", BROKEN, DisableRollback=True)
    assert left["StackStatus"] == "CREATE_FAILED"
    assert len(root.client("sns").list_topics()["Topics"]) == 1
    root.client("cloudformation").rollback_stack(StackName="left")
    assert root.ended(left["StackId"])["StackStatus"] == "ROLLBACK_COMPLETE"
    gone = root.create("gone", BROKEN, OnFailure="DELETE")
    assert gone["StackStatus"] == "DELETE_COMPLETE"
    assert root.client("sns").list_topics()["Topics"] == []
    root.delete(left["StackId"])


def test_an_update_changes_replaces_and_removes(root: Account) -> None:
    made = root.create("changing", APP)
    before = root.physical("changing")
    new = (
        APP.replace("Default: 30", "Default: 45")
        .replace("DependsOn: Jobs}", "Properties: {TopicName: renamed}}")
        .replace("Outputs:", "  Added: {Type: 'AWS::SQS::Queue'}\nOutputs:")
    )
    updated = root.update("changing", new)
    assert updated["StackStatus"] == "UPDATE_COMPLETE"
    after = root.physical("changing")
    assert after["Jobs"] == before["Jobs"]
    assert after["Watched"].endswith(":renamed")
    assert after["Link"] != before["Link"]
    attributes = root.client("sqs").get_queue_attributes(
        QueueUrl=after["Jobs"], AttributeNames=["VisibilityTimeout"]
    )
    assert attributes["Attributes"]["VisibilityTimeout"] == "45"
    assert [one["TopicArn"] for one in root.client("sns").list_topics()["Topics"]] == [after["Watched"]]
    with pytest.raises(ClientError) as refused:
        root.update("changing", new)
    assert code(refused) == ("ValidationError", "No updates are to be performed.")
    root.update("changing", APP)
    assert "Added" not in root.physical("changing")
    assert len(root.client("sqs").list_queues()["QueueUrls"]) == 1
    root.delete(made["StackId"])


def test_a_failed_update_goes_back(root: Account) -> None:
    made = root.create("back", APP)
    before = root.physical("back")
    new = (
        APP.replace("Default: 30", "Default: 45")
        .replace(
            "Outputs:",
            "  Bad: {Type: 'AWS::SNS::Subscription', DependsOn: [Link, Jobs], Properties: {Protocol: sqs, "
            "TopicArn: 'arn:aws:sns:eu-west-1:111122223333:none', Endpoint: x}}\nOutputs:",
        )
        .replace("DependsOn: Jobs}\n  Link", "Properties: {TopicName: other}}\n  Link")
    )
    failed = root.update("back", new)
    assert failed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert root.physical("back") == before
    attributes = root.client("sqs").get_queue_attributes(
        QueueUrl=before["Jobs"], AttributeNames=["VisibilityTimeout"]
    )
    assert attributes["Attributes"]["VisibilityTimeout"] == "30"
    assert [one["TopicArn"] for one in root.client("sns").list_topics()["Topics"]] == [before["Watched"]]
    # From there it can be updated again.
    assert root.update("back", APP.replace("Default: 30", "Default: 50"))["StackStatus"] == "UPDATE_COMPLETE"
    root.delete(made["StackId"])


def test_exports_hold_the_stack_that_makes_them(root: Account) -> None:
    first = root.create("first", APP)
    second = root.create(
        "second",
        "Resources: {Copy: {Type: 'AWS::SSM::Parameter', Properties: "
        "{Type: String, Value: !ImportValue first-jobs}}}",
    )
    assert second["StackStatus"] == "CREATE_COMPLETE"
    imports = root.client("cloudformation").list_imports(ExportName="first-jobs")["Imports"]
    assert imports == ["second"]
    kept = root.delete(first["StackId"])
    assert kept["StackStatus"] == "DELETE_FAILED"
    assert kept["StackStatusReason"] == "Export first-jobs cannot be deleted as it is in use by second"
    root.delete(second["StackId"])
    assert root.delete(first["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_what_is_to_stay_stays(root: Account) -> None:
    text = """
Resources:
  Kept: {Type: 'AWS::SQS::Queue', DeletionPolicy: Retain, Properties: {QueueName: kept}}
  Gone: {Type: 'AWS::SQS::Queue', Properties: {QueueName: gone}}
"""
    made = root.create("stays", text)
    root.client("cloudformation").update_termination_protection(
        StackName="stays", EnableTerminationProtection=True
    )
    with pytest.raises(ClientError) as refused:
        root.delete(made["StackId"])
    assert code(refused)[1] == "Stack [stays] cannot be deleted while TerminationProtection is enabled"
    root.client("cloudformation").update_termination_protection(
        StackName="stays", EnableTerminationProtection=False
    )
    root.delete(made["StackId"])
    (url,) = root.client("sqs").list_queues()["QueueUrls"]
    assert url.endswith("/kept")
    root.client("sqs").delete_queue(QueueUrl=url)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"TemplateBody": "Resources: {}"}, "ValidationError",
         "Template format error: At least one Resources member must be defined."),
        ({}, "ValidationError", "Either Template URL or Template Body must be specified."),
        ({"TemplateBody": APP, "Parameters": [{"ParameterKey": "X", "ParameterValue": "1"}]},
         "ValidationError", "Parameters: [X] do not exist in the template"),
        ({"TemplateBody": APP, "Parameters": [{"ParameterKey": "Seconds", "ParameterValue": "x"}]},
         "ValidationError", "Parameter 'Seconds' must be a number."),
        ({"TemplateBody": "Parameters: {P: {Type: String}}\n" + BROKEN}, "ValidationError",
         "Parameters: [P] must have values"),
        ({"TemplateBody": "Parameters: {P: {Type: String, AllowedValues: [a], Default: b}}\n" + BROKEN},
         "ValidationError", "Parameter 'P' must be one of AllowedValues"),
        ({"TemplateBody": "Resources: {A: {Type: 'AWS::SQS::Queue', DependsOn: B},"
                          " B: {Type: 'AWS::SQS::Queue', DependsOn: A}}"}, "ValidationError",
         "Circular dependency between resources: [A, B]"),
        ({"TemplateBody": "Resources: {R: {Type: 'AWS::IAM::Role'}}"}, "InsufficientCapabilitiesException",
         "Requires capabilities : [CAPABILITY_IAM]"),
        ({"TemplateBody": "Resources: {R: {Type: 'AWS::IAM::Role', Properties: {RoleName: r}}}",
          "Capabilities": ["CAPABILITY_IAM"]}, "InsufficientCapabilitiesException",
         "Requires capabilities : [CAPABILITY_NAMED_IAM]"),
        ({"TemplateBody": "Transform: AWS::Serverless-2016-10-31\n" + BROKEN}, "ValidationError",
         "Transform AWS::Serverless-2016-10-31 is not run by this endpoint: process the template first and "
         "deploy the result (aws cloudformation package, sam build); only AWS::LanguageExtensions is "
         "understood"),
        ({"TemplateBody": BROKEN, "StackName": "1"}, "ValidationError",
         "1 validation error detected: Value '1' at 'stackName' failed to satisfy constraint: Member must "
         "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"),
    ],
)  # fmt: skip
def test_what_cannot_be_begun(root: Account, given: dict[str, object], error: str, message: str) -> None:
    with pytest.raises(ClientError) as refused:
        root.client("cloudformation").create_stack(**{"StackName": "wrong", **given})
    assert code(refused) == (error, message)


def test_a_type_that_is_not_known_fails_saying_so(root: Account) -> None:
    stack = root.create("strange", "Resources: {X: {Type: 'AWS::Made::Up'}}")
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    (reason,) = [text for _, status, text in root.events("strange") if status == "CREATE_FAILED"]
    assert reason.startswith("Resource type AWS::Made::Up is not supported by this endpoint")
    root.delete(stack["StackId"])
    stack = root.create("stranger", "Resources: {X: {Type: 'AWS::SQS::Queue', Properties: {Colour: blue}}}")
    (reason,) = [text for _, status, text in root.events("stranger") if status == "CREATE_FAILED"]
    assert reason == "property Colour is not supported by this endpoint"
    root.delete(stack["StackId"])


def test_stacks_outlive_a_stop_and_one_cut_short_has_failed(tmp_path: Path) -> None:
    options = Options(port=0, data=tmp_path, root_key=ROOT)
    with Endpoint(options) as running:
        account = Account(running.url, ROOT)
        kept = account.create("kept", APP)
        assert kept["StackStatus"] == "CREATE_COMPLETE"
        service = running._running()
        # As a stop in the middle would leave it.
        directory = service._directory
        one = directory.by_key(Stack, ACCOUNT, kept["StackId"])
        assert one is not None
        cut = replace(one, name="cut", arn=one.arn.replace("/kept/", "/cut/"), status="CREATE_IN_PROGRESS")
        directory.put(cut)
        account.client("iam").create_user(UserName="commits-it")
    with Endpoint(options) as running:
        account = Account(running.url, ROOT)
        again = account.client("cloudformation").describe_stacks(StackName="kept")["Stacks"][0]
        assert (again["StackId"], again["StackStatus"]) == (kept["StackId"], "CREATE_COMPLETE")
        failed = account.ended(cut.arn)
        assert failed["StackStatus"] == "CREATE_FAILED"
        assert failed["StackStatusReason"] == "The endpoint was stopped while this was going on."


def test_templates_are_looked_at_without_a_stack(root: Account) -> None:
    cloudformation = root.client("cloudformation")
    text = "Resources: {R: {Type: 'AWS::IAM::Role', Properties: {RoleName: r}}}"
    checked = cloudformation.validate_template(TemplateBody=text)
    assert checked["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert checked["CapabilitiesReason"] == (
        "The following resource(s) require capabilities: [AWS::IAM::Role]"
    )
    summary = cloudformation.get_template_summary(TemplateBody=APP)
    assert summary["ResourceTypes"] == ["AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::SNS::Subscription"]
    assert [one["ParameterKey"] for one in summary["Parameters"]] == ["Seconds", "Password"]


def test_what_noecho_hides_stands_in_no_answer(root: Account) -> None:
    text = """
Parameters: {Password: {Type: String, NoEcho: true}}
Resources:
  Topic: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref Password}}
  Bad: {Type: 'AWS::SNS::Subscription', Properties: {TopicArn: !Ref Password, Protocol: sqs}}
"""
    value = 'hush"hush'
    stack = root.create("hidden", text, Parameters=[{"ParameterKey": "Password", "ParameterValue": value}])
    cloudformation = root.client("cloudformation")
    shown = (
        *cloudformation.describe_stack_events(StackName="hidden")["StackEvents"],
        *cloudformation.describe_stack_resources(StackName="hidden")["StackResources"],
        stack,
    )
    assert any("****" in str(one) for one in shown)
    assert not any("hush" in str(one) for one in shown)
    root.delete(stack["StackId"])


def test_an_update_is_cancelled(root: Account) -> None:
    made = root.create("cancelled", APP)
    with pytest.raises(ClientError) as refused:
        root.client("cloudformation").cancel_update_stack(StackName="cancelled")
    assert code(refused) == (
        "ValidationError",
        "CancelUpdateStack cannot be called from current stack status",
    )
    with pytest.raises(ClientError) as refused:
        root.client("cloudformation").continue_update_rollback(StackName="cancelled")
    assert code(refused)[0] == "ValidationError"
    root.delete(made["StackId"])


def test_a_stack_policy_holds_updates(root: Account) -> None:
    made = root.create("held", APP)
    cloudformation = root.client("cloudformation")
    everything = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    jobs = {
        "Effect": "Deny",
        "Action": ["Update:Modify", "Update:Delete"],
        "Principal": "*",
        "Resource": "LogicalResourceId/Jobs",
        "Condition": {"StringEquals": {"ResourceType": ["AWS::SQS::Queue"]}},
    }
    policy = json.dumps({"Statement": [everything, jobs]})
    cloudformation.set_stack_policy(StackName="held", StackPolicyBody=policy)
    assert cloudformation.get_stack_policy(StackName="held")["StackPolicyBody"] == policy
    new = APP.replace("Default: 30", "Default: 45")
    assert root.update("held", new)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert (
        "Jobs",
        "UPDATE_FAILED",
        "Action denied by stack policy: Statement [#2] does not allow [Update:Modify] for resource "
        "[LogicalResourceId/Jobs]",
    ) in root.events("held")
    # Another in its place, for one update.
    anything = json.dumps({"Statement": [everything]})
    once = root.update("held", new, StackPolicyDuringUpdateBody=anything)
    assert once["StackStatus"] == "UPDATE_COMPLETE"
    assert root.update("held", APP)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    with pytest.raises(ClientError) as refused:
        cloudformation.set_stack_policy(StackName="held", StackPolicyBody="{}")
    assert code(refused) == ("ValidationError", "Error validating stack policy: Invalid stack policy")
    root.delete(made["StackId"])


def test_loops_are_written_out(root: Account) -> None:
    text = """
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: 'a,b'}}
Resources:
  Fn::ForEach::Queues:
    - Name
    - !Ref Names
    - Queue${Name}: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Sub 'looped-${Name}'}}
"""
    made = root.create("looped", text)
    assert made["StackStatus"] == "CREATE_COMPLETE"
    assert sorted(root.physical("looped")) == ["Queuea", "Queueb"]
    root.delete(made["StackId"])


def test_a_stack_that_is_being_made_can_be_deleted(root: Account) -> None:
    queues = "".join(f"  Q{number}: {{Type: 'AWS::SQS::Queue'}}\n" for number in range(150))
    cloudformation = root.client("cloudformation")
    arn = cloudformation.create_stack(StackName="halfway", TemplateBody=f"Resources:\n{queues}")["StackId"]
    cloudformation.delete_stack(StackName="halfway")
    assert root.ended(arn)["StackStatus"] == "DELETE_COMPLETE"
    statuses = [status for name, status, _ in root.events(arn) if name == "halfway"]
    assert statuses == ["CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert not [url for url in root.client("sqs").list_queues().get("QueueUrls", []) if "halfway" in url]


def test_the_rest_is_not_implemented(root: Account) -> None:
    with pytest.raises(ClientError) as refused:
        root.client("cloudformation").create_stack_set(StackSetName="s")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
