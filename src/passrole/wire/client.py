"""A small client: calls an operation of AWS's or of an endpoint, signed, and reads the answer.

For reads only, of S3's objects too: what fails for a moment is asked again.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, Self
from urllib.parse import urlsplit

from passrole.values.errors import PassroleError, ServiceError
from passrole.wire import services
from passrole.wire.canonical import ALGORITHM, canonical_requests, scope, string_to_sign
from passrole.wire.encode import encode_request
from passrole.wire.models import Credentials
from passrole.wire.outputs import UnreadableAnswer, error_of, read_output
from passrole.wire.request import Credential, RawRequest, Response, Signature
from passrole.wire.sigv4 import SigningKeyCache

_TIMEOUT: Final = 60.0  # seconds to connect, and between two parts of an answer
_TRIES: Final = 6
_FIRST_WAIT: Final = 0.2  # seconds; doubled from try to try, and a part of it left to chance
_LONGEST_WAIT: Final = 8.0

# Source: AWS SDKs and Tools Reference Guide, "Retry behavior".
_AGAIN: Final = frozenset(
    (
        "InternalError",
        "InternalFailure",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    )
)

# Services with one endpoint for the whole partition, and the Region that their requests are signed for.
_GLOBAL: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "aws": {
        "iam": ("iam.amazonaws.com", "us-east-1"),
        "organizations": ("organizations.us-east-1.amazonaws.com", "us-east-1"),
    },
    "aws-cn": {
        "iam": ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        "organizations": ("organizations.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
    },
    "aws-us-gov": {
        "iam": ("iam.us-gov.amazonaws.com", "us-gov-west-1"),
        "organizations": ("organizations.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
    },
}


class NotReached(PassroleError):
    """Nothing that answers, or an answer that cannot be read."""


class Client:
    """Calls as one caller. url is an endpoint's; "" for AWS's own endpoints."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        url: str = "",
        region: str = "us-east-1",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises NotReached for a URL that is none."""
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise NotReached(f"{url} is not an http:// or https:// URL")
        self.region = region
        self.url = url.rstrip("/")
        self._credentials = credentials
        self._sleep = sleep
        self._keys = SigningKeyCache(16)
        self._connections: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(
        self, service: str, operation: str, given: Mapping[str, object] | None = None
    ) -> dict[str, object]:
        """The output. Names are botocore's.

        Raises the service's own error as ServiceError, and NotReached.
        """
        wait = _FIRST_WAIT
        for _ in range(_TRIES - 1):
            try:
                return self._once(service, operation, given or {})
            except ServiceError as error:
                if error.code not in _AGAIN and error.status < 500:
                    raise
            except NotReached:
                if self.url:  # an endpoint on this machine is there or it is not
                    raise
            self._sleep(wait * (0.5 + random.random() / 2))
            wait = min(wait * 2, _LONGEST_WAIT)
        return self._once(service, operation, given or {})

    def pages(
        self,
        service: str,
        operation: str,
        given: Mapping[str, object] | None = None,
        *,
        token: str = "NextToken",
        out: str = "",
    ) -> Iterator[dict[str, object]]:
        """The output page by page. token is the input member that asks for the next one, out the output's."""
        asked = dict(given or {})
        while True:
            page = self.call(service, operation, asked)
            yield page
            following = page.get(out or token)
            if not following:
                return
            asked[token] = following

    def _once(self, service: str, operation: str, given: Mapping[str, object]) -> dict[str, object]:
        entry = services.entry(service)
        secure, host, base, region = self._address(service, entry.endpoint_prefix)
        protocol = entry.protocols[0]
        request = encode_request(service, operation, given, host, protocol=protocol)
        response = self._exchange(secure, host, self._signed(request, entry.signing_name, region, base))
        error = error_of(response)
        if error is not None:
            if self.url and _is_page(response):
                what = f"a web server (status {error.status})"
                raise NotReached(f"{self.url}: what answers there is not {service}, but {what}")
            raise error
        try:
            return read_output(service, operation, protocol, response)
        except UnreadableAnswer as problem:
            raise NotReached(f"{self.url or host}: what answers there is not {service}") from problem

    def _address(self, service: str, prefix: str) -> tuple[bool, str, str, str]:
        """https or not, host, base path and the Region to sign for."""
        partition = "aws"
        for start, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(start):
                partition = name
        host, region = _GLOBAL[partition].get(service, ("", self.region))
        if self.url:
            parts = urlsplit(self.url)
            return parts.scheme == "https", parts.netloc.rpartition("@")[2], parts.path, region
        suffix = ".cn" if partition == "aws-cn" else ""
        return True, host or f"{prefix}.{region}.amazonaws.com{suffix}", "", region

    def _signed(self, request: RawRequest, signing_name: str, region: str, base: str) -> RawRequest:
        at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = [*request.headers, ("x-amz-date", at)]
        if self._credentials.token:
            headers.append(("x-amz-security-token", self._credentials.token))
        payload = hashlib.sha256(request.body).hexdigest()
        s3 = signing_name == "s3"
        if s3:
            headers.append(("x-amz-content-sha256", payload))
        names = tuple(sorted(name for name, _ in headers if name != "content-length"))
        credential = Credential(self._credentials.access_key_id, at[:8], region, signing_name)
        signature = Signature(credential, names, "", at, False, None, self._credentials.token or None)
        whole = RawRequest(request.method, base + request.path, request.query, tuple(headers), request.body)
        canonical = canonical_requests(whole, signature, payload, s3=s3)[0]
        key = self._keys.key(self._credentials.secret, credential)
        digest = hmac.digest(key, string_to_sign(signature, canonical).encode(), "sha256").hex()
        headers.append(
            (
                "authorization",
                f"{ALGORITHM} Credential={credential.access_key_id}/{scope(credential)}, "
                f"SignedHeaders={';'.join(names)}, Signature={digest}",
            )
        )
        return RawRequest(whole.method, whole.path, whole.query, tuple(headers), whole.body)

    def _exchange(self, secure: bool, host: str, request: RawRequest) -> Response:
        key = ("https" if secure else "http", host)
        connection = self._connections.pop(key, None)
        kept = connection is not None
        if connection is None:
            connection = (
                http.client.HTTPSConnection(host, timeout=_TIMEOUT, context=ssl.create_default_context())
                if secure
                else http.client.HTTPConnection(host, timeout=_TIMEOUT)
            )
        target = f"{request.path}?{request.query}" if request.query else request.path
        try:
            connection.request(request.method, target, body=request.body, headers=dict(request.headers))
            answer = connection.getresponse()
            response = Response(answer.status, tuple(answer.getheaders()), answer.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if kept and isinstance(error, ConnectionError):  # the other side had ended it while it was idle
                return self._exchange(secure, host, request)
            where = self.url or f"https://{host}"
            raise NotReached(f"{where} does not answer: {str(error) or type(error).__name__}") from error
        if answer.will_close:
            connection.close()
        else:
            self._connections[key] = connection
        return response

    def close(self) -> None:
        """Ends the connections."""
        while self._connections:
            self._connections.popitem()[1].close()


def _is_page(response: Response) -> bool:
    """Is it a page for a browser? No service answers with one."""
    return any(
        name.lower() == "content-type" and value.lower().startswith("text/html")
        for name, value in response.headers
    )
