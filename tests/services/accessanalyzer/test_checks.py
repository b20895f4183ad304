"""ValidatePolicy, CheckNoNewAccess and CheckAccessNotGranted, by a client over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from passrole import Endpoint, Options
from passrole.values.errors import ServiceError
from passrole.wire.client import Client
from passrole.wire.models import Credentials

ROOT = ("AKIAROOTROOTROOTROOT", "root-secret-of-the-tests-0123456789abcdef")
POLICY = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetObject", "iam:PassRole"], "Resource": "*"},
    {"Effect": "Allow", "Action": "iam:NoSuch", "Resource": "*",
     "Condition": {"StringEqual": {"aws:username": "a"}}}
  ]
}"""


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url) as made,
    ):
        yield made


def validate(client: Client, text: str, **more: object) -> list[dict[str, object]]:
    given = {"policyDocument": text, "policyType": "IDENTITY_POLICY"} | more
    found = client.call("accessanalyzer", "ValidatePolicy", given)["findings"]
    assert isinstance(found, list)
    return found


def test_findings_have_aws_codes_types_and_places(client: Client) -> None:
    by_code = {one["issueCode"]: one for one in validate(client, POLICY)}
    assert set(by_code) == {"PASS_ROLE_WITH_STAR_IN_RESOURCE", "INVALID_ACTION", "INVALID_CONDITION_OPERATOR"}
    passes = by_code["PASS_ROLE_WITH_STAR_IN_RESOURCE"]
    assert passes["findingType"] == "SECURITY_WARNING"
    assert str(passes["learnMoreLink"]).endswith("-security-warning-pass-role-with-star-in-resource")
    locations = passes["locations"]
    assert isinstance(locations, list)
    assert [one["path"] for one in locations] == [
        [{"value": "Statement"}, {"index": 0}, {"value": "Action"}, {"index": 1}],
        [{"value": "Statement"}, {"index": 0}, {"value": "Resource"}],
    ]
    span = locations[1]["span"]
    assert POLICY[span["start"]["offset"] : span["end"]["offset"]] == '"*"'
    line = POLICY.splitlines()[span["start"]["line"] - 1]
    assert line[span["start"]["column"] : span["end"]["column"]] == '"*"'
    operator = by_code["INVALID_CONDITION_OPERATOR"]["locations"]
    assert isinstance(operator, list)
    assert operator[0]["path"][-1] == {"key": "StringEqual"}


def test_findings_come_in_pages(client: Client) -> None:
    given: dict[str, object] = {"policyDocument": POLICY, "policyType": "IDENTITY_POLICY"}
    first = client.call("accessanalyzer", "ValidatePolicy", {**given, "maxResults": 2})
    token = first["nextToken"]
    rest = client.call("accessanalyzer", "ValidatePolicy", {**given, "nextToken": token})
    pages = [first["findings"], rest["findings"]]
    assert [one for page in pages if isinstance(page, list) for one in page] == validate(client, POLICY)
    assert "nextToken" not in rest
    with pytest.raises(ServiceError, match="nextToken") as raised:
        client.call("accessanalyzer", "ValidatePolicy", {**given, "nextToken": "x"})
    assert raised.value.code == "ValidationException"


def test_a_broken_policy_is_a_finding(client: Client) -> None:
    (one,) = validate(client, '{"Version": }')
    assert (one["issueCode"], one["findingType"]) == ("JSON_SYNTAX_ERROR", "ERROR")


def test_the_type_of_a_policy_decides_what_is_wrong_with_it(client: Client) -> None:
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            },
        }
    )
    of_a_role = "AWS::IAM::AssumeRolePolicyDocument"
    given = {"policyType": "RESOURCE_POLICY", "validatePolicyResourceType": of_a_role}
    assert validate(client, trust, **given) == []
    # Without it AWS takes a trust policy for any resource's.
    (one,) = validate(client, trust, policyType="RESOURCE_POLICY")
    assert one["issueCode"] == "MISSING_RESOURCE"
    codes = {one["issueCode"] for one in validate(client, trust)}
    assert codes == {"UNSUPPORTED_PRINCIPAL", "MISSING_RESOURCE"}


def test_the_custom_checks(client: Client) -> None:
    old = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}
    )
    new = client.call(
        "accessanalyzer",
        "CheckNoNewAccess",
        {
            "existingPolicyDocument": old,
            "newPolicyDocument": POLICY.replace("StringEqual", "StringEquals"),
            "policyType": "IDENTITY_POLICY",
        },
    )
    assert new["result"] == "FAIL"
    access: list[dict[str, object]] = [{"actions": ["iam:PassRole"]}]
    granted = client.call(
        "accessanalyzer",
        "CheckAccessNotGranted",
        {"policyDocument": old, "access": access, "policyType": "IDENTITY_POLICY"},
    )
    assert granted["result"] == "PASS"
    with pytest.raises(ServiceError) as raised:
        client.call(
            "accessanalyzer",
            "CheckAccessNotGranted",
            {"policyDocument": "{}", "access": access, "policyType": "IDENTITY_POLICY"},
        )
    assert raised.value.code == "InvalidParameterException"


def test_what_is_kept_of_the_service_stays(client: Client) -> None:
    made = client.call("accessanalyzer", "CreateAnalyzer", {"analyzerName": "a", "type": "ACCOUNT"})
    assert ":analyzer/a" in str(made["arn"])
