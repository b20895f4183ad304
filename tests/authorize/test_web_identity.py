"""AssumeRoleWithWebIdentity: who is let in by which token, up to the permit."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from tests.authorize.issuer import Issuer, Key
from tests.services.world import ACCOUNT, World

from passrole.authorize import federation, key_sets
from passrole.authorize.call import Call, NoFacts
from passrole.passing.permit import Judging, permit
from passrole.state.secret import message_key
from passrole.values.errors import ServiceError

ROLE = f"arn:aws:iam::{ACCOUNT}:role/Web"


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    # A port is soon another issuer's, whose keys must not be taken for this one's.
    monkeypatch.setattr(key_sets.KEY_SETS, "_kept", OrderedDict())
    with Issuer() as one:
        yield one


def trust(issuer: Issuer, **statement: object) -> str:
    host = issuer.url.removeprefix("http://")
    base = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{host}:aud": "app"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [{**base, **statement}]})


def world(issuer: Issuer, document: str = "") -> World:
    """An account with a role Web that trusts the issuer's tokens for app."""
    found = World(now=datetime.now(UTC))
    found.call("iam:CreateOpenIDConnectProvider", {"Url": issuer.url, "ClientIDList": ["app"]})
    found.call("iam:CreateRole", {"RoleName": "Web", "AssumeRolePolicyDocument": document or trust(issuer)})
    return found


def assume(world: World, token: str, **given: object) -> Mapping[str, object]:
    """As the gateway does it: fetch, prove, judge, handle. Raises ServiceError."""
    asked = {"RoleArn": ROLE, "RoleSessionName": "s1", "WebIdentityToken": token, **given}
    caller = world.caller("anonymous")
    call = Call(
        raw=world.raw(),
        body=b"",
        service="sts",
        operation="AssumeRoleWithWebIdentity",
        protocol="query",
        input=asked,
        caller=caller,
        account="",
        region="us-east-1",
        now=world.now,
        request_id="r",
    )
    asyncio.run(federation.prepare(call, world.directory))
    call = federation.identified(call, world.directory)
    permit(call, Judging(world.directory, NoFacts(), message_key(world.directory)))
    return world.call("sts:AssumeRoleWithWebIdentity", asked, key="anonymous")


def refusal(world: World, token: str, **given: object) -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        assume(world, token, **given)
    return caught.value.code, caught.value.message


def test_a_good_token_takes_the_role(issuer: Issuer) -> None:
    place = world(issuer)
    answer = assume(place, issuer.token({}))
    host = issuer.url.removeprefix("http://")
    assert answer["SubjectFromWebIdentityToken"] == "alice"
    assert answer["Audience"] == "app"
    assert answer["Provider"] == f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    credentials = answer["Credentials"]
    assert isinstance(credentials, dict)
    caller = place.caller(credentials["AccessKeyId"])
    assert caller.session is not None
    assert caller.principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/Web/s1"
    assert dict(caller.session.context) == {f"{host}:aud": "app", f"{host}:sub": "alice"}
    assert caller.session.provider == answer["Provider"]


def test_keys_are_kept_and_fetched_again_when_the_issuer_changes_them(issuer: Issuer) -> None:
    place = world(issuer)
    assume(place, issuer.token({}))
    assume(place, issuer.token({"sub": "bob"}))
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    issuer.keys = [Key("two")]
    # At once it is taken for a forgery: nobody makes the endpoint ask for each of his tokens.
    assert refusal(place, issuer.token({}))[0] == "InvalidIdentityToken"
    place.advance(seconds=6)
    assume(place, issuer.token({}))
    assert len(issuer.asked) == 4
    place.advance(minutes=9)
    assume(place, issuer.token({}))
    assert len(issuer.asked) == 4
    place.advance(minutes=2)
    assert refusal(place, issuer.token({}))[0] == "ExpiredTokenException"  # asked for all the same
    assert len(issuer.asked) == 6


def test_a_token_that_another_key_signed_is_refused(issuer: Issuer) -> None:
    forger = Key("one")  # it claims the good key's id
    code, _ = refusal(world(issuer), issuer.token({}, key=forger))
    assert code == "InvalidIdentityToken"


def forged(token: str, header: Mapping[str, object], signature: str = "") -> str:
    _, claims, old = token.split(".")
    text = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{text}.{claims}.{signature or old}"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS999", ""])
def test_a_token_without_a_public_key_signature_is_refused(issuer: Issuer, algorithm: str) -> None:
    place, token = world(issuer), issuer.token({})
    assert refusal(place, forged(token, {"alg": algorithm, "kid": "one"}))[0] == "InvalidIdentityToken"
    assert refusal(place, f"{forged(token, {'alg': algorithm})[: token.rindex('.')]}.")[0] == (
        "InvalidIdentityToken"
    )


def test_changed_claims_are_refused(issuer: Issuer) -> None:
    place = world(issuer)
    header, claims, signature = issuer.token({}).split(".")
    whole = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**whole, "sub": "root"}).encode()).decode().rstrip("=")
    assert refusal(place, f"{header}.{changed}.{signature}")[0] == "InvalidIdentityToken"


@pytest.mark.parametrize(
    ("claims", "code", "message"),
    [
        ({"aud": "other"}, "InvalidIdentityToken", "Incorrect token audience"),
        ({"aud": None}, "InvalidIdentityToken", "Incorrect token audience"),
        ({"exp": 1_000_000_000}, "ExpiredTokenException", "Token expired: "),
        ({"exp": None}, "InvalidIdentityToken", ""),
        ({"exp": "soon"}, "InvalidIdentityToken", ""),
        ({"iat": None}, "InvalidIdentityToken", ""),
        ({"iat": 4_000_000_000, "exp": 4_000_000_600}, "InvalidIdentityToken", ""),
        ({"nbf": 4_000_000_000}, "InvalidIdentityToken", ""),
        ({"sub": None}, "InvalidIdentityToken", ""),
        ({"sub": ""}, "InvalidIdentityToken", ""),
    ],
    ids=str,
)
def test_claims_that_do_not_hold(
    issuer: Issuer, claims: Mapping[str, object], code: str, message: str
) -> None:
    found = refusal(world(issuer), issuer.token(claims))
    assert found[0] == code
    assert message in found[1]


@pytest.mark.parametrize("token", ["x" * 20, "a.b.c.d" * 3, "....", "e30.e30.e30", "é.é.é" * 4])
def test_what_is_no_token(issuer: Issuer, token: str) -> None:
    code, message = refusal(world(issuer), token)
    assert code == "InvalidIdentityToken"
    assert message == (
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
    )


def test_an_issuer_that_the_account_does_not_know_is_never_asked(issuer: Issuer) -> None:
    place = World(now=datetime.now(UTC))
    with Issuer() as known:
        place = world(known)
        code, message = refusal(place, issuer.token({}))
    assert (code, message) == (
        "InvalidIdentityToken",
        f"No OpenIDConnect provider found in your account for {issuer.url}",
    )
    assert issuer.asked == []
    assert known.asked == []


def test_the_trust_policy_decides_in_the_end(issuer: Issuer) -> None:
    host = issuer.url.removeprefix("http://")
    for condition in ({"StringEquals": {f"{host}:sub": "bob"}}, {"StringLike": {f"{host}:aud": "b*"}}):
        code, message = refusal(world(issuer, trust(issuer, Condition=condition)), issuer.token({}))
        assert (code, message) == (
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        )
    other = trust(issuer, Principal={"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/example.com"})
    assert refusal(world(issuer, other), issuer.token({}))[0] == "AccessDenied"
    place = world(issuer)
    assert refusal(place, issuer.token({}), RoleArn=f"{ROLE}2")[0] == "AccessDenied"


def test_tags_and_source_identity_need_their_own_permission(issuer: Issuer) -> None:
    claims = {
        "https://aws.amazon.com/tags": {
            "principal_tags": {"Team": ["red"]},
            "transitive_tag_keys": ["Team"],
        },
        "https://aws.amazon.com/source_identity": "Alice",
    }
    place = world(issuer)
    assert refusal(place, issuer.token(claims)) == (
        "AccessDenied",
        "Not authorized to perform sts:TagSession",
    )
    actions = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
    place.call(
        "iam:UpdateAssumeRolePolicy",
        {"RoleName": "Web", "PolicyDocument": trust(issuer, Action=actions)},
    )
    assert refusal(place, issuer.token(claims))[1] == "Not authorized to perform sts:SetSourceIdentity"
    document = trust(
        issuer,
        Action=[*actions, "sts:SetSourceIdentity"],
        Condition={
            "StringEquals": {"aws:RequestTag/Team": "red", "sts:SourceIdentity": "Alice"},
            "ForAllValues:StringEquals": {"sts:TransitiveTagKeys": ["Team"], "aws:TagKeys": ["Team"]},
        },
    )
    place.call("iam:UpdateAssumeRolePolicy", {"RoleName": "Web", "PolicyDocument": document})
    answer = assume(place, issuer.token(claims))
    assert answer["SourceIdentity"] == "Alice"
    credentials = answer["Credentials"]
    assert isinstance(credentials, dict)
    session = place.caller(credentials["AccessKeyId"]).session
    assert session is not None
    assert (session.tags, session.transitive, session.source_identity) == (
        (("Team", "red"),),
        ("Team",),
        "Alice",
    )


@pytest.mark.parametrize(
    "tags",
    [
        "text",
        {"principal_tags": {"Team": ["a", "b"]}},
        {"principal_tags": ["Team"]},
        {"principal_tags": {"Team": ["a"]}, "transitive_tag_keys": ["Other"]},
    ],
    ids=str,
)
def test_malformed_session_tags(issuer: Issuer, tags: object) -> None:
    assert refusal(world(issuer), issuer.token({"https://aws.amazon.com/tags": tags}))[0] == (
        "InvalidIdentityToken"
    )


def test_an_issuer_that_is_not_what_it_says(issuer: Issuer) -> None:
    issuer.discovery = {"issuer": "https://accounts.google.com"}
    assert refusal(world(issuer), issuer.token({}))[0] == "IDPCommunicationError"


@pytest.mark.parametrize(
    "place",
    ["http://example.com/keys", "file:///etc/passwd", "ftp://127.0.0.1/keys", 7, "http://[", ""],
    ids=str,
)
def test_keys_are_read_from_https_or_this_machine_only(issuer: Issuer, place: object) -> None:
    issuer.discovery = {"jwks_uri": place}
    assert refusal(world(issuer), issuer.token({}))[0] == "IDPCommunicationError"


def test_an_issuer_elsewhere_cannot_have_this_machine_asked() -> None:
    with pytest.raises(key_sets.KeysUnavailable, match="to itself"):
        key_sets.check_place("https://issuer.example", "http://127.0.0.1:1/keys")


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys"])
def test_redirects_are_not_followed(issuer: Issuer, path: str) -> None:
    issuer.redirects = {path: f"{issuer.url}/elsewhere"}
    assert refusal(world(issuer), issuer.token({}))[0] == "IDPCommunicationError"
    assert "/elsewhere" not in issuer.asked


def test_a_key_set_that_is_too_large_is_refused(issuer: Issuer) -> None:
    issuer.padding = 300_000
    assert refusal(world(issuer), issuer.token({}))[0] == "IDPCommunicationError"


def test_an_issuer_that_never_ends_is_given_up(issuer: Issuer) -> None:
    issuer.drip = 0.05  # some hundreds of bytes: half a minute
    place, token = world(issuer), issuer.token({})
    begun = time.monotonic()
    assert refusal(place, token)[0] == "IDPCommunicationError"
    assert time.monotonic() - begun < 6
    # The failure is remembered for a moment only.
    issuer.drip = 0.0
    assert refusal(place, token)[0] == "IDPCommunicationError"
    place.now += timedelta(seconds=6)
    assume(place, token)


def test_an_issuer_that_is_not_there() -> None:
    with Issuer() as gone:
        pass
    place = world(gone)
    code, message = refusal(place, gone.token({}))
    assert code == "IDPCommunicationError"
    assert message.startswith("Couldn't retrieve verification key from your identity provider")
