"""Escalations among 2,000 users and 2,000 roles, beside the same search over pairs that the engine is asked.

    python -m bench.escalations [--users N] [--roles N] [--sample N] [--most N]

The sample's ways are asked of the engine pair by pair and must be the same.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from dataclasses import replace

from bench.who_can_pass import ACCOUNT, NOW, document, passing, put_policy, trust

from passrole.analysis.askers import PASSED_TO, Asker
from passrole.analysis.escalation.graph import Graph
from passrole.analysis.escalation.nodes import Node
from passrole.analysis.escalation.paths import Search, escalations
from passrole.analysis.trust import may_assume
from passrole.authorize.gather import trust_policy
from passrole.decision.plan import compiled
from passrole.decision.request import Policies, Request
from passrole.decision.residual import Answer, residual
from passrole.state.directory import Directory
from passrole.state.entities import Account, Group, Role, User
from passrole.state.estate.estate import Estate

TEAMS = 50
LAMBDA = "lambda.amazonaws.com"


def statement(action: str, resource: str = '"*"', effect: str = "Allow") -> str:
    """A statement; action and resource are JSON."""
    return f'{{"Effect":"{effect}","Action":{action},"Resource":{resource}}}'


def estate(users: int, roles: int, seed: int = 1) -> Estate:
    """An account of 50 teams.

    Users of a team pass its roles to Lambda; every tenth role is assumed by the account's principals, every
    fiftieth may change the trust of the next team's roles, one of a hundred is an administrator.
    """
    draw = random.Random(seed)
    directory = Directory()
    directory.put(Account(account=ACCOUNT, name="bench", created=NOW))
    base = f"arn:aws:iam::{ACCOUNT}"
    functions = '["lambda:CreateFunction","lambda:InvokeFunction","s3:List*","ec2:Describe*"]'
    for team in range(TEAMS):
        put_policy(
            directory, f"Team{team}", document(passing(f"{base}:role/t{team}/*"), statement(functions))
        )
        directory.put(
            Group(
                account=ACCOUNT,
                name=f"G{team}",
                id=f"AGPA{team}",
                created=NOW,
                attached=(f"{base}:policy/Team{team}",),
            )
        )
    account = document(f'{{"Effect":"Allow","Principal":{{"AWS":"{ACCOUNT}"}},"Action":"sts:AssumeRole"}}')
    for number in range(roles):
        team = draw.randrange(TEAMS)
        own = [statement('["s3:Get*","dynamodb:*"]', f'"arn:aws:s3:::t{team}-r{number}/*"')]
        if number % 50 == 7:
            following = f'"{base}:role/t{(team + 1) % TEAMS}/*"'
            own.append(statement('"iam:UpdateAssumeRolePolicy"', following))
        if number % 100 == 3:
            own.append(statement('"*"'))
        directory.put(
            Role(
                account=ACCOUNT,
                name=f"r{number}",
                path=f"/t{team}/",
                id=f"AROA{number}",
                created=NOW,
                trust=account if number % 10 == 0 else trust(LAMBDA),
                inline={"own": document(*own)},
            )
        )
    for number in range(users):
        team = draw.randrange(TEAMS)
        own = [statement('"s3:Get*"', f'"arn:aws:s3:::u{number}/*"')]
        if number % 5 == 0:
            own.append(statement('"sts:AssumeRole"', f'"{base}:role/t{team}/*"'))
        directory.put(
            User(
                account=ACCOUNT,
                name=f"u{number}",
                id=f"AIDA{number}",
                created=NOW,
                groups=(f"AGPA{team}",),
                inline={"own": document(*own)},
            )
        )
    directory.commit()
    return Estate(directory, (ACCOUNT,))


def asked(asker: Asker, action: str, resource: str | None, policies: Policies, service: str = "") -> bool:
    """May it be, as the engine says of one request?"""
    context = {**asker.context, PASSED_TO: service} if service else asker.context
    request = Request(asker.caller.principal, action, resource, asker.account, context)
    keys = {key for rule in compiled(policies).plan(request).rules() for key in rule.keys}
    unknown = frozenset(asker.unknown(keys, passing=bool(service))) - context.keys()
    return residual(replace(request, unknown=unknown), policies).answer is not Answer.REFUSED


def pairwise(graph: Graph, node: Node, role: Role) -> tuple[bool, bool, bool]:
    """May the node assume the role, change its trust, pass it to Lambda?"""
    policies = node.asker.policies
    trusted = replace(policies, resource=trust_policy(role))
    passes = (
        asked(node.asker, "iam:PassRole", role.arn, policies, LAMBDA)
        and asked(node.asker, "lambda:CreateFunction", None, policies)
        and asked(node.asker, "lambda:InvokeFunction", None, policies)
        and may_assume(graph.estate.directory, role, LAMBDA).best.allowed
    )
    return (
        asked(node.asker, "sts:AssumeRole", role.arn, trusted),
        asked(node.asker, "iam:UpdateAssumeRolePolicy", role.arn, policies),
        passes,
    )


def setwise(graph: Graph, node: Node, number: int) -> tuple[bool, bool, bool]:
    """The same of the graph."""
    ways = {way.id: way for way in graph.ways(node)}
    found = [ways.get(id) for id in ("assume-role", "change-trust", "pass-role")]
    assumes, changes, passes = (way is not None and bool(way.targets[1] >> number & 1) for way in found)
    return assumes, changes, passes


def main() -> int:
    """Prints times, memory and whether the sample agrees."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--roles", type=int, default=2000)
    parser.add_argument("--sample", type=int, default=2000)
    parser.add_argument("--most", type=int, default=20)
    given = parser.parse_args()
    whole = estate(given.users, given.roles)
    began = time.process_time()
    found = escalations(whole, Search(most=given.most))
    took = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(found.rows):,} paths listed, {found.left_out:,} more, in {took:.2f} s CPU; {peak:.0f} MB")
    graph = Graph(whole)
    draw = random.Random(2)
    nodes = [node for node in graph.nodes if node.kind != "group"]
    roles = [node for node in graph.nodes if isinstance(node.entity, Role)]
    pairs = [(draw.choice(nodes), draw.choice(roles)) for _ in range(given.sample)]
    began = time.process_time()
    wrong = 0
    for node, role in pairs:
        assert isinstance(role.entity, Role)
        expected = (False,) * 3 if node is role else pairwise(graph, node, role.entity)
        wrong += expected != setwise(graph, node, role.number)
    each = (time.process_time() - began) / len(pairs)
    print(
        f"pair by pair {each * 1e6:.0f} us: {each * len(nodes) * len(roles):,.0f} s for all; {wrong} differ"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
