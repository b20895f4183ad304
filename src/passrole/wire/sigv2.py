"""S3's older signatures, of version 2: boto3 makes presigned URLs of them unless it is told otherwise.

The order of the checks and who holds a key are as with version 4, see ``sigv4``; regions have no part in it.
Sources: S3 User Guide, "Signing and authenticating REST requests (AWS signature version 2)".
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote

from passrole.wire.authfailure import AuthFailure, AuthKind
from passrole.wire.canonical import query_parameters
from passrole.wire.request import Credential, RawRequest, Signature
from passrole.wire.restroute import routes

VERSION: Final = "AWS"  # how the scheme and the condition key s3:signatureversion name it
REGION: Final = "us-east-1"  # the scope that these signatures do not have; the bucket has its own
_SCHEME: Final = f"{VERSION} "
_PARTS: Final = ("Signature", "Expires", "AWSAccessKeyId")
_WINDOW: Final = timedelta(minutes=15)
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_AMZ: Final = "x-amz-"

# Parameters of the query that are signed: they choose what of a bucket or an object is meant, or a header of
# the answer.
_SIGNED: Final = frozenset(
    (
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "defaultObjectAcl",
        "delete",
        "encryption",
        "inventory",
        "legal-hold",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "partNumber",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "restore",
        "retention",
        "select",
        "select-type",
        "storageClass",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    )
)


def is_older(raw: RawRequest) -> bool:
    """Does the request carry such a signature, or a part of one?"""
    if "Signature=" in raw.query and "X-Amz-Signature=" not in raw.query:
        return any(part in query_parameters(raw.query) for part in _PARTS[::2])
    return (raw.header("authorization") or "").startswith(_SCHEME)


def parse(raw: RawRequest) -> Signature:
    """The signature of a request that ``is_older``, not verified. Raises AuthFailure."""
    authorization = raw.header("authorization")
    given = query_parameters(raw.query)
    if "Signature" not in given and "AWSAccessKeyId" not in given:
        key, colon, signature = (authorization or "").removeprefix(_SCHEME).strip().partition(":")
        if not colon or not key or not signature:
            raise AuthFailure(AuthKind.OLD_HEADER)
        date = raw.header("x-amz-date") or raw.header("date")
        return _signature(key, signature, _moment(date), None, raw.header(f"{_AMZ}security-token"))
    if authorization is not None:
        raise AuthFailure(AuthKind.TWO_FORMS)
    if not all(given.get(part) for part in _PARTS):
        raise AuthFailure(AuthKind.OLD_QUERY_PARTS)
    if not _SECONDS.fullmatch(given["Expires"]):
        raise AuthFailure(AuthKind.OLD_EXPIRES, {"expires": given["Expires"]})
    token = _values(raw, given).get(f"{_AMZ}security-token")
    return _signature(given["AWSAccessKeyId"], given["Signature"], None, int(given["Expires"]), token)


def _signature(
    key: str, signature: str, at: datetime | None, expires: int | None, token: str | None
) -> Signature:
    timestamp = "" if at is None else at.strftime("%Y%m%dT%H%M%SZ")
    credential = Credential(key, timestamp[:8], REGION, "s3", VERSION)
    return Signature(credential, (), signature, timestamp, at is None, expires, token)


def _moment(text: str | None) -> datetime:
    try:
        found = parsedate_to_datetime(text or "")
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise AuthFailure(AuthKind.BAD_DATE, {"date": text or ""}) from None


def verify(raw: RawRequest, signature: Signature, secret: str, paths: Iterable[str]) -> None:
    """Raises AuthFailure unless the request is what the holder of the secret signed.

    paths are those that the client may have signed: as it stands in the request, and with the bucket in front
    where the host names it.
    """
    given = signature.signature.encode()
    first = ""
    for path in paths:
        to_sign = string_to_sign(raw, signature, path)
        made = b64encode(hmac.digest(secret.encode(), to_sign.encode(), "sha1"))
        if hmac.compare_digest(made, given):
            return
        first = first or to_sign
    raise AuthFailure(
        AuthKind.MISMATCH,
        {
            "access_key_id": signature.credential.access_key_id,
            "signature": signature.signature,
            "string_to_sign": first,
        },
    )


def string_to_sign(raw: RawRequest, signature: Signature, path: str) -> str:
    """The text that is signed; a presigned URL has headers among its parameters."""
    values = _values(raw, query_parameters(raw.query) if signature.presigned else {})
    date = values.get("date", "")
    if signature.presigned:
        date = str(signature.expires)
    elif f"{_AMZ}date" in values:
        date = ""
    own = "".join(f"{name}:{values[name]}\n" for name in sorted(values) if name.startswith(_AMZ))
    head = (raw.method, values.get("content-md5", ""), values.get("content-type", ""), date)
    return "\n".join((*head, f"{own}{path or '/'}{_subresources(raw.query)}"))


def _values(raw: RawRequest, parameters: Mapping[str, str]) -> dict[str, str]:
    """The headers by name, those of one name joined, and what stands for a header in the query."""
    found = {
        name.lower(): value
        for name, value in parameters.items()
        if name.lower().startswith(_AMZ) or name.lower() in ("content-md5", "content-type")
    }
    seen: dict[str, list[str]] = {}
    for name, value in raw.headers:
        seen.setdefault(name, []).append(" ".join(value.split()))
    return found | {name: ",".join(values) for name, values in seen.items()}


def _subresources(query: str) -> str:
    return ("?" if (found := "&".join(_signed(query))) else "") + found


def _signed(query: str) -> Iterator[str]:
    # Newer subresources are no part of these signatures: they are counted in, so that a URL which was signed
    # without one cannot be made to ask for it.
    signed = _SIGNED | routes("s3").subresources
    for name, equals, value in sorted(pair.partition("=") for pair in query.split("&")):
        if name in signed:
            yield f"{name}={unquote(value)}" if equals and value else name


def check_time(signature: Signature, now: datetime) -> None:
    """Raises AuthFailure for a URL that has expired, or a date that is more than 15 minutes off."""
    moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    if signature.expires is not None:
        if now.timestamp() > signature.expires:
            until = datetime.fromtimestamp(signature.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            raise AuthFailure(AuthKind.OLD_PRESIGN_EXPIRED, {"expires": until, "now": moment})
        return
    at = datetime.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if not now - _WINDOW <= at <= now + _WINDOW:
        raise AuthFailure(AuthKind.TIME_EXPIRED, {"timestamp": signature.timestamp, "now": moment})
