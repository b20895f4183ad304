"""audit as a command: over files, over a bucket and over the history of a live endpoint."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.analysis.audit.organization_trail import deliver
from tests.analysis.details import allow, arn, document, page, role, trust, user
from tests.faces.test_questions import EC2, LAMBDA, ROOT, run

from passrole import Endpoint, Options
from passrole.values.errors import ServiceError
from passrole.wire.client import Client
from passrole.wire.models import Credentials

ALICE = arn("user", "alice")
WEB, WORKER = arn("role", "Web"), arn("role", "app/Worker")


def event(name: str, source: str, parameters: object, number: int, **more: object) -> dict[str, object]:
    """A record of Alice's."""
    return {
        "eventVersion": "1.10",
        "userIdentity": {"type": "IAMUser", "arn": ALICE, "accountId": "111122223333"},
        "eventTime": f"2026-01-05T09:12:{number:02}Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.1",
        "requestParameters": parameters,
        "eventID": f"e-{number}",
        "recipientAccountId": "111122223333",
    } | more


FRONT = {"iamInstanceProfile": {"name": "Front"}}
EVENTS = [
    event("CreateFunction20150331", LAMBDA, {"functionName": "f", "role": WORKER}, 1),
    event("RunInstances", EC2, FRONT, 2),
    event("RunInstances", EC2, FRONT, 3, errorCode="Client.UnauthorizedOperation"),
    event("DescribeInstances", EC2, None, 4),
]


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log, and a file that is none."""
    folder = tmp_path_factory.mktemp("trail")
    folder.joinpath("a.json.gz").write_bytes(gzip.compress(json.dumps({"Records": EVENTS}).encode()))
    folder.joinpath("notes.txt").write_text("nothing\n")
    return folder


@pytest.fixture(scope="module")
def details(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The account's details."""
    path = tmp_path_factory.mktemp("details") / "details.json"
    users = [user("alice", document(allow(WORKER), allow(arn("role", "Never"))))]
    roles = [role("Web", trust(EC2), profile="Front"), role("app/Worker", trust(LAMBDA))]
    path.write_text(json.dumps(page(users=users, roles=roles)))
    return str(path)


def test_the_json_is_as_the_contract_has_it(trail: Path) -> None:
    found = run("audit", str(trail), "--format", "json")
    assert found.status == 0
    assert {"passes", "unused", "policy", "skipped"} <= set(found.json)
    first = found.json["passes"][1]
    assert {name: first[name] for name in list(first)[:9]} == {
        "principal": ALICE,
        "role": WORKER,
        "service": LAMBDA,
        "operation": "lambda:CreateFunction",
        "account": "111122223333",
        "allowed": 1,
        "denied": 0,
        "first": "2026-01-05T09:12:01Z",
        "last": "2026-01-05T09:12:01Z",
    }
    other = found.json["passes"][0]
    assert (other["role"], other["allowed"], other["denied"]) == (arn("role", "Front"), 1, 1)
    assert (found.json["unused"], found.json["policy"]) == ([], None)
    assert found.json["skipped"] == [
        {
            "file": f"{trail}/notes.txt",
            "place": "",
            "why": "not a trail: neither JSON nor an export of records",
        }
    ]
    assert "4 records in 2 files" in found.err


def test_details_tell_the_profile_s_role_and_what_was_never_used(trail: Path, details: str) -> None:
    found = run("audit", str(trail), "--details", details, "--format", "json").json
    assert {row["role"] for row in found["passes"]} == {WEB, WORKER}
    (never,) = found["unused"]
    assert (never["principal"], never["statement"], never["resources"]) == (
        ALICE,
        "1",
        [arn("role", "Never")],
    )
    services = [
        one["Condition"]["StringEquals"]["iam:PassedToService"] for one in found["policy"]["Statement"]
    ]
    assert services == [EC2, LAMBDA]
    assert found["policies"] == {ALICE: found["policy"]}


def test_the_other_forms(trail: Path, details: str, tmp_path: Path) -> None:
    table = run("audit", str(trail), "--details", details)
    assert "Grants of iam:PassRole that were never used" in table.out
    assert "iam:PassedToService" in table.out
    lines = run("audit", str(trail), "--format", "csv").out.splitlines()
    assert lines[0] == "principal,role,service,operation,account,allowed,denied,first,last"
    assert len(lines) == 3
    code = run("audit", str(trail), "--details", details, "--terraform")
    assert code.out.startswith(f'# {ALICE}\ndata "aws_iam_policy_document" "pass_user_alice" {{')
    assert run("audit", str(trail), "--principal", "bob", "--format", "json").json["passes"] == []
    assert tmp_path.exists()


def test_a_trail_may_come_on_standard_input() -> None:
    lines = "".join(json.dumps(one) + "\n" for one in EVENTS)
    assert len(run("audit", "-", "--format", "json", given=lines).json["passes"]) == 2


class _Page(HTMLParser):
    """What a page has in it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the tag, and what it would load."""
        self.tags.append(tag)
        self.outside += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")]


def test_the_report_is_one_file_that_loads_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "trail"
    deliver(folder, days=60)
    path = tmp_path / "report.html"
    assert run("audit", str(folder), "--report", str(path)).status == 0
    text = path.read_text()
    found = _Page()
    found.feed(text)
    assert found.tags.count("svg") == 2
    assert "script" not in found.tags
    assert found.outside == []
    assert "role/app/Worker" in text


def test_the_report_s_time_line_has_the_days_without_passes(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    rows = [event("CreateFunction20150331", LAMBDA, {"role": WORKER}, number) for number in (1, 2)]
    rows[0]["eventTime"], rows[1]["eventTime"] = "2026-02-27T09:12:44Z", "2026-03-02T09:12:44Z"
    path.write_text(json.dumps({"Records": rows}))
    report = tmp_path / "r.html"
    assert run("audit", str(path), "--report", str(report)).status == 0
    bars = re.findall(r'<rect class="allow" x="([\d.]+)"[^>]*><title>([\d-]+)', report.read_text())
    assert bars == [("0.0", "2026-02-27"), ("180.0", "2026-03-02")]


def test_the_report_shows_names_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    odd = event("CreateFunction20150331", LAMBDA, {"role": WORKER}, 1)
    odd["userIdentity"] = {"type": "IAMUser", "arn": "<script>alert(1)</script>"}
    path.write_text(json.dumps({"Records": [odd]}))
    report = tmp_path / "r.html"
    run("audit", str(path), "--report", str(report))
    assert "<script" not in report.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("/nowhere/at/all",), "/nowhere/at/all: no such file or folder"),
        ((".", "--out", "x"), "--out goes with --engine spark"),
        (("s3://bucket/prefix",), "say whose bucket it is"),
        (("http://127.0.0.1:9",), "credentials"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_line(arguments: tuple[str, ...], words: str) -> None:
    found = run("audit", *arguments)
    assert found.status == 2
    assert words in found.err
    assert "Traceback" not in found.err


@pytest.mark.parametrize("command", [("audit",), ("replay", "--policies", "policies")])
def test_a_trail_that_cannot_be_opened_has_no_answer(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("policies/user").mkdir(parents=True)
    tmp_path.joinpath("policies/user/alice.json").write_text(json.dumps(document(allow(WORKER))))
    trail = tmp_path / "trail"
    trail.mkdir()
    assert run(*command, "trail").status == 0  # there is nothing to be read
    trail.joinpath("notes.txt").write_text("not a trail")
    found = run(*command, "trail")
    assert (found.status, "notes.txt" in found.err) == (0, True)
    found = run(*command, "http://127.0.0.1:9", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    assert (found.status, "127.0.0.1:9" in found.err) == (2, True)
    one = event("ListUsers", "iam.amazonaws.com", {}, 1)
    trail.joinpath("a.json").write_text(json.dumps({"Records": [one]}))
    assert run(*command, "trail").status == (0 if command == ("audit",) else 1)


def test_strict_stops_at_the_first_fault(trail: Path) -> None:
    found = run("audit", str(trail), "--strict")
    assert found.status == 2
    assert "notes.txt" in found.err
    assert found.out == ""


@pytest.fixture(scope="module")
def live() -> Iterator[dict[str, str]]:
    """An endpoint in whose account roles were passed; the environment that leads to it."""
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT, trail_seconds=0.2)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url, region="eu-west-1") as root,
    ):
        root.call("iam", "CreateUser", {"UserName": "alice"})
        key = root.call("iam", "CreateAccessKey", {"UserName": "alice"})["AccessKey"]
        assert isinstance(key, dict)
        for name, path, service in (("Web", "/", EC2), ("Worker", "/app/", LAMBDA)):
            given = {"RoleName": name, "Path": path, "AssumeRolePolicyDocument": json.dumps(trust(service))}
            root.call("iam", "CreateRole", given)
        policy = document(allow(action=["lambda:*", "ec2:*"]), allow(WORKER), allow(arn("role", "Never")))
        given = {"UserName": "alice", "PolicyName": "main", "PolicyDocument": json.dumps(policy)}
        root.call("iam", "PutUserPolicy", given)
        root.call("iam", "CreateInstanceProfile", {"InstanceProfileName": "Front"})
        root.call("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": "Front", "RoleName": "Web"})
        alice = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        with Client(alice, url=endpoint.url, region="eu-west-1") as client:
            function = {
                "FunctionName": "Thumb",
                "Runtime": "python3.11",
                "Handler": "a.b",
                "Role": WORKER,
                "Code": {"ZipFile": b"PK\x05\x06" + b"\0" * 18},
            }
            client.call("lambda", "CreateFunction", function)
            instance = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1}
            with pytest.raises(ServiceError, match="UnauthorizedOperation"):
                client.call("ec2", "RunInstances", instance | {"IamInstanceProfile": {"Name": "Front"}})
        where = {"LocationConstraint": "eu-west-1"}
        root.call("s3", "CreateBucket", {"Bucket": "logs", "CreateBucketConfiguration": where})
        body = gzip.compress(json.dumps({"Records": EVENTS}).encode())
        root.call("s3", "PutObject", {"Bucket": "logs", "Key": "AWSLogs/a.json.gz", "Body": body})
        yield {
            "AWS_ACCESS_KEY_ID": ROOT[0],
            "AWS_SECRET_ACCESS_KEY": ROOT[1],
            "AWS_REGION": "eu-west-1",
            "url": endpoint.url,
        }


def test_the_history_of_an_endpoint_tells_its_passes(live: dict[str, str]) -> None:
    # No PassRole event is in it; the call that created the function has the role.
    found = run("audit", live["url"], "--format", "json", **live)
    rows = {
        (row["role"], row["service"], row["operation"]): (row["allowed"], row["denied"])
        for row in found.json["passes"]
        if row["principal"] == ALICE
    }
    assert rows == {
        (WORKER, LAMBDA, "lambda:CreateFunction"): (1, 0),
        (WEB, EC2, "ec2:RunInstances"): (0, 1),
    }
    assert [one["resources"] for one in found.json["unused"]] == [[arn("role", "Never")]]
    (statement,) = found.json["policies"][ALICE]["Statement"]
    assert (statement["Resource"], statement["Condition"]) == (
        WORKER,
        {"StringEquals": {"iam:PassedToService": LAMBDA}},
    )


def test_a_bucket_s_logs_are_read(live: dict[str, str]) -> None:
    found = run("audit", "s3://logs/AWSLogs/", "--endpoint", live["url"], "--format", "json", **live)
    assert {row["role"]: row["allowed"] for row in found.json["passes"]} == {WORKER: 1, WEB: 1}
    missing = run("audit", "s3://none/x", "--endpoint", live["url"], **live)
    assert missing.status == 2
    assert "NoSuchBucket" in missing.err


def test_a_trail_that_the_endpoint_delivers_is_read(live: dict[str, str]) -> None:
    root = Client(Credentials(*ROOT), url=live["url"], region="eu-west-1")
    with root:
        where = {"LocationConstraint": "eu-west-1"}
        root.call("s3", "CreateBucket", {"Bucket": "trail", "CreateBucketConfiguration": where})
        service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
        policy = document(
            service | {"Action": "s3:GetBucketAcl", "Resource": "arn:aws:s3:::trail"},
            service | {"Action": "s3:PutObject", "Resource": "arn:aws:s3:::trail/*"},
        )
        root.call("s3", "PutBucketPolicy", {"Bucket": "trail", "Policy": json.dumps(policy)})
        root.call("cloudtrail", "CreateTrail", {"Name": "all", "S3BucketName": "trail"})
        root.call("cloudtrail", "StartLogging", {"Name": "all"})
        function = {
            "FunctionName": "Later",
            "Runtime": "python3.11",
            "Handler": "a.b",
            "Role": WORKER,
            "Code": {"ZipFile": b"PK\x05\x06" + b"\0" * 18},
        }
        root.call("lambda", "CreateFunction", function)
        until = time.monotonic() + 20
        rows: list[dict[str, object]] = []
        while time.monotonic() < until and not rows:
            time.sleep(0.5)
            found = run("audit", "s3://trail/", "--endpoint", live["url"], "--format", "json", **live)
            rows = [row for row in found.json["passes"] if row["role"] == WORKER] if not found.status else []
        assert [row["resources"] for row in rows] == [
            ["arn:aws:lambda:eu-west-1:111122223333:function:Later"]
        ]
        assert found.json["skipped"] == []


# --- replay --------------------------------------------------------------------------------------


def test_replay_says_1_where_something_changes(trail: Path, details: str, tmp_path: Path) -> None:
    folder = tmp_path / "policies" / "user"
    folder.mkdir(parents=True)
    rights = allow(action=["lambda:*", "ec2:*"])
    folder.joinpath("alice.json").write_text(json.dumps(document(rights, allow(WORKER), allow(WEB))))
    same = run("replay", str(trail), "--policies", str(folder.parent), "--format", "json")
    assert {(row["event"], row["was"], row["would_be"]) for row in same.json} == {
        # Without the account's details nothing tells whose role the profile is.
        ("e-2", "allowed", "unknown"),
        ("e-3", "denied", "unknown"),
    }
    assert same.status == 0
    folder.joinpath("alice.json").write_text(json.dumps(document(rights)))
    changed = run(
        "replay", str(trail), "--policies", str(folder.parent), "--details", details, "--format", "json"
    )
    assert changed.status == 1
    # By the details, Alice may not launch instances now either: what let her is not known.
    assert [(row["event"], row["was"], row["would_be"]) for row in changed.json] == [
        ("e-1", "allowed", "denied"),
        ("e-2", "allowed", "unknown"),
    ]
    assert f"iam:PassRole on {WORKER} is not allowed" in changed.json[0]["why"]
    assert "1 changed" in changed.err


def test_replay_of_whole_accounts(trail: Path, details: str) -> None:
    found = run("replay", str(trail), "--details", details)
    assert found.status in (0, 1)
    assert "e-2" in found.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "say what is proposed"), (("--policies", "/nowhere"), "/nowhere: no such folder")],
)
def test_replay_says_what_it_lacks(trail: Path, arguments: tuple[str, ...], words: str) -> None:
    found = run("replay", str(trail), *arguments)
    assert found.status == 2
    assert words in found.err


def test_replay_over_the_history_of_an_endpoint(live: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "user"
    folder.mkdir()
    folder.joinpath("alice.json").write_text(json.dumps(document(allow(action="*"))))
    found = run("replay", live["url"], "--policies", str(tmp_path), "--format", "json", **live)
    assert found.status == 1
    assert {(row["operation"], row["was"], row["would_be"]) for row in found.json} == {
        ("ec2:RunInstances", "denied", "allowed")
    }


def test_replay_of_the_policies_that_are_in_force_changes_nothing(
    live: dict[str, str], tmp_path: Path
) -> None:
    details = tmp_path / "details.json"
    exported = run("export", "--endpoint", live["url"], **live)
    assert exported.status == 0
    details.write_text(exported.out)
    found = run("replay", live["url"], "--details", str(details), "--format", "json", **live)
    assert [row for row in found.json if row["would_be"] != "unknown"] == []
    assert found.status == 0
    (same,) = re.findall(r"(\d+) calls the same", found.err)
    assert int(same) >= 10
