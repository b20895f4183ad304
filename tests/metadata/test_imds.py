"""The instance metadata service: its protocol, and what it tells of an instance.

Source: EC2 User Guide, "How Instance Metadata Service Version 2 works", "Instance metadata categories".
"""

from __future__ import annotations

import json

import pytest
from tests.metadata.estate import ACCOUNT, START, Estate, instance

from passrole.metadata.imds import SessionTokens
from passrole.services.instances import MetadataOptions


@pytest.fixture
def estate() -> Estate:
    estate = Estate()
    estate.launch(instance())
    return estate


@pytest.mark.parametrize("seconds", ["1", "21600"])
def test_a_token_is_given_for_up_to_six_hours(estate: Estate, seconds: str) -> None:
    response = estate.ask("/latest/api/token", "PUT", x_aws_ec2_metadata_token_ttl_seconds=seconds)
    assert response.status == 200
    assert ("x-aws-ec2-metadata-token-ttl-seconds", seconds) in response.headers
    assert len(response.body) == 56


@pytest.mark.parametrize("seconds", ["0", "21601", "-1", "1.5", "", "ten", "١"])
def test_a_token_for_another_time_is_a_bad_request(estate: Estate, seconds: str) -> None:
    response = estate.ask("/latest/api/token", "PUT", x_aws_ec2_metadata_token_ttl_seconds=seconds)
    assert response.status == 400


def test_a_token_without_a_time_is_a_bad_request(estate: Estate) -> None:
    assert estate.ask("/latest/api/token", "PUT").status == 400


def test_no_token_is_given_through_a_proxy_or_below_a_dated_version(estate: Estate) -> None:
    ttl = {"x_aws_ec2_metadata_token_ttl_seconds": "60"}
    assert estate.ask("/latest/api/token", "PUT", x_forwarded_for="10.0.0.1", **ttl).status == 403
    assert estate.ask("/2021-03-23/api/token", "PUT", **ttl).status == 403
    assert estate.ask("/latest/meta-data/", "PUT", **ttl).status == 405
    assert estate.ask("/latest/api/token").status == 405


def test_a_token_opens_until_it_expires(estate: Estate) -> None:
    token = estate.token(60)
    estate.clock.advance(seconds=59)
    response = estate.ask("/latest/meta-data/instance-id", x_aws_ec2_metadata_token=token)
    assert (response.status, response.body) == (200, b"i-0a")
    assert ("x-aws-ec2-metadata-token-ttl-seconds", "1") in response.headers
    estate.clock.advance(seconds=1)
    assert estate.ask("/latest/meta-data/instance-id", x_aws_ec2_metadata_token=token).status == 401


@pytest.mark.parametrize("token", ["", "x", "AAAA", "é", "A" * 56, "A" * 10_000])
def test_a_bad_token_is_refused_although_none_is_needed(estate: Estate, token: str) -> None:
    assert estate.ask("/latest/meta-data/instance-id").status == 200
    assert estate.ask("/latest/meta-data/instance-id", x_aws_ec2_metadata_token=token).status == 401


def test_a_token_is_good_for_its_instance_only(estate: Estate) -> None:
    estate.launch(instance(id="i-0b"))
    token = estate.token()
    assert estate.ask("/latest/meta-data/", id="i-0b", x_aws_ec2_metadata_token=token).status == 401


def test_a_token_is_sealed() -> None:
    tokens, others = SessionTokens(), SessionTokens()
    token = tokens.issue("i-0a", 60, START)
    assert tokens.seconds_left(token, "i-0a", START) == 60
    assert others.seconds_left(token, "i-0a", START) == 0
    changed = ("B" if token[0] == "A" else "A") + token[1:]
    assert tokens.seconds_left(changed, "i-0a", START) == 0


def test_version_1_ends_where_tokens_are_required(estate: Estate) -> None:
    estate.launch(instance(options=MetadataOptions(tokens_required=True)))
    assert estate.ask("/latest/meta-data/").status == 401
    assert estate.ask("/latest/meta-data/", x_aws_ec2_metadata_token=estate.token()).status == 200


def test_a_service_that_is_switched_off_forbids_everything(estate: Estate) -> None:
    estate.launch(instance(options=MetadataOptions(endpoint=False)))
    assert estate.ask("/latest/meta-data/").status == 403
    ttl = {"x_aws_ec2_metadata_token_ttl_seconds": "60"}
    assert estate.ask("/latest/api/token", "PUT", **ttl).status == 403


def test_metadata_are_read_with_get_and_head(estate: Estate) -> None:
    assert estate.ask("/latest/meta-data/", "HEAD").status == 200
    assert estate.ask("/latest/meta-data/", "POST").status == 405
    assert estate.ask("/latest/meta-data/", "DELETE").status == 405


def test_an_instance_that_does_not_run_has_no_metadata(estate: Estate) -> None:
    unknown = estate.ask("/latest/meta-data/", id="i-404")
    assert (unknown.status, unknown.body) == (404, b"there is no instance 'i-404' here")
    estate.launch(instance(state="stopped"))
    stopped = estate.ask("/latest/meta-data/")
    assert (stopped.status, stopped.body) == (404, b"instance i-0a is stopped")


def test_a_web_page_reads_nothing(estate: Estate) -> None:
    assert estate.ask("/latest/meta-data/", origin="http://example.com").status == 403


def test_directories_list_what_is_in_them(estate: Estate) -> None:
    assert estate.text("/").splitlines()[-1] == "latest"
    assert estate.text("/latest/") == "dynamic\nmeta-data"
    assert estate.text("/latest/meta-data/").splitlines() == [
        *("ami-id", "ami-launch-index", "ami-manifest-path", "events/", "hostname", "instance-action"),
        *("instance-id", "instance-life-cycle", "instance-type", "local-hostname", "local-ipv4", "mac"),
        *("network/", "placement/", "profile", "reservation-id", "security-groups", "services/"),
    ]
    assert estate.text("/latest/meta-data") == estate.text("/latest/meta-data/")
    assert estate.text("/latest/meta-data/placement/") == "availability-zone\nregion"
    assert estate.text("/latest/meta-data/network/interfaces/macs/") == "02:00:00:00:00:07/"
    assert estate.text("/latest/dynamic/instance-identity/") == "document"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ami-id", "ami-12c6146b"),
        ("hostname", "ip-10-0-0-7.eu-west-1.compute.internal"),
        ("instance-type", "t3.micro"),
        ("local-ipv4", "10.0.0.7"),
        ("placement/availability-zone", "eu-west-1a"),
        ("placement/region", "eu-west-1"),
        ("security-groups", "default"),
        ("services/domain", "amazonaws.com"),
        ("network/interfaces/macs/02:00:00:00:00:07/vpc-id", "vpc-1"),
        ("network/interfaces/macs/02%3A00%3A00%3A00%3A00%3A07/subnet-id", "subnet-1"),
    ],
)
def test_categories_tell_of_the_instance(estate: Estate, path: str, text: str) -> None:
    assert estate.text(f"/latest/meta-data/{path}") == text
    assert estate.text(f"/2021-03-23/meta-data/{path}") == text


@pytest.mark.parametrize(
    "path",
    [
        "/2021-03-24/meta-data/",
        "/latest/meta-data/public-ipv4",
        "/latest/meta-data/instance-id/more",
        "/latest/meta-data/iam/",
        "/latest/meta-data/iam/info",
        "/latest/meta-data/iam/security-credentials/",
        "/latest/meta-data/iam/security-credentials-extended/",
        "/latest/meta-data/tags/instance/",
        "/latest/user-data",
        "/latest/meta-data/../meta-data/ami-id",
    ],
)
def test_what_is_not_there_is_not_found(estate: Estate, path: str) -> None:
    assert estate.ask(path).status == 404


def test_optional_categories_are_there_when_the_instance_has_them(estate: Estate) -> None:
    estate.launch(
        instance(
            public_ip="198.51.100.7",
            user_data=b"\x1f\x8b\x00#!",
            key_name="ops",
            public_key="ssh-ed25519 AAAA\n",
            spot=True,
            tags={"Name": "web", "cost center": "7"},
            options=MetadataOptions(tags=True),
        )
    )
    assert estate.text("/latest/") == "dynamic\nmeta-data\nuser-data"
    assert estate.ask("/latest/user-data").body == b"\x1f\x8b\x00#!"
    assert estate.text("/latest/meta-data/public-ipv4") == "198.51.100.7"
    assert estate.text("/latest/meta-data/instance-life-cycle") == "spot"
    assert estate.text("/latest/meta-data/public-keys/") == "0=ops"
    assert estate.text("/latest/meta-data/public-keys/0/") == "openssh-key"
    assert estate.text("/latest/meta-data/public-keys/0/openssh-key") == "ssh-ed25519 AAAA ops"
    assert estate.text("/latest/meta-data/tags/instance/") == "Name\ncost center"
    assert estate.text("/latest/meta-data/tags/instance/cost%20center") == "7"


def test_tags_stay_inside_unless_they_are_asked_for(estate: Estate) -> None:
    estate.launch(instance(tags={"Name": "web"}))
    assert estate.ask("/latest/meta-data/tags/instance/Name").status == 404


def test_the_identity_document_names_account_and_place(estate: Estate) -> None:
    text = estate.text("/latest/dynamic/instance-identity/document")
    assert f'"accountId" : "{ACCOUNT}",\n' in text
    assert json.loads(text) == {
        "accountId": ACCOUNT,
        "architecture": "x86_64",
        "availabilityZone": "eu-west-1a",
        "billingProducts": None,
        "devpayProductCodes": None,
        "marketplaceProductCodes": None,
        "imageId": "ami-12c6146b",
        "instanceId": "i-0a",
        "instanceType": "t3.micro",
        "kernelId": None,
        "pendingTime": "2026-01-02T03:04:05Z",
        "privateIp": "10.0.0.7",
        "ramdiskId": None,
        "region": "eu-west-1",
        "version": "2017-09-30",
    }
