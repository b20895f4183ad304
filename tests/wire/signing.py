"""Requests signed by botocore, or by hand as AWS's documentation does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from passrole.wire.request import RawRequest

KEY: Final = "AKIAIOSFODNN7EXAMPLE"
SECRET: Final = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HOST: Final = "127.0.0.1:4747"

SIGNERS: Final[Mapping[str, Any]] = {
    "header": botocore.auth.SigV4Auth,
    "s3": botocore.auth.S3SigV4Auth,
    "query": botocore.auth.SigV4QueryAuth,
    "s3-query": botocore.auth.S3SigV4QueryAuth,
}


def signed(
    form: str,
    service: str,
    *,
    method: str = "POST",
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    token: str | None = None,
    region: str = "eu-west-1",
) -> RawRequest:
    """A request as botocore's signer of this form leaves it. path may have a query string."""
    request = AWSRequest(method, f"http://{HOST}{path}", dict(headers or {}), data=body)
    request.context["client_config"] = None
    credentials = Credentials(KEY, SECRET, token)
    SIGNERS[form](credentials, service, region).add_auth(request)
    url = urlsplit(request.url)
    named = [(name.lower(), value) for name, value in request.headers.items()]
    if not any(name == "host" for name, _ in named):
        named.append(("host", HOST))
    return RawRequest(method, url.path, url.query, tuple(named), body)


def with_header(raw: RawRequest, name: str, value: str) -> RawRequest:
    """The request with another value for one header."""
    kept = tuple((key, old) for key, old in raw.headers if key != name)
    return replace(raw, headers=(*kept, (name, value)))


def without_header(raw: RawRequest, name: str) -> RawRequest:
    """The request without one header."""
    return replace(raw, headers=tuple((key, value) for key, value in raw.headers if key != name))
