"""SSH public keys of users, as CodeCommit takes them."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)
from msgspec.structs import replace

from passrole.services.iam import lookup, paging, quotas
from passrole.services.iam.errors import NoSuchEntity
from passrole.services.iam.lookup import Owner, find, moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.credentials import SSH_KEY_OF, SshKey
from passrole.state.entities import User
from passrole.values.errors import ServiceError

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_PREFIX: Final = "APKA"
_LEAST_BITS: Final = 2048


class InvalidPublicKey(ServiceError):
    """A public key that is malformed or too short."""

    code, status = "InvalidPublicKey", 400


class DuplicateSSHPublicKey(ServiceError):
    """A public key that the user has already."""

    code, status = "DuplicateSSHPublicKey", 400


@operation("iam:UploadSSHPublicKey")
def upload_key(call: ServiceCall, given: shapes.UploadSSHPublicKeyRequest) -> Output:
    """Adds an RSA key of at least 2,048 bits, ssh-rsa or PEM.

    Raises NoSuchEntity, InvalidPublicKey, DuplicateSSHPublicKey or LimitExceeded.
    """
    user = find(call, User, given["UserName"])
    owner = Owner(user.id, user)
    body = given["SSHPublicKeyBody"].strip()
    openssh = _openssh(body)
    held = _keys(call, owner)
    if any(key.openssh == openssh for key in held):
        # Assumed wording: no recording found.
        raise DuplicateSSHPublicKey("The SSH public key is already associated with the user.")
    quotas.within("SSHPublicKeysPerUser", len(held) + 1)
    key = SshKey(
        account=call.account,
        id=call.ids.unique(_PREFIX, call.account),
        user_id=user.id,
        body=body,
        openssh=openssh,
        fingerprint=_fingerprint(openssh),
        uploaded=moment(call),
    )
    call.directory.put(key)
    return {"SSHPublicKey": _view(key, owner, key.body)}


@operation("iam:GetSSHPublicKey")
def get_key(call: ServiceCall, given: shapes.GetSSHPublicKeyRequest) -> Output:
    """A key in the encoding asked for: SSH (ssh-rsa) or PEM. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    owner = Owner(user.id, user)
    key = _key(call, owner, given["SSHPublicKeyId"])
    return {"SSHPublicKey": _view(key, owner, key.openssh if given["Encoding"] == "SSH" else _pem(key))}


@operation("iam:ListSSHPublicKeys")
def list_keys(call: ServiceCall, given: shapes.ListSSHPublicKeysRequest) -> Output:
    """A user's keys. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    found, cut = paging.page_of(_keys(call, owner), given.get("Marker"), given.get("MaxItems"))
    keys: list[shapes.SSHPublicKeyMetadata] = [
        {
            "UserName": owner.name,
            "SSHPublicKeyId": key.id,
            "Status": _status(key),
            "UploadDate": key.uploaded,
        }
        for key in found
    ]
    return {"SSHPublicKeys": keys, **cut}


@operation("iam:UpdateSSHPublicKey")
def update_key(call: ServiceCall, given: shapes.UpdateSSHPublicKeyRequest) -> Output:
    """Turns a key on or off. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    key = _key(call, Owner(user.id, user), given["SSHPublicKeyId"])
    call.directory.put(replace(key, active=given["Status"] == "Active"))
    return {}


@operation("iam:DeleteSSHPublicKey")
def delete_key(call: ServiceCall, given: shapes.DeleteSSHPublicKeyRequest) -> Output:
    """Removes a key. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    call.directory.delete(_key(call, Owner(user.id, user), given["SSHPublicKeyId"]))
    return {}


def _openssh(body: str) -> str:
    """``ssh-rsa AAAA…`` without a comment. Raises InvalidPublicKey."""
    try:
        load = load_ssh_public_key if body.startswith("ssh-") else load_pem_public_key
        key = load(body.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidPublicKey("The public key is malformed.") from None  # assumed wording
    if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_BITS:
        raise InvalidPublicKey("The public key must be an RSA key of at least 2048 bits.")  # assumed wording
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _pem(key: SshKey) -> str:
    loaded = load_ssh_public_key(key.openssh.encode())
    return loaded.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _fingerprint(openssh: str) -> str:
    blob = base64.b64decode(openssh.split()[1])
    return hashlib.md5(blob, usedforsecurity=False).digest().hex(":")


def _keys(call: ServiceCall, owner: Owner) -> list[SshKey]:
    return [key for key in call.directory.referring(SSH_KEY_OF, owner.id) if isinstance(key, SshKey)]


def _key(call: ServiceCall, owner: Owner, id: str) -> SshKey:
    for key in _keys(call, owner):
        if key.id == id:
            return key
    raise NoSuchEntity(f"The Public Key with id {id} cannot be found.")


def _status(key: SshKey) -> str:
    return "Active" if key.active else "Inactive"


def _view(key: SshKey, owner: Owner, body: str) -> shapes.SSHPublicKey:
    return {
        "UserName": owner.name,
        "SSHPublicKeyId": key.id,
        "Fingerprint": key.fingerprint,
        "SSHPublicKeyBody": body,
        "Status": _status(key),
        "UploadDate": key.uploaded,
    }
