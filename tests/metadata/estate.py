"""An account with one role, one profile and one instance, and a clock that a test moves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from passrole.authorize.call import NoFacts
from passrole.authorize.refusal import Refusal
from passrole.metadata.access import Access
from passrole.metadata.credentials import WorkloadCredentials
from passrole.metadata.imds import InstanceMetadata
from passrole.metadata.paths import IMDS
from passrole.passing.rule import service_may_assume
from passrole.services.instances import Instance
from passrole.state.directory import Directory
from passrole.state.entities import Association, InstanceProfile, Role, Session
from passrole.state.sessions import issue_session
from passrole.values.ids import Ids
from passrole.wire.request import RawRequest, Response

ACCOUNT = "111122223333"
REGION = "eu-west-1"
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def trust(service: str) -> str:
    """A trust policy that lets one service assume the role."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class Clock:
    """The endpoint's time."""

    time: datetime = START

    def now(self) -> datetime:
        return self.time

    def advance(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass
class Assumes:
    """The gateway's part: asks the role's trust policy and issues a session."""

    directory: Directory
    clock: Clock
    ids: Ids = field(default_factory=Ids)
    asked: list[str] = field(default_factory=list)  # role names

    async def assume(
        self,
        service: str,
        role: Role,
        *,
        session_name: str,
        workload: str,
        seconds: int,
        region: str,
        context: Mapping[str, str],
    ) -> Session | Refusal:
        self.asked.append(role.name)
        await asyncio.sleep(0)  # as committing does: others get their turn
        judged = service_may_assume(
            service,
            role.arn,
            role.account,
            self.directory,
            NoFacts(),
            source_arn=workload,
            region=region,
        )
        if not judged.decision.allowed:
            return Refusal(judged)
        return issue_session(
            self.directory,
            self.ids,
            now=self.clock.now(),
            role=role,
            name=session_name,
            seconds=seconds,
            context=context,
            workload=workload,
        )


class Estate:
    """Everything that metadata are made from, with the answer of both services."""

    def __init__(self, access: Access = Access()) -> None:  # noqa: B008 (frozen)
        self.directory = Directory()
        self.clock = Clock()
        self.instances: dict[str, Instance] = {}
        self.assumes = Assumes(self.directory, self.clock)
        self.credentials = WorkloadCredentials(self.directory, self.assumes, self.clock.now)
        self.imds = InstanceMetadata(self.directory, self, self.credentials, self.clock.now, access)

    def instance(self, instance_id: str) -> Instance | None:
        return self.instances.get(instance_id)

    def role(self, name: str, id: str, service: str = "ec2.amazonaws.com") -> Role:
        role = Role(account=ACCOUNT, name=name, id=id, created=START, trust=trust(service))
        self.directory.put(role)
        return role

    def profile(self, name: str, id: str, role: Role | None) -> InstanceProfile:
        profile = InstanceProfile(
            account=ACCOUNT, name=name, id=id, created=START, role_id=role.id if role is not None else ""
        )
        self.directory.put(profile)
        return profile

    def launch(self, instance: Instance, profile: InstanceProfile | None = None) -> Instance:
        self.instances[instance.id] = instance
        if profile is not None:
            self.directory.put(
                Association(
                    account=instance.account,
                    resource=instance.arn,
                    holder="IamInstanceProfile",
                    role_id=profile.role_id,
                    profile_id=profile.id,
                    service="ec2.amazonaws.com",
                    created=START,
                )
            )
        return instance

    def ask(self, path: str, method: str = "GET", id: str = "i-0a", **headers: str) -> Response:
        """What the instance's metadata service answers. Header names are written with underscores."""
        named = {"host": "127.0.0.1:4747"} | {
            name.replace("_", "-").lower(): value for name, value in headers.items()
        }
        raw = RawRequest(method, f"{IMDS}/{id}{path}", "", tuple(named.items()), b"")
        return asyncio.run(self.imds.answer(raw))

    def text(self, path: str, **headers: str) -> str:
        """The body of an answer that must be 200."""
        response = self.ask(path, **headers)
        assert response.status == 200, response
        return response.body.decode()

    def token(self, seconds: int = 60, id: str = "i-0a") -> str:
        """A session token of IMDSv2."""
        response = self.ask("/latest/api/token", "PUT", id, x_aws_ec2_metadata_token_ttl_seconds=str(seconds))
        assert response.status == 200
        return response.body.decode()


def instance(**changes: object) -> Instance:
    """A running instance ``i-0a``."""
    members: dict[str, object] = {
        "id": "i-0a",
        "account": ACCOUNT,
        "region": REGION,
        "state": "running",
        "image_id": "ami-12c6146b",
        "type": "t3.micro",
        "zone": "eu-west-1a",
        "launched": START,
        "private_ip": "10.0.0.7",
        "private_dns": "ip-10-0-0-7.eu-west-1.compute.internal",
        "vpc_id": "vpc-1",
        "subnet_id": "subnet-1",
        "mac": "02:00:00:00:00:07",
        "interface_id": "eni-1",
        "security_groups": (("sg-1", "default"),),
        "reservation_id": "r-1",
    }
    return Instance(**(members | changes))  # type: ignore[arg-type]  # a test's own names and values
