"""May each of 500 principals pass each of 300 roles to each of 20 services? One by one, beside the peers.

    python -m bench.pass_matrix [--peers PYTHON] [--sample N]

All 3,000,000 questions are put to the engine, each as a request of its own. The peers, which would take
from minutes to hours, are asked about a sample of them, half of it passes that are allowed, and their
answers are compared: all of iam-simulate's and principalmapper's, those of moto and cedarpy where the
principal has no permissions boundary, which neither knows. No policy says anything that a peer could not be
told: actions, resources with stars, StringEquals on iam:PassedToService, explicit denies. moto answers
"denied" as soon as the condition of any statement about the action does not hold, an Allow's too: hence its
many other answers.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

from bench import simulator

from passrole.decision.evaluate import evaluate
from passrole.decision.request import Policies, Request
from passrole.policy.document import Policy
from passrole.values.principal import Principal

PEERS: Final = Path(__file__).parent / "decision_peers.py"
ACCOUNT: Final = "111122223333"
PRINCIPALS: Final = 500
ROLES: Final = 300
TEAMS: Final = 20
BOUNDLESS: Final = ("moto", "cedarpy")  # they know no permissions boundaries
SERVICES: Final = tuple(
    f"{name}.amazonaws.com"
    for name in (
        "ec2", "lambda", "ecs-tasks", "states", "glue", "sagemaker", "codebuild", "codepipeline", "events",
        "firehose", "rds", "redshift", "batch", "cloudformation", "config", "datapipeline", "dms", "ssm",
        "monitoring.rds", "scheduler",
    )
)  # fmt: skip

Json = dict[str, Any]


def statement(action: str, resource: str, *services: str, effect: str = "Allow") -> Json:
    """One statement; services are those that it speaks of, all of them without."""
    made: Json = {"Effect": effect, "Action": action, "Resource": resource}
    if services:
        made["Condition"] = {"StringEquals": {"iam:PassedToService": list(services)}}
    return made


def document(*statements: Json) -> Json:
    """A policy of the current version."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role_arn(number: int) -> str:
    """The roles belong to teams."""
    return f"arn:aws:iam::{ACCOUNT}:role/team{number % TEAMS}/worker-{number}"


def principal(number: int, draw: random.Random) -> Json:
    """A user with three policies of its own and its team's; every tenth has a permissions boundary."""
    team = number % TEAMS
    base = f"arn:aws:iam::{ACCOUNT}:role"
    work = [statement(f"{name}:*", "*") for name in ("s3", "ec2", "logs", "sqs", "lambda")]
    return {
        "id": f"u{number}",
        "request": {"principal": f"arn:aws:iam::{ACCOUNT}:user/u{number}"},
        "identity_policies": [
            document(*work, statement("iam:Get*", "*"), statement("iam:List*", "*")),
            document(statement("iam:PassRole", f"{base}/team{team}/*", *draw.sample(SERVICES, 3))),
            document(
                statement("iam:PassRole", f"{base}/*/worker-{draw.randrange(10)}*", draw.choice(SERVICES)),
                statement("iam:Pass*", role_arn(draw.randrange(ROLES))),
            ),
            document(
                statement("iam:PassRole", f"{base}/team{(team + 1) % TEAMS}/worker-1*", effect="Deny"),
                statement("iam:*", f"{base}/team{team}/*", SERVICES[team], effect="Deny"),
            ),
        ],
        "permission_boundaries": [
            document(statement("*", "*"), statement("iam:PassRole", f"{base}/team{team}/*-2*", effect="Deny"))
        ]
        if number % 10 == 0
        else [],
        "scps": [],
        "session_policies": [],
    }


def asked(who: str, role: str, service: str) -> Json:
    """The request of a case."""
    return {
        "principal": who,
        "action": "iam:PassRole",
        "resource": role,
        "context": {"iam:PassedToService": service, "aws:PrincipalArn": who},
    }


def parsed(documents: Sequence[Json]) -> tuple[Policy, ...]:
    """The policies of one kind."""
    return tuple(Policy.parse(one) for one in documents)


def whole(principals: Sequence[Json]) -> tuple[list[tuple[int, int, int]], float]:
    """Every pass that is allowed, as numbers of principal, role and service, and the CPU seconds it took."""
    roles = [role_arn(number) for number in range(ROLES)]
    allowed: list[tuple[int, int, int]] = []
    begun = time.process_time()
    for number, case in enumerate(principals):
        caller = Principal.parse(case["request"]["principal"])
        policies = Policies(
            identity=parsed(case["identity_policies"]), boundaries=parsed(case["permission_boundaries"])
        )
        for place, role in enumerate(roles):
            for at, service in enumerate(SERVICES):
                context = {"iam:passedtoservice": service, "aws:principalarn": caller.arn}
                if evaluate(Request(caller, "iam:PassRole", role, ACCOUNT, context), policies).allowed:
                    allowed.append((number, place, at))
    return allowed, time.process_time() - begun


def compared(name: str, answers: Sequence[bool], ours: Sequence[bool], bounded: Sequence[bool]) -> str:
    """How many answers of a peer are ours, of those that can be compared."""
    alike = [
        answer == own
        for answer, own, bound in zip(answers, ours, bounded, strict=True)
        if not (bound and name in BOUNDLESS)
    ]
    return f"{sum(alike):,} of {len(alike):,} comparable answers alike"


def main(arguments: Sequence[str]) -> None:
    """Prints a line a program."""
    parser = argparse.ArgumentParser(description="May each principal pass each role to each service?")
    parser.add_argument("--peers", help="an interpreter that has the peers installed")
    parser.add_argument("--sample", type=int, default=1_000, help="questions that the peers are asked")
    given = parser.parse_args(arguments)
    draw = random.Random(7)
    principals = [principal(number, draw) for number in range(PRINCIPALS)]
    allowed, seconds = whole(principals)
    count = PRINCIPALS * ROLES * len(SERVICES)
    own = seconds / count * 1e6
    print(
        f"matrix {count:,} questions, {len(allowed):,} passes allowed: "
        f"{own:.2f} us each, {seconds:.1f} s in all, passrole"
    )
    everything = frozenset(allowed)
    random_ones = [
        (draw.randrange(PRINCIPALS), draw.randrange(ROLES), draw.randrange(len(SERVICES)))
        for _ in range(given.sample - given.sample // 2)
    ]
    questions = [*draw.sample(allowed, given.sample // 2), *random_ones]
    sample = [
        (who, asked(principals[who]["request"]["principal"], role_arn(role), SERVICES[service]))
        for who, role, service in questions
    ]
    ours = [question in everything for question in questions]
    bounded = [bool(principals[who]["permission_boundaries"]) for who, _ in sample]

    def tell(name: str, microseconds: float, answers: Sequence[bool]) -> None:
        print(
            f"matrix {microseconds:10.1f} us each, {name}: {microseconds / own:,.0f} times as long; "
            + compared(name, answers, ours, bounded)
        )

    if given.peers:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"principals": principals, "sample": sample}, file)
            file.flush()
            told = subprocess.run(
                [given.peers, str(PEERS), "matrix", file.name], stdout=subprocess.PIPE, check=True, text=True
            ).stdout
        for name, found in cast("dict[str, Json | None]", json.loads(told)).items():
            if found is None:
                print(f"matrix {name} is not installed")
            else:
                tell(name, found["microseconds"], found["answers"])
    if simulator.installed():
        cases = [{**principals[who], "request": request} for who, request in sample]
        decisions, took = simulator.decisions(cases)
        tell(simulator.NAME, took / len(cases) * 1e6, [decision == "allowed" for decision in decisions])
    else:
        print(f"matrix {simulator.NAME} is not installed")


if __name__ == "__main__":
    main(sys.argv[1:])
