"""check, who-can-pass, explain and catalog as commands, over files and over a live endpoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.analysis.details import allow, arn, document, organization, page, role, trust, user

from passrole import Endpoint, Options
from passrole.values.errors import ServiceError
from passrole.wire.client import Client
from passrole.wire.models import Credentials

EC2, LAMBDA = "ec2.amazonaws.com", "lambda.amazonaws.com"
ALICE, BOB = arn("user", "alice"), arn("user", "bob")
TO_EC2 = {"StringEquals": {"iam:PassedToService": EC2}}
ROOT = ("AKIAROOTROOTROOTROOT", "root-secret-of-the-tests-0123456789abcdef")


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*arguments: str, given: str = "", **environment: str) -> Ran:
    """passrole with these arguments, and an environment that names no account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PASSROLE_"))}
    kept |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    kept |= {"AWS_EC2_METADATA_DISABLED": "true"} | environment
    done = subprocess.run(
        [sys.executable, "-m", "passrole", *arguments],
        input=given,
        env=kept,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def details(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("details") / "details.json"
    users = [user("alice", document(allow(condition=TO_EC2))), user("bob", document(allow()))]
    roles = [role("Web", trust(EC2)), role("app/Worker", trust(LAMBDA))]
    path.write_text(json.dumps(page(users=users, roles=roles)))
    return str(path)


def test_check_says_no_with_status_1_and_yes_with_0(details: str) -> None:
    asked = ("check", "--details", details, "--principal", ALICE, "--role", arn("role", "Web"))
    no = run(*asked, "--service", LAMBDA, "--format", "json")
    assert (no.status, no.json["allowed"], no.json["layer"]) == (1, False, "identity")
    assert set(no.json) == {"allowed", "decision", "reason", "layer", "statements", "remedies"}
    assert (
        no.err == "passrole: note: 111122223333: its organization's policies are not known, and not counted\n"
    )
    yes = run(*asked, "--service", EC2, "--format", "json")
    assert (yes.status, yes.json["allowed"]) == (0, True)


def test_check_reads_well_and_as_csv(details: str) -> None:
    asked = ("check", "--details", details, "--principal", ALICE, "--role", "Web", "--service", "lambda")
    shown = run(*asked)
    assert shown.status == 1
    assert shown.out.splitlines() == [
        f"no  {ALICE} may not pass {arn('role', 'Web')} to {LAMBDA}",
        "  no identity-based policy allows the iam:PassRole action",
        "",
        "Decided by  identity-based policies",
        "",
        "Statements",
        f"  Allow statement 0 of policy p0: iam:PassedToService is {LAMBDA}, wanted {EC2}",
        "",
        "What would help, each alone",
        f"  1. Add {LAMBDA} to iam:PassedToService in statement 0 of policy p0.",
        f"  2. Add a statement that allows iam:PassRole on {arn('role', 'Web')} to {LAMBDA} "
        "to an identity-based policy.",
    ]
    heads, row = run(*asked, "--format", "csv").out.splitlines()
    assert heads == "principal,role,service,allowed,decision,layer,reason,remedies"
    assert row.startswith(f"{ALICE},{arn('role', 'Web')},{LAMBDA},false,implicit_deny,identity,")


def test_keys_of_the_call_may_be_stated(details: str) -> None:
    asked = ("check", "--details", details, "--principal", BOB, "--role", "Web", "--service", EC2)
    assert run(*asked, "--context", "aws:RequestedRegion=eu-west-1").status == 0
    wrong = run(*asked, "--context", "region")
    assert (wrong.status, wrong.out) == (2, "")
    assert "KEY=VALUE" in wrong.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("who-can-pass",), "say where the account's data is"),
        (("who-can-pass", "--details", "/nonexistent.json"), "/nonexistent.json: No such file or directory"),
        (("who-can-pass", "--endpoint", "http://127.0.0.1:9"), "no credentials"),
        (("who-can-pass", "--profile", "nobody"), "nobody"),
        (("explain",), "give one of TEXT"),
        (("explain", "fine"), "no denial that is known"),
        (("explain", "--last"), "say where the account's data is"),
        (("catalog", "nope"), "nope: no such service"),
        (("catalog", "lambda:createfunction"), "there is lambda:CreateFunction"),
        (("catalog", "update", "/nonexistent.json"), "No such file"),
    ],
)
def test_what_cannot_be_answered_is_one_line_and_status_2(arguments: tuple[str, ...], why: str) -> None:
    ran = run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert why in ran.err
    assert ran.err.count("\n") == 1


def test_who_can_pass_lists_passes_and_counts_them(details: str, tmp_path: Path) -> None:
    found = run("who-can-pass", "--details", details, "--format", "json")
    assert found.status == 0
    assert [(row["principal"], row["role"], row["service"], row["conditions"]) for row in found.json] == [
        (ALICE, arn("role", "Web"), EC2, []),
        (BOB, arn("role", "Web"), EC2, []),
        (BOB, arn("role", "app/Worker"), LAMBDA, []),
    ]
    counted = run("who-can-pass", "--details", details, "--by", "role", "--format", "json")
    assert counted.json == [
        {"role": arn("role", "Web"), "passes": 2},
        {"role": arn("role", "app/Worker"), "passes": 1},
    ]
    table = run("who-can-pass", "--details", details, "--principal", "alice").out.split()
    assert table == ["principal", "role", "service", "conditions", ALICE, arn("role", "Web"), EC2]
    assert run("who-can-pass", "--details", details, "--role", "no*", "--format", "json").json == []
    lines = run("who-can-pass", "--details", details, "--format", "csv", "--service", LAMBDA).out
    assert lines == f"principal,role,service,conditions\n{BOB},{arn('role', 'app/Worker')},{LAMBDA},\n"
    guard = document({"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"})
    above = tmp_path / "organization.json"
    above.write_text(json.dumps(organization([guard])))
    denied = run("who-can-pass", "--details", details, "--details", str(above), "--format", "json")
    said = "passrole: note: none of 4 principals may pass any of 2 roles\n"
    assert (denied.json, denied.err) == ([], said)


def test_who_can_pass_goes_through_a_folder_and_writes_long_tables_as_they_come(tmp_path: Path) -> None:
    for account in ("444455556666", "777788889999"):
        users = [user(f"u{number}", document(allow()), account=account) for number in range(40)]
        roles = [role(f"r{number}", trust(EC2), account=account) for number in range(30)]
        (tmp_path / f"{account}.json").write_text(json.dumps(page(users=users, roles=roles)))
    (tmp_path / "none.json").write_text("{}")
    found = run("who-can-pass", "--details", str(tmp_path))
    lines = found.out.splitlines()
    assert len(lines) == 1 + 2 * 40 * 30
    assert lines[0].split() == ["principal", "role", "service", "conditions"]
    assert lines[-1].split() == [
        arn("user", "u9", "777788889999"),
        arn("role", "r9", "777788889999"),
        EC2,
    ]
    assert "left out: " in found.err
    assert "none.json" in found.err
    rows = run("who-can-pass", "--details", str(tmp_path), "--principal", "u1?", "--format", "json").json
    assert len(rows) == 2 * 10 * 30
    counted = run("who-can-pass", "--details", str(tmp_path), "--by", "service", "--format", "csv").out
    assert counted == f"service,passes\n{EC2},2400\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--engine", "spark"), "--engine spark reads files"),
        (("--out", "rows"), "--out goes with --engine spark"),
        (("--engine", "spark", "--out", "rows", "--by", "role", "--details", "x"), "give one"),
    ],
)
def test_flags_of_the_spark_engine_that_do_not_go_together(arguments: tuple[str, ...], why: str) -> None:
    ran = run("who-can-pass", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert why in ran.err


def test_explain_takes_text_and_standard_input(details: str) -> None:
    text = (
        "An error occurred (AccessDeniedException) when calling the CreateFunction operation: "
        f"User: {ALICE} is not authorized to perform: iam:PassRole on resource: {arn('role', 'Web')} "
        "because no identity-based policy allows the iam:PassRole action"
    )
    alone = run("explain", text, "--format", "json")
    assert (alone.status, alone.json["layer"], alone.json["statements"]) == (0, "identity", [])
    asked = run("explain", "-", "--details", details, "--format", "json", given=text)
    assert asked.json["statements"][0]["key"] == "iam:PassedToService"
    told = run("explain", "-", "--service", EC2, "--details", details, given=text)
    assert "by the policies as they are now, the call would be allowed" in told.err


def test_the_catalog_prints_the_contracts_lines() -> None:
    line = run("catalog", "ecs:RegisterTaskDefinition", "--format", "jsonl")
    assert line.json["actions"][:2] == ["ecs:RegisterTaskDefinition", "iam:PassRole"]
    assert [one["path"] for one in line.json["role_parameters"]] == ["taskRoleArn", "executionRoleArn"]
    bucket = run("catalog", "s3:ListObjectsV2", "--format", "jsonl").json
    assert bucket == {
        "service": "s3",
        "operation": "ListObjectsV2",
        "actions": ["s3:ListBucket"],
        "role_parameters": [],
    }
    table = run("catalog", "lambda:CreateFunction").out.splitlines()
    assert table[1].split()[0] == "lambda:CreateFunction"
    whole = run("catalog", "--format", "jsonl").out.splitlines()
    assert all(json.loads(one)["role_parameters"] for one in whole)
    assert len(whole) > 300


def test_the_catalog_takes_the_published_reference_over(tmp_path: Path) -> None:
    action = {"Name": "MakeNovelty", "ActionConditionKeys": [], "Resources": []}
    row = {"Name": "MakeNovelty", "SDK": [{"Name": "lambda", "Method": "make_novelty", "Package": "Boto3"}]}
    reference = tmp_path / "lambda.json"
    reference.write_text(json.dumps({"Name": "lambda", "Actions": [action], "Operations": [row]}))
    data = {"PASSROLE_DATA": str(tmp_path / "data")}
    assert run("catalog", "lambda:MakeNovelty", **data).status == 2
    differs = run("catalog", "diff", str(reference), **data)
    assert differs.status == 1
    assert "lambda:MakeNovelty" in differs.out
    assert run("catalog", "update", str(reference), **data).status == 0
    shown = run("catalog", "lambda:MakeNovelty", "--format", "jsonl", **data)
    assert shown.json["actions"] == ["lambda:MakeNovelty"]


# --- A live endpoint --------------------------------------------------------------------------


@dataclass(frozen=True)
class Live:
    endpoint: Endpoint
    alice: Credentials
    environment: dict[str, str]

    def call(
        self,
        service: str,
        operation: str,
        given: Mapping[str, object] | None = None,
        credentials: Credentials | None = None,
    ) -> dict[str, object]:
        with Client(credentials or Credentials(*ROOT), url=self.endpoint.url, region="eu-west-1") as client:
            return client.call(service, operation, given)


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url) as root,
    ):
        root.call("iam", "CreateUser", {"UserName": "alice"})
        key = root.call("iam", "CreateAccessKey", {"UserName": "alice"})["AccessKey"]
        assert isinstance(key, dict)
        for name, service in (("Web", EC2), ("Worker", LAMBDA)):
            given = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust(service))}
            root.call("iam", "CreateRole", given)
        policy = document(allow(action=["lambda:*", "ec2:*"]), allow(condition=TO_EC2))
        given = {"UserName": "alice", "PolicyName": "main", "PolicyDocument": json.dumps(policy)}
        root.call("iam", "PutUserPolicy", given)
        root.call("iam", "CreateInstanceProfile", {"InstanceProfileName": "Worker"})
        both = {"InstanceProfileName": "Worker", "RoleName": "Worker"}
        root.call("iam", "AddRoleToInstanceProfile", both)
        environment = {
            "AWS_ENDPOINT_URL": endpoint.url,
            "AWS_ACCESS_KEY_ID": ROOT[0],
            "AWS_SECRET_ACCESS_KEY": ROOT[1],
            "AWS_REGION": "eu-west-1",
        }
        yield Live(endpoint, Credentials(key["AccessKeyId"], key["SecretAccessKey"]), environment)


def test_a_live_account_is_read(live: Live) -> None:
    found = run("who-can-pass", "--format", "json", **live.environment)
    assert [(row["principal"], row["role"], row["service"]) for row in found.json] == [
        (ALICE, arn("role", "Web"), EC2)
    ]
    assert found.err == ""


def test_a_live_organization_is_read(live: Live) -> None:
    live.call("organizations", "CreateOrganization", {"FeatureSet": "ALL"})
    try:
        found = run("who-can-pass", "--format", "json", **live.environment)
        assert len(found.json) == 1
        assert found.err == ""
    finally:
        live.call("organizations", "DeleteOrganization")


def test_who_may_not_read_the_account_is_told_so(live: Live) -> None:
    own = {"AWS_ACCESS_KEY_ID": live.alice.access_key_id, "AWS_SECRET_ACCESS_KEY": live.alice.secret}
    ran = run("who-can-pass", **(live.environment | own))
    assert ran.status == 2
    assert "iam:GetAccountAuthorizationDetails" in ran.err


def test_the_last_denial_and_one_by_its_id_are_explained(live: Live) -> None:
    with pytest.raises(ServiceError) as refused:
        live.call(
            "lambda",
            "CreateFunction",
            {
                "FunctionName": "f",
                "Runtime": "python3.12",
                "Handler": "a.b",
                "Role": arn("role", "Worker"),
                "Code": {"ZipFile": b"PK"},
            },
            live.alice,
        )
    assert "iam:PassRole" in refused.value.message
    last = run("explain", "--last", "--format", "json", **live.environment)
    assert last.status == 0
    assert last.json["statements"] == [
        {
            "policy": "main",
            "statement": "1",
            "element": "Condition",
            "key": "iam:PassedToService",
            "asked": LAMBDA,
            "wanted": [EC2],
        }
    ]
    events = live.call("cloudtrail", "LookupEvents")["Events"]
    assert isinstance(events, list)
    records = [json.loads(event["CloudTrailEvent"]) for event in events]
    request_id = next(one["requestID"] for one in records if one["eventName"].startswith("CreateFunction"))
    by_id = run("explain", "--request-id", request_id, "--format", "json", **live.environment)
    assert by_id.json == last.json
    nothing = run("explain", "--request-id", "none", **live.environment)
    assert (nothing.status, "no such request" in nothing.err) == (2, True)


def test_an_encoded_message_is_opened_at_the_endpoint(live: Live) -> None:
    with pytest.raises(ServiceError) as refused:
        live.call(
            "ec2",
            "RunInstances",
            {
                "ImageId": "ami-12c6146b",
                "MinCount": 1,
                "MaxCount": 1,
                "InstanceType": "t3.micro",
                "IamInstanceProfile": {"Name": "Missing"},
                "DryRun": True,
            },
            live.alice,
        )
    # Not a denial: alice may run instances, and no such profile is there.
    assert refused.value.code != "UnauthorizedOperation"
    policy = document(
        allow(action="ec2:*"), allow(condition={"StringEquals": {"iam:PassedToService": LAMBDA}})
    )
    given = {"UserName": "alice", "PolicyName": "main", "PolicyDocument": json.dumps(policy)}
    live.call("iam", "PutUserPolicy", given)
    with pytest.raises(ServiceError) as denied:
        live.call(
            "ec2",
            "RunInstances",
            {
                "ImageId": "ami-12c6146b",
                "MinCount": 1,
                "MaxCount": 1,
                "IamInstanceProfile": {"Name": "Worker"},
            },
            live.alice,
        )
    blob = denied.value.message.rpartition(": ")[2]
    found = run("explain", blob, "--format", "json", **live.environment)
    assert found.json["statements"][0]["asked"] == EC2
    assert found.json["reason"] == "no identity-based policy allows the iam:PassRole action"
    own = run("explain", "x" * 100, **live.environment)
    assert "was not opened: InvalidAuthorizationMessageException" in own.err
