"""What holds of a whole service."""

from __future__ import annotations

import pytest

from passrole.catalog import managed, services
from passrole.catalog.services import Denial


@pytest.mark.parametrize(
    ("name", "prefix", "principal", "source"),
    [
        ("ec2", "ec2", "ec2", "ec2"),
        ("stepfunctions", "states", "states", "states"),
        ("emr", "elasticmapreduce", "elasticmapreduce", "elasticmapreduce"),
        ("opensearch", "es", "es", "es"),
        ("mwaa", "airflow", "airflow", "airflow"),
        ("efs", "elasticfilesystem", "elasticfilesystem", "elasticfilesystem"),
        ("elbv2", "elasticloadbalancing", "elasticloadbalancing", "elasticloadbalancing"),
        ("sesv2", "ses", "ses", "ses"),
        ("bedrock-agent", "bedrock", "bedrock", "bedrock"),
        ("apigatewayv2", "apigateway", "apigateway", "apigateway"),
        ("s3control", "s3", "s3", "s3"),
        ("keyspaces", "cassandra", "cassandra", "cassandra"),
        ("pinpoint", "mobiletargeting", "pinpoint", "mobiletargeting"),
        ("iot-data", "iot", "iot", "iotdata"),
        ("timestream-query", "timestream", "timestream", "timestream"),
        ("cloudwatch", "cloudwatch", "cloudwatch", "monitoring"),
    ],
)
def test_names_of_a_service(name: str, prefix: str, principal: str, source: str) -> None:
    known = services.service(name)
    assert known is not None
    assert (known.prefix, known.principal, known.event_source) == (
        prefix,
        f"{principal}.amazonaws.com",
        f"{source}.amazonaws.com",
    )
    assert services.action_prefix(name) == prefix


@pytest.mark.parametrize(
    ("name", "code", "status"),
    [
        ("iam", "AccessDenied", 403),
        ("sts", "AccessDenied", 403),
        ("rds", "AccessDenied", 403),
        ("cloudformation", "AccessDenied", 403),
        ("autoscaling", "AccessDenied", 403),
        ("s3", "AccessDenied", 403),
        ("ec2", "UnauthorizedOperation", 403),
        ("lambda", "AccessDeniedException", 403),
        ("eks", "AccessDeniedException", 403),
        ("batch", "AccessDeniedException", 403),
        ("scheduler", "AccessDeniedException", 403),
        ("pipes", "AccessDeniedException", 403),
        ("apigateway", "AccessDeniedException", 403),
        ("apigatewayv2", "AccessDeniedException", 403),
        ("ecs", "AccessDeniedException", 400),
        ("stepfunctions", "AccessDeniedException", 400),
        ("logs", "AccessDeniedException", 400),
        ("events", "AccessDeniedException", 400),
        ("kms", "AccessDeniedException", 400),
        ("secretsmanager", "AccessDeniedException", 400),
        ("glue", "AccessDeniedException", 400),
        ("ssm", "AccessDeniedException", 400),
        ("sagemaker", "AccessDeniedException", 400),
        ("dynamodb", "AccessDeniedException", 400),
        ("cloudtrail", "AccessDeniedException", 400),
        ("organizations", "AccessDeniedException", 400),
    ],
)
def test_code_and_status_of_a_denial(name: str, code: str, status: int) -> None:
    denial = services.denial(name)
    assert (denial.code, denial.status) == (code, status)


def test_forms_of_a_denial() -> None:
    assert services.denial("ec2") == Denial(
        "UnauthorizedOperation", 403, "You are not authorized to perform this operation. ", encoded=True
    )
    assert services.denial("s3").quotes_resource
    assert not services.denial("iam").quotes_resource
    assert services.denial("nosuch").code == "AccessDeniedException"


def test_event_names() -> None:
    assert services.event_name("lambda", "CreateFunction") == "CreateFunction20150331"
    assert services.event_name("lambda", "UpdateFunctionConfiguration") == (
        "UpdateFunctionConfiguration20150331v2"
    )
    assert services.event_name("lambda", "GetFunctionCodeSigningConfig") == "GetFunctionCodeSigningConfig"
    assert services.event_name("ec2", "RunInstances") == "RunInstances"
    assert services.operation_of_event("lambda.amazonaws.com", "UpdateFunctionCode20150331v2") == (
        "lambda",
        "UpdateFunctionCode",
    )
    assert services.operation_of_event("monitoring.amazonaws.com", "PutMetricAlarm") == (
        "cloudwatch",
        "PutMetricAlarm",
    )
    assert services.operation_of_event("nosuch.amazonaws.com", "X") is None


def test_global_services() -> None:
    for name in ("iam", "organizations", "cloudfront", "route53"):
        known = services.service(name)
        assert known is not None
        assert known.is_global
    for name in ("ec2", "s3", "sts", "lambda"):
        known = services.service(name)
        assert known is not None
        assert not known.is_global


def test_service_linked_roles() -> None:
    roles = services.linked_roles()
    scaling = roles["autoscaling.amazonaws.com"]
    assert scaling.role_name == "AWSServiceRoleForAutoScaling"
    assert scaling.path == "/aws-service-role/autoscaling.amazonaws.com/"
    assert scaling.suffix is True
    assert roles["ecs.amazonaws.com"].suffix is False
    assert roles["ecs.amazonaws.com"].optional
    assert roles["organizations.amazonaws.com"].suffix is None
    assert roles["email.cognito-idp.amazonaws.com"].role_name == (
        "AWSServiceRoleForAmazonCognitoIdpEmailService"
    )
    assert len(roles) >= 75
    names = [role.role_name for role in roles.values()]
    assert len(names) == len(set(names))


def test_policies_of_service_linked_roles_are_aws_own() -> None:
    known = set(managed.all_arns())
    for role in services.linked_roles().values():
        assert not role.policy_arn or role.policy_arn in known, role.principal


@pytest.mark.parametrize(
    ("service", "operation", "given", "names"),
    [
        ("autoscaling", "CreateAutoScalingGroup", {"AutoScalingGroupName": "g"}, ["AutoScaling"]),
        ("autoscaling", "CreateAutoScalingGroup", {"ServiceLinkedRoleARN": "arn:…"}, []),
        ("autoscaling", "UpdateAutoScalingGroup", {}, []),
        ("ecs", "CreateCluster", {}, ["ECS"]),
        (
            "application-autoscaling",
            "RegisterScalableTarget",
            {"ServiceNamespace": "ecs"},
            ["ApplicationAutoScaling_ECSService"],
        ),
        ("application-autoscaling", "RegisterScalableTarget", {"ServiceNamespace": "custom"}, []),
        ("ec2", "RunInstances", {}, []),
        ("ec2", "RunInstances", {"InstanceMarketOptions": {"MarketType": "spot"}}, ["EC2Spot"]),
        ("kms", "CreateKey", {"MultiRegion": True}, ["KeyManagementServiceMultiRegionKeys"]),
        ("kms", "CreateKey", {}, []),
        ("batch", "CreateComputeEnvironment", {"serviceRole": "Own"}, []),
    ],
)
def test_first_calls_make_service_linked_roles(
    service: str, operation: str, given: dict[str, object], names: list[str]
) -> None:
    made = services.linked_roles_made_by(service, operation, given)
    assert [role.role_name.removeprefix("AWSServiceRoleFor") for role in made] == names
