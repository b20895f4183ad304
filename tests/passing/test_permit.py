"""The only door to the services: what opens it, in which order it is judged, and that there is no other."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, get_type_hints

import pytest
from tests.passing.court import (
    ACCOUNT,
    ALL,
    ALL_BUT_PASSING,
    OTHER,
    REGION,
    USER,
    Court,
    Told,
    allowing,
    document,
    role_arn,
    to,
    trusting,
)

import passrole
from passrole.gateway.steps import Gateway
from passrole.passing import permit as module
from passrole.passing.permit import AuthorizedCall
from passrole.services.backend import Backend
from passrole.services.embedded.dispatch import Embedded
from passrole.services.operation import ServiceCall
from passrole.services.upstream import Upstream

WORKER: Final = role_arn("Worker", path="/app/")
FUNCTION: Final[Mapping[str, object]] = {"FunctionName": "f", "Role": WORKER}
ASSUMED: Final = "The role defined for the function cannot be assumed by Lambda."
PASS: Final = allowing(WORKER, StringEquals=to("lambda"))


@pytest.fixture
def court() -> Court:
    court = Court()
    court.role("Worker", trusting("lambda"), path="/app/")
    return court


# What it lets through


def test_the_permit_tells_which_roles_are_passed(court: Court) -> None:
    permitted = court.permit("lambda:CreateFunction", FUNCTION, court.ada(ALL_BUT_PASSING, PASS))
    (passed,) = permitted.passes
    assert (str(passed.role), passed.services) == (WORKER, ("lambda.amazonaws.com",))
    assert permitted.call.input == FUNCTION
    assert (permitted.would_deny, permitted.linked) == ("", ())


def test_a_call_that_passes_no_role_needs_no_grant(court: Court) -> None:
    for given in ({"FunctionName": "f"}, {"FunctionName": "f", "Role": ""}):
        assert (
            court.permit("lambda:UpdateFunctionConfiguration", given, court.ada(ALL_BUT_PASSING)).passes == ()
        )


def test_the_root_may_pass_every_role_of_its_account(court: Court) -> None:
    assert len(court.permit("lambda:CreateFunction", FUNCTION, court.root()).passes) == 1


def test_every_role_must_be_passable(court: Court) -> None:
    court.role("Runner")
    given = {"family": "web", "taskRoleArn": WORKER, "executionRoleArn": "Runner"}
    task = allowing(WORKER, StringEquals=to("ecs-tasks"))
    code, status, message = court.refusal(
        "ecs:RegisterTaskDefinition", given, court.ada(ALL_BUT_PASSING, task)
    )
    assert (code, status) == ("AccessDeniedException", 400)
    assert f"on resource: {role_arn('Runner')} because" in message
    both = allowing([WORKER, role_arn("Runner")], StringEquals=to("ecs-tasks"))
    assert (
        len(court.permit("ecs:RegisterTaskDefinition", given, court.ada(ALL_BUT_PASSING, both)).passes) == 2
    )


# In which order: own action, account, iam:PassRole, trust


def test_its_own_action_comes_first(court: Court) -> None:
    given = {**FUNCTION, "Role": role_arn("Theirs", account=OTHER)}
    _, _, message = court.refusal("lambda:CreateFunction", given, court.ada(allowing()))
    assert "lambda:CreateFunction on resource" in message


@pytest.mark.parametrize("rights", [(), (ALL,)], ids=["nobody", "an administrator"])
def test_a_role_of_another_account_is_refused_whatever_the_policies_say(
    rights: tuple[Mapping[str, object], ...], court: Court
) -> None:
    theirs = court.role("Theirs", trusting("lambda"), account=OTHER)
    caller = court.ada(ALL_BUT_PASSING, *rights)
    given = {**FUNCTION, "Role": theirs.arn}
    assert court.refusal("lambda:CreateFunction", given, caller) == (
        "AccessDeniedException",
        403,
        "Cross-account pass role is not allowed.",
    )


@pytest.mark.parametrize(
    ("call", "member", "expected"),
    [
        (
            "cloudformation:CreateStack",
            "RoleARN",
            ("AccessDenied", 403, "Cross-account pass role is not allowed"),
        ),
        ("ecs:RegisterTaskDefinition", "taskRoleArn", ("ClientException", 400, "Role is not valid")),
        (
            "codedeploy:CreateDeploymentGroup",
            "serviceRoleArn",
            ("AccessDeniedException", 400, "Cross-account pass role is not allowed."),
        ),
        (
            "ec2:CreateFlowLogs",
            "DeliverLogsPermissionArn",
            (
                "UnauthorizedOperation",
                403,
                "You are not authorized to perform this operation. Cross-account pass role is not allowed.",
            ),
        ),
    ],
)
def test_each_service_refuses_them_in_its_own_words(
    call: str, member: str, expected: tuple[str, int, str], court: Court
) -> None:
    for caller in (court.ada(ALL), court.root()):
        assert court.refusal(call, {member: role_arn("Theirs", account=OTHER)}, caller) == expected


def test_the_other_accounts_administrator_may_not_either(court: Court) -> None:
    caller = court.root(OTHER)
    assert (
        court.refusal("lambda:CreateFunction", FUNCTION, caller)[2]
        == "Cross-account pass role is not allowed."
    )


def test_nor_through_a_profile_or_a_template_that_leads_there(court: Court) -> None:
    theirs = court.profile("Theirs", court.role("Theirs", account=OTHER), account=OTHER)
    mixed = court.profile("Mixed", court.role("Deep", account=OTHER))  # AWS has none such
    court.facts = Told(template={"IamInstanceProfile": {"Arn": theirs.arn}})
    for given in (
        {"IamInstanceProfile": {"Arn": theirs.arn}},
        {"IamInstanceProfile": {"Name": mixed.name}},
        {"LaunchTemplate": {"LaunchTemplateId": "lt-1"}},
    ):
        code, _, message = court.refusal("ec2:RunInstances", {"ImageId": "ami-1", **given}, court.ada(ALL))
        assert code == "UnauthorizedOperation"
        assert message.endswith("Cross-account pass role is not allowed.")


def test_who_may_not_pass_a_role_does_not_learn_whether_it_could_be_used(court: Court) -> None:
    court.role("Idle", document([]))
    for name in ("Idle", "New", "Worker"):
        given = {**FUNCTION, "Role": role_arn(name)}
        code, status, message = court.refusal("lambda:CreateFunction", given, court.ada(ALL_BUT_PASSING))
        assert (code, status) == ("AccessDeniedException", 403)
        assert message == (
            f"User: {USER} is not authorized to perform: iam:PassRole on resource: {role_arn(name)} because "
            "no identity-based policy allows the iam:PassRole action"
        )


def test_the_services_own_error_where_it_could_not(court: Court) -> None:
    court.role("Idle", document([]))
    court.role("Else", trusting("ec2"))
    for name in ("Idle", "Else", "New"):
        given = {**FUNCTION, "Role": role_arn(name)}
        refusal = court.refusal("lambda:CreateFunction", given, court.ada(ALL))
        assert refusal == ("InvalidParameterValueException", 400, ASSUMED)


@pytest.mark.parametrize(
    ("call", "given", "expected"),
    [
        (
            "stepfunctions:CreateStateMachine",
            {"name": "s", "definition": "{}", "roleArn": role_arn("Idle")},
            (
                "AccessDeniedException",
                400,
                "Neither the global service principal states.amazonaws.com, nor the regional one is "
                "authorized to assume the provided role.",
            ),
        ),
        (
            "events:PutRule",
            {"Name": "r", "RoleArn": role_arn("Idle")},
            (
                "ValidationException",
                400,
                f"Provided role '{role_arn('Idle')}' cannot be assumed by principal 'events.amazonaws.com'.",
            ),
        ),
        (
            "rds:CreateDBInstance",
            {"DBInstanceIdentifier": "d", "MonitoringRoleArn": role_arn("Idle")},
            (
                "InvalidParameterValue",
                400,
                "IAM role ARN value is invalid or does not include the required permissions for: "
                "ENHANCED_MONITORING",
            ),
        ),
        (
            "cloudformation:CreateStack",
            {"StackName": "s", "RoleARN": role_arn("Idle")},
            ("ValidationError", 400, f"Role {role_arn('Idle')} is invalid or cannot be assumed"),
        ),
    ],
)
def test_each_service_that_checks_trust_at_the_call(
    call: str, given: Mapping[str, object], expected: tuple[str, int, str], court: Court
) -> None:
    court.role("Idle", document([]))
    assert court.refusal(call, given, court.ada(ALL)) == expected
    court.role("Idle", trusting("states", "events", "monitoring.rds", "cloudformation"))
    assert len(court.permit(call, given, court.ada(ALL)).passes) == 1


def test_the_others_find_out_when_they_use_it(court: Court) -> None:
    court.role("Idle", document([]))
    for role in ("Idle", "New"):
        given = {"Name": "j", "Role": role_arn(role), "Command": {}}
        assert len(court.permit("glue:CreateJob", given, court.ada(ALL)).passes) == 1


# Service-linked roles


def test_a_first_call_asks_for_its_service_linked_role(court: Court) -> None:
    given = {"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 0}
    permitted = court.permit("autoscaling:CreateAutoScalingGroup", given, court.ada(ALL))
    (linked,) = permitted.linked
    assert (linked.call.service, linked.call.operation) == ("iam", "CreateServiceLinkedRole")
    assert linked.call.input == {"AWSServiceName": "autoscaling.amazonaws.com"}
    assert linked.call.called_via == ("autoscaling.amazonaws.com",)
    without = {"Effect": "Allow", "NotAction": "iam:CreateServiceLinkedRole", "Resource": "*"}
    code, status, message = court.refusal("autoscaling:CreateAutoScalingGroup", given, court.ada(without))
    assert (code, status) == ("AccessDenied", 403)
    arn = role_arn("AWSServiceRoleForAutoScaling", path="/aws-service-role/autoscaling.amazonaws.com/")
    assert f"iam:CreateServiceLinkedRole on resource: {arn}" in message
    court.role("AWSServiceRoleForAutoScaling", path="/aws-service-role/autoscaling.amazonaws.com/")
    assert court.permit("autoscaling:CreateAutoScalingGroup", given, court.ada(without)).linked == ()


# --enforce report


def test_a_report_lets_a_refused_call_through_and_says_so(court: Court) -> None:
    court.report = True
    permitted = court.permit("lambda:CreateFunction", FUNCTION, court.ada(ALL_BUT_PASSING))
    assert "iam:PassRole" in permitted.would_deny
    assert [str(one.role) for one in permitted.passes] == [WORKER]
    own = court.permit("lambda:CreateFunction", FUNCTION, court.ada())
    assert "lambda:CreateFunction" in own.would_deny
    assert [str(one.role) for one in own.passes] == [WORKER]


def test_a_report_does_not_make_a_role_usable(court: Court) -> None:
    court.report = True
    for role, code in ((role_arn("New"), "InvalidParameterValueException"), ("x", "ValidationException")):
        assert court.refusal("lambda:CreateFunction", {**FUNCTION, "Role": role}, court.ada(ALL))[0] == code
    theirs = {**FUNCTION, "Role": role_arn("Theirs", account=OTHER)}
    assert court.refusal("lambda:CreateFunction", theirs, court.ada(ALL))[1] == 403


def test_ec2_seals_its_refusals(court: Court) -> None:
    court.profile("Worker", court.role("Worker", path="/app/"))
    given = {"ImageId": "ami-1", "IamInstanceProfile": {"Name": "Worker"}}
    code, status, message = court.refusal("ec2:RunInstances", given, court.ada(ALL_BUT_PASSING))
    assert (code, status) == ("UnauthorizedOperation", 403)
    assert message.startswith(
        f"You are not authorized to perform this operation. User: {USER} is not authorized to perform: "
        f"iam:PassRole on resource: {WORKER} because no identity-based policy allows the iam:PassRole action"
        ". Encoded authorization failure message: "
    )
    assert f"arn:aws:ec2:{REGION}:{ACCOUNT}" not in message


# There is no other door


def test_only_the_permit_makes_an_authorized_call(court: Court) -> None:
    call = court.call("lambda:CreateFunction", FUNCTION)
    for seal in (object(), None, module._Seal()):
        with pytest.raises(TypeError, match="permit alone"):
            AuthorizedCall(seal, call, (), "")  # type: ignore[arg-type]  # what a forger would try


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Every module of the package but the permit's own."""
    for path in Path(passrole.__file__).parent.rglob("*.py"):
        if path != Path(module.__file__):
            yield path, ast.parse(path.read_text())


def test_no_other_module_constructs_one_or_holds_the_seal() -> None:
    forbidden = []
    for path, tree in sources():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name == "AuthorizedCall":
                    forbidden.append((path.name, node.lineno))
                case ast.ImportFrom(names=names) if any(one.name in ("_SEAL", "_Seal") for one in names):
                    forbidden.append((path.name, node.lineno))
                case ast.Attribute(value=ast.Name(id="permit"), attr="_SEAL" | "_Seal"):
                    forbidden.append((path.name, node.lineno))
                case ast.ClassDef(bases=bases) if any(
                    isinstance(base, ast.Name | ast.Attribute)
                    and ast.unparse(base).endswith("AuthorizedCall")
                    for base in bases
                ):
                    forbidden.append((path.name, node.lineno))
    assert forbidden == []


@pytest.mark.parametrize(
    "door",
    [Backend.handle, Embedded.handle, Upstream.handle, Gateway._serve],
    ids=lambda door: door.__qualname__,
)
def test_the_services_take_nothing_else(door: Callable[..., object]) -> None:
    parameters = [name for name in inspect.signature(door).parameters if name != "self"]
    assert [get_type_hints(door)[name] for name in parameters] == [AuthorizedCall]
    assert get_type_hints(ServiceCall)["authorized"] is AuthorizedCall
