"""The judged call as the request that moto reads.

Written anew from the input that was authorized, never the client's own bytes: two parsers would read one
request in two ways (an ``Action`` in the query string beside an X-Amz-Target, a member given twice, a header
of moto's own), and moto would act on what nobody was asked about.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from passrole.authorize.call import Call
from passrole.services.embedded.prepared import Prepared
from passrole.wire.protocols import encode_request
from passrole.wire.request import RawRequest
from passrole.wire.services import entry

ACCOUNT: Final = "passrole.account"
REGION: Final = "passrole.region"

# What moto cannot read at all; such a call goes to it as JSON.
CBOR: Final = "smithy-rpc-v2-cbor"

# The client's own headers that no model names and a service answers to: CORS, and how an SQS client of
# today asks for the error codes of yesterday.
_KEPT: Final = ("origin", "x-amzn-query-mode")

# moto keeps the spelling of S3 metadata names with an underscore here, which WSGI would lose.
_SPELLED: Final = "moto.preserved_header_names"

_CONSTANT: Final[Mapping[str, object]] = {
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


def spoken(protocol: str, service: str) -> str:
    """The protocol in which moto is asked: the caller's own where moto can read it."""
    return "json" if protocol == CBOR and "json" in entry(service).protocols else protocol


def request(call: Call, prepared: Prepared) -> RawRequest:
    """The request that says what the call was authorized for, and nothing else.

    The host is the client's, since moto makes queue URLs and the like of it; S3's is AWS's, since moto
    would look for a bucket in any other.
    """
    own = f"s3.{call.region}.amazonaws.com" if call.service == "s3" else ""
    host = own or call.raw.header("host") or "localhost"
    protocol = spoken(call.protocol, call.service)
    made = encode_request(call.service, call.operation, prepared.input, host, protocol=protocol)
    kept = [(name, value) for name in _KEPT if (value := call.raw.header(name)) is not None]
    headers = (*made.headers, *kept, *prepared.headers.items())
    return RawRequest(made.method, made.path, made.query, headers, made.body, call.raw.client)


def environ(call: Call, raw: RawRequest, account: str) -> dict[str, object]:
    """The WSGI environ of a request, to be answered for an account in the region that was signed for.

    The signature stays out: moto has no use for it, logs might.
    """
    scope = f"{call.caller.access_key_id or 'ANONYMOUS'}/{call.now:%Y%m%d}/{call.region}"
    signing_name = entry(call.service).signing_name
    name, _, port = (raw.header("host") or "").partition(":")
    found: dict[str, object] = {
        **_CONSTANT,
        "REQUEST_METHOD": raw.method,
        "PATH_INFO": unquote_to_bytes(raw.path).decode("latin-1"),
        "RAW_URI": f"{raw.path}?{raw.query}" if raw.query else raw.path,
        "QUERY_STRING": raw.query,
        "SERVER_NAME": name,
        "SERVER_PORT": port or ("443" if call.secure else "80"),
        "REMOTE_ADDR": raw.client,
        "wsgi.url_scheme": "https" if call.secure else "http",
        "wsgi.input": io.BytesIO(raw.body),
        "wsgi.errors": io.StringIO(),
    }
    spelled: dict[str, str] = {}
    for header, value in raw.headers:
        key = _key(header)
        found[key] = value if value.isascii() else value.encode().decode("latin-1")  # as WSGI holds bytes
        if "_" in header and header.startswith("x-amz-meta-"):
            spelled[key] = header
    if spelled:
        found[_SPELLED] = spelled
    found["CONTENT_LENGTH"] = str(len(raw.body))
    found["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={scope}/{signing_name}/aws4_request"
    found["HTTP_X_MOTO_ACCOUNT_ID"] = account
    found[ACCOUNT] = account
    found[REGION] = call.region
    return found


def _key(header: str) -> str:
    key = header.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
