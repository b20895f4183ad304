"""What S3 answers where a signature, or the payload under it, does not hold.

Sources: S3 API Reference, "Error responses"; answers that public projects recorded.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Final

from passrole.values.errors import ServiceError
from passrole.wire.authfailure import AuthFailure, AuthKind

_MALFORMED: Final = ("AuthorizationHeaderMalformed", 400)
_PARAMETERS: Final = ("AuthorizationQueryParametersError", 400)
_DENIED: Final = ("AccessDenied", 403)

_CREDENTIAL_FORM: Final = (
    'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
)
_NOT_SIGNED: Final = "There were headers present in the request which were not signed"
_UNKNOWN_KEY: Final = "The AWS Access Key Id you provided does not exist in our records."

_Answer = tuple[tuple[str, int], str, Mapping[str, str]]

# kind: ((code, status), message, {element: detail}); a message and an element may name details.
_S3_ANSWERS: Final[Mapping[AuthKind, _Answer]] = {
    AuthKind.MISSING: (_DENIED, "Access Denied", {}),
    AuthKind.TWO_FORMS: (
        ("InvalidArgument", 400),
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
        "parameter or the Authorization header should be specified",
        {"ArgumentName": "Authorization"},
    ),
    AuthKind.HOST_NOT_SIGNED: (_DENIED, _NOT_SIGNED, {"HeadersNotSigned": "host"}),
    AuthKind.HEADERS_NOT_SIGNED: (_DENIED, _NOT_SIGNED, {"HeadersNotSigned": "{headers}"}),
    AuthKind.NOT_YET_CURRENT: (
        ("RequestTimeTooSkewed", 403),
        "The difference between the request time and the current time is too large.",
        {"RequestTime": "{timestamp}", "ServerTime": "{now}", "MaxAllowedSkewMilliseconds": "900000"},
    ),
    AuthKind.TIME_EXPIRED: (
        ("RequestTimeTooSkewed", 403),
        "The difference between the request time and the current time is too large.",
        {"RequestTime": "{timestamp}", "ServerTime": "{now}", "MaxAllowedSkewMilliseconds": "900000"},
    ),
    AuthKind.PRESIGN_NOT_YET: (_DENIED, "Request is not valid yet", {"ServerTime": "{now}"}),
    AuthKind.PRESIGN_EXPIRED: (
        _DENIED,
        "Request has expired",
        {"X-Amz-Expires": "{seconds}", "Expires": "{expires}", "ServerTime": "{now}"},
    ),
    AuthKind.OLD_HEADER: (
        ("InvalidArgument", 400),
        "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
        {"ArgumentName": "Authorization"},
    ),
    AuthKind.OLD_QUERY_PARTS: (
        _DENIED,
        "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        {},
    ),
    AuthKind.OLD_EXPIRES: (_DENIED, "Invalid date (should be seconds since epoch): {expires}", {}),
    AuthKind.OLD_PRESIGN_EXPIRED: (
        _DENIED,
        "Request has expired",
        {"Expires": "{expires}", "ServerTime": "{now}"},
    ),
    AuthKind.UNKNOWN_KEY: (
        ("InvalidAccessKeyId", 403),
        _UNKNOWN_KEY,
        {"AWSAccessKeyId": "{access_key_id}"},
    ),
    AuthKind.INACTIVE_KEY: (
        ("InvalidAccessKeyId", 403),
        _UNKNOWN_KEY,
        {"AWSAccessKeyId": "{access_key_id}"},
    ),
    AuthKind.BAD_TOKEN: (("InvalidAccessKeyId", 403), _UNKNOWN_KEY, {}),
    AuthKind.MALFORMED_TOKEN: (
        ("InvalidToken", 400),
        "The provided token is malformed or otherwise invalid.",
        {"Token-0": "{token}"},
    ),
    AuthKind.EXPIRED_TOKEN: (
        ("ExpiredToken", 400),
        "The provided token has expired.",
        {"Token-0": "{token}"},
    ),
    AuthKind.MISSING_CONTENT_SHA256: (
        ("InvalidRequest", 400),
        "Missing required header for this request: x-amz-content-sha256",
        {},
    ),
    AuthKind.BAD_CONTENT_SHA256: (
        ("InvalidArgument", 400),
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a "
        "valid sha256 value.",
        {"ArgumentName": "x-amz-content-sha256", "ArgumentValue": "{value}"},
    ),
    AuthKind.CONTENT_SHA256_MISMATCH: (
        ("XAmzContentSHA256Mismatch", 400),
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        {"ClientComputedContentSHA256": "{given}", "S3ComputedContentSHA256": "{computed}"},
    ),
    AuthKind.CHUNK_MISMATCH: (
        ("SignatureDoesNotMatch", 403),
        "The request signature we calculated does not match the signature you provided. Check your key and "
        "signing method.",
        {},
    ),
    AuthKind.BAD_CHUNKS: (
        ("IncompleteBody", 400),
        "The request body terminated unexpectedly",
        {},
    ),
    AuthKind.INCOMPLETE_BODY: (
        ("IncompleteBody", 400),
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
        {},
    ),
    AuthKind.SMALL_CHUNK: (
        ("InvalidChunkSizeError", 403),
        "Only the last chunk is allowed to have a size less than 8192 bytes",
        {"Chunk": "{chunk}", "BadChunkSize": "{size}"},
    ),
    AuthKind.MISSING_DECODED_LENGTH: (
        ("MissingContentLength", 411),
        "You must provide the Content-Length HTTP header.",
        {},
    ),
    AuthKind.BAD_TRAILER: (
        ("MalformedTrailerError", 400),
        "The request contained trailing data that was not well-formed or did not conform to our published "
        "schema.",
        {},
    ),
    AuthKind.INVALID_DIGEST: (
        ("InvalidDigest", 400),
        "The Content-MD5 you specified was invalid.",
        {"Content-MD5": "{value}"},
    ),
    AuthKind.MD5_MISMATCH: (
        ("BadDigest", 400),
        "The Content-MD5 you specified did not match what we received.",
        {"ExpectedDigest": "{given}", "CalculatedDigest": "{computed}"},
    ),
    AuthKind.INVALID_CHECKSUM: (("InvalidRequest", 400), "Value for {header} header is invalid.", {}),
    AuthKind.CHECKSUM_MISMATCH: (
        ("BadDigest", 400),
        "The {algorithm} you specified did not match the calculated checksum.",
        {},
    ),
}

_EXPIRES_TEXTS: Final[Mapping[str, str]] = {
    "number": "X-Amz-Expires should be a number",
    "negative": "X-Amz-Expires must be non-negative",
    "too-large": "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must "
    "be less than 604800 seconds",
}


def s3_error(failure: AuthFailure, *, presigned: bool) -> ServiceError:
    """What S3 answers to a signature or a payload that does not hold."""
    special = _S3_SPECIAL.get(failure.kind)
    (code, status), text, elements = special(failure, presigned) if special else _S3_ANSWERS[failure.kind]
    details = failure.details
    fields = {name: value.format_map(details) if not special else value for name, value in elements.items()}
    return ServiceError(
        text if special else text.format_map(details), code=code, status=status, fields=fields
    )


def _s3_scheme(failure: AuthFailure, presigned: bool) -> _Answer:
    if presigned:
        text = 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"'
        return _PARAMETERS, text, {}
    scheme = failure.details.get("scheme", "AWS")
    if scheme.startswith("AWS"):
        text = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        return ("InvalidRequest", 400), text, {}
    return ("InvalidArgument", 400), "Unsupported Authorization Type", {"ArgumentName": "Authorization"}


def _s3_parts(failure: AuthFailure, presigned: bool) -> _Answer:
    if failure.details["where"] == "query":
        return (
            _PARAMETERS,
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
            "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            {},
        )
    first = failure.details["parts"].split(",")[0]
    if first == "date":
        return _DENIED, "AWS authentication requires a valid Date or x-amz-date header", {}
    return _MALFORMED, f"The authorization header is malformed; missing {first}.", {}


def _s3_date(failure: AuthFailure, presigned: bool) -> _Answer:
    if presigned:
        return _PARAMETERS, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"", {}
    return _DENIED, "AWS authentication requires a valid Date or x-amz-date header", {}


def _s3_credential(failure: AuthFailure, presigned: bool) -> _Answer:
    if presigned:
        return _PARAMETERS, f"Error parsing the X-Amz-Credential parameter; {_CREDENTIAL_FORM}", {}
    return _MALFORMED, f"The authorization header is malformed; {_CREDENTIAL_FORM}", {}


def _s3_expires(failure: AuthFailure, presigned: bool) -> _Answer:
    return _PARAMETERS, _EXPIRES_TEXTS[failure.details["problem"]], {}


def _s3_scope(failure: AuthFailure, presigned: bool) -> _Answer:
    """Only the first thing that is wrong, the region before the service."""
    details = failure.details
    fields: dict[str, str] = {}
    if "region" in details:
        problem = f'the region "{details["region"]}" is wrong; expecting "{details["expected_region"]}"'
        fields = {"Region": details["expected_region"]}
    elif "service" in details:
        problem = f'incorrect service "{details["service"]}". This endpoint belongs to "s3".'
    elif "terminator" in details:
        problem = f'incorrect terminal "{details["terminator"]}". This endpoint uses "aws4_request".'
    else:
        problem = (
            f'Invalid credential date "{details["date"]}". This date is not the same as X-Amz-Date: '
            f'"{details["timestamp"][:8]}".'
        )
    if presigned:
        return _PARAMETERS, f"Error parsing the X-Amz-Credential parameter; {problem}", fields
    return _MALFORMED, f"The authorization header is malformed; {problem}", fields


def _s3_mismatch(failure: AuthFailure, presigned: bool) -> _Answer:
    details = failure.details
    text = (
        "The request signature we calculated does not match the signature you provided. Check your key and "
        "signing method."
    )
    fields = {
        "AWSAccessKeyId": details["access_key_id"],
        "StringToSign": details["string_to_sign"],
        "SignatureProvided": details["signature"],
        "StringToSignBytes": _spaced_hex(details["string_to_sign"]),
    }
    if "canonical_request" in details:  # of version 4
        fields["CanonicalRequest"] = details["canonical_request"]
        fields["CanonicalRequestBytes"] = _spaced_hex(details["canonical_request"])
    return ("SignatureDoesNotMatch", 403), text, fields


def _spaced_hex(text: str) -> str:
    return text.encode().hex(" ")


_S3_SPECIAL: Final[Mapping[AuthKind, Callable[[AuthFailure, bool], _Answer]]] = {
    AuthKind.UNSUPPORTED_SCHEME: _s3_scheme,
    AuthKind.BAD_ALGORITHM: _s3_scheme,
    AuthKind.MISSING_PARTS: _s3_parts,
    AuthKind.BAD_DATE: _s3_date,
    AuthKind.BAD_CREDENTIAL: _s3_credential,
    AuthKind.BAD_EXPIRES: _s3_expires,
    AuthKind.SCOPE: _s3_scope,
    AuthKind.MISMATCH: _s3_mismatch,
}


def host_id(request_id: str) -> str:
    """What S3 sends beside a request id: 76 characters that only its operators can read."""
    return b64encode(hashlib.sha512(request_id.encode()).digest()[:57]).decode()
