"""userIdentity of every kind. The key sets are those of recorded events and AWS's documented samples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from passrole.state.entities import Session
from passrole.state.records.identity import (
    Identity,
    federated_identity,
    foreign_identity,
    identity_of,
    service_identity,
)
from passrole.values.principal import Principal, PrincipalKind

ACCOUNT = "111122223333"
ISSUED = datetime(2023, 7, 10, 12, 6, 41, tzinfo=UTC)
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/app/alice"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/app/Web"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/Web/i-0123"

USER = Principal.parse(USER_ARN, id="AIDA1")
ROOT = Principal.parse(f"arn:aws:iam::{ACCOUNT}:root")
ON_ROLE = Principal.parse(SESSION_ARN, role_arn=ROLE_ARN, id="AROA1:i-0123")
FEDERATED = Principal(
    PrincipalKind.FEDERATED_USER,
    f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
    ACCOUNT,
    f"{ACCOUNT}:bob",
    issuer_arn=USER_ARN,
    issuer_id="AIDA1",
)
ISSUER = {
    "type": "Role",
    "principalId": "AROA1",
    "arn": ROLE_ARN,
    "accountId": ACCOUNT,
    "userName": "Web",
}


def session(sort: str = "role", **more: object) -> Session:
    given = {
        "account": ACCOUNT,
        "id": "ASIA1",
        "secret": "s",
        "token": "t",
        "sort": sort,
        "arn": SESSION_ARN,
        "principal_id": "AROA1:i-0123",
        "issued": ISSUED,
        "expires": ISSUED,
    }
    return Session(**(given | more))  # type: ignore[arg-type]  # a test's keywords, checked by the tests


def attributes(mfa: str = "false") -> dict[str, str]:
    return {"creationDate": "2023-07-10T12:06:41Z", "mfaAuthenticated": mfa}


def shown(identity: Identity) -> Mapping[str, object]:
    found = json.loads(identity.user_identity)
    assert isinstance(found, dict)
    return found


def assumed(context: Mapping[str, object], **more: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "type": "AssumedRole",
        "principalId": "AROA1:i-0123",
        "arn": SESSION_ARN,
        "accountId": ACCOUNT,
        "accessKeyId": "ASIA1",
        "sessionContext": context,
    }
    return whole | more


CASES: list[tuple[str, Identity, Mapping[str, object], str]] = [
    (
        "a user's own key",
        identity_of(USER, "AKIA1"),
        {
            "type": "IAMUser",
            "principalId": "AIDA1",
            "arn": USER_ARN,
            "accountId": ACCOUNT,
            "accessKeyId": "AKIA1",
            "userName": "alice",
        },
        "alice",
    ),
    (
        "a user with GetSessionToken and MFA",
        identity_of(USER, "ASIA1", session("token", mfa_at=ISSUED)),
        {
            "type": "IAMUser",
            "principalId": "AIDA1",
            "arn": USER_ARN,
            "accountId": ACCOUNT,
            "accessKeyId": "ASIA1",
            "userName": "alice",
            "sessionContext": {
                "sessionIssuer": {},
                "webIdFederationData": {},
                "attributes": attributes("true"),
            },
        },
        "alice",
    ),
    (
        "a user whose credentials a service carries on",
        identity_of(USER, "AKIA1", invoked_by="cloudformation.amazonaws.com"),
        {
            "type": "IAMUser",
            "principalId": "AIDA1",
            "arn": USER_ARN,
            "accountId": ACCOUNT,
            "accessKeyId": "AKIA1",
            "userName": "alice",
            "invokedBy": "cloudformation.amazonaws.com",
        },
        "alice",
    ),
    (
        "a role session",
        identity_of(ON_ROLE, "ASIA1", session()),
        assumed({"sessionIssuer": ISSUER, "attributes": attributes()}),
        "i-0123",
    ),
    (
        "a role session with a source identity",
        identity_of(ON_ROLE, "ASIA1", session(source_identity="alice")),
        assumed({"sessionIssuer": ISSUER, "attributes": attributes(), "sourceIdentity": "alice"}),
        "i-0123",
    ),
    (
        "an instance's role",
        identity_of(ON_ROLE, "ASIA1", session(context={"ec2:RoleDelivery": "2.0"})),
        assumed({"sessionIssuer": ISSUER, "attributes": attributes(), "ec2RoleDelivery": "2.0"}),
        "i-0123",
    ),
    (
        "a role taken by web identity",
        identity_of(
            ON_ROLE,
            "ASIA1",
            session(
                provider="accounts.google.com",
                context={"accounts.google.com:aud": "app", "ec2:SourceInstanceARN": "x"},
            ),
        ),
        assumed(
            {
                "sessionIssuer": ISSUER,
                "webIdFederationData": {
                    "federatedProvider": "accounts.google.com",
                    "attributes": {"accounts.google.com:aud": "app"},
                },
                "attributes": attributes(),
            }
        ),
        "i-0123",
    ),
    (
        "a role taken by SAML",
        identity_of(ON_ROLE, "ASIA1", session(provider=f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp")),
        assumed({"sessionIssuer": ISSUER, "attributes": attributes()}),
        "i-0123",
    ),
    (
        "the root user",
        identity_of(ROOT, "AKIA1"),
        {
            "type": "Root",
            "principalId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "accountId": ACCOUNT,
            "accessKeyId": "AKIA1",
        },
        "root",
    ),
    (
        "the root user of an account with an alias",
        identity_of(ROOT, "AKIA1", alias="example-corp"),
        {
            "type": "Root",
            "principalId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "accountId": ACCOUNT,
            "accessKeyId": "AKIA1",
            "userName": "example-corp",
        },
        "root",
    ),
    (
        "AssumeRoot",
        identity_of(ROOT, "ASIA1", session("root")),
        {
            "type": "Root",
            "principalId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "accountId": ACCOUNT,
            "accessKeyId": "ASIA1",
            "sessionContext": {
                "sessionIssuer": {},
                "webIdFederationData": {},
                "attributes": attributes(),
                "assumedRoot": "true",
            },
        },
        "root",
    ),
    (
        "a federated user",
        identity_of(FEDERATED, "ASIA1", session("federated")),
        {
            "type": "FederatedUser",
            "principalId": f"{ACCOUNT}:bob",
            "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
            "accountId": ACCOUNT,
            "accessKeyId": "ASIA1",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "IAMUser",
                    "principalId": "AIDA1",
                    "arn": USER_ARN,
                    "accountId": ACCOUNT,
                    "userName": "alice",
                },
                "webIdFederationData": {},
                "attributes": attributes(),
            },
        },
        "bob",
    ),
    (
        "a service",
        service_identity("ec2.amazonaws.com"),
        {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
        "",
    ),
    (
        "a service principal",
        identity_of(Principal.parse("lambda.amazonaws.com")),
        {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"},
        "",
    ),
    (
        "a caller of another account",
        foreign_identity(USER),
        {"type": "AWSAccount", "principalId": "AIDA1", "accountId": ACCOUNT},
        "",
    ),
    (
        "nobody",
        identity_of(Principal.parse("*")),
        {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"},
        "",
    ),
    (
        "an unsigned caller with a web identity",
        federated_identity("WebIdentityUser", "accounts.google.com:app:42", "42", "accounts.google.com"),
        {
            "type": "WebIdentityUser",
            "principalId": "accounts.google.com:app:42",
            "userName": "42",
            "identityProvider": "accounts.google.com",
        },
        "42",
    ),
]


@pytest.mark.parametrize(
    ("identity", "expected", "username"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_prints_who_called(identity: Identity, expected: Mapping[str, object], username: str) -> None:
    assert shown(identity) == expected
    assert identity.username == username
    assert identity.access_key_id == expected.get("accessKeyId", "")


def test_a_role_that_a_service_uses_for_itself_shows_the_service_instead_of_a_key() -> None:
    identity = identity_of(ON_ROLE, "ASIA1", session(invoked_by="autoscaling.amazonaws.com"))
    expected = assumed(
        {"sessionIssuer": ISSUER, "attributes": attributes()}, invokedBy="autoscaling.amazonaws.com"
    )
    del expected["accessKeyId"]
    assert shown(identity) == expected
    assert identity.account == ACCOUNT
