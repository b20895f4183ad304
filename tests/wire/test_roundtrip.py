"""A request that botocore makes is read as it was meant, and botocore reads what is answered.

Here: every operation of the services that matter most, and some of every service there is. All of
them, in ``test_roundtrip_all``, take a minute.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import pytest

from passrole.wire import services

from .roundtrip import EXCEPTIONS, Way, encodes, reads, ways, writes

MAIN: Final = (
    *("iam", "sts", "organizations", "cloudtrail", "accessanalyzer", "ec2", "s3", "s3control", "lambda"),
    *("ecs", "eks", "rds", "autoscaling", "cloudformation", "stepfunctions", "events", "scheduler", "sqs"),
    *("sns", "dynamodb", "kms", "secretsmanager", "ssm", "logs", "cloudwatch", "route53", "apigateway"),
    *("codebuild", "codepipeline", "glue", "sagemaker"),
)

CHECKS: Final = (reads, writes, encodes)


def problems(check: Callable[[Way], str], chosen: list[Way]) -> list[str]:
    """What went wrong, but for what is known to."""
    known = EXCEPTIONS["write" if check is writes else "read"]
    found = [(way, check(way)) for way in chosen if str(way) not in known]
    return [f"{way}: {problem}" for way, problem in found if problem]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("service", MAIN)
def test_every_operation_of_the_main_services_comes_back(service: str, check: Callable[[Way], str]) -> None:
    assert problems(check, list(ways(service))) == []


@pytest.mark.parametrize("check", CHECKS)
def test_some_operations_of_every_service_come_back(check: Callable[[Way], str]) -> None:
    draw = random.Random(20260102)
    chosen = []
    for service in services.index():
        if service not in MAIN:
            known = list(ways(service))
            chosen += draw.sample(known, min(2, len(known)))
    assert len(chosen) > 800
    assert problems(check, chosen) == []
