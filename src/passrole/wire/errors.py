"""AWS's code, status and message for every way that a request can fail before a service sees it.

Sources: the "Common Errors" pages of the IAM, RDS and EC2 API References; IAM User Guide, "Troubleshoot
Signature Version 4"; answers that public projects recorded. Services differ by protocol; S3 is in
``s3errors``.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Final, Literal

from passrole.values.errors import ServiceError
from passrole.wire import services
from passrole.wire.authfailure import AuthFailure, AuthKind
from passrole.wire.s3errors import s3_error
from passrole.wire.scalars import BadInput

Family = Literal["query", "ec2", "json", "rest-json", "s3"]


class DispatchError(ServiceError):
    """A request that no operation was found for.

    The query protocol answers it in the namespace of AWSFault instead of the service's.
    """


def family(protocol: str, service: str) -> Family:
    """How a service words the errors of its front end.

    CloudFront and Route 53 speak rest-xml but answer with the codes and the envelope of query
    services; S3 Control has S3's codes in that envelope.
    """
    match protocol:
        case "query" | "ec2" | "rest-json":
            return protocol
        case "rest-xml":
            return "s3" if services.is_s3(service) else "query"
    return "json"


# --- Signatures, outside S3 -------------------------------------------------------------------

_Class = Literal["missing", "incomplete", "signature", "stale", "client", "expired"]

_CODES: Final[Mapping[Family, Mapping[_Class, tuple[str, int]]]] = {
    "query": {
        "missing": ("MissingAuthenticationToken", 403),
        "incomplete": ("IncompleteSignature", 400),
        "signature": ("SignatureDoesNotMatch", 403),
        "stale": ("SignatureDoesNotMatch", 403),
        "client": ("InvalidClientTokenId", 403),
        "expired": ("ExpiredToken", 403),
    },
    "ec2": {
        "missing": ("MissingParameter", 400),
        "incomplete": ("AuthFailure", 401),
        "signature": ("AuthFailure", 401),
        "stale": ("RequestExpired", 400),
        "client": ("AuthFailure", 401),
        "expired": ("RequestExpired", 400),
    },
    "json": {
        "missing": ("MissingAuthenticationTokenException", 400),
        "incomplete": ("IncompleteSignatureException", 400),
        "signature": ("InvalidSignatureException", 400),
        "stale": ("InvalidSignatureException", 400),
        "client": ("UnrecognizedClientException", 400),
        "expired": ("ExpiredTokenException", 400),
    },
    "rest-json": {
        "missing": ("MissingAuthenticationTokenException", 403),
        "incomplete": ("IncompleteSignatureException", 403),
        "signature": ("InvalidSignatureException", 403),
        "stale": ("InvalidSignatureException", 403),
        "client": ("UnrecognizedClientException", 403),
        "expired": ("ExpiredTokenException", 403),
    },
}

# EC2 says the same of every key, signature and scope that it does not like.
_EC2_TEXTS: Final[Mapping[_Class, str]] = {
    "missing": "The request must contain the parameter AWSAccessKeyId",
    "incomplete": "AWS was not able to validate the provided access credentials",
    "signature": "AWS was not able to validate the provided access credentials",
    "stale": "Request has expired.",
    "client": "AWS was not able to validate the provided access credentials",
    "expired": "Request has expired.",
}

_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)
_NO_TOKEN: Final = "Request is missing Authentication Token"
_BAD_TOKEN: Final = "The security token included in the request is invalid."

_TEXTS: Final[Mapping[AuthKind, tuple[_Class, str]]] = {
    AuthKind.MISSING: ("missing", _NO_TOKEN),
    AuthKind.UNSUPPORTED_SCHEME: ("missing", _NO_TOKEN),
    AuthKind.TWO_FORMS: (
        "signature",
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    ),
    AuthKind.BAD_ALGORITHM: (
        "incomplete",
        "Unsupported AWS 'algorithm': '{algorithm}' (only AWS4-HMAC-SHA256 for now). ",
    ),
    AuthKind.BAD_DATE: (
        "incomplete",
        "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601",
    ),
    AuthKind.BAD_CREDENTIAL: (
        "incomplete",
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
        "got '{credential}'",
    ),
    AuthKind.BAD_EXPIRES: (
        "incomplete",
        "AWS query-string parameters must include 'X-Amz-Expires'. Re-examine the query-string parameters.",
    ),
    AuthKind.HOST_NOT_SIGNED: (
        "signature",
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    AuthKind.NOT_YET_CURRENT: (
        "stale",
        "Signature not yet current: {timestamp} is still later than {limit} ({now} + {minutes} min.)",
    ),
    AuthKind.TIME_EXPIRED: (
        "stale",
        "Signature expired: {timestamp} is now earlier than {limit} ({now} - {minutes} min.)",
    ),
    AuthKind.UNKNOWN_KEY: ("client", _BAD_TOKEN),
    AuthKind.INACTIVE_KEY: ("client", _BAD_TOKEN),
    AuthKind.BAD_TOKEN: ("client", _BAD_TOKEN),
    AuthKind.MALFORMED_TOKEN: ("client", _BAD_TOKEN),
    AuthKind.EXPIRED_TOKEN: ("expired", "The security token included in the request is expired"),
    AuthKind.MISMATCH: ("signature", _MISMATCH),
}


def auth_error(failure: AuthFailure, *, protocol: str, service: str, presigned: bool = False) -> ServiceError:
    """What a service answers to a request that could not be authenticated.

    service is botocore's name. presigned chooses S3's wording for a signature in the query.
    """
    kind = family(protocol, service)
    if kind == "s3":
        return s3_error(failure, presigned=presigned)
    group: _Class
    if failure.kind is AuthKind.MISSING_PARTS:
        group, text = "incomplete", _missing_parts(failure.details)
    elif failure.kind is AuthKind.SCOPE:
        group, text = "signature", _wrong_scope(failure.details)
    else:
        group, template = _TEXTS.get(failure.kind, ("signature", _MISMATCH))
        text = template.format_map(failure.details)
    code, status = _CODES[kind][group]
    if kind == "ec2":
        text = _EC2_TEXTS[group]
    elif kind == "rest-json" and group == "missing":
        text = "Missing Authentication Token"
    return ServiceError(text, code=code, status=status)


def _missing_parts(details: Mapping[str, str]) -> str:
    parts = details["parts"].split(",")
    if details["where"] == "query":
        listed = "".join(f"AWS query-string parameters must include '{part}'. " for part in parts)
        return f"{listed}Re-examine the query-string parameters."
    listed = "".join(
        f"Authorization header requires '{part}' parameter. "
        if part != "date"
        else "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        for part in parts
    )
    digest = b64encode(hashlib.sha256(details["authorization"].encode()).digest()).decode()
    return f"{listed}(Hashed with SHA-256 and encoded with Base64) Authorization={digest}"


def _wrong_scope(details: Mapping[str, str]) -> str:
    text = ""
    if "region" in details:
        text += "Credential should be scoped to a valid region. "
    if "service" in details:
        text += f"Credential should be scoped to correct service: '{details['expected_service']}'. "
    if "terminator" in details:
        text += (
            "Credential should be scoped with a valid terminator: 'aws4_request', "
            f"not '{details['terminator']}'. "
        )
    if "date" in details:
        text += (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{details['date']}' != '{details['timestamp'][:8]}', from '{details['timestamp']}'."
        )
    return text


# --- Operations and input ---------------------------------------------------------------------


def unknown_operation(protocol: str, service: str, *, action: str = "", version: str = "") -> DispatchError:
    """What is answered to an operation that no model knows, once the signature holds."""
    match family(protocol, service):
        case "query":
            text = f"Could not find operation {action} for version {version or 'NO_VERSION_SPECIFIED'}"
            return DispatchError(text, code="InvalidAction", status=400)
        case "ec2":
            text = f"The action {action} is not valid for this web service."
            return DispatchError(text, code="InvalidAction", status=400)
        case "rest-json":
            text = "Unable to determine service/operation name to be authorized"
            return DispatchError(text, code="AccessDeniedException", status=403)
        case "s3":
            text = "The specified method is not allowed against this resource."
            return DispatchError(text, code="MethodNotAllowed", status=405)
    return DispatchError("", code="UnknownOperationException", status=400)


def missing_action(protocol: str, service: str) -> DispatchError:
    """What is answered to a query request without an ``Action``."""
    if family(protocol, service) == "ec2":
        text = "The request must contain the parameter Action"
        return DispatchError(text, code="MissingParameter", status=400)
    return DispatchError("Missing Action", code="MissingAction", status=400)


def bad_input(protocol: str, service: str, problem: BadInput) -> ServiceError:
    """What is answered to input that cannot be read: broken JSON, XML or CBOR, a text for a number."""
    match family(protocol, service):
        case "query":
            return ServiceError(problem.text, code="MalformedInput", status=400)
        case "ec2":
            return ServiceError(problem.text, code="InvalidParameterValue", status=400)
        case "s3" if problem.argument:
            text = f"Provided {problem.argument} not an integer or within integer range"
            fields = {"ArgumentName": problem.argument, "ArgumentValue": problem.value}
            return ServiceError(text, code="InvalidArgument", status=400, fields=fields)
        case "s3":
            text = "The XML you provided was not well-formed or did not validate against our published schema"
            return ServiceError(text, code="MalformedXML", status=400)
    return ServiceError(problem.text, code="SerializationException", status=400)
