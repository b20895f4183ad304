"""SAML providers with real metadata and private keys."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.authorize.identity_provider import usual
from tests.services.world import ACCOUNT, START, World

ARN = f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"


def private_key() -> str:
    return usual().key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def made(**more: object) -> World:
    world = World()
    given = {"Name": "idp", "SAMLMetadataDocument": usual().metadata(), **more}
    assert world.call("iam:CreateSAMLProvider", given)["SAMLProviderArn"] == ARN
    return world


def test_a_provider_is_read_back() -> None:
    world = made(Tags=[{"Key": "a", "Value": "b"}])
    found = world.call("iam:GetSAMLProvider", {"SAMLProviderArn": ARN})
    assert found["SAMLMetadataDocument"] == usual().metadata()
    assert found["CreateDate"] == START
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    listed = world.call("iam:ListSAMLProviders")["SAMLProviderList"]
    assert isinstance(listed, list)
    assert [row["Arn"] for row in listed] == [ARN]
    again = {"Name": "IDP", "SAMLMetadataDocument": usual().metadata()}
    assert world.refused("iam:CreateSAMLProvider", again)[:2] == ("EntityAlreadyExists", 409)


def test_metadata_may_be_replaced() -> None:
    world = made()
    other = usual().metadata("https://other.example/saml")
    assert world.call("iam:UpdateSAMLProvider", {"SAMLProviderArn": ARN, "SAMLMetadataDocument": other}) == {
        "SAMLProviderArn": ARN
    }
    assert world.call("iam:GetSAMLProvider", {"SAMLProviderArn": ARN})["SAMLMetadataDocument"] == other
    broken = {"SAMLProviderArn": ARN, "SAMLMetadataDocument": "<a>" + "x" * 1000}
    assert world.refused("iam:UpdateSAMLProvider", broken)[0] == "InvalidInput"


def test_private_keys_are_listed_by_id_and_never_shown() -> None:
    world = made(AssertionEncryptionMode="Allowed", AddPrivateKey=private_key())
    found = world.call("iam:GetSAMLProvider", {"SAMLProviderArn": ARN})
    assert found["AssertionEncryptionMode"] == "Allowed"
    assert "PRIVATE" not in str(found)
    keys = found["PrivateKeyList"]
    assert isinstance(keys, list)
    assert [sorted(key) for key in keys] == [["KeyId", "Timestamp"]]
    update = {"SAMLProviderArn": ARN, "RemovePrivateKey": keys[0]["KeyId"]}
    world.call("iam:UpdateSAMLProvider", update)
    assert world.call("iam:GetSAMLProvider", {"SAMLProviderArn": ARN}).get("PrivateKeyList", []) == []
    assert (
        world.refused("iam:UpdateSAMLProvider", {"SAMLProviderArn": ARN, "AddPrivateKey": "no key"})[1] == 400
    )


def test_a_provider_is_deleted() -> None:
    world = made()
    world.call("iam:DeleteSAMLProvider", {"SAMLProviderArn": ARN})
    assert world.refused("iam:GetSAMLProvider", {"SAMLProviderArn": ARN})[0] == "NoSuchEntity"
