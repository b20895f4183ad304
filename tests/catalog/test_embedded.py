"""Roles in texts of another form."""

from __future__ import annotations

import pytest

from passrole.catalog.embedded import role_arns
from passrole.catalog.role_parameters import EMBEDDED, RoleParameter

PIPELINE = """\
version: "2"
log-pipeline:
  sink:
    - opensearch:
        aws:
          sts_role_arn: "arn:aws:iam::111122223333:role/app/Pipeline"
          region: eu-west-1
    - s3:
        aws: {sts_role_arn: 'arn:aws:iam::111122223333:role/app/Pipeline'}
"""
PACK = """\
Parameters:
  AutomationAssumeRole:
    StaticValue:
      Values:
      - arn:aws:iam::111122223333:role/Remedy
"""
API = """{
  "paths": {"/": {"get": {"x-amazon-apigateway-integration": {
    "credentials": "arn:aws:iam::111122223333:role/Api"}}}},
  "x-amazon-apigateway-policy": {"Statement": [{
    "Principal": {"AWS": ["arn:aws:iam::111122223333:role/Caller", "arn:aws:iam::111122223333:role/Other"]},
    "Resource": "arn:aws:iam::111122223333:role/Never",
    "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Caller"}}}]}
}"""


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        (PIPELINE, ["arn:aws:iam::111122223333:role/app/Pipeline"]),
        (PACK, ["arn:aws:iam::111122223333:role/Remedy"]),
        (API, ["arn:aws:iam::111122223333:role/Api"]),
        (r'{"credentials": "arn:aws:iam::111122223333:role\/Api"}', ["arn:aws:iam::111122223333:role/Api"]),
        (
            "Values: [arn:aws:iam::111122223333:role/One, arn:aws:iam::111122223333:role/a,b]",
            ["arn:aws:iam::111122223333:role/One", "arn:aws:iam::111122223333:role/a,b"],
        ),
        ('{"credentials": "arn:aws:iam::*:user/*"}', []),
        ("nothing", []),
        ("", []),
    ],
    ids=["yaml", "list", "openapi", "escaped", "flow", "caller", "no role", "empty"],
)
def test_roles_that_a_text_writes_out(text: str, roles: list[str]) -> None:
    assert list(role_arns(text)) == roles


def test_a_body_of_bytes_is_read_too() -> None:
    parameter = RoleParameter("body", EMBEDDED, ())
    assert list(parameter.values({"body": API.encode()})) == [("body", "arn:aws:iam::111122223333:role/Api")]
