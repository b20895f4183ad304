"""Server and signing certificates, SSH public keys: what only real keys can show."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from tests.services.world import ACCOUNT, World

EXPIRES = datetime(2027, 5, 6, 7, 8, 9, tzinfo=UTC)


@cache
def pair(number: int) -> tuple[str, str]:
    """A certificate and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"example-{number}.com")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(number)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(EXPIRES)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return certificate.public_bytes(Encoding.PEM).decode(), pem


@cache
def ssh_key(number: int, bits: int = 2048) -> rsa.RSAPublicKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()


def test_a_server_certificate_comes_back_without_its_key() -> None:
    world = World()
    body, key = pair(1)
    chain, _ = pair(2)
    given = {
        "ServerCertificateName": "Site",
        "Path": "/cloudfront/",
        "CertificateBody": body,
        "PrivateKey": key,
        "CertificateChain": chain,
        "Tags": [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}],
    }
    made = world.call("iam:UploadServerCertificate", given)["ServerCertificateMetadata"]
    assert isinstance(made, dict)
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:server-certificate/cloudfront/Site"
    assert made["ServerCertificateId"].startswith("ASCA")
    assert made["Expiration"] == EXPIRES
    found = world.call("iam:GetServerCertificate", {"ServerCertificateName": "Site"})
    assert found == {
        "ServerCertificate": {
            "ServerCertificateMetadata": made,
            "CertificateBody": body.strip(),
            "CertificateChain": chain.strip(),
            "Tags": [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "1"}],
        }
    }
    assert "PRIVATE" not in str(found)
    listed = world.call("iam:ListServerCertificates", {"PathPrefix": "/cloudfront/"})
    assert listed == {"ServerCertificateMetadataList": [made], "IsTruncated": False}
    assert world.call("iam:ListServerCertificates", {"PathPrefix": "/other/"}) == {
        "ServerCertificateMetadataList": [],
        "IsTruncated": False,
    }


def test_a_server_certificate_is_renamed_moved_and_deleted() -> None:
    world = World()
    body, key = pair(1)
    for name in ("Site", "Other"):
        world.call(
            "iam:UploadServerCertificate",
            {"ServerCertificateName": name, "CertificateBody": body, "PrivateKey": key},
        )
    taken = {"ServerCertificateName": "Site", "NewServerCertificateName": "OTHER"}
    assert world.refused("iam:UpdateServerCertificate", taken)[:2] == ("EntityAlreadyExists", 409)
    world.call(
        "iam:UpdateServerCertificate",
        {"ServerCertificateName": "Site", "NewServerCertificateName": "Front", "NewPath": "/x/"},
    )
    assert world.refused("iam:GetServerCertificate", {"ServerCertificateName": "Site"}) == (
        "NoSuchEntity",
        404,
        "The Server Certificate with name Site cannot be found.",
    )
    world.call(
        "iam:TagServerCertificate", {"ServerCertificateName": "Front", "Tags": [{"Key": "a", "Value": "b"}]}
    )
    assert world.call("iam:ListServerCertificateTags", {"ServerCertificateName": "Front"})["Tags"] == [
        {"Key": "a", "Value": "b"}
    ]
    world.call("iam:UntagServerCertificate", {"ServerCertificateName": "Front", "TagKeys": ["a"]})
    assert world.call("iam:ListServerCertificateTags", {"ServerCertificateName": "Front"})["Tags"] == []
    world.call("iam:DeleteServerCertificate", {"ServerCertificateName": "Front"})
    assert (
        world.refused("iam:DeleteServerCertificate", {"ServerCertificateName": "Front"})[0] == "NoSuchEntity"
    )


def test_a_key_must_be_its_certificates() -> None:
    world = World()
    (body, _), (_, other) = pair(1), pair(2)
    given = {"ServerCertificateName": "Site", "CertificateBody": body, "PrivateKey": other}
    assert world.refused("iam:UploadServerCertificate", given)[:2] == ("KeyPairMismatch", 400)
    for key in ("no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"):
        code, status, message = world.refused("iam:UploadServerCertificate", {**given, "PrivateKey": key})
        assert (code, status) == ("MalformedCertificate", 400)
        assert key not in message  # a key that is nearly right is still a secret
    bad = {**given, "CertificateBody": "no certificate"}
    assert world.refused("iam:UploadServerCertificate", bad)[0] == "MalformedCertificate"


def test_signing_certificates_of_a_user() -> None:
    world = World()
    world.call("iam:CreateUser", {"UserName": "alice"})
    body, _ = pair(1)
    upload = {"UserName": "alice", "CertificateBody": body}
    made = world.call("iam:UploadSigningCertificate", upload)["Certificate"]
    assert isinstance(made, dict)
    assert sorted(made) == ["CertificateBody", "CertificateId", "Status", "UploadDate", "UserName"]
    assert len(made["CertificateId"]) == 32
    assert world.refused("iam:UploadSigningCertificate", upload)[:2] == ("DuplicateCertificate", 409)
    assert world.refused("iam:UploadSigningCertificate", {**upload, "CertificateBody": "no"}) == (
        "MalformedCertificate",
        400,
        "Certificate no is malformed.",
    )
    world.call("iam:UploadSigningCertificate", {**upload, "CertificateBody": pair(2)[0]})
    third = {**upload, "CertificateBody": pair(3)[0]}
    assert world.refused("iam:UploadSigningCertificate", third) == (
        "LimitExceeded",
        409,
        "Cannot exceed quota for CertificatesPerUser: 2",
    )
    assert world.refused("iam:DeleteUser", {"UserName": "alice"})[0] == "DeleteConflict"
    which = {"UserName": "alice", "CertificateId": made["CertificateId"]}
    world.call("iam:UpdateSigningCertificate", {**which, "Status": "Inactive"})
    listed = world.call("iam:ListSigningCertificates", {"UserName": "alice"})["Certificates"]
    assert isinstance(listed, list)
    assert {one["CertificateId"]: one["Status"] for one in listed}[made["CertificateId"]] == "Inactive"
    world.call("iam:DeleteSigningCertificate", which)
    assert world.refused("iam:DeleteSigningCertificate", which) == (
        "NoSuchEntity",
        404,
        f"The Certificate with id {made['CertificateId']} cannot be found.",
    )


def test_ssh_keys_are_read_and_shown_in_both_encodings() -> None:
    world = World()
    world.call("iam:CreateUser", {"UserName": "alice"})
    key = ssh_key(1)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    ssh = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    upload = {"UserName": "alice", "SSHPublicKeyBody": f"{ssh} alice@laptop"}
    made = world.call("iam:UploadSSHPublicKey", upload)["SSHPublicKey"]
    assert isinstance(made, dict)
    digest = hashlib.md5(b64decode(ssh.split()[1]), usedforsecurity=False).hexdigest()
    assert made["Fingerprint"].replace(":", "") == digest
    assert made["SSHPublicKeyId"].startswith("APKA")
    which = {"UserName": "alice", "SSHPublicKeyId": made["SSHPublicKeyId"]}
    for encoding, body in (("SSH", ssh), ("PEM", pem)):
        found = world.call("iam:GetSSHPublicKey", {**which, "Encoding": encoding})["SSHPublicKey"]
        assert isinstance(found, dict)
        assert found["SSHPublicKeyBody"] == body
    # The same key in another form is the same key.
    again = {"UserName": "alice", "SSHPublicKeyBody": pem}
    assert world.refused("iam:UploadSSHPublicKey", again)[:2] == ("DuplicateSSHPublicKey", 400)
    world.call("iam:UpdateSSHPublicKey", {**which, "Status": "Inactive"})
    listed = world.call("iam:ListSSHPublicKeys", {"UserName": "alice"})["SSHPublicKeys"]
    assert isinstance(listed, list)
    assert [sorted(one) for one in listed] == [["SSHPublicKeyId", "Status", "UploadDate", "UserName"]]
    assert listed[0]["Status"] == "Inactive"
    world.call("iam:DeleteSSHPublicKey", which)
    assert world.refused("iam:GetSSHPublicKey", {**which, "Encoding": "SSH"})[0] == "NoSuchEntity"


def test_ssh_keys_that_are_not_taken() -> None:
    world = World()
    world.call("iam:CreateUser", {"UserName": "alice"})
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    bodies = [
        "ssh-rsa AAAA",
        "nonsense",
        edwards.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
        ssh_key(2, 1024).public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
    ]
    for body in bodies:
        given = {"UserName": "alice", "SSHPublicKeyBody": body}
        assert world.refused("iam:UploadSSHPublicKey", given)[:2] == ("InvalidPublicKey", 400)
