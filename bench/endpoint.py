"""How fast the endpoint answers, beside moto's own server in the same run: python -m bench.endpoint

GetRole and CreateRole by clients that each sign as a user of their own, on a store on disk with the trail on;
RunInstances through the endpoint beside moto's code called straight; the time until ready, and memory.
moto's server runs with its IAM authentication on. Durable state is written to a folder beside this one, not
to a temporary folder that may be memory.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from time import perf_counter, sleep
from typing import Final
from urllib.parse import urlencode

from bench.embedded import measured
from bench.load import TRUST, VERSION, Connection, Figures, Key, Signer, cpu_seconds, measure

ROOT: Final = Key("AKIABENCHBENCHBENCH0", "a-secret-of-the-benchmark-0123456789abcd")
CLIENTS: Final = 8
ROLES: Final = 100
POLICY: Final = (
    '{"Version":"2012-10-17","Statement":['
    '{"Effect":"Allow","Action":["iam:GetRole","iam:CreateRole","iam:List*"],"Resource":"*"},'
    '{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/Web-*",'
    '"Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}},'
    '{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::data-*/*"},'
    '{"Effect":"Allow","Action":"ec2:*","Resource":"*"},'
    '{"Effect":"Deny","Action":"iam:*","Resource":"arn:aws:iam::*:role/Admin-*"}]}'
)


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach, from the design."""

    text: str
    reached: bool


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of either server."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PASSROLE_", "MOTO_"))
    }
    return kept | more


@dataclass(frozen=True, slots=True)
class Passrole:
    """A running endpoint."""

    port: int
    pid: int
    seconds_to_ready: float


@contextmanager
def passrole(data: Path, *arguments: str) -> Iterator[Passrole]:
    """``passrole serve`` on a durable store, with more arguments."""
    begun = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "passrole", "serve", "--port", "0", "--data", str(data), *arguments],
        env=environment(
            PASSROLE_ROOT_ACCESS_KEY_ID=ROOT.id,
            PASSROLE_ROOT_SECRET_ACCESS_KEY=ROOT.secret,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("passrole serve has no output")
        found = re.search(rb"ready on http://127\.0\.0\.1:([0-9]+)", process.stdout.readline())
        if found is None:
            raise RuntimeError("passrole serve did not get ready")
        yield Passrole(int(found[1]), process.pid, perf_counter() - begun)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def moto_server(port: int) -> Iterator[int]:
    """moto's own server, which asks for no authentication yet; gives its process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env=environment(INITIAL_NO_AUTH_ACTION_COUNT="1000000"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            if process.poll() is not None:
                raise RuntimeError("moto's server ended")
            try:
                http_get(port, "/moto-api/")
                break
            except OSError:
                sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def http_get(port: int, path: str, method: str = "GET", body: bytes | None = None) -> None:
    """Asks and forgets."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body=body)
    connection.getresponse().read()
    connection.close()


class Root:
    """Calls IAM and EC2 by the root's key."""

    def __init__(self, port: int) -> None:
        self._connection = Connection(port)
        self._signers = {name: Signer(ROOT, name, f"127.0.0.1:{port}") for name in ("iam", "ec2")}

    def call(self, service: str, form: Mapping[str, str]) -> str:
        """The answer's body. Raises RuntimeError unless it is 200."""
        status, body = self._connection.ask(self._signers[service].request(urlencode(form).encode()))
        if status != 200:
            raise RuntimeError(f"{form['Action']}: {status} {body[:500]!r}")
        return body.decode()

    def iam(self, action: str, **given: str) -> str:
        """One operation of IAM."""
        return self.call("iam", {"Action": action, "Version": VERSION, **given})


def populated(root: Root) -> list[Key]:
    """A hundred roles, and a user with a key and a policy for each client."""
    for number in range(ROLES):
        root.iam("CreateRole", RoleName=f"role-{number}", AssumeRolePolicyDocument=TRUST)
    keys = []
    for number in range(CLIENTS):
        name = f"client-{number}"
        root.iam("CreateUser", UserName=name)
        root.iam("PutUserPolicy", UserName=name, PolicyName="own", PolicyDocument=POLICY)
        made = root.iam("CreateAccessKey", UserName=name)
        found = re.search(r"<AccessKeyId>(.*?)</AccessKeyId>", made)
        secret = re.search(r"<SecretAccessKey>(.*?)</SecretAccessKey>", made)
        if found is None or secret is None:
            raise RuntimeError(made)
        keys.append(Key(found[1], secret[1]))
    return keys


def resident(pid: int) -> float:
    """Megabytes of memory that the process holds."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found is not None else 0.0


Table = dict[tuple[str, int], Figures]  # (operation, clients)


def iam_figures(pid: int, port: int, keys: Sequence[Key], seconds: float, *, failing: bool = False) -> Table:
    """GetRole and CreateRole, by one client and by all. failing: see measure."""
    found: Table = {}
    for run, (operation, clients) in enumerate(
        (operation, clients) for operation in ("GetRole", "CreateRole") for clients in (1, CLIENTS)
    ):
        found[(operation, clients)] = measure(
            pid, port, keys[:clients], operation, seconds, run, failing=failing
        )
    return found


def launches(pid: int, root: Root, count: int) -> tuple[list[float], float]:
    """Microseconds of each RunInstances with a profile, after two that warm up; the server's CPU of one."""
    root.iam("CreateRole", RoleName="Web", AssumeRolePolicyDocument=TRUST)
    root.iam("CreateInstanceProfile", InstanceProfileName="Web")
    root.iam("AddRoleToInstanceProfile", InstanceProfileName="Web", RoleName="Web")
    form = {
        "Action": "RunInstances",
        "Version": "2016-11-15",
        "ImageId": "ami-0abcdef12",
        "MinCount": "1",
        "MaxCount": "1",
        "InstanceType": "t3.micro",
        "IamInstanceProfile.Name": "Web",
    }
    for _ in range(2):
        root.call("ec2", form)
    taken = []
    spent = cpu_seconds(pid)
    for _ in range(count):
        begun = perf_counter()
        root.call("ec2", form)
        taken.append((perf_counter() - begun) * 1e6)
    return taken, (cpu_seconds(pid) - spent) / count * 1e6


def show(name: str, table: Table, against: Table | None = None) -> None:
    """One server's lines."""
    for (operation, clients), figures in table.items():
        ratio = f"   {figures.failed} failed" if figures.failed else ""
        if against is not None:
            ratio = f"{figures.rate / against[(operation, clients)].rate:8.1f} x moto"
        print(
            f"  {name:<9} {operation:<11} {clients} client{'s' if clients > 1 else ' '}"
            f" {figures.rate:>9,.0f} req/s   p50 {figures.p50:7.2f} ms   p99 {figures.p99:7.2f} ms"
            f"   {figures.cpu:7,.0f} us CPU{ratio}"
        )


def targets(table: Table, ready: float, memory: float, overhead: float) -> list[Target]:
    """What the design wants, and whether this run reached it."""
    get, create = table[("GetRole", CLIENTS)], table[("CreateRole", CLIENTS)]
    return [
        Target(f"GetRole at {CLIENTS} clients: 6,000 req/s or more", get.rate >= 6000),
        Target(f"GetRole at {CLIENTS} clients: p50 1.5 ms at most", get.p50 <= 1.5),
        Target(f"CreateRole at {CLIENTS} clients: 1,500 req/s or more", create.rate >= 1500),
        Target(f"CreateRole at {CLIENTS} clients: p50 3 ms at most", create.p50 <= 3),
        Target("RunInstances: 10 % over embedded moto at most", overhead <= 0.10),
        Target("ready within 1 s", ready <= 1),
        Target("120 MB at most before the first EC2 call", memory <= 120),
    ]


def main() -> None:
    """Runs everything and prints figures, ratios and targets."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=5, help="of each measurement")
    options.add_argument("--launches", type=int, default=40, help="RunInstances a round")
    options.add_argument("--rounds", type=int, default=3, help="of launches and of starts")
    options.add_argument("--no-moto", action="store_true", help="leave moto's server out")
    given = options.parse_args()
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory(prefix=".data-", dir=here) as folder:
        run(Path(folder), given.seconds, given.launches, given.rounds, with_moto=not given.no_moto)


def run(folder: Path, seconds: float, count: int, rounds: int, *, with_moto: bool) -> None:
    """One run; durable state goes below folder."""
    starts = []
    for number in range(rounds):
        with passrole(folder / f"start-{number}") as server:
            starts.append(server.seconds_to_ready)
    with passrole(folder / "iam") as server:
        keys = populated(Root(server.port))
        memory = resident(server.pid)
        ours = iam_figures(server.pid, server.port, keys, seconds)
    theirs: Table | None = None
    if with_moto:
        port = free_port()
        with moto_server(port) as pid:
            keys = populated(Root(port))
            http_get(port, "/moto-api/reset-auth", "POST", b"0")
            theirs = iam_figures(pid, port, keys, seconds, failing=True)
    bare: list[float] = []
    bare_cpu: list[float] = []
    through: list[float] = []
    through_cpu: list[float] = []
    for number in range(rounds):
        for wall, cpu in measured("bare", count):
            bare.append(wall)
            bare_cpu.append(cpu)
        with passrole(folder / f"ec2-{number}") as server:
            walls, cpu = launches(server.pid, Root(server.port), count)
        through += walls
        through_cpu.append(cpu)
    overhead = median(through) / median(bare) - 1
    cpu_overhead = mean(through_cpu) / mean(bare_cpu) - 1
    print(f"IAM, each client signing as its own user, {seconds:g} s each, durable store, trail on")
    show("passrole", ours, theirs)
    if theirs is not None:
        show("moto", theirs)
    print(f"RunInstances with a profile, {count} launches x {rounds} rounds, median")
    print(f"  moto's code alone     {median(bare):9,.0f} us  {mean(bare_cpu):9,.0f} us CPU")
    print(f"  through the endpoint  {median(through):9,.0f} us  {mean(through_cpu):9,.0f} us CPU", end="")
    print(f"   {overhead:+.1%}, CPU {cpu_overhead:+.1%}")
    print(f"start: ready after {median(starts):.2f} s, {memory:.0f} MB resident before the first EC2 call")
    print("targets")
    for target in targets(ours, median(starts), memory, overhead):
        print(f"  {'reached' if target.reached else 'MISSED ':<8} {target.text}")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
