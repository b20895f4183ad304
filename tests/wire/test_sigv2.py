"""S3's signatures of version 2: AWS's own examples, and whatever botocore signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from passrole.wire import sigv2
from passrole.wire.authfailure import AuthFailure, AuthKind
from passrole.wire.request import RawRequest

from .signing import HOST, KEY, SECRET, with_header, without_header

SIGNERS: Final[Mapping[str, Any]] = {
    "header": botocore.auth.HmacV1Auth,
    "query": botocore.auth.HmacV1QueryAuth,
}


def signed(
    form: str,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    token: str | None = None,
) -> RawRequest:
    """A request as botocore's signer of this form leaves it."""
    request = AWSRequest(method, f"http://{HOST}{path}", dict(headers or {}))
    SIGNERS[form](Credentials(KEY, SECRET, token)).add_auth(request)
    url = urlsplit(request.url)
    named = [(name.lower(), value) for name, value in request.headers.items()]
    if form == "query":  # who opens the URL sends no headers of the signer's
        named = []
    return RawRequest(method, url.path, url.query, (*named, ("host", HOST)), b"")


def accepted(raw: RawRequest, *paths: str) -> None:
    """Fails unless the signature holds."""
    assert sigv2.is_older(raw)
    sigv2.verify(raw, sigv2.parse(raw), SECRET, paths or (raw.path,))


def refusal(raw: RawRequest) -> AuthKind:
    """Why it does not hold."""
    with pytest.raises(AuthFailure) as caught:
        accepted(raw)
    return caught.value.kind


# Source: S3 User Guide, "Signing and authenticating REST requests", examples of GET, List, Fetch and Upload.
EXAMPLES: Final = (
    (
        "GET",
        "/photos/puppy.jpg",
        {"date": "Tue, 27 Mar 2007 19:36:42 +0000"},
        "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=",
    ),
    (
        "GET",
        "/?prefix=photos&max-keys=50&marker=puppy",
        {"date": "Tue, 27 Mar 2007 19:42:41 +0000"},
        "m0WP8eCtspQl5Ahe6L1SozdX9YA=",
    ),
    ("GET", "/?acl", {"date": "Tue, 27 Mar 2007 19:44:46 +0000"}, "82ZHiFIjc+WbcwFKGUVEQspPn+0="),
)


@pytest.mark.parametrize(("method", "path", "headers", "signature"), EXAMPLES)
def test_aws_s_own_examples_hold(method: str, path: str, headers: dict[str, str], signature: str) -> None:
    url = urlsplit(path)
    named = (
        ("host", "awsexamplebucket1.us-west-1.s3.amazonaws.com"),
        *headers.items(),
        ("authorization", f"AWS {KEY}:{signature}"),
    )
    accepted(RawRequest(method, url.path, url.query, named, b""), f"/awsexamplebucket1{url.path}")


PATHS: Final = (
    "/bucket",
    "/bucket/plain.txt",
    "/bucket/a%20b/%C3%A9.txt",
    "/bucket?acl",
    "/bucket/k?versionId=3&response-content-type=text%2Fplain&x=y",
    "/bucket/k?uploadId=a%2Bb&partNumber=2",
    "/bucket?uploads&prefix=p",
)


@pytest.mark.parametrize("form", SIGNERS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE/token=="])
def test_what_botocore_signs_holds(form: str, path: str, token: str | None) -> None:
    raw = signed(form, path, token=token, headers={"x-amz-acl": "private", "Content-Type": "text/plain"})
    accepted(raw)
    assert sigv2.parse(raw).session_token == token
    assert sigv2.parse(raw).credential.access_key_id == KEY


@given(key=st.text(min_size=1, max_size=20), form=st.sampled_from(sorted(SIGNERS)))
def test_any_key_of_an_object_holds(key: str, form: str) -> None:
    accepted(signed(form, "/bucket/" + quote(key.encode("utf-8", "surrogatepass"), safe="~")))


@pytest.mark.parametrize("form", SIGNERS)
def test_nothing_of_it_may_be_changed(form: str) -> None:
    raw = signed(form, "/bucket/k?acl", headers={"x-amz-meta-a": "b"})
    for other in (
        replace(raw, method="PUT"),
        replace(raw, path="/bucket/l"),
        replace(raw, query=raw.query.replace("acl", "tagging")),
        with_header(raw, "x-amz-copy-source", "/other/secret"),
        with_header(raw, "content-type", "text/html"),
        replace(raw, query=f"{raw.query}&metadataTable"),
    ):
        assert refusal(other) is AuthKind.MISMATCH


@pytest.mark.parametrize("form", SIGNERS)
@pytest.mark.parametrize(
    ("signed_for", "asked"), [("/bucket/a%20b", "/bucket/a%2520b"), ("/bucket/k?acl", "/bucket/k%3Facl")]
)
def test_a_key_is_not_another_one_s_encoding(form: str, signed_for: str, asked: str) -> None:
    raw = signed(form, signed_for)
    query = raw.query.removeprefix("acl").removeprefix("&")
    assert refusal(replace(raw, path=asked, query=query)) is AuthKind.MISMATCH


def test_what_is_missing_is_said() -> None:
    url = signed("query", "/bucket/k")
    without = replace(url, query="&".join(part for part in url.query.split("&") if "Expires" not in part))
    assert refusal(without) is AuthKind.OLD_QUERY_PARTS
    assert refusal(replace(url, query=url.query.replace("Expires=", "Expires=x"))) is AuthKind.OLD_EXPIRES
    assert refusal(with_header(url, "authorization", "AWS4-HMAC-SHA256 x")) is AuthKind.TWO_FORMS
    header = signed("header", "/bucket/k")
    assert refusal(with_header(header, "authorization", f"AWS {KEY}")) is AuthKind.OLD_HEADER
    assert refusal(without_header(header, "date")) is AuthKind.BAD_DATE


def test_a_url_holds_until_it_expires() -> None:
    raw = signed("query", "/bucket/k")
    signature = sigv2.parse(raw)
    until = datetime.fromtimestamp(signature.expires or 0, UTC)
    sigv2.check_time(signature, until)
    with pytest.raises(AuthFailure) as caught:
        sigv2.check_time(signature, until + timedelta(seconds=1))
    assert caught.value.kind is AuthKind.OLD_PRESIGN_EXPIRED


def test_a_date_may_be_a_quarter_of_an_hour_off() -> None:
    raw = with_header(signed("header", "/bucket/k"), "date", "Tue, 27 Mar 2007 19:36:42 +0000")
    signature = sigv2.parse(raw)
    at = datetime(2007, 3, 27, 19, 36, 42, tzinfo=UTC)
    for minutes in (-15, 0, 15):
        sigv2.check_time(signature, at + timedelta(minutes=minutes))
    for minutes in (-16, 16):
        with pytest.raises(AuthFailure):
            sigv2.check_time(signature, at + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("query", "authorization"),
    [
        ("", ""),
        ("Signature=x&X-Amz-Signature=y", ""),
        ("prefix=Signature%3D", ""),
        ("", "AWS4-HMAC-SHA256 x"),
    ],
)
def test_others_are_none_of_these(query: str, authorization: str) -> None:
    headers = (("authorization", authorization),) if authorization else ()
    assert not sigv2.is_older(RawRequest("GET", "/b/k", query, headers, b""))
