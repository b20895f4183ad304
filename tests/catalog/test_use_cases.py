"""The use cases of the console's wizard."""

from __future__ import annotations

import json

import pytest

from passrole.catalog import managed
from passrole.catalog.use_cases import UseCase, use_cases
from passrole.policy.document import Policy


@pytest.mark.parametrize("case", use_cases().values(), ids=lambda case: case.name)
def test_a_use_case_is_whole(case: UseCase) -> None:
    Policy.parse(case.trust_policy(), name="trust")
    for arn in case.policies:
        assert managed.get(arn) is not None, arn
    assert case.instance_profile == (case.services == ("ec2.amazonaws.com",))
    assert 0 < len(case.description) <= 1000


def test_enhanced_monitoring_is_as_the_wizard_makes_it() -> None:
    case = use_cases()["rds-enhanced-monitoring"]
    assert case.policies == ("arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",)
    assert json.loads(case.trust_policy()) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "",
                "Effect": "Allow",
                "Principal": {"Service": "monitoring.rds.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
