"""What the embedding costs over moto itself: python -m bench.embedded [--launches N] [--rounds N]

RunInstances with an instance profile, one at a time: moto's own code called straight, in a process without
ours, beside ``Embedded.handle`` with the association written to the directory. Both launch into a fresh
account, so both grow alike; the rounds take turns, so a busy machine slows both. On a very busy one only the
CPU time says something: a call of ours changes threads twice. Target: at most 10 % more.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from time import perf_counter, process_time
from typing import Any
from urllib.parse import urlencode

ACCOUNT, REGION = "111122223333", "eu-west-1"
GIVEN = {"ImageId": "ami-0abcdef12", "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)


Taken = list[tuple[float, float]]  # (wall, CPU) microseconds a launch


def timed(launch: Callable[[], object], count: int) -> Taken:
    """The time that each launch took, after two that warm up."""
    launch(), launch()
    taken = []
    for _ in range(count):
        wall, cpu = perf_counter(), process_time()
        launch()
        taken.append(((perf_counter() - wall) * 1e6, (process_time() - cpu) * 1e6))
    return taken


def bare(count: int) -> Taken:
    """moto alone, as its own server would call it."""
    from moto.core.request import Request
    from moto.ec2.responses import EC2Response
    from moto.iam.models import iam_backends

    iam: Any = iam_backends[ACCOUNT]["aws"]
    iam.create_role("Web", TRUST, "/", None, "", [], "3600")
    iam.create_instance_profile("Web", "/", [])
    iam.add_role_to_instance_profile("Web", "Web")
    form = {"Action": "RunInstances", "Version": "2016-11-15", **GIVEN, "IamInstanceProfile.Name": "Web"}
    body = urlencode(form).encode()

    def launch() -> None:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_HOST": "localhost",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/{REGION}/ec2/aws4_request",
            "HTTP_X_MOTO_ACCOUNT_ID": ACCOUNT,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
        }
        request = Request(environ)
        status, _, _ = EC2Response.dispatch(request, request.raw_url, dict(request.headers))
        assert status == 200

    return timed(launch, count)


def ours(count: int) -> Taken:
    """The same through Embedded, with what follows from it committed to the directory."""
    from passrole.authorize.call import Call, Caller
    from passrole.passing import permit
    from passrole.passing.permit import AuthorizedCall
    from passrole.services.embedded.dispatch import Embedded
    from passrole.state.directory import Directory
    from passrole.state.entities import InstanceProfile, Role
    from passrole.values.principal import Principal, PrincipalKind
    from passrole.wire.request import RawRequest

    directory = Directory()
    role = Role(account=ACCOUNT, name="Web", id="AROAWEB", created=NOW, trust=TRUST)
    profile = InstanceProfile(account=ACCOUNT, name="Web", id="AIPAWEB", created=NOW, role_id=role.id)
    directory.put(role)
    directory.put(profile)
    directory.commit()
    embedded = Embedded(directory)
    principal = Principal(PrincipalKind.ROOT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
    call = Call(
        raw=RawRequest("POST", "/", "", (("host", "localhost"),), b""),
        body=b"",
        service="ec2",
        operation="RunInstances",
        protocol="ec2",
        input={**GIVEN, "IamInstanceProfile": {"Name": "Web"}},
        caller=Caller(principal, "AKIA"),
        account=ACCOUNT,
        region=REGION,
        now=NOW,
        request_id="11111111-2222-4333-8444-555555555555",
    )
    authorized = AuthorizedCall(permit._SEAL, call, (), "")
    loop = asyncio.new_event_loop()

    async def carry_out() -> None:
        handled = await embedded.handle(authorized)
        assert handled.response.status == 200
        handled.apply(directory)
        directory.commit()

    taken = timed(lambda: loop.run_until_complete(carry_out()), count)
    loop.close()
    embedded.close()
    return taken


SIDES = {"bare": bare, "ours": ours}


def measured(side: str, count: int) -> Taken:
    """One side, in a process of its own."""
    command = [sys.executable, "-m", "bench.embedded", "--side", side, "--launches", str(count)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return [(wall, cpu) for wall, cpu in json.loads(ran.stdout)]


def main() -> None:
    """Prints both sides and their ratio."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--launches", type=int, default=40)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--side", choices=SIDES)
    given = options.parse_args()
    if given.side:
        print(json.dumps(SIDES[given.side](given.launches)))
        return
    taken: dict[str, Taken] = {side: [] for side in SIDES}
    for _ in range(given.rounds):
        for side in SIDES:
            taken[side] += measured(side, given.launches)
    print(f"RunInstances with a profile, {given.launches} launches x {given.rounds} rounds, medians in us")
    print(f"{'':22}{'wall':>8}{'CPU':>8}")
    walls, cpus = ({side: median(one[kind] for one in taken[side]) for side in SIDES} for kind in (0, 1))
    for side, name in (("bare", "moto alone"), ("ours", "embedded, committed")):
        print(f"  {name:20}{walls[side]:8,.0f}{cpus[side]:8,.0f}")
    wall, cpu = (of["ours"] / of["bare"] - 1 for of in (walls, cpus))
    print(f"  {'overhead':20}{wall:8.1%}{cpu:8.1%}   (target: 10 % at most)")


if __name__ == "__main__":
    main()
