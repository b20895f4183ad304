from __future__ import annotations

import pickle
from typing import Any, Final

import botocore.parsers
import pytest
from botocore.awsrequest import HeadersDict

from passrole.values.errors import ServiceError
from passrole.wire import cbor
from passrole.wire.authfailure import AuthFailure, AuthKind
from passrole.wire.errors import (
    DispatchError,
    auth_error,
    bad_input,
    family,
    missing_action,
    unknown_operation,
)
from passrole.wire.protocols import write_error
from passrole.wire.request import Response
from passrole.wire.scalars import BadInput

REQUEST_ID: Final = "11111111-2222-4333-8444-555555555555"

# One service of each family.
ONE_OF: Final = {
    "query": ("iam", "query"),
    "ec2": ("ec2", "ec2"),
    "json": ("ecs", "json"),
    "rest-json": ("lambda", "rest-json"),
    "s3": ("s3", "rest-xml"),
}


def seen_by_botocore(service: str, protocol: str, response: Response) -> dict[str, Any]:
    parsed = botocore.parsers.create_parser(protocol).parse(
        {
            "headers": HeadersDict(response.headers),
            "status_code": response.status,
            "body": response.body,
            "context": {},
        },
        None,
    )
    return dict(parsed)


# --- What failed authentication answers -------------------------------------------------------

SCOPE: Final = {"service": "sts", "expected_service": "iam", "region": "mars", "expected_region": "us-east-1"}
TOKEN: Final = "The security token included in the request is invalid."
EC2: Final = "AWS was not able to validate the provided access credentials"
HMAC: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


@pytest.mark.parametrize(
    ("kind", "details", "kin", "code", "status", "message"),
    [
        (AuthKind.UNKNOWN_KEY, {}, "query", "InvalidClientTokenId", 403, TOKEN),
        (AuthKind.UNKNOWN_KEY, {}, "ec2", "AuthFailure", 401, EC2),
        (AuthKind.UNKNOWN_KEY, {}, "json", "UnrecognizedClientException", 400, TOKEN),
        (AuthKind.UNKNOWN_KEY, {}, "rest-json", "UnrecognizedClientException", 403, TOKEN),
        (
            AuthKind.UNKNOWN_KEY,
            {"access_key_id": "AKIA"},
            "s3",
            "InvalidAccessKeyId",
            403,
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        (AuthKind.INACTIVE_KEY, {}, "query", "InvalidClientTokenId", 403, TOKEN),
        (AuthKind.BAD_TOKEN, {}, "query", "InvalidClientTokenId", 403, TOKEN),
        (AuthKind.MISMATCH, {}, "query", "SignatureDoesNotMatch", 403, HMAC),
        (AuthKind.MISMATCH, {}, "ec2", "AuthFailure", 401, EC2),
        (AuthKind.MISMATCH, {}, "json", "InvalidSignatureException", 400, HMAC),
        (AuthKind.MISMATCH, {}, "rest-json", "InvalidSignatureException", 403, HMAC),
        (
            AuthKind.MISSING,
            {},
            "query",
            "MissingAuthenticationToken",
            403,
            "Request is missing Authentication Token",
        ),
        (
            AuthKind.MISSING,
            {},
            "json",
            "MissingAuthenticationTokenException",
            400,
            "Request is missing Authentication Token",
        ),
        (
            AuthKind.MISSING,
            {},
            "rest-json",
            "MissingAuthenticationTokenException",
            403,
            "Missing Authentication Token",
        ),
        (AuthKind.MISSING, {}, "s3", "AccessDenied", 403, "Access Denied"),
        (
            AuthKind.EXPIRED_TOKEN,
            {},
            "query",
            "ExpiredToken",
            403,
            "The security token included in the request is expired",
        ),
        (AuthKind.EXPIRED_TOKEN, {}, "ec2", "RequestExpired", 400, "Request has expired."),
        (
            AuthKind.EXPIRED_TOKEN,
            {"token": "t"},
            "s3",
            "ExpiredToken",
            400,
            "The provided token has expired.",
        ),
        (
            AuthKind.SCOPE,
            SCOPE,
            "query",
            "SignatureDoesNotMatch",
            403,
            "Credential should be scoped to a valid region. "
            "Credential should be scoped to correct service: 'iam'. ",
        ),
        (
            AuthKind.SCOPE,
            SCOPE,
            "s3",
            "AuthorizationHeaderMalformed",
            400,
            'The authorization header is malformed; the region "mars" is wrong; expecting "us-east-1"',
        ),
        (
            AuthKind.SCOPE,
            {"service": "sts", "expected_service": "s3"},
            "s3",
            "AuthorizationHeaderMalformed",
            400,
            'The authorization header is malformed; incorrect service "sts". This endpoint belongs to "s3".',
        ),
        (
            AuthKind.TIME_EXPIRED,
            {"timestamp": "T1", "limit": "T2", "now": "T3", "minutes": "5"},
            "json",
            "InvalidSignatureException",
            400,
            "Signature expired: T1 is now earlier than T2 (T3 - 5 min.)",
        ),
        (
            AuthKind.NOT_YET_CURRENT,
            {"timestamp": "T1", "limit": "T2", "now": "T3", "minutes": "5"},
            "query",
            "SignatureDoesNotMatch",
            403,
            "Signature not yet current: T1 is still later than T2 (T3 + 5 min.)",
        ),
        (
            AuthKind.TIME_EXPIRED,
            {"timestamp": "T1", "limit": "T2", "now": "T3", "minutes": "15"},
            "s3",
            "RequestTimeTooSkewed",
            403,
            "The difference between the request time and the current time is too large.",
        ),
        (
            AuthKind.BAD_CREDENTIAL,
            {"credential": "a/b"},
            "json",
            "IncompleteSignatureException",
            400,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            "got 'a/b'",
        ),
        (
            AuthKind.MISSING_PARTS,
            {"where": "header", "parts": "Credential,date", "authorization": "AWS4-HMAC-SHA256"},
            "query",
            "IncompleteSignature",
            400,
            "Authorization header requires 'Credential' parameter. Authorization header requires existence "
            "of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) "
            "Authorization=YI2YWea8FSxnksZL2ETHbs5elHm9HQufxTLK0W0ffV0=",
        ),
        (
            AuthKind.MISSING_PARTS,
            {"where": "query", "parts": "X-Amz-Date"},
            "query",
            "IncompleteSignature",
            400,
            "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
        ),
    ],
)
def test_each_protocol_has_its_own_words(
    kind: AuthKind, details: dict[str, str], kin: str, code: str, status: int, message: str
) -> None:
    service, protocol = ONE_OF[kin]
    error = auth_error(AuthFailure(kind, details), protocol=protocol, service=service)
    assert (error.code, error.status, error.message) == (code, status, message)


NAMES: Final = (
    *("scheme", "authorization", "algorithm", "date", "credential", "headers", "region", "expected_region"),
    *("service", "expected_service", "terminator", "limit", "now", "minutes", "expires", "seconds"),
    *("access_key_id", "token", "signature", "canonical_request", "string_to_sign", "value", "given"),
    *("computed", "chunk", "size", "header"),
)
DETAILS: Final = {
    **dict.fromkeys(NAMES, "x"),
    "problem": "number",
    "timestamp": "20260102T030405Z",
    "where": "header",
    "parts": "Credential",
}


@pytest.mark.parametrize("kin", list(ONE_OF))
@pytest.mark.parametrize("kind", list(AuthKind))
@pytest.mark.parametrize("presigned", [False, True])
def test_every_failure_has_an_answer_everywhere(kin: str, kind: AuthKind, presigned: bool) -> None:
    service, protocol = ONE_OF[kin]
    error = auth_error(AuthFailure(kind, DETAILS), protocol=protocol, service=service, presigned=presigned)
    assert 400 <= error.status < 500
    assert error.code
    assert error.message
    assert "{" not in error.message
    seen = seen_by_botocore(service, protocol, write_error(service, protocol, error, REQUEST_ID))
    assert seen["Error"]["Code"] == error.code


def test_s3_shows_what_it_signed_itself() -> None:
    failure = AuthFailure(
        AuthKind.MISMATCH,
        {
            "access_key_id": "AKIA",
            "signature": "00",
            "string_to_sign": "AWS4\nx",
            "canonical_request": "GET\n/",
        },
    )
    error = auth_error(failure, protocol="rest-xml", service="s3")
    assert error.code == "SignatureDoesNotMatch"
    assert error.fields == {
        "AWSAccessKeyId": "AKIA",
        "StringToSign": "AWS4\nx",
        "SignatureProvided": "00",
        "StringToSignBytes": "41 57 53 34 0a 78",
        "CanonicalRequest": "GET\n/",
        "CanonicalRequestBytes": "47 45 54 0a 2f",
    }
    # Everyone else keeps it to themselves.
    assert "AWS4" not in auth_error(failure, protocol="query", service="iam").message


def test_a_failure_keeps_its_details_out_of_its_text() -> None:
    failure = AuthFailure(AuthKind.MALFORMED_TOKEN, {"token": "secret"})
    assert str(failure) == "MALFORMED_TOKEN"


# --- Envelopes --------------------------------------------------------------------------------

MESSAGE: Final = 'User: arn:aws:iam::111122223333:user/<Bob> is not authorized to perform: "x" & y'


@pytest.mark.parametrize(
    ("service", "protocol", "code", "status"),
    [
        ("iam", "query", "AccessDenied", 403),
        ("rds", "query", "DBInstanceNotFound", 404),
        ("ec2", "ec2", "UnauthorizedOperation", 403),
        ("ecs", "json", "AccessDeniedException", 400),
        ("stepfunctions", "json", "StateMachineDoesNotExist", 400),
        ("dynamodb", "json", "ValidationException", 400),
        ("lambda", "rest-json", "AccessDeniedException", 403),
        ("lambda", "rest-json", "ResourceNotFoundException", 404),
        ("route53", "rest-xml", "NoSuchHostedZone", 404),
        ("s3", "rest-xml", "NoSuchBucket", 404),
        ("s3control", "rest-xml", "NoSuchPublicAccessBlockConfiguration", 404),
        ("codepipeline", "smithy-rpc-v2-cbor", "PipelineNotFoundException", 400),
    ],
)
def test_botocore_reads_the_code_the_message_and_the_request_id(
    service: str, protocol: str, code: str, status: int
) -> None:
    response = write_error(service, protocol, ServiceError(MESSAGE, code=code, status=status), REQUEST_ID)
    seen = seen_by_botocore(service, protocol, response)
    assert (response.status, seen["Error"]["Code"], seen["Error"]["Message"]) == (status, code, MESSAGE)
    assert seen["ResponseMetadata"]["RequestId"] == REQUEST_ID


def test_the_query_envelope_is_awss_to_the_letter() -> None:
    error = ServiceError("no <such> role", code="NoSuchEntity", status=404)
    response = write_error("iam", "query", error, REQUEST_ID)
    assert response.headers == (("Content-Type", "text/xml"), ("x-amzn-RequestId", REQUEST_ID))
    assert response.body.decode() == (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">\n'
        "  <Error>\n"
        "    <Type>Sender</Type>\n"
        "    <Code>NoSuchEntity</Code>\n"
        "    <Message>no &lt;such&gt; role</Message>\n"
        "  </Error>\n"
        f"  <RequestId>{REQUEST_ID}</RequestId>\n"
        "</ErrorResponse>\n"
    )
    failed = write_error("iam", "query", ServiceError("x", code="InternalFailure", status=500), REQUEST_ID)
    assert b"<Type>Receiver</Type>" in failed.body


def test_what_finds_no_operation_is_a_fault_of_awss_not_of_the_service() -> None:
    error = unknown_operation("query", "iam", action="PassRole", version="2010-05-08")
    body = write_error("iam", "query", error, REQUEST_ID).body.decode()
    assert body.startswith('<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09">')


def test_the_ec2_envelope_has_no_namespace_and_a_capital_id() -> None:
    error = ServiceError("no", code="UnauthorizedOperation", status=403)
    assert write_error("ec2", "ec2", error, REQUEST_ID).body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors>"
        f"<RequestID>{REQUEST_ID}</RequestID></Response>"
    )


def test_the_json_envelopes() -> None:
    denied = ServiceError("no", code="AccessDeniedException", status=400)
    one = write_error("events", "json", denied, REQUEST_ID)
    assert one.body == b'{"__type":"AccessDeniedException","Message":"no"}'
    assert ("Content-Type", "application/x-amz-json-1.1") in one.headers
    other = write_error("dynamodb", "json", denied, REQUEST_ID)
    assert other.body == b'{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}'
    missing = ServiceError("no", code="ResourceNotFoundException", status=400)
    assert write_error("dynamodb", "json", missing, REQUEST_ID).body == (
        b'{"__type":"com.amazonaws.dynamodb#ResourceNotFoundException","message":"no"}'
    )
    unknown = write_error("ecs", "json", unknown_operation("json", "ecs"), REQUEST_ID)
    assert (unknown.status, unknown.body) == (400, b'{"__type":"UnknownOperationException"}')


def test_a_service_that_once_spoke_query_says_what_the_code_was_then() -> None:
    error = ServiceError("no queue", code="QueueDoesNotExist", status=400)
    response = write_error("sqs", "json", error, REQUEST_ID)
    assert ("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender") in response.headers
    assert response.body == b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no queue"}'
    seen = seen_by_botocore("sqs", "json", response)
    assert seen["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_modelled_error_has_its_own_members_and_status() -> None:
    plain = ServiceError("gone", code="ResourceNotFoundException")
    response = write_error("lambda", "rest-json", plain, REQUEST_ID)
    # Lambda's shape has Message in capitals, a Type, and 404; nobody gave a status.
    assert response.status == 404
    assert response.body == b'{"Message":"gone","Type":"User"}'
    assert ("x-amzn-ErrorType", "ResourceNotFoundException") in response.headers

    busy = ServiceError(
        "slow down", code="TooManyRequestsException", fields={"retryAfterSeconds": "7", "Reason": "Rate"}
    )
    response = write_error("lambda", "rest-json", busy, REQUEST_ID)
    assert response.status == 429
    assert ("Retry-After", "7") in response.headers
    assert b'"Reason":"Rate"' in response.body
    assert b"retryAfter" not in response.body


def test_a_rest_service_that_finds_no_operation_answers_in_xml() -> None:
    response = write_error("lambda", "rest-json", unknown_operation("rest-json", "lambda"), REQUEST_ID)
    assert response.status == 403
    assert ("Content-Type", "application/xml") in response.headers
    assert response.body.startswith(b"<AccessDeniedException>\n  <Message>Unable to determine")


def test_the_s3_envelope_has_two_ids_in_body_and_headers() -> None:
    error = ServiceError("none", code="NoSuchBucket", status=404, fields={"BucketName": "b&b"})
    response = write_error("s3", "rest-xml", error, REQUEST_ID)
    host = dict(response.headers)["x-amz-id-2"]
    assert len(host) == 76
    assert dict(response.headers)["x-amz-request-id"] == REQUEST_ID
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<Error><Code>NoSuchBucket</Code><Message>none</Message><BucketName>b&amp;b</BucketName>"
        f"<RequestId>{REQUEST_ID}</RequestId><HostId>{host}</HostId></Error>"
    )
    wrong = ServiceError("", code="AuthorizationHeaderMalformed", status=400, fields={"Region": "eu-west-1"})
    assert ("x-amz-bucket-region", "eu-west-1") in write_error("s3", "rest-xml", wrong, REQUEST_ID).headers


def test_a_head_request_has_no_body() -> None:
    error = ServiceError("none", code="NoSuchKey", status=404)
    assert write_error("s3", "rest-xml", error, REQUEST_ID, operation="HeadObject").body == b""
    assert write_error("s3", "rest-xml", error, REQUEST_ID, head=True).body == b""
    assert write_error("s3", "rest-xml", error, REQUEST_ID, operation="GetObject").body != b""


def test_the_cbor_envelope_is_a_map() -> None:
    error = ServiceError("none", code="PipelineNotFoundException", status=400)
    response = write_error("codepipeline", "smithy-rpc-v2-cbor", error, REQUEST_ID)
    assert ("smithy-protocol", "rpc-v2-cbor") in response.headers
    assert cbor.decode(response.body) == {
        "__type": "com.amazonaws.codepipeline#PipelineNotFoundException",
        "message": "none",
    }


def test_nothing_that_a_client_says_breaks_an_envelope() -> None:
    error = ServiceError("a\x00b\x1bc\ud800", code="Bad\r\nCode", status=400)
    body = write_error("iam", "query", error, REQUEST_ID).body
    assert b"a?b?c?" in body
    rest = write_error("lambda", "rest-json", ServiceError("x", code="A\r\nSet-Cookie: b"), REQUEST_ID)
    assert all("\n" not in value and "\r" not in value for _, value in rest.headers)


# --- Choosing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protocol", "service", "wanted"),
    [
        ("query", "iam", "query"),
        ("rest-xml", "route53", "query"),
        ("rest-xml", "s3", "s3"),
        ("rest-xml", "s3control", "s3"),
        ("smithy-rpc-v2-cbor", "codebuild", "json"),
        ("json", "", "json"),
        ("rest-json", "", "rest-json"),
    ],
)
def test_a_service_words_errors_by_its_protocol(protocol: str, service: str, wanted: str) -> None:
    assert family(protocol, service) == wanted


def test_input_that_cannot_be_read() -> None:
    problem = BadInput("why")
    assert bad_input("query", "iam", problem).code == "MalformedInput"
    assert bad_input("ec2", "ec2", problem).code == "InvalidParameterValue"
    assert bad_input("json", "ecs", problem).code == "SerializationException"
    assert bad_input("rest-xml", "s3", problem).code == "MalformedXML"
    argument = bad_input("rest-xml", "s3", BadInput("", argument="max-keys", value="x"))
    assert (argument.code, argument.fields) == (
        "InvalidArgument",
        {"ArgumentName": "max-keys", "ArgumentValue": "x"},
    )


def test_a_form_without_an_action() -> None:
    assert missing_action("query", "sts").code == "MissingAction"
    assert missing_action("ec2", "ec2").code == "MissingParameter"


def test_errors_pickle() -> None:
    error = pickle.loads(pickle.dumps(DispatchError("m", code="c", status=400)))
    assert (type(error), error.code, error.status, error.message) == (DispatchError, "c", 400, "m")
