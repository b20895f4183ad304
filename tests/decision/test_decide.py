"""``passrole decide --jsonl`` by its contract."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.decision.questions import HERE, allow, deny

from passrole.decision.decide import Decider, decide, decide_stream

CONTRACT = Path(__file__).parent.parent / "contracts"
CASES = (CONTRACT / "decide.jsonl").read_bytes().splitlines(keepends=True)
VERDICTS = [json.loads(line) for line in (CONTRACT / "decide.verdicts.jsonl").read_bytes().splitlines()]

Json = dict[str, object]


def case(**fields: object) -> Json:
    return {"id": "one", "request": REQUEST, "identity_policies": [document(allow())], **fields}


REQUEST: Json = {"principal": f"arn:aws:iam::{HERE}:user/alice", "action": "s3:GetObject", "resource": "*"}


def document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def verdict(given: object, *, explain: bool = False) -> Json:
    line = given if isinstance(given, bytes) else json.dumps(given).encode()
    (answer,) = decide([line], explain=explain)
    assert answer.endswith(b"\n")
    assert answer.count(b"\n") == 1
    return cast(Json, json.loads(answer))


def test_the_samples_of_the_contract() -> None:
    assert len(CASES) == len(VERDICTS) == 38
    assert [json.loads(answer) for answer in decide(CASES)] == VERDICTS


def test_the_samples_explained() -> None:
    for answer, expected in zip(decide(CASES, explain=True), VERDICTS, strict=True):
        told = json.loads(answer)
        assert {"id": told["id"], "decision": told["decision"]} == expected
        assert set(told) == {"id", "decision", "reason", "layer", "statements"}
        assert (told["reason"] == "") is (told["decision"] == "allowed")
        if told["decision"] == "explicit_deny":
            assert told["reason"].startswith("with an explicit deny in ")
            assert told["statements"]
        elif told["decision"] == "implicit_deny":
            assert told["reason"].startswith("no ")
            assert told["reason"].endswith(" action")


def test_an_explained_verdict() -> None:
    red = allow("s3:Get*", Sid="Red", Condition={"StringEquals": {"aws:PrincipalTag/team": ["red", "blue"]}})
    request = {**REQUEST, "context": {"AWS:principaltag/TEAM": "green"}}
    given = case(request=request, identity_policies=[document(allow("ec2:*")), document(red)])
    assert verdict(given, explain=True) == {
        "id": "one",
        "decision": "implicit_deny",
        "reason": "no identity-based policy allows the s3:GetObject action",
        "layer": "identity",
        "statements": [
            {
                "layer": "identity",
                "policy": 1,
                "statement": "Red",
                "effect": "Allow",
                "element": "Condition",
                "key": "aws:PrincipalTag/team",
                "operator": "StringEquals",
                "asked": "green",
                "wanted": ["red", "blue"],
            }
        ],
    }


def test_the_sparest_case() -> None:
    spare = case()
    del spare["identity_policies"]
    assert verdict(spare) == {"id": "one", "decision": "implicit_deny"}
    assert verdict(spare | {"resource_policy": None, "vpc_endpoint_policy": None, "scps": []}) == verdict(
        spare
    )


@pytest.mark.parametrize(
    ("fields", "decision"),
    [
        ({}, "allowed"),
        ({"identity_policies": []}, "implicit_deny"),
        ({"permission_boundaries": [document(allow("ec2:*"))]}, "implicit_deny"),
        ({"permission_boundaries": []}, "allowed"),
        ({"session_policies": [document(allow("ec2:*"))]}, "implicit_deny"),
        ({"session_policies": [document(allow("ec2:*")), document(allow())]}, "allowed"),
        ({"session_policies": []}, "allowed"),
        ({"scps": [[document(allow())], []]}, "implicit_deny"),
        ({"scps": [[document(allow())], [document(deny()), document(allow())]]}, "explicit_deny"),
        ({"rcps": [[], []]}, "allowed"),
        ({"rcps": [[], [document(deny(Principal="*"))]]}, "explicit_deny"),
        ({"vpc_endpoint_policy": document(allow("ec2:*", Principal="*"))}, "implicit_deny"),
        ({"vpc_endpoint_policy": document(allow(Principal="*"))}, "allowed"),
        ({"resource_policy": document(deny(Principal="*"))}, "explicit_deny"),
        ({"resource_policy": document(allow(Principal="*")), "identity_policies": []}, "allowed"),
    ],
)
def test_every_kind_of_document(fields: Json, decision: str) -> None:
    assert verdict(case(**fields))["decision"] == decision


def test_the_owner_is_the_principals_account_unless_told() -> None:
    request = cast(Json, case()["request"])
    assert verdict(case(request=request | {"resource_account": HERE}))["decision"] == "allowed"
    assert (
        verdict(case(request=request | {"resource_account": "444455556666"}))["decision"] == "implicit_deny"
    )


def test_a_role_with_a_path_is_told() -> None:
    role = f"arn:aws:iam::{HERE}:role/ci/Deployer"
    trusted = document(allow(Principal={"AWS": role}))
    request = REQUEST | {"principal": f"arn:aws:sts::{HERE}:assumed-role/Deployer/x"}
    bare = case(request=request, identity_policies=[], resource_policy=trusted)
    assert verdict(bare)["decision"] == "implicit_deny"
    told = bare | {"request": request | {"role_arn": role}}
    assert verdict(told)["decision"] == "allowed"
    assert verdict(told | {"request": request | {"role_arn": role.replace("Deployer", "Other")}})["error"]


@pytest.mark.parametrize(
    ("given", "where"),
    [
        (case(extra=1), "extra"),
        (case(request=REQUEST | {"extra": 1}), "$.request"),
        ({"id": "one"}, "request"),
        (case(request={"principal": "*", "action": "s3:Get"}), "resource"),
        (case(request=REQUEST | {"principal": "alice"}), "$.request.principal"),
        (case(request=REQUEST | {"principal": f"arn:aws:iam::{HERE}:role/R"}), "$.request.principal"),
        (case(request=REQUEST | {"principal": 5}), "$.request.principal"),
        (case(request=REQUEST | {"action": "s3:Get*"}), "$.request.action"),
        (case(request=REQUEST | {"action": "GetObject"}), "$.request.action"),
        (case(request=REQUEST | {"resource": "bucket"}), "$.request.resource"),
        (case(request=REQUEST | {"resource_account": "12"}), "$.request.resource_account"),
        (case(request=REQUEST | {"role_arn": f"arn:aws:iam::{HERE}:role/R"}), "$.request.role_arn"),
        (case(request=REQUEST | {"context": {"a": 5}}), "$.request.context"),
        (case(request=REQUEST | {"context": {"a": "x", "A": "y"}}), "$.request.context"),
        (case(identity_policies={}), "$.identity_policies"),
        (
            case(identity_policies=[document(), {"Statement": [{"Effect": "Maybe"}]}]),
            "$.identity_policies[1]",
        ),
        (case(identity_policies=[5]), "$.identity_policies[0]"),
        (case(resource_policy={"Statement": 5}), "$.resource_policy"),
        (case(resource_policy=[document()]), "$.resource_policy"),
        (case(scps=[document()]), "$.scps[0]"),
        (case(scps=[[document()], [document(), {}]]), "$.scps[1][1]"),
        (case(rcps=[[{"Version": "1"}]]), "$.rcps[0][0]"),
        (case(vpc_endpoint_policy="*"), "$.vpc_endpoint_policy"),
        (case(session_policies=[{"Statement": [], "Statment": []}]), "$.session_policies[0]"),
    ],
)
def test_a_malformed_case_tells_what_is_wrong_and_where(given: Json, where: str) -> None:
    answer = verdict(given)
    assert set(answer) == {"id", "error"}
    assert answer["id"] == "one"
    assert where in str(answer["error"])


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b"null", b"\xff", b'{"id": 5}', b'{"id": "x"} {"id": "y"}', b'{"id": "\xff"}',
     b'{"id": "one", "rcps": ' + b"[" * 100_000, b'{"id":"one","request":' + b'{"a":' * 100_000],
)  # fmt: skip
def test_a_line_that_is_no_case(line: bytes) -> None:
    answer = verdict(line)
    assert set(answer) == {"id", "error"}
    assert answer["id"] is None


def test_repeated_keys_in_a_document_are_refused() -> None:
    line = json.dumps(case()).replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"')
    assert "twice" in str(verdict(line.encode())["error"])


def test_the_stream_goes_on_in_order() -> None:
    lines = [
        json.dumps(case(id="a")).encode(),
        b"\n",
        b"  \r\n",
        b"{",
        json.dumps(case(id="b")).encode() + b"\r\n",
    ]
    answers = [json.loads(answer) for answer in decide(lines)]
    assert [answer["id"] for answer in answers] == ["a", None, "b"]
    decider = Decider()
    for line in lines:
        decider.verdict(line)
    assert decider.errors == 3  # the blank lines are no cases either


class Pipe(io.RawIOBase):
    """A pipe that gives so many bytes at a time, and notes how many verdicts had been taken by then."""

    def __init__(self, text: bytes, sizes: Sequence[int]) -> None:
        self.text = text
        self.sizes = list(sizes)
        self.taken: list[bytes] = []
        self.answered: list[int] = []  # verdicts taken before each read

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]  # a bytearray's view is what comes
        self.answered.append(b"".join(self.taken).count(b"\n"))
        size = min(self.sizes.pop(0) if self.sizes else len(room), len(room), len(self.text))
        room[:size] = self.text[:size]
        self.text = self.text[size:]
        return size


@given(st.lists(st.integers(1, 3_000), max_size=40), st.booleans())
def test_a_stream_is_decided_as_its_lines_are(sizes: list[int], ended: bool) -> None:
    lines = [*CASES, b"\n", b"  \r\n", b"{\n", CASES[0].rstrip() + b"\r\n", b" " * 400 + b"\n", CASES[1]]
    text = b"".join(lines)
    pipe = Pipe(text if ended else text.rstrip(b"\n"), sizes)
    errors = decide_stream(pipe, pipe.taken.append)
    assert b"".join(pipe.taken) == b"".join(decide(lines))
    assert errors == 2  # neither the brace nor the long run of blanks is a case


def test_a_stream_is_answered_before_more_is_waited_for() -> None:
    pipe = Pipe(b"".join(CASES), [len(line) for line in CASES])
    assert decide_stream(pipe, pipe.taken.append) == 0
    assert pipe.answered == [*range(len(CASES) + 1)]


def test_a_line_longer_than_what_is_read_at_once() -> None:
    long = json.dumps(case(id="long", identity_policies=[document(allow(Sid="x" * 1_000_000))])).encode()
    pipe = Pipe(CASES[0] + long + b"\n" + CASES[1], [])
    assert decide_stream(pipe, pipe.taken.append) == 0
    assert [json.loads(answer) for answer in b"".join(pipe.taken).splitlines()] == [
        VERDICTS[0],
        {"id": "long", "decision": "allowed"},
        VERDICTS[1],
    ]


def shuffled(given: Json) -> list[Json]:
    """The case with its members in other orders."""
    names = list(given)
    return [
        {name: given[name] for name in order} for order in (names[::-1], names[1:] + names[:1], sorted(names))
    ]


def test_the_order_of_members_does_not_count() -> None:
    for line, expected in zip(CASES, VERDICTS, strict=True):
        for other in shuffled(json.loads(line)):
            assert verdict(other) == expected
            assert verdict(json.dumps(other, indent=1).replace("\n", " ").encode()) == expected


@given(st.text(max_size=20))
def test_documents_named_inside_a_value_part_nothing(text: str) -> None:
    tricky = f'{text}, "identity_policies": [], "scps": [[]]}}'
    request = REQUEST | {"context": {"aws:username": tricky, "identity_policies": "x"}}
    alone = document(allow(Condition={"StringEquals": {"aws:username": tricky.replace("$", "${$}")}}))
    decider = Decider()
    for _ in range(2):
        line = json.dumps(case(id=tricky, request=request, identity_policies=[alone])).encode()
        assert json.loads(decider.verdict(line)) == {"id": tricky, "decision": "allowed"}


def test_repeated_members_of_a_case_never_mix_up() -> None:
    first = json.dumps(case())
    decider = Decider()
    plain = json.loads(decider.verdict(first.encode()))
    twice = first[:-1] + ', "id": "two"}'
    assert json.loads(decider.verdict(twice.encode()))["decision"] == plain["decision"]


def test_what_is_remembered_is_bounded() -> None:
    decider = Decider(kept=20_000)
    held = []
    for number in range(2_000):
        own = [document(allow(Sid=f"S{number}"))]
        given = case(id=str(number), identity_policies=own, scps=[[document(allow())]])
        assert json.loads(decider.verdict(json.dumps(given).encode()))["decision"] == "allowed"
        held.append(decider.remembered())
    assert max(held[500:]) <= max(held[:500])


def test_tails_that_look_alike_are_told_apart() -> None:
    # Only some of the bytes of a tail are hashed; these differ in one that is not, for some place or other.
    decider = Decider()
    for _ in range(2):
        for place in range(100):
            sid = "x" * place + "y" + "x" * (99 - place)
            statements = [allow("s3:*", Sid=sid) if place % 2 else deny("s3:*", Sid=sid)]
            effects = {"Allow": "allowed", "Deny": "explicit_deny"}
            given = case(id=sid, identity_policies=[document(allow(), *statements)])
            line = json.dumps(given).encode().replace(b'"Deny"', b'"Deny" ')
            expected = effects[str(statements[0]["Effect"])]
            assert json.loads(decider.verdict(line)) == {"id": sid, "decision": expected}
