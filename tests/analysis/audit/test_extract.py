"""Role passes found in records: every role parameter of the catalog, and the forms that records come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import orjson
import pytest
from tests.gateway.role_inputs import ACCOUNT, Row, passing, rows

from passrole.analysis.audit.events import Record
from passrole.analysis.audit.exports import record_of
from passrole.analysis.audit.extract import BY_ARN, BY_NAME, BY_PROFILE, Extracted, Found, extract
from passrole.analysis.audit.inputs import HIDDEN, Recorded
from passrole.analysis.audit.takers import takers
from passrole.catalog import operations, passed
from passrole.catalog.role_parameters import LAUNCH_TEMPLATE, TASK_DEFINITION
from passrole.state.record import record
from passrole.state.records.identity import identity_of
from passrole.values.errors import ServiceError
from passrole.values.principal import Principal

WHEN = datetime(2026, 1, 5, 9, 12, 44, tzinfo=UTC)
ALICE = identity_of(Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/alice", id="AIDAEXAMPLE"))
WEB = f"arn:aws:iam::{ACCOUNT}:role/Web"
SERVICES = sorted({one.service for one in operations.passing()})


def written(service: str, operation: str, given: Mapping[str, object], **more: object) -> dict[str, object]:
    """The record that this endpoint writes of a call, with some members put in place of its own."""
    event = record(
        service,
        operation,
        identity=ALICE,
        account=ACCOUNT,
        region="eu-west-1",
        time=WHEN,
        source_ip="192.0.2.1",
        user_agent="aws-cli/2",
        request=given,
        request_id="r-1",
        event_id="e-1",
        response={},
    )
    made: dict[str, object] = orjson.loads(event.record)
    return made | more


def found(event: Mapping[str, object]) -> Extracted:
    """What is in a record."""
    return extract(record_of(event, Record), takers())


def only(event: Mapping[str, object]) -> Found:
    """The record's only pass."""
    (one,) = found(event).passes
    return one


def _at(row: Row, holds: str) -> str:
    return BY_PROFILE if "profile" in holds else BY_NAME if "name" in holds else BY_ARN


def _same_event(row: Row) -> set[str]:
    """The operations that CloudTrail calls the same: RDS, Neptune and DocumentDB share theirs."""
    event = written(row.service, row.operation, {})
    return {taker.name for taker in takers().of(str(event["eventName"]), str(event["eventSource"]))}


@pytest.mark.parametrize("service", SERVICES)
def test_finds_every_role_parameter_of_a_service(service: str) -> None:
    missed: list[str] = []
    for row in rows():
        if row.service != service:
            continue
        for worker, given in passing(row):
            event = written(service, row.operation, given)
            parameters = orjson.dumps(event["requestParameters"]).decode()
            got = found(event)
            holds = row.parameter.holds
            if holds in (LAUNCH_TEMPLATE, TASK_DEFINITION):
                if got.untold != 1:
                    missed.append(f"{row}: {parameters}")
                continue
            if worker.name not in parameters:
                # CloudTrail does not print it: it is part of a body, or the model calls it a secret.
                assert holds == "embedded" or any(text in parameters for text in HIDDEN), row
                continue
            names = _same_event(row)
            assert f"{service}:{row.operation}" in names
            wanted = {one.replace("{region}", "eu-west-1") for one in row.parameter.principals}
            fits = [
                one
                for one in got.passes
                if one.role.rsplit("/", 1)[-1] == worker.name and one.operation in names
            ]
            if not any(
                one.service in wanted and (one.by != BY_ARN or one.role == worker.role_arn) for one in fits
            ):
                missed.append(f"{row}: {parameters} gave {got.passes}")
    assert missed == []


def _plain(value: object) -> object:
    """Bytes, of which no JSON knows."""
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.mark.parametrize("service", SERVICES)
def test_finds_it_in_the_api_s_own_spelling_and_as_text(service: str) -> None:
    missed: list[str] = []
    for row in rows():
        if row.service != service or row.parameter.holds in (LAUNCH_TEMPLATE, TASK_DEFINITION):
            continue
        for worker, given in passing(row):
            text = orjson.dumps(given, default=_plain).decode()
            for parameters in (orjson.loads(text), text):
                event = written(service, row.operation, given, requestParameters=parameters)
                if not any(one.role.rsplit("/", 1)[-1] == worker.name for one in found(event).passes):
                    missed.append(f"{row}: {text}")
    assert missed == []


def test_most_role_parameters_are_printed_in_records() -> None:
    told: Counter[bool] = Counter()
    for row in rows():
        for worker, given in passing(row):
            parameters = orjson.dumps(written(row.service, row.operation, given)["requestParameters"])
            told[worker.name.encode() in parameters] += 1
    assert told[True] > 0.95 * told.total()


def test_the_role_of_a_function_is_in_its_creation() -> None:
    # IAM User Guide: "review the CloudTrail log that created or modified the AWS resource".
    given = {"FunctionName": "Thumb", "Role": WEB, "Runtime": "python3.11", "Handler": "a.b", "Code": {}}
    event = written("lambda", "CreateFunction", given)
    assert event["eventName"] == "CreateFunction20150331"
    assert only(event) == Found(
        principal=f"arn:aws:iam::{ACCOUNT}:user/alice",
        role=WEB,
        service="lambda.amazonaws.com",
        operation="lambda:CreateFunction",
        account=ACCOUNT,
        outcome="allowed",
        time="2026-01-05T09:12:44Z",
        event="e-1",
        resource=f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:Thumb",
        address="192.0.2.1",
        services=("lambda.amazonaws.com",),
    )


PROFILE = {"iamInstanceProfile": {"name": "Web"}}
LAMBDA = "lambda.amazonaws.com"


@pytest.mark.parametrize(
    ("source", "name", "parameters", "operation"),
    [
        (LAMBDA, "CreateFunction20150331", {"role": WEB}, "lambda:CreateFunction"),
        (LAMBDA, "CreateFunction20150331v2", {"role": WEB}, "lambda:CreateFunction"),
        (LAMBDA, "CreateFunction", {"Role": WEB}, "lambda:CreateFunction"),
        (
            LAMBDA,
            "UpdateFunctionConfiguration20150331v2",
            {"role": WEB},
            "lambda:UpdateFunctionConfiguration",
        ),
        ("states.amazonaws.com", "CreateStateMachine", {"roleArn": WEB}, "stepfunctions:CreateStateMachine"),
        ("rds.amazonaws.com", "CreateDBInstance", {"monitoringRoleArn": WEB}, "rds:CreateDBInstance"),
        ("ec2.amazonaws.com", "RunInstances", PROFILE, "ec2:RunInstances"),
        (
            "ec2.amazonaws.com",
            "RunInstances",
            {"iamInstanceProfile": {"arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/team/Web"}},
            "ec2:RunInstances",
        ),
        (
            "ec2.amazonaws.com",
            "AssociateIamInstanceProfile",
            {
                "AssociateIamInstanceProfileRequest": {
                    "IamInstanceProfile": {"Name": "Web"},
                    "InstanceId": "i-1",
                }
            },
            "ec2:AssociateIamInstanceProfile",
        ),
        (
            "ec2.amazonaws.com",
            "CreateFlowLogs",
            {
                "CreateFlowLogsRequest": {
                    "DeliverLogsPermissionArn": WEB,
                    "ResourceId": {"tag": 1, "content": "vpc-1"},
                }
            },
            "ec2:CreateFlowLogs",
        ),
        ("ecs.amazonaws.com", "RunTask", {"overrides": {"taskRoleArn": WEB}}, "ecs:RunTask"),
        ("elasticmapreduce.amazonaws.com", "RunJobFlow", {"serviceRole": "Web"}, "emr:RunJobFlow"),
        (
            "events.amazonaws.com",
            "PutTargets",
            {"rule": "r", "targets": [{"id": "1", "roleArn": WEB}]},
            "events:PutTargets",
        ),
        ("sns.amazonaws.com", "Subscribe", {"attributes": {"SubscriptionRoleArn": WEB}}, "sns:Subscribe"),
        # Exports print nested values as text, and some services print a text of JSON as what it means.
        ("ecs.amazonaws.com", "RunTask", {"overrides": f'{{"taskRoleArn":"{WEB}"}}'}, "ecs:RunTask"),
        (
            "logs.amazonaws.com",
            "PutAccountPolicy",
            {"policyType": "SUBSCRIPTION_FILTER_POLICY", "policyDocument": {"RoleArn": WEB}},
            "logs:PutAccountPolicy",
        ),
        (
            "logs.amazonaws.com",
            "PutAccountPolicy",
            {"policyType": "SUBSCRIPTION_FILTER_POLICY", "policyDocument": f'{{"RoleArn":"{WEB}"}}'},
            "logs:PutAccountPolicy",
        ),
    ],
)
def test_finds_the_role_in_any_spelling(
    source: str, name: str, parameters: Mapping[str, object], operation: str
) -> None:
    one = only(event_of(source, name, parameters))
    assert (one.role, one.operation) == (WEB, operation)


def event_of(source: str, name: str, parameters: object, **more: object) -> dict[str, object]:
    """A record with the least there is in one."""
    return {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
            "accountId": ACCOUNT,
        },
        "eventTime": "2026-01-05T09:12:44Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "eu-west-1",
        "requestParameters": parameters,
        "eventID": "e-1",
    } | more


def session(kind: str, issuer: str, name: str) -> dict[str, object]:
    """The userIdentity of a session."""
    return {
        "type": kind,
        "arn": f"arn:aws:sts::{ACCOUNT}:{name}",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {"arn": issuer, "accountId": ACCOUNT}} if issuer else {},
    }


@pytest.mark.parametrize(
    ("identity", "principal"),
    [
        (
            session("AssumedRole", f"arn:aws:iam::{ACCOUNT}:role/team/Deployer", "assumed-role/Deployer/s1"),
            f"arn:aws:iam::{ACCOUNT}:role/team/Deployer",
        ),
        (session("AssumedRole", "", "assumed-role/Deployer/s1"), f"arn:aws:iam::{ACCOUNT}:role/Deployer"),
        (
            session("FederatedUser", f"arn:aws:iam::{ACCOUNT}:user/alice", "federated-user/bob"),
            f"arn:aws:iam::{ACCOUNT}:user/alice",
        ),
        (
            {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT},
            f"arn:aws:iam::{ACCOUNT}:root",
        ),
        ({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}, "autoscaling.amazonaws.com"),
        ({"type": "AWSAccount", "principalId": "AROAX:s", "accountId": "444455556666"}, "AROAX:s"),
    ],
)
def test_a_session_counts_as_its_role(identity: Mapping[str, object], principal: str) -> None:
    event = event_of(LAMBDA, "CreateFunction20150331", {"role": WEB}, userIdentity=identity)
    assert only(event | {"recipientAccountId": ACCOUNT}).principal == principal


DENIAL = (
    f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: iam:PassRole on resource: {WEB} "
    "because no identity-based policy allows the iam:PassRole action"
)


def test_a_denial_counts_for_the_role_that_it_names() -> None:
    event = event_of(LAMBDA, "CreateFunction20150331", None, errorCode="AccessDenied", errorMessage=DENIAL)
    one = only(event)
    assert (one.role, one.service, one.operation, one.outcome) == (
        WEB,
        LAMBDA,
        "lambda:CreateFunction",
        "denied",
    )


def test_of_two_roles_in_a_call_a_denial_counts_for_its_own_alone() -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/Execution"
    event = event_of(
        "ecs.amazonaws.com",
        "RegisterTaskDefinition",
        {"taskRoleArn": WEB, "executionRoleArn": other},
        errorCode="AccessDenied",
        errorMessage=DENIAL,
    )
    assert [(one.role, one.outcome) for one in found(event).passes] == [(WEB, "denied")]


def test_a_denial_in_a_call_that_the_catalog_does_not_know() -> None:
    event = event_of(
        "newservice.amazonaws.com", "MakeThing", None, errorCode="AccessDenied", errorMessage=DENIAL
    )
    one = only(event)
    assert (one.role, one.outcome, one.service) == (WEB, "denied", "newservice.amazonaws.com")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({}, "allowed"),
        ({"errorCode": "AccessDenied", "errorMessage": "no"}, "denied"),
        ({"errorCode": "Client.UnauthorizedOperation", "errorMessage": "You are not authorized"}, "denied"),
        ({"errorCode": "InvalidParameterValueException", "errorMessage": "bad handler"}, "failed"),
        ({"errorCode": "ThrottlingException", "errorMessage": "slow down"}, "failed"),
        (
            {
                "errorCode": "InvalidParameterValueException",
                "errorMessage": "The role defined for the function cannot be assumed by Lambda.",
            },
            "failed",
        ),
    ],
)
def test_tells_denials_from_other_failures(error: Mapping[str, object], outcome: str) -> None:
    assert only(event_of(LAMBDA, "CreateFunction20150331", {"role": WEB}, **error)).outcome == outcome


@pytest.mark.parametrize(
    "event",
    [
        event_of(LAMBDA, "Invoke", {"functionName": "f"}),
        event_of("sts.amazonaws.com", "AssumeRole", {"roleArn": WEB}),
        event_of("iam.amazonaws.com", "GetRole", {"roleName": "Web"}),
        event_of("other.amazonaws.com", "CreateFunction20150331", {"role": WEB}),
        event_of(LAMBDA, "CreateFunction20150331", None),
        event_of(LAMBDA, "CreateFunction20150331", {"role": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
        event_of("iam.amazonaws.com", "PutRolePolicy", {"policyDocument": '{"Action":"iam:PassRole"}'}),
    ],
)
def test_finds_nothing_where_no_role_is_passed(event: Mapping[str, object]) -> None:
    assert found(event).passes == ()


def test_says_how_many_roles_the_records_hide() -> None:
    assert (
        found(event_of(LAMBDA, "CreateFunction20150331", {"role": "HIDDEN_DUE_TO_SECURITY_REASONS"})).untold
        == 1
    )
    template = {"launchTemplate": {"launchTemplateId": "lt-1"}}
    assert found(event_of("ec2.amazonaws.com", "RunInstances", template)).untold == 1


def test_reads_an_input_back_to_what_it_was() -> None:
    given = {
        "ImageId": "ami-1",
        "MinCount": 1,
        "MaxCount": 2,
        "IamInstanceProfile": {"Name": "Web"},
        "SecurityGroupIds": ["sg-1"],
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]}
        ],
    }
    event = written("ec2", "RunInstances", given)
    read = Recorded("ec2", "RunInstances")(event["requestParameters"])
    assert {name: read[name] for name in given} == given


def test_a_service_principal_is_one_of_the_catalog() -> None:
    known = set(passed.uses())
    for row in rows():
        if row.parameter.holds in ("role-arn", "role-name"):
            for _, given in passing(row):
                for one in found(written(row.service, row.operation, given)).passes:
                    assert one.service in known or one.service.endswith(".eu-west-1.amazonaws.com")


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        record_of({"eventName": 3}, Record)
    assert record_of({"eventSource": "x"}, Record) == Record(eventSource="x")


def test_a_refusal_by_this_endpoint_reads_as_a_denial() -> None:
    error = ServiceError(DENIAL, code="AccessDeniedException", status=403)
    event = record(
        "lambda",
        "CreateFunction",
        identity=ALICE,
        account=ACCOUNT,
        region="eu-west-1",
        time=WHEN,
        source_ip="192.0.2.1",
        user_agent="x",
        request={"FunctionName": "f", "Role": WEB},
        request_id="r",
        event_id="e",
        error=error,
        denied=True,
    )
    assert only(orjson.loads(event.record)).outcome == "denied"
