"""An account of 10,000 roles, 10,000 users and 1,500 policies: python -m bench.large_account

The account is brought in once with ``serve --import``. Then the endpoint starts from that data folder, timed
by the clock and by its CPU (target: ready in 2 s), and is asked for its listings page after page: the last
pages of ListRoles, ListUsers, ListPolicies and GetAccountAuthorizationDetails must take no longer than the
first.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from bench.endpoint import Root, passrole, resident
from bench.load import TRUST, cpu_seconds

ACCOUNT: Final = "111122223333"
MADE: Final = "2026-01-01T00:00:00Z"
TARGET_SECONDS: Final = 2.0
LISTINGS: Final = ("ListRoles", "ListUsers", "ListPolicies", "GetAccountAuthorizationDetails")
PAGES_COMPARED: Final = 5
MOST_ITEMS: Final = "100"

Json = dict[str, Any]


def policy(number: int) -> Json:
    """A document of five statements, a few hundred bytes; none is like another."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": f"S{number}x{place}",
                "Effect": "Allow",
                "Action": [f"{service}:Get*", f"{service}:List*", f"{service}:Put*"],
                "Resource": f"arn:aws:{service}:*:{ACCOUNT}:team-{number % 97}/{number}/*",
            }
            for place, service in enumerate(("s3", "sqs", "sns", "dynamodb", "iam"))
        ],
    }


def arn(kind: str, name: str) -> str:
    """An ARN of the account."""
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def attached(number: int, policies: int) -> list[Json]:
    """Two of the policies."""
    names = [f"policy-{(number * step) % policies}" for step in (1, 7)]
    return [{"PolicyName": name, "PolicyArn": arn("policy", name)} for name in dict.fromkeys(names)]


def details(roles: int, users: int, policies: int) -> Json:
    """What ``aws iam get-account-authorization-details`` tells of such an account."""
    return {
        "UserDetailList": [
            {
                "Path": "/",
                "UserName": f"user-{number}",
                "UserId": f"AIDABENCH{number:012}",
                "Arn": arn("user", f"user-{number}"),
                "CreateDate": MADE,
                "GroupList": [],
                "AttachedManagedPolicies": attached(number, policies),
                "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": policy(number)}],
                "Tags": [{"Key": "team", "Value": str(number % 97)}],
            }
            for number in range(users)
        ],
        "GroupDetailList": [],
        "RoleDetailList": [
            {
                "Path": "/",
                "RoleName": f"role-{number}",
                "RoleId": f"AROABENCH{number:012}",
                "Arn": arn("role", f"role-{number}"),
                "CreateDate": MADE,
                "AssumeRolePolicyDocument": json.loads(TRUST),
                "InstanceProfileList": [],
                "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy(number + 20_000)}],
                "AttachedManagedPolicies": attached(number, policies),
                "Tags": [],
                "RoleLastUsed": {},
            }
            for number in range(roles)
        ],
        "Policies": [
            {
                "PolicyName": f"policy-{number}",
                "PolicyId": f"ANPABENCH{number:012}",
                "Arn": arn("policy", f"policy-{number}"),
                "Path": "/",
                "DefaultVersionId": "v1",
                "AttachmentCount": 0,
                "PermissionsBoundaryUsageCount": 0,
                "IsAttachable": True,
                "CreateDate": MADE,
                "UpdateDate": MADE,
                "PolicyVersionList": [
                    {
                        "Document": policy(number + 50_000),
                        "VersionId": "v1",
                        "IsDefaultVersion": True,
                        "CreateDate": MADE,
                    }
                ],
            }
            for number in range(policies)
        ],
    }


def pages(root: Root, action: str) -> list[float]:
    """Seconds of each page of a listing."""
    taken: list[float] = []
    marker = ""
    while not taken or marker:
        begun = perf_counter()
        body = root.iam(action, MaxItems=MOST_ITEMS, **({"Marker": marker} if marker else {}))
        taken.append(perf_counter() - begun)
        found = re.search("<Marker>(.*?)</Marker>", body)
        marker = found[1] if found is not None and "<IsTruncated>true" in body else ""
    return taken


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a line a figure."""
    parser = argparse.ArgumentParser(description="Start from a large account and list it.")
    parser.add_argument("--roles", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--policies", type=int, default=1_500)
    given = parser.parse_args(arguments)
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory(prefix=".data-", dir=here) as folder:
        file = Path(folder) / "details.json"
        file.write_text(json.dumps(details(given.roles, given.users, given.policies)))
        data = Path(folder) / "data"
        with passrole(data, "--import", str(file)) as first:
            print(
                f"imported and ready in {first.seconds_to_ready:.2f} s, {cpu_seconds(first.pid):.2f} s of CPU"
            )
        for _ in range(3):
            with passrole(data) as again:
                print(
                    f"ready in {again.seconds_to_ready:.2f} s, {cpu_seconds(again.pid):.2f} s of CPU "
                    f"(target {TARGET_SECONDS:.0f} s), {resident(again.pid):.0f} MB"
                )
        with passrole(data) as again:
            root = Root(again.port)
            for action in LISTINGS:
                taken = pages(root, action)
                begin, end = median(taken[:PAGES_COMPARED]), median(taken[-PAGES_COMPARED:])
                print(
                    f"{action}: {len(taken)} pages of {MOST_ITEMS}, the first {begin * 1e3:.1f} ms, "
                    f"the last {end * 1e3:.1f} ms"
                )


if __name__ == "__main__":
    main()
