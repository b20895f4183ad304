"""Every catalogued role parameter, through the whole gateway: refused without the grant, let on with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

import pytest
from tests.gateway import estate as estates
from tests.gateway.estate import ALL_BUT_PASSING, REGION, USER, Estate, Statement, refused
from tests.gateway.inputs import Input
from tests.gateway.role_inputs import OTHER, TEMPLATE, WORKERS, Named, Row, passing, rows

from passrole.authorize.call import NoFacts
from passrole.catalog.role_parameters import LAUNCH_TEMPLATE
from passrole.catalog.services import denial
from passrole.services.backend import OWN
from passrole.wire.route import route

ROWS: Final = tuple(rows())
SERVICES: Final = {service: tuple(found) for service, found in groupby(ROWS, key=lambda row: row.service)}

# What the endpoint's own services answer to these inputs once they are past authorization.
OWN_ERRORS: Final = frozenset(
    (
        "EventDataStoreNotFoundException",
        "InvalidCloudWatchLogsLogGroupArnException",
        "NoSuchEntity",
        "NotImplemented",
        "TrailNotFoundException",
        "ValidationError",
    )
)


class Templates(NoFacts):
    """Facts of a region with a launch template, which carries a worker's profile, and task definitions."""

    worker: Named = OTHER

    def launch_template(
        self, account: str, region: str, *, id: str, name: str, version: str
    ) -> Mapping[str, object] | None:
        """See ResourceFacts."""
        assert (name, version) == (TEMPLATE, "1")
        return {"IamInstanceProfile": {"Arn": self.worker.profile_arn}}

    def attributes(self, account: str, region: str, arn: str) -> Mapping[str, object] | None:
        """See ResourceFacts."""
        name = arn.removeprefix(f"arn:aws:ecs:{region}:{account}:task-definition/")
        for named in (*WORKERS, OTHER):
            if name == named.definition:
                return {"taskRoleArn": named.role_arn, "executionRoleArn": OTHER.role_arn}
        return None


@pytest.fixture(scope="module")
def facts() -> Templates:
    return Templates()


@pytest.fixture(scope="module")
def estate(facts: Templates) -> Iterator[Estate]:
    with Estate(facts=facts) as estate:
        for named in (*WORKERS, OTHER):
            estate.profile(named.name, estate.role(named.name, path=named.path), path=named.path)
        yield estate


def grant(role: Named, *services: str) -> Statement:
    """iam:PassRole on the role, to these services alone where any are named."""
    statement: dict[str, object] = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role.role_arn}
    if services:
        statement["Condition"] = {"StringEquals": {"iam:PassedToService": list(services)}}
    return statement


def ask(row: Row, role: Named, given: Input, estate: Estate) -> None:
    """The answers that one input gets, by what its caller may pass."""
    parameter = row.parameter
    principals = tuple(one.replace("{region}", REGION) for one in parameter.principals)
    trusted = tuple(one.replace("{region}", REGION) for one in parameter.trust_principals) or principals
    for named in (role, OTHER):
        estate.role(named.name, *trusted, path=named.path)
    handed = estate.recording.handed
    handed.clear()
    for rights in ((), (grant(role, "nobody.amazonaws.com"),)):
        estate.allow(ALL_BUT_PASSING, grant(OTHER), *rights)
        error = refused(estate.ask(row.service, row.operation, given))
        assert not handed
        if row.service == "autoscaling" and parameter.holds == LAUNCH_TEMPLATE:
            # Auto Scaling tries a launch, and says of its refusal only which template it was for.
            assert error.message.startswith("You are not authorized to use launch template: ")
        else:
            assert f"User: {USER} is not authorized to perform: iam:PassRole on resource: " in error.message
            assert role.role_arn in error.message
            assert "because no identity-based policy allows the iam:PassRole action" in error.message
        service = route(estates.request(row.service, row.operation, given)).service
        assert (error.code, error.status) == (denial(service).code, denial(service).status)
    estate.allow(ALL_BUT_PASSING, grant(OTHER), grant(role, *principals))
    response = estate.ask(row.service, row.operation, given)
    if row.service in OWN:
        # Answered by the endpoint's own services, which have more to say about such an input.
        assert response.status < 300 or refused(response).code in OWN_ERRORS, response.body
        return
    assert response.status < 300, (response.status, response.body)
    passed = [str(one.role) for one in handed[0].passes]
    assert role.role_arn in passed


@pytest.mark.parametrize("service", SERVICES)
def test_no_role_is_passed_without_the_grant(service: str, estate: Estate, facts: Templates) -> None:
    for row in SERVICES[service]:
        for role, given in passing(row):
            facts.worker = role
            ask(row, role, given, estate)
