"""AWS's managed policies, from the list in the installed moto package."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC

import pytest

from passrole.catalog import managed


def test_a_policy_by_arn() -> None:
    policy = managed.get("arn:aws:iam::aws:policy/AdministratorAccess")
    assert policy is not None
    assert policy.name == "AdministratorAccess"
    assert policy.path == "/"
    assert policy.version.startswith("v")
    assert json.loads(policy.document) == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    assert policy.created.tzinfo == UTC
    assert policy.id.startswith("ANPA")
    assert len(policy.id) == 21


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
        "arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy",
        "arn:aws:iam::aws:policy/job-function/Billing",
    ],
)
def test_a_path_is_part_of_the_arn(arn: str) -> None:
    policy = managed.get(arn)
    assert policy is not None
    assert policy.arn == arn
    assert arn.endswith(f"{policy.path}{policy.name}")
    assert managed.get(f"arn:aws:iam::aws:policy/{policy.name}") is None


@pytest.mark.parametrize(
    "arn", ["", "AdministratorAccess", "arn:aws:iam::aws:policy/NoSuch", "arn:aws:iam::111122223333:policy/A"]
)
def test_no_such_policy(arn: str) -> None:
    assert managed.get(arn) is None


def test_every_policy_is_whole() -> None:
    arns = managed.all_arns()
    assert len(arns) > 1000
    assert list(arns) == sorted(arns)
    ids = set()
    for arn in arns:
        policy = managed.get(arn)
        assert policy is not None
        assert json.loads(policy.document)["Statement"]
        assert policy.created <= policy.updated
        ids.add(policy.id)
    assert len(ids) == len(arns)


def test_the_names_are_those_that_moto_parses() -> None:
    """Our reading of its source by bytes against Python's own."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    theirs = json.loads(aws_managed_policies_data)
    assert {arn.rsplit("/", 1)[-1] for arn in managed.all_arns()} == set(theirs)
    for name in ("ReadOnlyAccess", "AmazonEC2FullAccess", "PowerUserAccess"):
        policy = managed.get(f"arn:aws:iam::aws:policy/{name}")
        assert policy is not None
        assert json.loads(policy.document) == theirs[name]["Document"]


def test_moto_is_not_imported() -> None:
    code = (
        "import sys; from passrole.catalog import managed;"
        "managed.get('arn:aws:iam::aws:policy/AdministratorAccess');"
        "assert not any(name.split('.')[0] in ('moto', 'botocore') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
