"""Denials in every form in which they are known."""

from __future__ import annotations

import json

import pytest

from passrole.analysis.denials import Denial, NotADenial
from passrole.analysis.denied_events import is_denied, read

ALICE = "arn:aws:iam::111122223333:user/alice"
SESSION = "arn:aws:sts::111122223333:assumed-role/Deployer/build-7"
WEB = "arn:aws:iam::111122223333:role/app/Web"
ENCODED = "Encoded authorization failure message"
LAMBDAS_OWN = "The role defined for the function cannot be assumed by Lambda."
CORE = f"User: {ALICE} is not authorized to perform: iam:PassRole on resource: {WEB}"
NO_IDENTITY = "because no identity-based policy allows the iam:PassRole action"
SCP = "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd"


@pytest.mark.parametrize("framed", [
    "{}",
    "  {}\n",
    "An error occurred (AccessDenied) when calling the PutRolePolicy operation: {}",
    "AccessDenied: {}\n    at de_CommandError (/app/node_modules/x.js:1)",
    "{} (Service: Rds, Status Code: 403, Request ID: 1-2-3)",
    'Resource handler returned message: "{} (Service: Rds, Status Code: 403)" (RequestToken: y)',
    "Error: operation error IAM: PutRolePolicy, https response error StatusCode: 403, api error X: {}",
    f"You are not authorized to perform this operation. {{}}. {ENCODED}: " + "aB_-" * 30,
])  # fmt: skip
@pytest.mark.parametrize(
    ("why", "outcome", "layer"),
    [
        (f" {NO_IDENTITY}", "implicit_deny", "identity"),
        (" with an explicit deny in an identity-based policy", "explicit_deny", "identity"),
        (" because no permissions boundary allows the iam:PassRole action", "implicit_deny", "boundary"),
        (" with an explicit deny in a service control policy", "explicit_deny", "scp"),
        ("", "", ""),
    ],
)
def test_the_sentence_is_found_whatever_stands_around_it(
    framed: str, why: str, outcome: str, layer: str
) -> None:
    found = read(framed.format(CORE + why))
    assert (found.principal, found.action, found.resource) == (ALICE, "iam:PassRole", WEB)
    assert (found.outcome, found.layer) == (outcome, layer)


@pytest.mark.parametrize(
    ("why", "outcome", "layer", "policy"),
    [
        ("because no resource-based policy allows the A action", "implicit_deny", "resource", ""),
        ("because no session policy allows the A action", "implicit_deny", "session", ""),
        ("because no service control policy allows the A action", "implicit_deny", "scp", ""),
        ("because no VPC endpoint policy allows the A action", "implicit_deny", "vpc_endpoint", ""),
        ("because no role trust policy allows the A action", "implicit_deny", "trust", ""),
        ("with an explicit deny in a resource-based policy", "explicit_deny", "resource", ""),
        ("with an explicit deny in a permissions boundary", "explicit_deny", "boundary", ""),
        ("with an explicit deny in a sessions policy", "explicit_deny", "session", ""),
        ("with an explicit deny in the role trust policy", "explicit_deny", "trust", ""),
        ("with an explicit deny in a role trust policy", "explicit_deny", "trust", ""),
        ("with an explicit deny in a resource control policy", "explicit_deny", "rcp", ""),
        (f"with an explicit deny in a service control policy: {SCP}", "explicit_deny", "scp", SCP),
        (
            f"with an explicit deny in a service control policy, with policy ARN: {SCP}",
            "explicit_deny",
            "scp",
            SCP,
        ),
        (
            "with an explicit deny in a VPC endpoint policy transitively through a service control policy",
            "explicit_deny",
            "scp",
            "",
        ),
        ("with an explicit deny", "explicit_deny", "", ""),
        (
            "because the resource does not exist in this Region, no resource-based policies allow access, or "
            "a resource-based policy explicitly denies access",
            "implicit_deny",
            "resource",
            "",
        ),
    ],
)
def test_every_reason_is_known(why: str, outcome: str, layer: str, policy: str) -> None:
    why = why.replace(" A ", " states:ListExecutions ")
    text = f"User: {SESSION} is not authorized to perform: states:ListExecutions on resource: * {why}"
    found = read(text)
    assert (found.principal, found.action, found.resource) == (SESSION, "states:ListExecutions", "*")
    assert (found.outcome, found.layer, found.policy) == (outcome, layer, policy)
    if "Region" not in why:
        assert found.reason == why.removeprefix("because ")


@pytest.mark.parametrize(
    ("slot", "resource"),
    [
        ("role cdk-x", "role cdk-x"),
        ('"arn:aws:s3:::b/k"', "arn:aws:s3:::b/k"),
        ("arn:aws:rds:eu-west-1:111122223333:db:*", "arn:aws:rds:eu-west-1:111122223333:db:*"),
        ("instance profile P", "instance profile P"),
    ],
)
def test_resources_are_named_in_several_ways(slot: str, resource: str) -> None:
    why = "with an explicit deny in a session policy"
    text = f"User: {ALICE} is not authorized to perform: x:Y on resource: {slot} {why}"
    assert read(text).resource == resource
    assert read(text.partition(" with an")[0]).resource == resource


def test_a_message_without_a_resource_and_an_anonymous_caller() -> None:
    found = read("User: anonymous is not authorized to perform: sqs:SendMessage")
    assert (found.principal, found.action, found.resource) == ("*", "sqs:SendMessage", "")
    assert read("Not authorized to perform sts:AssumeRole").action == "sts:AssumeRole"


@pytest.mark.parametrize(
    ("frame", "services"),
    [
        ("An error occurred (X) when calling the CreateFunction operation: ", ("lambda.amazonaws.com",)),
        ("operation error Lambda: CreateFunction, api error X: ", ("lambda.amazonaws.com",)),
        ("operation error SFN: CreateStateMachine, api error X: ", ("states.amazonaws.com",)),
        ("An error occurred (X) when calling the ListFunctions operation: ", ()),
        ("", ()),
    ],
)
def test_the_call_tells_to_which_service_the_role_was_passed(frame: str, services: tuple[str, ...]) -> None:
    assert read(f"{frame}{CORE} {NO_IDENTITY}").services == services


@pytest.mark.parametrize(
    ("text", "layer", "services"),
    [
        (
            LAMBDAS_OWN,
            "trust",
            ("lambda.amazonaws.com",),
        ),
        (
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized "
            "to assume the provided role.",
            "trust",
            ("states.amazonaws.com",),
        ),
        ("AccessDeniedException: Cross-account pass role is not allowed.", "account", ()),
    ],
)
def test_services_own_words_about_roles(text: str, layer: str, services: tuple[str, ...]) -> None:
    found = read(text)
    assert (found.layer, found.outcome, found.services) == (layer, "implicit_deny", services)


def test_encoded_messages_are_kept_for_who_can_open_them() -> None:
    blob = "aB3_-" * 40
    assert read(blob) == Denial(encoded=blob)
    only = f"You are not authorized to perform this operation. Encoded authorization failure message: {blob}"
    assert (read(only).encoded, read(only).encoded_cut, read(only).action) == (blob, False, "")
    assert read(only + "...").encoded_cut


DECODED = {
    "allowed": False,
    "explicitDeny": True,
    "matchedStatements": {"items": [{"statementId": "No", "effect": "DENY"}]},
    "failures": {"items": []},
    "context": {
        "principal": {"id": "AIDA", "name": "alice", "arn": ALICE},
        "action": "iam:PassRole",
        "resource": WEB,
        "conditions": {
            "items": [
                {"key": "iam:PassedToService", "values": {"items": [{"value": "ec2.amazonaws.com"}]}},
                {"key": "aws:Region", "values": {"items": [{"value": "us-west-1"}]}},
            ]
        },
    },
}


@pytest.mark.parametrize("wrapped", [DECODED, {"DecodedMessage": json.dumps(DECODED)}])
def test_decoded_messages(wrapped: object) -> None:
    found = read(json.dumps(wrapped))
    assert (found.principal, found.action, found.resource) == (ALICE, "iam:PassRole", WEB)
    assert (found.outcome, found.services) == ("explicit_deny", ("ec2.amazonaws.com",))
    assert found.context["aws:region"] == "us-west-1"
    assert found.statements == (("", "No"),)
    assert not found.complete


EVENT = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "arn": SESSION,
        "sessionContext": {"attributes": {"mfaAuthenticated": "false"}},
    },
    "eventTime": "2026-03-01T10:00:00Z",
    "eventSource": "ecs.amazonaws.com",
    "eventName": "RegisterTaskDefinition",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "203.0.113.9",
    "userAgent": "terraform",
    "errorCode": "AccessDenied",
    "errorMessage": CORE.replace(ALICE, SESSION) + f" {NO_IDENTITY}",
    "requestParameters": {"taskRoleArn": WEB, "executionRoleArn": "arn:aws:iam::111122223333:role/Other"},
}


@pytest.mark.parametrize(
    "wrapped",
    [
        EVENT,
        {"Records": [{"eventName": "ListRoles"}, EVENT]},
        {"Events": [{"CloudTrailEvent": json.dumps(EVENT)}]},
        {"detail-type": "AWS API Call via CloudTrail", "detail": EVENT},
    ],
)
def test_cloudtrail_events_tell_the_service_and_the_context(wrapped: object) -> None:
    found = read(json.dumps(wrapped))
    assert (found.principal, found.resource) == (SESSION, WEB)
    assert found.services == ("ecs-tasks.amazonaws.com",)
    assert found.context == {
        "aws:requestedregion": "eu-west-1",
        "aws:useragent": "terraform",
        "aws:sourceip": "203.0.113.9",
        "aws:currenttime": "2026-03-01T10:00:00Z",
        "aws:multifactorauthpresent": "false",
    }


def test_an_event_tells_which_of_several_role_parameters_was_refused() -> None:
    event = EVENT | {
        "eventSource": "rds.amazonaws.com",
        "eventName": "CreateDBInstance",
        "requestParameters": {"monitoringRoleArn": WEB},
    }
    assert read(json.dumps(event)).services == ("rds.amazonaws.com", "monitoring.rds.amazonaws.com")


def test_an_event_without_words_is_read_from_its_call() -> None:
    event = {**EVENT, "errorCode": "Client.UnauthorizedOperation", "errorMessage": "Access Denied"}
    event |= {"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"}
    found = read(json.dumps(event))
    assert (found.action, found.principal, found.layer) == ("ec2:RunInstances", SESSION, "")


@pytest.mark.parametrize(
    "text",
    [
        "all went well",
        "{}",
        "[]",
        json.dumps({"eventName": "ListRoles"}),
        json.dumps(
            {"eventName": "GetRole", "errorCode": "NoSuchEntity", "errorMessage": "The role is gone."}
        ),
        json.dumps({"context": {}}),
        json.dumps({"CloudTrailEvent": "{"}),
        json.dumps({"Records": [{"eventName": "ListRoles"}]}),
        "7",
    ],
)
def test_what_is_no_denial_is_said(text: str) -> None:
    with pytest.raises(NotADenial):
        read(text)


@pytest.mark.parametrize(
    ("code", "message", "denied"),
    [
        ("AccessDenied", "", True),
        ("Client.UnauthorizedOperation", "", True),
        (
            "InvalidParameterValueException",
            LAMBDAS_OWN,
            True,
        ),
        ("NoSuchEntity", "The role with name X cannot be found.", False),
        (None, None, False),
    ],
)
def test_denied_events_are_told_from_failed_ones(code: str | None, message: str | None, denied: bool) -> None:
    assert is_denied({"errorCode": code, "errorMessage": message}) is denied
