"""What other policies would have made of recorded calls."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest
from tests.analysis.audit.test_extract import written
from tests.analysis.details import (
    ACCOUNT,
    Json,
    allow,
    arn,
    deny,
    document,
    estate,
    managed,
    organization,
    page,
    role,
    trust,
    trusting,
    user,
)

from passrole.analysis.audit.events import WholeRecord
from passrole.analysis.audit.exports import record_of
from passrole.analysis.audit.extract import extract
from passrole.analysis.audit.takers import takers
from passrole.analysis.proposals import BadProposal, Proposal, read_proposals
from passrole.analysis.replay import Replay
from passrole.analysis.replayed import OUTCOMES, Judged, Replayed
from passrole.catalog import operations
from passrole.state.entities import User
from passrole.state.estate.estate import Estate
from passrole.state.records.names import event_names
from passrole.wire import models

EC2, LAMBDA = "ec2.amazonaws.com", "lambda.amazonaws.com"
ALICE, WEB, WORKER = arn("user", "alice"), arn("role", "Web"), arn("role", "app/Worker")
CREATE = {"FunctionName": "Thumb", "Role": WORKER, "Runtime": "python3.11", "Handler": "a.b", "Code": {}}
TO_LAMBDA = {"StringEquals": {"iam:PassedToService": LAMBDA}}
MAY_CREATE = allow(action="lambda:CreateFunction")
REFUSED = (
    f"User: {ALICE} is not authorized to perform: iam:PassRole on resource: {WORKER} "
    "because no identity-based policy allows the iam:PassRole action"
)


def created(**more: object) -> Json:
    """Alice's CreateFunction."""
    return written("lambda", "CreateFunction", CREATE, **more)


def refused(message: str = REFUSED, **more: object) -> Json:
    """The same, denied."""
    return created(errorCode="AccessDenied", errorMessage=message, **more)


def account(*policies: Mapping[str, object], **more: object) -> Estate:
    """An account in which Alice has these policies."""
    roles = [role("Web", trust(EC2), profile="Front"), role("app/Worker", trust(LAMBDA))]
    return estate(page(users=[user("alice", *policies)], roles=roles))


def replayed(event: Mapping[str, object], proposed: Estate) -> Replayed | None:
    """What becomes of a call in an account as it would be."""
    return Replay(proposed.directory, organized=proposed.organized).judge(event).row


def test_a_call_that_would_go_the_same_way_is_no_row() -> None:
    asked = Replay(account(document(MAY_CREATE, allow(WORKER, TO_LAMBDA))).directory)
    assert asked.judge(created()) == Judged("e-1", "same")


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        ([allow(WORKER)], "lambda:CreateFunction on"),
        (
            [MAY_CREATE, allow(WEB)],
            f"iam:PassRole on {WORKER} is not allowed because no identity-based policy",
        ),
        (
            [MAY_CREATE, allow(WORKER, {"StringEquals": {"iam:PassedToService": EC2}})],
            f"iam:PassRole on {WORKER} is not allowed because no identity-based policy",
        ),
        ([MAY_CREATE, allow(), deny(WORKER)], "with an explicit deny in an identity-based policy"),
    ],
)
def test_what_would_be_denied_says_why(statements: list[Json], why: str) -> None:
    found = replayed(created(), account(document(*statements)))
    assert found is not None
    assert (found.event, found.was, found.would_be) == ("e-1", "allowed", "denied")
    assert why in found.why


def test_a_resource_may_have_a_policy_of_its_own_once_it_is_made() -> None:
    given = {"FunctionName": "Thumb", "Handler": "a.c"}
    found = replayed(
        written("lambda", "UpdateFunctionConfiguration", given), account(document(allow(WORKER)))
    )
    assert found is not None
    assert (found.would_be, found.keys[0][:33]) == ("unknown", "the resource-based policy of arn:")


def test_what_would_be_newly_allowed_says_by_what() -> None:
    found = replayed(refused(), account(document(MAY_CREATE, allow(WORKER))))
    assert found is not None
    assert (found.was, found.would_be) == ("denied", "allowed")
    assert "is allowed (statement 0" in found.why


def test_what_would_still_be_denied_is_no_row() -> None:
    assert replayed(refused(), account(document(MAY_CREATE))) is None


@pytest.mark.parametrize(
    ("condition", "key"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-x"}}, "aws:PrincipalOrgID"),
        ({"StringEquals": {"aws:Referer": "x"}}, "aws:Referer"),
    ],
)
def test_what_the_record_does_not_hold_is_named(condition: Mapping[str, object], key: str) -> None:
    found = replayed(created(), account(document(MAY_CREATE, allow(WORKER, condition))))
    assert found is not None
    assert (found.would_be, found.keys) == ("unknown", (key,))
    assert key in found.why


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, True),
        ({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, False),
        ({"DateLessThan": {"aws:CurrentTime": "2026-02-01T00:00:00Z"}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"StringLike": {"aws:UserAgent": "aws-cli/*"}}, True),
        ({"Bool": {"aws:ViaAWSService": "true"}}, False),
        ({"StringEquals": {"aws:username": "alice"}}, True),
        ({"Null": {"aws:SourceVpce": "true"}}, True),
        ({"ArnEquals": {"aws:PrincipalArn": ALICE}}, True),
    ],
)
def test_what_the_record_holds_is_used(condition: Mapping[str, object], holds: bool) -> None:
    found = replayed(created(), account(document(MAY_CREATE, allow(WORKER, condition))))
    assert (found.would_be if found is not None else "allowed") == ("allowed" if holds else "denied")


def test_a_session_s_tags_are_not_known_where_it_may_bring_some() -> None:
    policy = document(MAY_CREATE, allow(WORKER, {"StringEquals": {"aws:PrincipalTag/team": "red"}}))
    deployer = arn("role", "Deployer")
    identity = {
        "type": "AssumedRole",
        "principalId": "AROA:s",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/s",
        "accountId": ACCOUNT,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": deployer, "accountId": ACCOUNT},
            "attributes": {"creationDate": "2026-01-05T09:00:00Z", "mfaAuthenticated": "false"},
        },
    }
    for tags, outcome in ((True, "unknown"), (False, "denied")):
        roles = [role("Deployer", trusting(tags=tags), policy), role("app/Worker", trust(LAMBDA))]
        found = replayed(created(userIdentity=identity), estate(page(roles=roles)))
        assert found is not None
        assert found.would_be == outcome
        assert found.principal == deployer


def test_an_instance_profile_s_role_is_looked_up() -> None:
    launch = {
        "ImageId": "ami-1",
        "MinCount": 1,
        "MaxCount": 1,
        "IamInstanceProfile": {"Name": "Front"},
    }
    event = written("ec2", "RunInstances", launch)
    found = replayed(event, account(document(allow(action="ec2:*"), allow(WORKER))))
    assert found is not None
    assert found.would_be == "denied"
    assert f"iam:PassRole on {WEB}" in found.why
    assert replayed(event, account(document(allow(action="ec2:*"), allow(WEB)))) is None


def test_a_denial_without_parameters_is_asked_by_its_message() -> None:
    message = (
        f"User: {ALICE} is not authorized to perform: iam:CreateUser on resource: {arn('user', 'bob')} "
        "because no identity-based policy allows the iam:CreateUser action"
    )
    event = written("iam", "CreateUser", {"UserName": "bob"}, requestParameters=None)
    event |= {"errorCode": "AccessDenied", "errorMessage": message}
    found = replayed(event, account(document(allow(action="iam:*"))))
    assert found is not None
    assert (found.was, found.would_be) == ("denied", "allowed")
    assert replayed(event, account(document(allow(action="s3:*")))) is None


@pytest.mark.parametrize(
    "why",
    [
        "with an explicit deny in a service control policy",
        "with an explicit deny in a resource-based policy",
        "because no session policy allows the iam:PassRole action",
    ],
)
def test_what_another_kind_of_policy_denied_stays_denied(why: str) -> None:
    message = f"User: {ALICE} is not authorized to perform: iam:PassRole on resource: {WORKER} {why}"
    assert replayed(refused(message), account(document(MAY_CREATE, allow()))) is None


def test_a_trust_policy_that_is_proposed_counts() -> None:
    lambda_may = [role("app/Worker", trust(LAMBDA))]
    ec2_may = [role("app/Worker", trust(EC2))]
    rights = user("alice", document(MAY_CREATE, allow()))
    assert replayed(created(), estate(page(users=[rights], roles=lambda_may))) is None
    found = replayed(created(), estate(page(users=[rights], roles=ec2_may)))
    assert found is not None
    assert found.would_be == "denied"
    assert "the trust policy of" in found.why


def test_an_organization_s_policies_count_where_they_are_known() -> None:
    whole = page(
        users=[user("alice", document(MAY_CREATE, allow()))], roles=[role("app/Worker", trust(LAMBDA))]
    )
    closed = organization(
        [document(allow(action="*")), document(deny(action="lambda:*"))], [document(allow(action="*"))]
    )
    found = replayed(created(), estate(whole, organization=closed))
    assert found is not None
    assert found.would_be == "denied"
    assert "service control policy" in found.why


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            created(userIdentity={"type": "AWSService", "invokedBy": EC2}),
            "neither a user nor a role's session",
        ),
        (
            created(userIdentity={"type": "IAMUser", "arn": arn("user", "gone"), "accountId": ACCOUNT}),
            "no such user",
        ),
        (created(eventName="Nothing20150331"), "which operation"),
        (created(requestParameters={"omitted": True}), "too large for the record"),
    ],
)
def test_what_a_record_does_not_tell_cannot_be_told(event: Json, words: str) -> None:
    found = replayed(event, account(document(allow(action="*"))))
    assert found is not None
    assert found.would_be == "unknown"
    assert words in found.why


def test_a_call_that_failed_otherwise_is_left_out() -> None:
    asked = Replay(account().directory)
    failed = created(errorCode="ThrottlingException", errorMessage="slow down")
    assert asked.judge(failed) == Judged("e-1", "failed")


ODD: tuple[object, ...] = (
    *("x", "", "[", '{"RoleArn":[1]}', WORKER, 0, 1.5, True, None, [], {}, [None], ["a"], [[1]]),
    *([{"roleArn": WORKER}], {"items": [{"x": "y"}]}, {"items": None}, {"tag": 1, "content": "z"}),
    {"arn": ["x"]},
)
IDENTITIES: tuple[object, ...] = (
    *(None, "x", [], {}, {"arn": 3}, {"type": "Root", "arn": "arn:aws:iam::1:root"}),
    {"type": "IAMUser", "arn": ALICE, "accountId": ACCOUNT},
    {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Web/s", "sessionContext": []},
)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_that_a_record_may_hold_stops_a_replay_or_an_audit(seed: int) -> None:
    draw = random.Random(seed)
    asked = Replay(account(document(allow(action="*"))).directory)
    for known in operations.passing():
        shape = models.service(known.service).operation(known.name).input
        members = shape.members if shape is not None else {}
        names = event_names(known.service, known.name)
        event = {
            "eventSource": names.source,
            "eventName": names.name,
            "eventTime": draw.choice(("2026-01-05T09:12:44Z", "x", "")),
            "awsRegion": draw.choice(("eu-west-1", "", "cn-north-1")),
            "eventID": "e",
            "userIdentity": draw.choice(IDENTITIES),
            "requestParameters": {name[:1].lower() + name[1:]: draw.choice(ODD) for name in members},
        }
        record = record_of(event, WholeRecord)
        assert extract(record, takers()) is not None
        assert asked.judge(record.as_event()).outcome in OUTCOMES


# --- Folders of policies -------------------------------------------------------------------------


def put(folder: Path, place: str, policy: Mapping[str, object]) -> None:
    """Writes a policy."""
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(policy))


def proposed(folder: Path, present: Estate | None = None) -> Replay:
    """The replay of a folder's proposals."""
    proposal = Proposal(read_proposals(folder), present)
    return Replay(
        proposal.directory,
        present.directory if present is not None else None,
        present.organized if present is not None else False,
        proposal.concerns,
        proposal.invented,
    )


@pytest.mark.parametrize(
    "place", ["user/alice.json", "users/alice/main.json", f"{ACCOUNT}/user/alice.json", "alice.json"]
)
def test_a_folder_names_principals(tmp_path: Path, place: str) -> None:
    put(tmp_path, place, document(MAY_CREATE))
    asked = proposed(tmp_path)
    found = asked.judge(created()).row
    assert found is not None
    assert found.would_be == "denied"
    put(tmp_path, place, document(MAY_CREATE, allow(WORKER)))
    assert proposed(tmp_path).judge(created()).row is None


@pytest.mark.parametrize("place", ["role/alice.json", "444455556666/user/alice.json", "user/bob.json"])
def test_whom_a_folder_does_not_name_is_left_alone(tmp_path: Path, place: str) -> None:
    put(tmp_path, place, document(deny(action="*")))
    asked = proposed(tmp_path)
    assert asked.judge(created()) == Judged("e-1", "untouched")


def test_a_proposal_takes_the_place_of_all_that_a_principal_has(tmp_path: Path) -> None:
    present = estate(
        page(
            users=[user("alice", document(MAY_CREATE), managed=[arn("policy", "Passing")])],
            policies=[managed("Passing", document(allow()))],
            roles=[role("app/Worker", trust(LAMBDA))],
        )
    )
    put(tmp_path, "user/alice.json", document(MAY_CREATE))
    found = proposed(tmp_path, present).judge(created()).row
    assert found is not None
    assert found.would_be == "denied"


def test_a_boundary_may_be_proposed(tmp_path: Path) -> None:
    present = account(document(MAY_CREATE, allow()))
    put(tmp_path, "user/alice/boundary.json", document(allow(action="lambda:*")))
    found = proposed(tmp_path, present).judge(created()).row
    assert found is not None
    assert found.would_be == "denied"
    assert "permissions boundary" in found.why


def test_the_same_policies_are_the_same_whatever_is_not_known(tmp_path: Path) -> None:
    odd = document(MAY_CREATE, allow(WORKER, {"StringEquals": {"aws:Referer": "x"}}))
    present = account(odd)
    alice = present.directory.get(User, ACCOUNT, "alice")
    assert alice is not None
    for name, text in alice.inline.items():
        put(tmp_path, f"user/alice/{name}.json", json.loads(text))
    asked = proposed(tmp_path, present)
    assert asked.judge(created()) == Judged("e-1", "same")


def test_a_proposal_that_grants_no_more_does_not_undo_an_unknown_denial(tmp_path: Path) -> None:
    # It was denied although the present policies allow it: something that is not known denied it.
    present = account(document(MAY_CREATE, allow(WORKER)))
    put(tmp_path, "user/alice.json", document(MAY_CREATE, allow()))
    message = f"User: {ALICE} is not authorized to perform: iam:PassRole on resource: {WORKER}"
    asked = proposed(tmp_path, present)
    assert asked.judge(refused(message)) == Judged("e-1", "same")


@pytest.mark.parametrize(
    ("place", "content", "words"),
    [
        ("user/alice.json", "{", "alice.json"),
        ("a/b/c/d.json", '{"Statement": []}', "it is [ACCOUNT/]user/NAME.json"),
        ("readme.txt", "x", "no policies in it"),
    ],
)
def test_a_bad_folder_is_said_so(tmp_path: Path, place: str, content: str, words: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    with pytest.raises(BadProposal) as caught:
        read_proposals(tmp_path)
    assert words in str(caught.value)


def test_json_has_what_the_contract_names() -> None:
    found = replayed(created(), account(document(MAY_CREATE)))
    assert found is not None
    assert {"event", "was", "would_be", "why"} <= set(found.as_json())
    assert orjson.dumps(found.as_json())
