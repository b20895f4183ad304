"""Which roles a call passes, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pytest
from tests.passing.court import ACCOUNT, NOW, OTHER, REGION, Court, Told, role_arn

from passrole.passing.role_passes import ASSOCIATED
from passrole.passing.unpassable import CrossAccountPass
from passrole.state.entities import Association, Role
from passrole.values.errors import ServiceError

PROFILE: Final = f"arn:aws:iam::{ACCOUNT}:instance-profile"
TASKS: Final = ("ecs-tasks.amazonaws.com",)


@pytest.fixture
def court() -> Court:
    """With the roles Web and /app/Worker, and a profile of each name that holds the role."""
    court = Court()
    for name, path in (("Web", "/"), ("Worker", "/app/")):
        court.profile(name, court.role(name, path=path), path=path)
    court.profile("Empty", None)
    return court


def passed(court: Court, name: str, given: Mapping[str, object]) -> list[tuple[str, str, tuple[str, ...]]]:
    """(path, role's ARN, services) of each pass."""
    return [(one.parameter, str(one.role), one.services) for one in court.passes(name, given)]


@dataclass(frozen=True, slots=True)
class Case:
    """One call and the roles that it passes: path and ARN."""

    id: str
    call: str
    given: Mapping[str, object]
    roles: tuple[tuple[str, str], ...] = ()


WORKER: Final = role_arn("Worker", path="/app/")
CASES: Final = (
    Case("an ARN", "lambda:CreateFunction", {"Role": WORKER}, (("Role", WORKER),)),
    Case("no parameter", "lambda:UpdateFunctionConfiguration", {"FunctionName": "f"}),
    Case("an empty text", "lambda:UpdateFunctionConfiguration", {"FunctionName": "f", "Role": ""}),
    Case("an unknown role", "lambda:CreateFunction", {"Role": role_arn("New")}, (("Role", role_arn("New")),)),
    Case(
        "another path is another role",
        "lambda:CreateFunction",
        {"Role": role_arn("Worker")},
        (("Role", role_arn("Worker")),),
    ),
    Case(
        "a name is the role's ARN with its path",
        "ecs:RegisterTaskDefinition",
        {"taskRoleArn": "Worker"},
        (("taskRoleArn", WORKER),),
    ),
    Case(
        "a name after its path",
        "ecs:RegisterTaskDefinition",
        {"taskRoleArn": "app/Worker"},
        (("taskRoleArn", WORKER),),
    ),
    Case(
        "a name after another path",
        "ecs:RegisterTaskDefinition",
        {"taskRoleArn": "web/Worker"},
        (("taskRoleArn", role_arn("Worker", path="/web/")),),
    ),
    Case(
        "an unknown name",
        "ecs:RegisterTaskDefinition",
        {"taskRoleArn": "New"},
        (("taskRoleArn", role_arn("New")),),
    ),
    Case(
        "a name in another case is another name",
        "ecs:RegisterTaskDefinition",
        {"taskRoleArn": "worker"},
        (("taskRoleArn", role_arn("worker")),),
    ),
    Case(
        "two parameters",
        "ecs:RegisterTaskDefinition",
        {"taskRoleArn": "Worker", "executionRoleArn": "Web"},
        (("taskRoleArn", WORKER), ("executionRoleArn", role_arn("Web"))),
    ),
    Case(
        "one role in two parameters is one pass",
        "ecs:RegisterTaskDefinition",
        {"taskRoleArn": "Worker", "executionRoleArn": WORKER},
        (("taskRoleArn", WORKER),),
    ),
    Case(
        "each element of a list",
        "events:PutTargets",
        {
            "Rule": "r",
            "Targets": [{"Id": "1", "RoleArn": WORKER}, {"Id": "2"}, {"Id": "3", "RoleArn": role_arn("Web")}],
        },
        (("Targets[0].RoleArn", WORKER), ("Targets[2].RoleArn", role_arn("Web"))),
    ),
    Case(
        "a profile by name",
        "ec2:RunInstances",
        {"IamInstanceProfile": {"Name": "Worker"}},
        (("IamInstanceProfile.Name", WORKER),),
    ),
    Case(
        "a profile by ARN",
        "ec2:RunInstances",
        {"IamInstanceProfile": {"Arn": f"{PROFILE}/app/Worker"}},
        (("IamInstanceProfile.Arn", WORKER),),
    ),
    Case(
        "a template that is made may name a profile that is not",
        "ec2:CreateLaunchTemplate",
        {"LaunchTemplateName": "t", "LaunchTemplateData": {"IamInstanceProfile": {"Name": "None"}}},
    ),
    Case(
        "the caller's own credentials are no role",
        "apigateway:PutIntegration",
        {
            "restApiId": "a",
            "resourceId": "b",
            "httpMethod": "GET",
            "type": "AWS",
            "credentials": "arn:aws:iam::*:user/*",
        },
    ),
    Case("an operation without role parameters", "s3:ListBuckets", {}),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_roles_that_a_call_passes(case: Case, court: Court) -> None:
    found = [(path, role) for path, role, _ in passed(court, case.call, case.given)]
    assert sorted(found) == sorted(case.roles)


def test_who_the_role_is_stays_known(court: Court) -> None:
    """By its unique id; "" for one that is not there, or that has only the name in common."""
    worker = court.directory.get(Role, ACCOUNT, "Worker")
    assert worker is not None
    for given, expected in (
        (WORKER, worker.id),
        ("Worker", worker.id),
        ("web/Worker", ""),
        ("worker", ""),
        (role_arn("Worker"), ""),
        (role_arn("WORKER", path="/app/"), ""),
    ):
        (one,) = court.passes("ecs:RegisterTaskDefinition", {"taskRoleArn": given})
        assert one.role_id == expected, given


def test_a_profile_stays_known(court: Court) -> None:
    (one,) = court.passes("ec2:RunInstances", {"IamInstanceProfile": {"Name": "Worker"}})
    assert one.profile_arn == f"{PROFILE}/app/Worker"
    assert one.profile_id
    assert one.template == ""


# Templates and task definitions


def test_a_launch_templates_profile_is_passed_too(court: Court) -> None:
    court.facts = Told(template={"IamInstanceProfile": {"Name": "Worker"}})
    for given in ({"LaunchTemplateId": "lt-1"}, {"LaunchTemplateName": "t", "Version": "$Latest"}):
        (one,) = court.passes("ec2:RunInstances", {"LaunchTemplate": given})
        assert (one.parameter, str(one.role)) == ("LaunchTemplate", WORKER)
        assert one.services == ("ec2.amazonaws.com",)
        assert one.template in ("lt-1", "t")


def test_the_requests_own_profile_goes_before_the_templates(court: Court) -> None:
    court.facts = Told(template={"IamInstanceProfile": {"Name": "Worker"}})
    given = {"LaunchTemplate": {"LaunchTemplateId": "lt-1"}, "IamInstanceProfile": {"Name": "Web"}}
    assert [role for _, role, _ in passed(court, "ec2:RunInstances", given)] == [role_arn("Web")]


def test_a_template_without_a_profile_passes_nothing(court: Court) -> None:
    templates: tuple[Mapping[str, object] | None, ...] = (None, {}, {"IamInstanceProfile": {}})
    for template in templates:
        court.facts = Told(template=template)
        assert court.passes("ec2:RunInstances", {"LaunchTemplate": {"LaunchTemplateId": "lt-1"}}) == ()


def test_a_task_definitions_roles_are_passed_by_who_runs_it(court: Court) -> None:
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:3"
    court.facts = Told({arn: {"taskRoleArn": WORKER, "executionRoleArn": role_arn("Web")}})
    both = [
        ("taskDefinition.taskRoleArn", WORKER, TASKS),
        ("taskDefinition.executionRoleArn", role_arn("Web"), TASKS),
    ]
    for operation in ("RunTask", "StartTask", "CreateService", "UpdateService"):
        for named in ("web:3", arn):
            assert passed(court, f"ecs:{operation}", {"taskDefinition": named}) == both
    overridden = {"taskDefinition": "web:3", "overrides": {"taskRoleArn": role_arn("Other")}}
    assert passed(court, "ecs:RunTask", overridden) == [
        ("overrides.taskRoleArn", role_arn("Other"), TASKS),
        both[1],
    ]
    assert court.passes("ecs:RunTask", {"taskDefinition": "web:4"}) == ()


# To whom


def test_the_service_may_differ_from_parameter_to_parameter(court: Court) -> None:
    given = {
        "computeEnvironmentName": "c",
        "type": "MANAGED",
        "serviceRole": "Web",
        "computeResources": {"instanceRole": "Worker", "spotIamFleetRole": role_arn("Fleet")},
    }
    assert sorted(passed(court, "batch:CreateComputeEnvironment", given)) == [
        ("computeResources.instanceRole", WORKER, ("ec2.amazonaws.com",)),
        ("computeResources.spotIamFleetRole", role_arn("Fleet"), ("spotfleet.amazonaws.com",)),
        ("serviceRole", role_arn("Web"), ("batch.amazonaws.com",)),
    ]


def test_every_documented_service_where_the_sources_disagree(court: Court) -> None:
    ((_, _, services),) = passed(court, "rds:CreateDBInstance", {"MonitoringRoleArn": WORKER})
    assert services == ("rds.amazonaws.com", "monitoring.rds.amazonaws.com")


def test_the_resource_that_gets_the_role(court: Court) -> None:
    for call, given, associated in (
        (
            "lambda:CreateFunction",
            {"FunctionName": "f", "Role": WORKER},
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",
        ),
        (
            "ec2:RunInstances",
            {"IamInstanceProfile": {"Name": "Web"}},
            f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*",
        ),
        (
            "ec2:AssociateIamInstanceProfile",
            {"IamInstanceProfile": {"Name": "Web"}, "InstanceId": "i-1"},
            f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-1",
        ),
        ("glue:CreateJob", {"Name": "j", "Role": WORKER}, ""),
    ):
        (one,) = court.passes(call, given)
        assert (one.associated_resource, one.unknown) == (associated, frozenset())


def test_a_resource_that_is_not_named_stays_unknown(court: Court) -> None:
    (one,) = court.passes("lambda:CreateFunction", {"Role": WORKER})
    assert (one.associated_resource, one.unknown) == ("", frozenset((ASSOCIATED,)))


# Updates


def test_an_update_that_keeps_the_role_passes_none(court: Court) -> None:
    """Where AWS lets that be, and the present role is known."""
    given = {"DBInstanceIdentifier": "db", "DomainIAMRoleName": "Web"}
    assert [role for _, role, _ in passed(court, "rds:ModifyDBInstance", given)] == [role_arn("Web")]
    arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:db"
    court.facts = Told({arn: {"DomainIAMRoleName": "Web"}})
    assert court.passes("rds:ModifyDBInstance", given) == ()
    court.facts = Told({arn: {"DomainIAMRoleName": "Worker"}})
    assert [role for _, role, _ in passed(court, "rds:ModifyDBInstance", given)] == [role_arn("Web")]
    # Lambda's is checked whatever the function has.
    function = {"FunctionName": "f", "Role": WORKER}
    court.facts = Told({f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f": {"Role": WORKER}})
    assert len(court.passes("lambda:UpdateFunctionConfiguration", function)) == 1


def test_a_database_that_is_monitored_keeps_its_role_without_a_pass(court: Court) -> None:
    """Nobody tells a database's monitoring role; that it was passed is known."""
    worker = court.role("Worker")
    given = {"DBInstanceIdentifier": "db", "MonitoringRoleArn": worker.arn}
    assert court.passes("rds:ModifyDBInstance", given)
    held = Association(
        account=ACCOUNT,
        resource=f"arn:aws:rds:{REGION}:{ACCOUNT}:db:db",
        holder="MonitoringRoleArn",
        role_id=worker.id,
        created=NOW,
    )
    court.directory.put(held)
    court.directory.commit()
    assert not court.passes("rds:ModifyDBInstance", given)
    assert court.passes("rds:ModifyDBInstance", {**given, "DBInstanceIdentifier": "other"})
    # One that was made anew is another role, whatever its name.
    court.directory.delete(worker)
    court.role("Worker")
    court.directory.commit()
    assert court.passes("rds:ModifyDBInstance", given)


# What is no role

CONSTRAINT: Final = (
    "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must satisfy "
    "regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{{12}}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"
)


@pytest.mark.parametrize(
    "text",
    [
        "Worker",
        "arn:aws:iam",
        f"arn:aws:iam::{ACCOUNT}:user/Ada",
        f"arn:aws:iam::{ACCOUNT}:role/",
        f"arn:aws:iam::{ACCOUNT}:role",
        "arn:aws:iam::aws:role/Worker",
        "arn:aws:iam::11112222333:role/Worker",
        f"arn:aws:iam:{REGION}:{ACCOUNT}:role/Worker",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/session",
        f"arn:aws-cn:iam::{ACCOUNT}:role/Worker",
        f"arn:aws-us-gov:iam::{ACCOUNT}:role/Worker",
        f"arn:aws:iam::{ACCOUNT}:role/Wor ker",
        f"{WORKER}\n",
    ],
)
def test_a_text_that_is_no_roles_arn_of_this_partition(text: str, court: Court) -> None:
    with pytest.raises(ServiceError) as refused:
        court.passes("glue:CreateDevEndpoint", {"EndpointName": "e", "RoleArn": text})
    assert (refused.value.code, refused.value.status) == ("ValidationException", 400)
    assert refused.value.message == CONSTRAINT.format(text, "roleArn")


@pytest.mark.parametrize(
    ("call", "given", "code", "message"),
    [
        (
            "stepfunctions:CreateStateMachine",
            {"name": "s", "roleArn": "x"},
            "InvalidArn",
            "Invalid Role Arn: 'x'",
        ),
        ("ecs:RegisterTaskDefinition", {"taskRoleArn": "arn:x"}, "ClientException", "Role is not valid"),
        ("ecs:RegisterTaskDefinition", {"taskRoleArn": "a b"}, "ClientException", "Role is not valid"),
        (
            "apigateway:PutIntegration",
            {"credentials": "x"},
            "BadRequestException",
            "Invalid ARN specified in the request",
        ),
        (
            "cloudformation:CreateStack",
            {"RoleARN": "x"},
            "ValidationError",
            "Role x is invalid or cannot be assumed",
        ),
        (
            "events:PutTargets",
            {"Targets": [{}, {"RoleArn": "x"}]},
            "ValidationException",
            CONSTRAINT.format("x", "targets.2.member.roleArn"),
        ),
        (
            "redshift:CreateCluster",
            {"IamRoles": ["x"]},
            "ValidationError",
            CONSTRAINT.format("x", "iamRoles.1.member"),
        ),
        (
            "ec2:CreateFlowLogs",
            {"DeliverLogsPermissionArn": "x"},
            "InvalidParameterValue",
            "Value (x) for parameter deliverLogsPermissionArn is invalid.",
        ),
        (
            "cognito-identity:SetIdentityPoolRoles",
            {"Roles": {"authenticated": "x"}},
            "ValidationException",
            CONSTRAINT.format("x", "roles.authenticated.member"),
        ),
        (
            "logs:PutDestination",
            {"roleArn": "x"},
            "InvalidParameterException",
            CONSTRAINT.format("x", "roleArn"),
        ),
        (
            "s3:PutBucketReplication",
            {"ReplicationConfiguration": {"Role": "x"}},
            "InvalidArgument",
            "Invalid Argument",
        ),
    ],
)
def test_each_service_says_so_in_its_words(
    call: str, given: Mapping[str, object], code: str, message: str, court: Court
) -> None:
    with pytest.raises(ServiceError) as refused:
        court.passes(call, given)
    assert (refused.value.code, refused.value.status, refused.value.message) == (code, 400, message)


@pytest.mark.parametrize("name", ["None", "Empty", "worker"])
@pytest.mark.parametrize("by", ["Name", "Arn"])
def test_a_profile_that_is_not_there_or_empty_is_refused(name: str, by: str, court: Court) -> None:
    text = name if by == "Name" else f"{PROFILE}/{name}"
    word = "name" if by == "Name" else "ARN"
    invalid = (
        f"Value ({text}) for parameter iamInstanceProfile.{by.lower()} is invalid. "
        f"Invalid IAM Instance Profile {word}"
    )
    with pytest.raises(ServiceError) as refused:
        court.passes("ec2:RunInstances", {"IamInstanceProfile": {by: text}})
    assert (refused.value.code, refused.value.message) == ("InvalidParameterValue", invalid)
    with pytest.raises(ServiceError) as refused:
        court.passes(
            "autoscaling:CreateLaunchConfiguration",
            {"LaunchConfigurationName": "c", "IamInstanceProfile": text},
        )
    assert (refused.value.code, refused.value.message) == (
        "ValidationError",
        f"Invalid IamInstanceProfile: {text}",
    )
    court.facts = Told(template={"IamInstanceProfile": {by: text}})
    with pytest.raises(ServiceError) as refused:
        court.passes(
            "autoscaling:CreateAutoScalingGroup",
            {"AutoScalingGroupName": "g", "LaunchTemplate": {"LaunchTemplateId": "lt-1"}},
        )
    assert refused.value.code == "ValidationError"
    assert refused.value.message == f"You must use a valid fully-formed launch template. {invalid}"


@pytest.mark.parametrize("there", [True, False], ids=["that exists", "that does not"])
def test_a_profile_of_another_account(there: bool, court: Court) -> None:
    """Whether there is one is that account's affair."""
    if there:
        court.profile("Theirs", court.role("Theirs", account=OTHER), account=OTHER)
    given = {"IamInstanceProfile": {"Arn": f"arn:aws:iam::{OTHER}:instance-profile/Theirs"}}
    with pytest.raises(CrossAccountPass) as refused:
        court.passes("ec2:RunInstances", given)
    assert refused.value.code == "UnauthorizedOperation"


def test_roles_written_out_in_a_text_of_another_form(court: Court) -> None:
    body = f'{{"x-amazon-apigateway-integration": {{"credentials": "{WORKER}"}}}}'
    assert passed(court, "apigateway:ImportRestApi", {"body": body.encode()}) == [
        ("body", WORKER, ("apigateway.amazonaws.com",))
    ]
    assert court.passes("osis:CreatePipeline", {"PipelineConfigurationBody": "version: '2'"}) == ()
