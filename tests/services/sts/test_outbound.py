"""GetWebIdentityToken: what is signed is what the published keys prove."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.services.world import ACCOUNT, START, World

from passrole.state import outbound
from passrole.state.entities import Role
from passrole.state.sessions import issue_session
from passrole.values import jwt
from passrole.values.errors import ServiceError

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)

ASKED: dict[str, object] = {"Audience": ["https://service.example"], "SigningAlgorithm": "RS256"}


def enabled() -> tuple[World, str]:
    world = World()
    issuer = world.call("iam:EnableOutboundWebIdentityFederation")["IssuerIdentifier"]
    return world, str(issuer)


@pytest.mark.parametrize("algorithm", outbound.ALGORITHMS)
def test_a_token_is_proven_by_the_issuers_keys(algorithm: str) -> None:
    world, issuer = enabled()
    given = {**ASKED, "SigningAlgorithm": algorithm, "Tags": [{"Key": "team", "Value": "red"}]}
    answer = world.call("sts:GetWebIdentityToken", given)
    assert answer["Expiration"] == START + timedelta(minutes=5)
    token = jwt.read(str(answer["WebIdentityToken"]))
    assert issuer.startswith("http://127.0.0.1:4747/_passrole/oidc/")
    settings = outbound.settings_of(
        world.directory, issuer.removeprefix(f"http://127.0.0.1:4747{outbound.PREFIX}")
    )
    assert settings is not None
    jwt.verify(token, outbound.key_set(settings))
    assert token.claims["iss"] == issuer == outbound.discovery(issuer)["issuer"]
    assert token.claims["aud"] == "https://service.example"
    assert token.claims["sub"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert token.claims["exp"] == int((START + timedelta(minutes=5)).timestamp())
    about = token.claims["https://sts.amazonaws.com/"]
    assert isinstance(about, dict)
    assert (about["aws_account"], about["request_tags"]) == (ACCOUNT, {"team": "red"})


def test_published_keys_are_public() -> None:
    world, issuer = enabled()
    for algorithm in outbound.ALGORITHMS:
        world.call("sts:GetWebIdentityToken", {**ASKED, "SigningAlgorithm": algorithm})
    settings = outbound.settings_of(world.directory, issuer.rsplit("/", 1)[-1])
    assert settings is not None
    keys = outbound.key_set(settings)["keys"]
    assert isinstance(keys, list)
    assert [sorted(key) for key in keys] == [
        ["alg", "e", "kid", "kty", "n", "use"],
        ["alg", "crv", "kid", "kty", "use", "x", "y"],
    ]


def test_accounts_have_issuers_and_keys_of_their_own() -> None:
    world, issuer = enabled()
    other = world.account("222233334444")
    theirs = world.call("iam:EnableOutboundWebIdentityFederation", key=other)["IssuerIdentifier"]
    assert theirs != issuer
    token = jwt.read(str(world.call("sts:GetWebIdentityToken", ASKED)["WebIdentityToken"]))
    world.call("sts:GetWebIdentityToken", ASKED, key=other)
    settings = outbound.settings_of(world.directory, str(theirs).rsplit("/", 1)[-1])
    assert settings is not None
    with pytest.raises(jwt.BadToken):
        jwt.verify(token, outbound.key_set(settings))


def test_it_must_be_enabled() -> None:
    world, _ = enabled()
    world.call("iam:DisableOutboundWebIdentityFederation")
    assert world.refused("sts:GetWebIdentityToken", ASKED)[:2] == (
        "OutboundWebIdentityFederationDisabledException",
        403,
    )


def test_a_token_does_not_outlive_the_session_that_asks() -> None:
    world, _ = enabled()
    made = world.call("iam:CreateRole", {"RoleName": "Web", "AssumeRolePolicyDocument": TRUST})["Role"]
    assert isinstance(made, dict)
    role = world.directory.by_id(Role, made["RoleId"])
    assert role is not None
    short = issue_session(world.directory, world.ids, now=world.now, role=role, name="s", seconds=900)
    world.directory.commit()
    with pytest.raises(ServiceError) as caught:
        world.call("sts:GetWebIdentityToken", {**ASKED, "DurationSeconds": 901}, key=short.id)
    assert (caught.value.code, caught.value.status) == ("SessionDurationEscalationException", 403)
    answer = world.call("sts:GetWebIdentityToken", {**ASKED, "DurationSeconds": 900}, key=short.id)
    assert answer["Expiration"] == short.expires
    token = jwt.read(str(answer["WebIdentityToken"]))
    assert token.claims["sub"] == f"arn:aws:iam::{ACCOUNT}:role/Web"
