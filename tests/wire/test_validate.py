from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from passrole.values.errors import ServiceError
from passrole.wire import models
from passrole.wire.constraints import problems
from passrole.wire.validate import validate

TRUST: Final = "{}"
CASES: Final[list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("validation.yaml").read_text(encoding="utf-8")
)


def refusal(service: str, operation: str, given: Mapping[str, Any], protocol: str = "") -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        validate(service, operation, given, protocol=protocol)
    return caught.value


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_broken_constraint_is_told_in_the_services_own_words(case: dict[str, Any]) -> None:
    if not case["code"]:
        validate(case["service"], case["operation"], case["given"])
        return
    error = refusal(case["service"], case["operation"], case["given"])
    assert (error.code, error.status, error.message) == (case["code"], 400, case["message"])


def test_organizations_gives_a_reason() -> None:
    error = refusal("organizations", "CreateAccount", {"Email": "a@example.com"})
    assert error.fields == {"Reason": "INPUT_REQUIRED"}


def test_what_is_right_passes() -> None:
    validate(
        "iam",
        "CreateRole",
        {
            "RoleName": "EC2-roles-for-XYZ-1",
            "Path": "/division/team/",
            "AssumeRolePolicyDocument": TRUST,
            "Description": "é" * 1000,
            "MaxSessionDuration": 3600,
            "Tags": [{"Key": "équipe", "Value": "漢字 1"}],
        },
    )
    validate("ec2", "RunInstances", {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1})
    validate("s3", "PutObject", {})


def test_lengths_are_counted_in_characters() -> None:
    given = {"RoleName": "R", "AssumeRolePolicyDocument": TRUST, "Description": "é" * 1001}
    assert refusal("iam", "CreateRole", given).message == (
        "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have "
        "length less than or equal to 1000"
    )
    # One character beyond the basic plane is one character.
    validate("iam", "TagRole", {"RoleName": "R", "Tags": [{"Key": "\U00010400" * 128, "Value": ""}]})


def test_a_secret_is_not_told_back() -> None:
    error = refusal(
        "cognito-idp", "AdminSetUserPassword", {"UserPoolId": "eu_a", "Username": "u", "Password": " "}
    )
    assert "Value at 'password'" in error.message


def test_an_idempotency_token_may_be_left_out_where_the_model_requires_it() -> None:
    operation = models.service("fis").operation("CreateExperimentTemplate").input
    assert operation is not None
    assert operation.members["clientToken"].idempotency_token
    assert "clientToken" in operation.required
    found = problems("fis", "CreateExperimentTemplate", {})
    assert found
    assert "clientToken" not in {problem.path for problem in found}


def test_a_shape_that_contains_itself_is_followed_as_deep_as_it_goes() -> None:
    item: dict[str, Any] = {"S": "x"}
    for _ in range(30):
        item = {"L": [item, {"M": {"": item}}]} if _ < 3 else {"L": [item]}
    validate("dynamodb", "PutItem", {"TableName": "abc", "Item": {"a": item}})
    deep = {"TableName": "abc", "Item": {"k" * 70_000: {"S": "x"}}}
    assert [problem.kind for problem in problems("dynamodb", "PutItem", deep)] == ["items"]


@pytest.mark.parametrize(
    "service", ["iam", "sts", "organizations", "lambda", "ecs", "dynamodb", "glue", "batch"]
)
def test_every_operation_has_a_check_that_takes_an_empty_input(service: str) -> None:
    model = models.service(service)
    for name in model.operations:
        shape = model.operation(name).input
        required = set(shape.required) if shape is not None else set()
        found = {problem.path for problem in problems(service, name, {})}
        assert len(found) <= len(required)
        assert all(problem[:1].islower() or problem[:1] == "_" for problem in found)
