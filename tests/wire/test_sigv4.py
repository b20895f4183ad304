from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.wire import canonical, sigv4
from passrole.wire.authfailure import AuthFailure, AuthKind
from passrole.wire.request import Credential, RawRequest, Signature

from .signing import KEY, SECRET, signed, with_header, without_header

KEYS: Final = sigv4.SigningKeyCache()
NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def accepted(raw: RawRequest, *, s3: bool = False, secret: str = SECRET) -> Signature:
    signature = sigv4.parse(raw)
    assert signature is not None
    sigv4.verify(raw, signature, secret, keys=KEYS, s3=s3)
    return signature


def refusal(raw: RawRequest, *, s3: bool = False) -> AuthKind:
    with pytest.raises(AuthFailure) as caught:
        accepted(raw, s3=s3)
    return caught.value.kind


# --- What botocore signs ----------------------------------------------------------------------

FORM: Final = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}

PATHS: Final = (
    "/",
    "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3AThumb/code",
    "/tags/a%20b%2Fc",
    "/%C3%A9%E6%BC%A2/x?b=2&a=1&a=0&empty=&name",
    "/a//b/./c/../d/",
    "/..",
    "/x?tagKeys=a%20b&tagKeys=%2B%26%3D&~-._=~",
)

KEYS_OF_S3: Final = (
    "/",
    "/bucket",
    "/bucket/",
    "/bucket/plain.txt",
    "/bucket/a%20b/%C3%A9%F0%9F%98%80.txt",
    "/bucket//double///slash",
    "/bucket/./dots/../kept",
    "/bucket/a+b%2Bc",
    "/bucket/~tilde%21%27%28%29%2A",
    "/bucket?list-type=2&prefix=a%2Fb&delimiter=%2F",
    "/bucket?acl",
    "/bucket/key?versionId=null&response-content-type=text%2Fplain",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", ["header", "query"])
@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdz//////////wEaDK=="])
def test_what_botocore_signs_holds(form: str, path: str, token: str | None) -> None:
    method, body = ("POST", b'{"a": "\xc3\xa9"}') if form == "header" else ("GET", b"")
    raw = signed(form, "lambda", method=method, path=path, body=body, token=token)
    found = accepted(raw)
    assert found.credential == Credential(KEY, found.timestamp[:8], "eu-west-1", "lambda")
    assert found.session_token == token
    assert found.presigned == (form == "query")
    assert found.expires == (3600 if form == "query" else None)


@pytest.mark.parametrize("path", KEYS_OF_S3)
@pytest.mark.parametrize("form", ["s3", "s3-query"])
def test_what_botocore_signs_for_s3_holds(form: str, path: str) -> None:
    headers = {"x-amz-meta-a": " two  spaces "}
    raw = signed(form, "s3", method="PUT", path=path, body=b"hello" if form == "s3" else b"", headers=headers)
    # A presigned URL covers no body: whatever is sent with it is fine.
    accepted(replace(raw, body=b"hello"), s3=True)


def test_a_form_is_signed_with_its_body() -> None:
    raw = signed("header", "iam", headers=FORM, body=b"Action=GetUser&Version=2010-05-08")
    accepted(raw)
    assert refusal(replace(raw, body=raw.body + b"&UserName=other")) is AuthKind.MISMATCH


def test_a_signature_by_the_date_header_holds() -> None:
    raw = signed("header", "iam", headers={"Date": "x"}, body=b"Action=GetUser")
    assert raw.header("x-amz-date") is None
    assert re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", accepted(raw).timestamp)


def test_another_secret_does_not_hold() -> None:
    raw = signed("header", "iam", body=b"Action=GetUser")
    with pytest.raises(AuthFailure) as caught:
        accepted(raw, secret=SECRET.swapcase())
    assert caught.value.kind is AuthKind.MISMATCH
    assert SECRET not in str(caught.value)


TAMPERED: Final = [
    *(("iam", "header", place) for place in ("method", "path", "query", "body", "signature")),
    *(("iam", "query", place) for place in ("method", "path", "query", "body", "signature")),
    *(("s3", "s3", place) for place in ("method", "path", "query", "signature")),
    *(("s3", "s3-query", place) for place in ("method", "path", "query", "signature")),
]


@pytest.mark.parametrize(("service", "form", "place"), TAMPERED)
def test_a_changed_byte_anywhere_breaks_the_signature(service: str, form: str, place: str) -> None:
    method = "PUT" if service == "s3" else "GET" if form == "query" else "POST"
    body = b"" if form.endswith("query") else b"abc"
    raw = signed(form, service, method=method, path="/bucket/k%20ey?one=1&two=2", body=body)
    s3 = service == "s3"
    accepted(raw, s3=s3)
    held = [changed for changed in _changed(raw, place) if _holds(changed, s3=s3)]
    assert held == []


def _holds(raw: RawRequest, *, s3: bool) -> bool:
    try:
        signature = sigv4.parse(raw)
        if signature is None:  # nothing is left that would be a signature
            return False
        sigv4.verify(raw, signature, SECRET, keys=KEYS, s3=s3)
    except AuthFailure:
        return False
    return True


def _changed(raw: RawRequest, place: str) -> list[RawRequest]:
    match place:
        case "method":
            return [replace(raw, method="DELETE"), replace(raw, method=raw.method.lower())]
        case "path":
            return [replace(raw, path=text) for text in _flips(raw.path) if text.startswith("/")]
        case "query":
            return [replace(raw, query=text) for text in _flips(raw.query)]
        case "body":
            return [replace(raw, body=raw.body + b"x"), replace(raw, body=raw.body[:-1] + b"!")]
    if "Signature=" in raw.query:
        return [replace(raw, query=raw.query[:-1] + ("0" if raw.query[-1] != "0" else "1"))]
    value = raw.header("authorization") or ""
    return [with_header(raw, "authorization", value[:-1] + ("0" if value[-1] != "0" else "1"))]


def _flips(text: str) -> list[str]:
    """The text with each of its bytes changed, but where that says the same (%2f for %2F)."""
    changed = []
    for at, letter in enumerate(text):
        for other in ("x", "Q"):
            if letter != other:
                changed.append(text[:at] + other + text[at + 1 :])
    return changed


@pytest.mark.parametrize("header", ["host", "x-amz-date", "content-type", "x-amz-security-token"])
def test_a_changed_signed_header_breaks_the_signature(header: str) -> None:
    raw = signed("header", "iam", headers=FORM, body=b"Action=GetUser", token="session")
    accepted(raw)
    value = raw.header(header) or ""
    with pytest.raises(AuthFailure):
        accepted(with_header(raw, header, value[:-1] + "~"))
    with pytest.raises(AuthFailure):
        accepted(without_header(raw, header))
    with pytest.raises(AuthFailure):
        accepted(replace(raw, headers=(*raw.headers, (header, "again"))))


def test_spaces_in_header_values_do_not_matter() -> None:
    raw = signed("s3", "s3", method="PUT", path="/b/k", headers={"x-amz-meta-a": "one two"})
    accepted(with_header(raw, "x-amz-meta-a", "  one \t  two "), s3=True)


def test_headers_are_bytes() -> None:
    # A server decodes them as latin-1; what was signed were the bytes. 0xA0 is no space here.
    raw = signed("s3", "s3", method="PUT", path="/b/k", headers={"x-amz-meta-a": "\xc3\xa0 b"})
    signature = sigv4.parse(raw)
    assert signature is not None
    assert "x-amz-meta-a:\xc3\xa0 b\n" in canonical.canonical_headers(raw, signature.signed_headers)


# --- What AWS's documentation signs -----------------------------------------------------------


def test_the_user_guides_example_holds() -> None:
    # IAM User Guide, "Create a signed AWS API request": GET ListUsers of 30 August 2015.
    scope = "AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request"
    given = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    raw = RawRequest(
        "GET",
        "/",
        "Action=ListUsers&Version=2010-05-08",
        (
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            (
                "authorization",
                f"AWS4-HMAC-SHA256 Credential={scope}, "
                f"SignedHeaders=content-type;host;x-amz-date, Signature={given}",
            ),
        ),
        b"",
    )
    accepted(raw, secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def test_s3s_get_example_holds() -> None:
    # S3 API Reference, "Examples: Signature calculations", GET object.
    given = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    raw = RawRequest(
        "GET",
        "/test.txt",
        "",
        (
            ("host", "examplebucket.s3.amazonaws.com"),
            (
                "authorization",
                f"AWS4-HMAC-SHA256 Credential={KEY}/20130524/us-east-1/s3/aws4_request,"
                f"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature={given}",
            ),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", sigv4.EMPTY_SHA256),
            ("x-amz-date", "20130524T000000Z"),
        ),
        b"",
    )
    accepted(raw, s3=True)


def test_s3s_presigned_example_holds() -> None:
    # S3 API Reference, "Authenticating Requests: Using Query Parameters".
    given = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential={KEY}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        f"&X-Amz-Signature={given}"
    )
    raw = RawRequest("GET", "/test.txt", query, (("host", "examplebucket.s3.amazonaws.com"),), b"")
    accepted(raw, s3=True)


# --- Payloads ---------------------------------------------------------------------------------


def test_a_claimed_hash_counts_for_nothing_outside_s3() -> None:
    raw = signed("header", "dynamodb", body=b"{}", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    assert refusal(raw) is AuthKind.MISMATCH
    signature = sigv4.parse(raw)
    assert signature is not None
    sigv4.verify(raw, signature, SECRET, keys=KEYS, unsigned_payload=True)


def test_a_presigned_url_of_another_service_covers_an_empty_body() -> None:
    raw = signed("query", "sts", method="GET", path="/?Action=GetCallerIdentity&Version=2011-06-15")
    accepted(raw)
    assert refusal(replace(raw, body=b"x")) is AuthKind.MISMATCH


def test_s3_wants_the_payloads_hash_in_a_header() -> None:
    raw = signed("header", "s3", method="PUT", path="/b/k", body=b"x")
    assert refusal(raw, s3=True) is AuthKind.MISSING_CONTENT_SHA256


@pytest.mark.parametrize("form", ["s3", "s3-query"])
def test_s3_refuses_headers_of_its_own_that_are_not_signed(form: str) -> None:
    raw = signed(form, "s3", method="PUT", path="/b/k")
    added = replace(raw, headers=(*raw.headers, ("x-amz-acl", "public-read")))
    with pytest.raises(AuthFailure) as caught:
        accepted(added, s3=True)
    assert caught.value.kind is AuthKind.HEADERS_NOT_SIGNED
    assert caught.value.details == {"headers": "x-amz-acl"}


# --- Reading signatures -----------------------------------------------------------------------

SCOPE: Final = f"{KEY}/20260102/eu-west-1/iam/aws4_request"
GOOD: Final = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature={'0' * 64}"


def header_request(authorization: str, date: str | None = "20260102T030405Z") -> RawRequest:
    dated = () if date is None else (("x-amz-date", date),)
    return RawRequest("POST", "/", "", (("host", "h"), ("authorization", authorization), *dated), b"")


@pytest.mark.parametrize(
    ("authorization", "date", "kind"),
    [
        ("Basic abc", "20260102T030405Z", AuthKind.UNSUPPORTED_SCHEME),
        (f"AWS {KEY}:sig", "20260102T030405Z", AuthKind.UNSUPPORTED_SCHEME),
        ("", "20260102T030405Z", AuthKind.UNSUPPORTED_SCHEME),
        ("AWS4-HMAC-SHA256", "20260102T030405Z", AuthKind.MISSING_PARTS),
        (GOOD.replace("Signature", "Sig"), "20260102T030405Z", AuthKind.MISSING_PARTS),
        (GOOD, None, AuthKind.MISSING_PARTS),
        (GOOD, "2026-01-02", AuthKind.BAD_DATE),
        (GOOD, "yesterday", AuthKind.BAD_DATE),
        (GOOD.replace("/iam", ""), "20260102T030405Z", AuthKind.BAD_CREDENTIAL),
        (GOOD.replace("/iam", "//"), "20260102T030405Z", AuthKind.BAD_CREDENTIAL),
        (GOOD.replace("host", "date"), "20260102T030405Z", AuthKind.HOST_NOT_SIGNED),
        (GOOD.replace("SHA256", "SHA1"), "20260102T030405Z", AuthKind.BAD_ALGORITHM),
    ],
)
def test_what_is_no_signature_is_refused(authorization: str, date: str | None, kind: AuthKind) -> None:
    with pytest.raises(AuthFailure) as caught:
        sigv4.parse(header_request(authorization, date))
    assert caught.value.kind is kind


def test_every_missing_part_is_named() -> None:
    with pytest.raises(AuthFailure) as caught:
        sigv4.parse(header_request("AWS4-HMAC-SHA256 Foo=1", None))
    assert caught.value.details["parts"] == "Credential,Signature,SignedHeaders,date"


@pytest.mark.parametrize(
    "authorization",
    [
        GOOD.replace(", ", ","),
        f"AWS4-HMAC-SHA256  Signature={'0' * 64},SignedHeaders=host ,  Credential={SCOPE}",
        GOOD.replace("host", "Host"),
    ],
)
def test_the_parts_may_come_in_any_order_and_spacing(authorization: str) -> None:
    found = sigv4.parse(header_request(authorization))
    assert found is not None
    assert (found.credential.service, found.signed_headers, found.signature) == ("iam", ("host",), "0" * 64)


def test_a_request_without_a_signature_has_none() -> None:
    assert sigv4.parse(RawRequest("GET", "/", "a=X-Amz-Algorithm", (("host", "h"),), b"")) is None


def test_two_signatures_are_too_many() -> None:
    raw = signed("query", "iam", method="GET")
    with pytest.raises(AuthFailure) as caught:
        sigv4.parse(replace(raw, headers=(*raw.headers, ("authorization", GOOD))))
    assert caught.value.kind is AuthKind.TWO_FORMS


@pytest.mark.parametrize(
    ("expires", "problem"),
    [("x", "number"), ("", "number"), ("-1", "negative"), ("604801", "too-large"), ("9" * 30, "number")],
)
def test_expires_is_a_number_of_at_most_a_week(expires: str, problem: str) -> None:
    raw = signed("s3-query", "s3", method="GET", path="/b/k")
    with pytest.raises(AuthFailure) as caught:
        sigv4.parse(replace(raw, query=raw.query.replace("X-Amz-Expires=3600", f"X-Amz-Expires={expires}")))
    assert (caught.value.kind, caught.value.details) == (AuthKind.BAD_EXPIRES, {"problem": problem})


def test_a_token_in_a_header_beats_one_in_the_query_and_two_make_a_wrong_one() -> None:
    raw = signed("query", "iam", method="GET", token="of-the-query")
    one = replace(raw, headers=(*raw.headers, ("x-amz-security-token", "of-a-header")))
    two = replace(one, headers=(*one.headers, ("x-amz-security-token", "of-a-header")))
    three = replace(two, headers=(*two.headers, ("x-amz-security-token", "other")))
    tokens = [found.session_token for raw in (raw, one, two, three) if (found := sigv4.parse(raw))]
    assert tokens == ["of-the-query", "of-a-header", "of-a-header", "of-a-header,other"]


# --- Time and scope ---------------------------------------------------------------------------


def signature_at(at: datetime, *, presigned: bool = False, expires: int | None = None) -> Signature:
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    credential = Credential(KEY, stamp[:8], "eu-west-1", "iam")
    return Signature(credential, ("host",), "0" * 64, stamp, presigned, expires, None)


@pytest.mark.parametrize(
    ("late", "presigned", "expires", "s3", "kind"),
    [
        (timedelta(minutes=5), False, None, False, None),
        (timedelta(minutes=5, seconds=1), False, None, False, AuthKind.TIME_EXPIRED),
        (timedelta(minutes=-5), False, None, False, None),
        (timedelta(minutes=-5, seconds=-1), False, None, False, AuthKind.NOT_YET_CURRENT),
        (timedelta(minutes=15), False, None, True, None),
        (timedelta(minutes=15, seconds=1), False, None, True, AuthKind.TIME_EXPIRED),
        (timedelta(minutes=-15, seconds=-1), False, None, True, AuthKind.NOT_YET_CURRENT),
        (timedelta(seconds=60), True, 60, True, None),
        (timedelta(seconds=61), True, 60, True, AuthKind.PRESIGN_EXPIRED),
        (timedelta(minutes=-15, seconds=-1), True, 60, True, AuthKind.PRESIGN_NOT_YET),
        (timedelta(days=7), True, 604_800, True, None),
        (timedelta(0), True, None, True, AuthKind.MISSING_PARTS),
        (timedelta(minutes=15), True, 60, False, None),  # EKS's tokens
        (timedelta(minutes=15, seconds=1), True, 604_800, False, AuthKind.TIME_EXPIRED),
    ],
)
def test_how_long_a_signature_holds(
    late: timedelta, presigned: bool, expires: int | None, s3: bool, kind: AuthKind | None
) -> None:
    signature = signature_at(NOW - late, presigned=presigned, expires=expires)
    if kind is None:
        sigv4.check_time(signature, NOW, s3=s3)
        return
    with pytest.raises(AuthFailure) as caught:
        sigv4.check_time(signature, NOW, s3=s3)
    assert caught.value.kind is kind


def test_a_day_that_is_none_is_refused() -> None:
    signature = replace(signature_at(NOW), timestamp="20261399T999999Z")
    with pytest.raises(AuthFailure) as caught:
        sigv4.check_time(signature, NOW, s3=False)
    assert caught.value.kind is AuthKind.BAD_DATE


def test_everything_wrong_with_a_scope_is_told_at_once() -> None:
    signature = signature_at(NOW)
    sigv4.check_scope(signature, service="iam", regions={"eu-west-1"})
    wrong = replace(signature, credential=Credential(KEY, "20250101", "mars", "sts", "aws5_request"))
    with pytest.raises(AuthFailure) as caught:
        sigv4.check_scope(wrong, service="iam", regions={"us-east-1"})
    assert caught.value.kind is AuthKind.SCOPE
    assert caught.value.details == {
        "region": "mars",
        "expected_region": "us-east-1",
        "service": "sts",
        "expected_service": "iam",
        "terminator": "aws5_request",
        "date": "20250101",
        "timestamp": "20260102T030405Z",
    }


def test_signing_keys_differ_by_every_part_of_their_scope() -> None:
    credential = Credential(KEY, "20260102", "eu-west-1", "iam")
    keys = {
        KEYS.key(SECRET, credential),
        KEYS.key(SECRET + "x", credential),
        KEYS.key(SECRET, replace(credential, date="20260103")),
        KEYS.key(SECRET, replace(credential, region="eu-west-2")),
        KEYS.key(SECRET, replace(credential, service="sts")),
    }
    assert len(keys) == 5
    assert KEYS.key(SECRET, credential) in keys


# --- Canonical forms --------------------------------------------------------------------------

TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def encoded(text: str) -> str:
    return quote(text, safe="-._~")


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=6))
def test_a_query_is_sorted_by_its_encoded_parameters(pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in pairs)
    wanted = "&".join(f"{a}={b}" for a, b in sorted((encoded(a), encoded(b)) for a, b in pairs))
    assert canonical.canonical_query(query, presigned=False) == wanted


@given(st.text("abAB019-._~ +%&=/?é", max_size=20))
def test_a_canonical_query_is_its_own(query: str) -> None:
    once = canonical.canonical_query(query, presigned=False)
    assert canonical.canonical_query(once, presigned=False) == once


@given(st.text("a./", max_size=16))
def test_a_normalized_path_has_nothing_left_to_normalize(path: str) -> None:
    found = canonical.normalized("/" + path)
    assert canonical.normalized(found) == found
    assert found.startswith("/")
    assert "//" not in found
    assert not {".", ".."}.intersection(found.split("/"))


@given(st.text("ab/%é +", max_size=16))
def test_a_path_that_is_sent_encoded_is_signed_encoded_twice(path: str) -> None:
    sent = quote("/" + path, safe="/-._~")
    raw = RawRequest("GET", sent, "", (("host", "h"),), b"")
    signature = Signature(
        Credential(KEY, "20260102", "r", "s"), ("host",), "", "20260102T030405Z", False, None, None
    )
    twice = quote(canonical.normalized(sent), safe="/-._~")
    with pytest.raises(AuthFailure) as caught:
        sigv4.verify(raw, signature, SECRET, keys=KEYS)
    assert caught.value.details["canonical_request"].split("\n")[1] == twice
    assert unquote_to_bytes(unquote_to_bytes(twice).decode()) == unquote_to_bytes(canonical.normalized(sent))
