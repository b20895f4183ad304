"""The role's credentials on an instance, as profile, role and trust policy change under it.

Source: EC2 User Guide, "IAM roles for Amazon EC2"; IAM User Guide, "Troubleshoot IAM and Amazon EC2".
"""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest
from tests.metadata.estate import ACCOUNT, Estate, instance, trust

from passrole.metadata.paths import IMDS
from passrole.state.entities import InstanceProfile, Role, Session
from passrole.state.sessions import end_sessions
from passrole.wire.request import RawRequest

IAM = "/latest/meta-data/iam/"
WEB = f"{IAM}security-credentials/Web"


@pytest.fixture
def estate() -> Estate:
    estate = Estate()
    estate.launch(instance(), estate.profile("Servers", "AIPA1", estate.role("Web", "AROA1")))
    return estate


def read(estate: Estate, path: str = WEB, **headers: str) -> dict[str, str]:
    document: dict[str, str] = json.loads(estate.text(path, **headers))
    return document


def session(estate: Estate, document: dict[str, str]) -> Session:
    found = estate.directory.by_id(Session, document["AccessKeyId"])
    assert found is not None
    return found


def test_the_subtree_names_profile_and_role(estate: Estate) -> None:
    assert estate.text(IAM) == "info\nsecurity-credentials/"
    assert read(estate, f"{IAM}info") == {
        "Code": "Success",
        "LastUpdated": "2026-01-02T03:04:05Z",
        "InstanceProfileArn": f"arn:aws:iam::{ACCOUNT}:instance-profile/Servers",
        "InstanceProfileId": "AIPA1",
    }
    assert estate.text(f"{IAM}security-credentials/") == "Web"
    assert estate.ask(f"{IAM}security-credentials/web").status == 404
    assert estate.ask(f"{IAM}security-credentials/Servers").status == 404
    assert estate.assumes.asked == []  # nothing is assumed before it is asked for


def test_credentials_come_in_awss_form(estate: Estate) -> None:
    text = estate.text(WEB)
    held = session(estate, json.loads(text))
    assert text == (
        "{\n"
        '  "Code" : "Success",\n'
        '  "LastUpdated" : "2026-01-02T03:04:05Z",\n'
        '  "Type" : "AWS-HMAC",\n'
        f'  "AccessKeyId" : "{held.id}",\n'
        f'  "SecretAccessKey" : "{held.secret}",\n'
        f'  "Token" : "{held.token}",\n'
        '  "Expiration" : "2026-01-02T09:04:05Z"\n'
        "}"
    )
    assert held.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/Web/i-0a"
    assert held.principal_id == "AROA1:i-0a"


def test_credentials_carry_the_instance_and_the_way_they_were_delivered(estate: Estate) -> None:
    first = session(estate, read(estate))
    second = session(estate, read(estate, x_aws_ec2_metadata_token=estate.token()))
    assert first.context == {
        "ec2:SourceInstanceARN": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0a",
        "ec2:RoleDelivery": "1.0",
        "aws:Ec2InstanceSourceVpc": "vpc-1",
        "aws:Ec2InstanceSourcePrivateIPv4": "10.0.0.7",
    }
    assert second.context == {**first.context, "ec2:RoleDelivery": "2.0"}
    assert first.id != second.id


def test_credentials_are_renewed_when_less_than_15_minutes_are_left(estate: Estate) -> None:
    first = read(estate)
    estate.clock.advance(hours=5, minutes=45)
    assert read(estate) == first
    estate.clock.advance(seconds=1)
    second = read(estate)
    assert second["AccessKeyId"] != first["AccessKeyId"]
    assert second["Expiration"] == "2026-01-02T14:49:06Z"
    assert session(estate, first).expires > estate.clock.now()  # the old ones hold on to their end
    assert read(estate) == second


def test_those_who_ask_at_once_get_the_same_credentials(estate: Estate) -> None:
    raw = RawRequest("GET", f"{IMDS}/i-0a{WEB}", "", (("host", "localhost"),), b"")

    async def ask_together() -> set[bytes]:
        answers = await asyncio.gather(*(estate.imds.answer(raw) for _ in range(8)))
        return {answer.body for answer in answers}

    assert len(asyncio.run(ask_together())) == 1
    assert estate.assumes.asked == ["Web"]


def test_each_instance_has_its_own(estate: Estate) -> None:
    profile = estate.directory.get(InstanceProfile, ACCOUNT, "Servers")
    estate.launch(instance(id="i-0b"), profile)
    other = json.loads(estate.ask(WEB, id="i-0b").body)
    assert other["AccessKeyId"] != read(estate)["AccessKeyId"]
    assert session(estate, other).arn.endswith("/i-0b")


def test_a_trust_policy_without_ec2_gives_the_error_document_until_it_is_mended(estate: Estate) -> None:
    role = estate.role("Web", "AROA1", service="rds.amazonaws.com")
    document = read(estate)
    assert document["Code"] == "AssumeRoleUnauthorizedAccess"
    assert document["Message"].startswith("EC2 cannot assume the role Web.")
    assert document["LastUpdated"] == "2026-01-02T03:04:05Z"
    assert "AccessKeyId" not in document
    assert estate.text(f"{IAM}security-credentials/") == "Web"
    assert list(estate.directory.everywhere(Session)) == []
    estate.directory.put(msgspec.structs.replace(role, trust=trust("ec2.amazonaws.com")))
    assert read(estate)["Code"] == "Success"


def test_a_trust_policy_that_turns_away_later_ends_at_the_next_renewal(estate: Estate) -> None:
    first = read(estate)
    estate.role("Web", "AROA1", service="rds.amazonaws.com")
    assert read(estate) == first
    estate.clock.advance(hours=5, minutes=46)
    assert read(estate)["Code"] == "AssumeRoleUnauthorizedAccess"


def test_an_emptied_profile_has_no_role(estate: Estate) -> None:
    estate.profile("Servers", "AIPA1", None)
    assert estate.text(IAM) == "info"
    document = read(estate, f"{IAM}info")
    assert document["Code"] == "Success"
    assert document["Message"].startswith("Instance Profile does not contain a role")
    assert estate.ask(f"{IAM}security-credentials/").status == 404


def test_another_role_in_the_profile_is_the_instances_role(estate: Estate) -> None:
    first = read(estate)
    estate.profile("Servers", "AIPA1", estate.role("Batch", "AROA2"))
    assert estate.text(f"{IAM}security-credentials/") == "Batch"
    assert estate.ask(WEB).status == 404
    second = read(estate, f"{IAM}security-credentials/Batch")
    assert session(estate, second).role_id == "AROA2"
    assert session(estate, first).role_id == "AROA1"


def test_a_deleted_profile_is_not_found_although_one_of_its_name_follows(estate: Estate) -> None:
    profile = estate.directory.get(InstanceProfile, ACCOUNT, "Servers")
    assert profile is not None
    estate.directory.delete(profile)
    estate.profile("Servers", "AIPA2", estate.directory.get(Role, ACCOUNT, "Web"))
    assert read(estate, f"{IAM}info")["Code"] == "InstanceProfileNotFound"
    assert estate.ask(f"{IAM}security-credentials/").status == 404


def test_a_role_recreated_under_its_name_gets_new_credentials(estate: Estate) -> None:
    first = read(estate)
    old = estate.directory.get(Role, ACCOUNT, "Web")
    assert old is not None
    estate.directory.delete(old)
    estate.profile("Servers", "AIPA1", estate.role("Web", "AROA9"))
    assert read(estate)["AccessKeyId"] != first["AccessKeyId"]


def test_credentials_end_with_the_instance(estate: Estate) -> None:
    document = read(estate)
    read(estate, x_aws_ec2_metadata_token=estate.token())
    end_sessions(estate.directory, instance().arn)
    assert estate.directory.by_id(Session, document["AccessKeyId"]) is None
    assert list(estate.directory.everywhere(Session)) == []
