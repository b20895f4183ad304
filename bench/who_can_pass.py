"""Who can pass what among 5,000 principals, 5,000 roles and 20 services, beside one engine call a pair.

    python -m bench.who_can_pass [--principals N] [--roles N] [--services N] [--sample N] [--accounts N]

Target: 1 s and 500 MB for the whole question, the account already read. The sample of pairs is asked of the
engine one by one and must get the same answers. The rows as JSON, and the whole command with its reading of
the details, come after it; with --accounts the command over so many small accounts too.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from passrole.analysis.account_passes import AccountPasses
from passrole.analysis.askers import askers
from passrole.analysis.trust import may_assume
from passrole.analysis.who_can_pass import Passes
from passrole.authorize.call import NoFacts
from passrole.catalog import passed
from passrole.decision.residual import residual
from passrole.faces import pass_rows
from passrole.passing.rule import judge_pass
from passrole.state.directory import Directory
from passrole.state.entities import Account, Group, ManagedPolicy, PolicyVersion, Role, User
from passrole.state.estate.estate import Estate
from passrole.values.arn import Arn

ACCOUNT = "111122223333"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEAMS = 50


def document(*statements: str) -> str:
    """A policy of the current version."""
    return f'{{"Version":"2012-10-17","Statement":[{",".join(statements)}]}}'


def passing(resource: str, condition: str = "", effect: str = "Allow", action: str = "iam:PassRole") -> str:
    """A statement about passing roles."""
    tail = f',"Condition":{condition}' if condition else ""
    return f'{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"{tail}}}'


def estate(principals: int, roles: int, services: tuple[str, ...], seed: int = 1) -> Estate:
    """An account: half of its principals are users, half are among the roles.

    Every principal has two policies of its own, managed policies of its team, groups, every tenth a boundary.
    """
    draw = random.Random(seed)
    directory = Directory()
    directory.put(Account(account=ACCOUNT, name="bench", created=NOW))
    base = f"arn:aws:iam::{ACCOUNT}:role"
    for team in range(TEAMS):
        own = passing(f"{base}/t{team}/*", only_to(services[team % len(services)]))
        mfa = passing("*", '{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}', "Deny")
        put_policy(directory, f"Team{team}", document(own, mfa) if team % 10 == 0 else document(own))
        put_policy(directory, f"Bound{team}", document(passing(f"{base}/t{team}/*", action="iam:*")))
        attached = (f"arn:aws:iam::{ACCOUNT}:policy/Team{team}",)
        directory.put(
            Group(account=ACCOUNT, name=f"G{team}", id=f"AGPA{team}", created=NOW, attached=attached)
        )
    none = Rights({}, (), "")
    for number in range(max(roles, principals)):
        team = draw.randrange(TEAMS)
        service = draw.choice(services)
        if number < roles:
            rights = own_rights(draw, team, number, base, services) if number < principals // 2 else none
            directory.put(
                Role(
                    account=ACCOUNT,
                    name=f"r{number}",
                    path=f"/t{team}/",
                    id=f"AROA{number}",
                    created=NOW,
                    trust=trust(service),
                    inline=rights.inline,
                    attached=rights.attached,
                    boundary=rights.boundary,
                )
            )
        if number < principals - principals // 2:
            rights = own_rights(draw, team, number, base, services)
            directory.put(
                User(
                    account=ACCOUNT,
                    name=f"u{number}",
                    id=f"AIDA{number}",
                    created=NOW,
                    groups=(f"AGPA{team}", f"AGPA{(team + 7) % TEAMS}"),
                    inline=rights.inline,
                    attached=rights.attached,
                    boundary=rights.boundary,
                )
            )
    directory.commit()
    return Estate(directory, (ACCOUNT,))


@dataclass(frozen=True)
class Rights:
    """Inline policies, managed policies and the boundary of one principal."""

    inline: dict[str, str]
    attached: tuple[str, ...]
    boundary: str


def own_rights(draw: random.Random, team: int, number: int, base: str, services: tuple[str, ...]) -> Rights:
    """What one principal of a team has."""
    mine = passing(f"{base}/t{team}/r{number % 10}*", only_to(draw.choice(services)))
    here = '{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}'
    region = passing(f"{base}/t{(team + 1) % TEAMS}/*", here)
    work = '{"Effect":"Allow","Action":["s3:Get*","ec2:Describe*"],"Resource":"*"}'
    return Rights(
        inline={"own": document(mine, work), "more": document(region if number % 5 == 0 else work)},
        attached=(f"arn:aws:iam::{ACCOUNT}:policy/Team{team}",),
        boundary=f"arn:aws:iam::{ACCOUNT}:policy/Bound{team}" if number % 10 == 0 else "",
    )


def only_to(service: str) -> str:
    """A condition on the service that gets the role."""
    return f'{{"StringEquals":{{"iam:PassedToService":"{service}"}}}}'


def trust(service: str) -> str:
    """A trust policy."""
    return document(f'{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}')


def put_policy(directory: Directory, name: str, text: str) -> None:
    """A customer managed policy."""
    version = PolicyVersion(id="v1", document=text, created=NOW)
    directory.put(
        ManagedPolicy(
            account=ACCOUNT, name=name, id=f"ANPA{name}", created=NOW, updated=NOW, versions=(version,)
        )
    )


def details(found: Estate) -> dict[str, object]:
    """The same account as aws iam get-account-authorization-details prints it."""
    directory = found.directory

    def entity(one: User | Role | Group | ManagedPolicy, kind: str) -> dict[str, object]:
        return {f"{kind}Name": one.name, f"{kind}Id": one.id, "Path": one.path, "Arn": one.arn}

    def rights(one: User | Role | Group, kind: str) -> dict[str, object]:
        made: dict[str, object] = {
            f"{kind}PolicyList": [
                {"PolicyName": name, "PolicyDocument": json.loads(text)} for name, text in one.inline.items()
            ],
            "AttachedManagedPolicies": [{"PolicyName": arn, "PolicyArn": arn} for arn in one.attached],
        }
        if not isinstance(one, Group) and one.boundary:
            made["PermissionsBoundary"] = {"PermissionsBoundaryArn": one.boundary}
        return entity(one, kind) | made

    groups = list(directory.all(Group, ACCOUNT))
    names = {group.id: group.name for group in groups}
    return {
        "UserDetailList": [
            rights(user, "User") | {"GroupList": [names[id] for id in user.groups]}
            for user in directory.all(User, ACCOUNT)
        ],
        "GroupDetailList": [rights(group, "Group") for group in groups],
        "RoleDetailList": [
            rights(role, "Role") | {"AssumeRolePolicyDocument": json.loads(role.trust)}
            for role in directory.all(Role, ACCOUNT)
        ],
        "Policies": [
            entity(policy, "Policy")
            | {
                "DefaultVersionId": "v1",
                "PolicyVersionList": [{"VersionId": "v1", "Document": json.loads(policy.document)}],
            }
            for policy in directory.all(ManagedPolicy, ACCOUNT)
        ],
        "IsTruncated": False,
    }


def listing(found: Estate) -> str:
    """Every row with its conditions, as JSON: the account asked anew, nothing written to a disk."""
    began = time.process_time()
    rows = Passes([found]).rows()
    size = lines = 0
    for text in pass_rows.json_text(rows):
        size += len(text)
        lines += text.count('"principal":')
    seconds = time.process_time() - began
    return f"rows as JSON: {lines:,} in {seconds:.2f} s of CPU, {lines / seconds:,.0f}/s, {size / 1e6:.0f} MB"


# Run by a small process of its own: of a process that this one starts, the most memory is at least its own.
_RUN = """
import json, resource, subprocess, sys, time
began, lines = time.perf_counter(), 0
with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
    while chunk := run.stdout.read(1 << 20):
        lines += chunk.count(b"\\n")
wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([run.returncode, lines, used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024]))
"""


def command(*arguments: str) -> str:
    """The whole command in a process of its own: lines, CPU and memory with those of its processes, time."""
    told = subprocess.run(
        [sys.executable, "-c", _RUN, sys.executable, "-m", "passrole", "who-can-pass", *arguments],
        capture_output=True,
        check=True,
    )
    status, lines, cpu, wall, memory = json.loads(told.stdout)
    if status:
        raise SystemExit(f"the command failed: {status}")
    return f"{lines:,} lines, {cpu:.2f} s of CPU, {wall:.1f} s, {memory:.0f} MB"


def end_to_end(found: Estate) -> Iterator[str]:
    """The command over a file of the account, reading included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "details.json"
        path.write_text(json.dumps(details(found)))
        size = path.stat().st_size / 1e6
        for flags in (("--by", "service"), ("--format", "csv"), ("--format", "json")):
            told = command("--details", str(path), *flags)
            yield f"who-can-pass --details, {size:.0f} MB, {' '.join(flags)}: {told}"


def many(accounts: int, services: tuple[str, ...]) -> Iterator[str]:
    """The command over a folder of small accounts, and over a tenth of them: memory must not follow."""
    text = json.dumps(details(estate(40, 60, services)))
    for count, jobs in ((accounts // 10, 1), (accounts, 1), (accounts, 2)):
        with tempfile.TemporaryDirectory() as folder:
            for number in range(count):
                own = text.replace(ACCOUNT, f"{2 * 10**11 + number}")
                (Path(folder) / f"{number:06}.json").write_text(own)
            told = command("--details", folder, "--format", "csv", "--jobs", str(jobs))
            yield f"{count:,} accounts of {len(text) / 1e3:.0f} KB, --jobs {jobs}: {told}"


def brute(found: Estate, sample: int, services: tuple[str, ...]) -> tuple[float, int]:
    """Seconds a pair by the engine alone, and how many pairs of the sample got another answer."""
    draw = random.Random(2)
    who = list(askers(found, ACCOUNT))
    roles = list(found.directory.all(Role, ACCOUNT))
    account = AccountPasses(found, ACCOUNT, roles)
    places = {role.arn: place for place, role in enumerate(account.roles)}
    pairs = [(draw.choice(who), draw.choice(roles), draw.choice(services)) for _ in range(sample)]
    # Pairs drawn at random are nearly all refused: half of the sample is drawn from what is allowed.
    for place in range(0, sample, 2):
        asker = pairs[place][0]
        for service, (_, may) in account.passes(asker).items():
            if may:
                role = account.roles[may.bit_length() - 1]
                pairs[place] = (asker, role, service)
                break
    answers: list[tuple[bool, bool]] = []
    began = time.perf_counter()
    for asker, role, service in pairs:
        unknown = frozenset(("aws:requestedregion", "aws:multifactorauthpresent"))
        judged = judge_pass(
            asker.caller,
            Arn.parse(role.arn),
            (service,),
            asker.context,
            found.directory,
            NoFacts(),
            unknown=unknown,
        )
        own = residual(judged.request, judged.policies)
        trusted = may_assume(found.directory, role, service)
        answers.append(
            (own.worst.allowed and trusted.worst.allowed, own.best.allowed and trusted.best.allowed)
        )
    seconds = (time.perf_counter() - began) / sample
    wrong = 0
    for (asker, role, service), answer in zip(pairs, answers, strict=True):
        sure, may = account.passes(asker).get(service, (0, 0))
        bit = 1 << places[role.arn]
        wrong += (bool(sure & bit), bool(may & bit)) != answer
    return seconds, wrong


def main() -> int:
    """Prints a line a figure; 1 where the answers differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--principals", type=int, default=5000)
    parser.add_argument("--roles", type=int, default=5000)
    parser.add_argument("--services", type=int, default=20)
    parser.add_argument("--sample", type=int, default=4000)
    parser.add_argument("--accounts", type=int, default=0)
    given = parser.parse_args()
    known = [name for name in passed.uses() if name.count(".") == 2]
    services = tuple(known[: given.services])
    began = time.perf_counter()
    found = estate(given.principals, given.roles, services)
    print(f"estate made in {time.perf_counter() - began:.2f} s")
    for turn in ("first", "again"):
        began = time.process_time()
        counted = Passes([found]).counts("service")
        seconds = time.process_time() - began
        print(f"{turn}: {sum(count for _, count in counted):,} passes in {seconds:.2f} s of CPU (target 1 s)")
    print(f"resident {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB (target 500 MB)")
    print(listing(found))
    for told in end_to_end(found):
        print(told)
    for told in many(given.accounts, services) if given.accounts else ():
        print(told)
    pair, wrong = brute(found, given.sample, services)
    whole = pair * given.principals * given.roles * len(services)
    print(f"one engine call a pair: {pair * 1e6:.1f} µs, {whole / 3600:.1f} h for all pairs")
    print(f"answers that differ: {wrong} of {given.sample}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
