"""Digest files: which log files were delivered, their hashes, and a signature that chains to the one before.

Source: CloudTrail User Guide, "CloudTrail digest file structure", "Custom implementations of CloudTrail log
file integrity validation".
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from passrole.services.workloads.trails.files import folder
from passrole.state.trails import DigestChain, DigestKey, LogFile, TrailDefinition

_KEPT: Final = timedelta(days=365 * 5)
_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest file, ready to be put. metadata is the object's; chain is how its successor goes on."""

    key: str
    body: bytes
    metadata: dict[str, str]
    chain: DigestChain


def new_key(region: str, now: datetime) -> DigestKey:
    """A key pair of the region. Takes a tenth of a second or more: work for a thread."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    public = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return DigestKey(
        region=region,
        private=pem.decode(),
        public=public,
        fingerprint=hashlib.md5(public, usedforsecurity=False).hexdigest(),
        start=now.replace(microsecond=0) - timedelta(hours=1),
        end=now.replace(microsecond=0) + _KEPT,
    )


def digest(
    trail: TrailDefinition,
    organization: str,
    chain: DigestChain,
    files: Sequence[LogFile],
    key: DigestKey,
    now: datetime,
) -> Digest:
    """The digest of what was delivered for the chain since its last one. Work for a thread."""
    # Two digests of one second would have one name.
    end = max(now.replace(microsecond=0), chain.since + timedelta(seconds=1))
    account, region = chain.account, chain.region
    name = f"{account}_CloudTrail-Digest_{region}_{trail.name}_{trail.region}_{end:%Y%m%dT%H%M%SZ}.json.gz"
    place = f"{folder(trail, organization, account, 'CloudTrail-Digest', region, end)}/{name}"
    previous = bool(chain.object)
    text = orjson.dumps(
        {
            "awsAccountId": account,
            "digestStartTime": _iso(chain.since),
            "digestEndTime": _iso(end),
            "digestS3Bucket": trail.bucket,
            "digestS3Object": place,
            "digestPublicKeyFingerprint": key.fingerprint,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": _iso(max((file.newest for file in files), default=None)),
            "oldestEventTime": _iso(min((file.oldest for file in files), default=None)),
            "previousDigestS3Bucket": chain.bucket or None,
            "previousDigestS3Object": chain.object or None,
            "previousDigestHashValue": chain.hash or None,
            "previousDigestHashAlgorithm": "SHA-256" if previous else None,
            "previousDigestSignature": chain.signature or None,
            "logFiles": [
                {
                    "s3Bucket": file.bucket,
                    "s3Object": file.object,
                    "hashValue": file.hash,
                    "hashAlgorithm": "SHA-256",
                    "newestEventTime": _iso(file.newest),
                    "oldestEventTime": _iso(file.oldest),
                }
                for file in files
            ],
        }
    )
    hashed = hashlib.sha256(text).hexdigest()
    signed = "\n".join((_iso(end) or "", f"{trail.bucket}/{place}", hashed, chain.signature or "null"))
    signature = _sign(key, signed.encode())
    return Digest(
        key=place,
        body=gzip.compress(text),
        metadata={"signature": signature, "signature-algorithm": "SHA256withRSA"},
        chain=DigestChain(
            account=account,
            trail=chain.trail,
            region=region,
            since=end,
            bucket=trail.bucket,
            object=place,
            hash=hashed,
            signature=signature,
        ),
    )


def _sign(key: DigestKey, text: bytes) -> str:
    private = serialization.load_pem_private_key(key.private.encode(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError(f"the digest key of {key.region} is no RSA key")
    return private.sign(text, padding.PKCS1v15(), hashes.SHA256()).hex()


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")
