"""A written request as the WSGI environ that moto reads."""

from __future__ import annotations

import io
from typing import Final
from urllib.parse import unquote_to_bytes

from passrole.authorize.call import Call
from passrole.services.embedded.rewrite import Written
from passrole.wire.services import entry

ACCOUNT: Final = "passrole.account"
REGION: Final = "passrole.region"

# The client's own headers that no model names and a service answers to: CORS, and how an SQS client of
# today asks for the error codes of yesterday.
_KEPT: Final = ("origin", "x-amzn-query-mode")

# moto keeps the spelling of S3 metadata names with an underscore here, which WSGI would lose.
_SPELLED: Final = "moto.preserved_header_names"


def environ(call: Call, written: Written, account: str) -> dict[str, object]:
    """The environ of one request, to be answered for an account in the region that the call was signed for.

    The host is the client's, since moto makes queue URLs and the like of it; S3's is AWS's, since moto
    would look for a bucket in any other. The signature stays out: moto has no use for it, logs might.
    """
    own = f"s3.{call.region}.amazonaws.com" if call.service == "s3" else ""
    host = own or call.raw.header("host") or "localhost"
    path = written.path
    scope = f"{call.caller.access_key_id or 'ANONYMOUS'}/{call.now:%Y%m%d}/{call.region}"
    signing_name = entry(call.service).signing_name
    found: dict[str, object] = {
        "REQUEST_METHOD": written.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": f"{path}?{written.query}" if written.query else path,
        "QUERY_STRING": written.query,
        "SERVER_NAME": host.rpartition(":")[0] or host,
        "SERVER_PORT": host.rpartition(":")[2] if ":" in host else ("443" if call.secure else "80"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": call.raw.client,
        "HTTP_HOST": host,
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}/{signing_name}/aws4_request",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if call.secure else "http",
        "wsgi.input": io.BytesIO(written.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        ACCOUNT: account,
        REGION: call.region,
        "HTTP_X_MOTO_ACCOUNT_ID": account,
    }
    spelled: dict[str, str] = {}
    for name in _KEPT:
        value = call.raw.header(name)
        if value is not None:
            found[_key(name)] = value
    for name, value in written.headers.items():
        key = _key(name)
        found[key] = _latin(value)
        if "_" in name and name.startswith("x-amz-meta-"):
            spelled[key] = name
    # Last: an S3 object's own Content-Length is that of the aws-chunked body that it came in.
    found["CONTENT_LENGTH"] = str(len(written.body))
    if spelled:
        found[_SPELLED] = spelled
    return found


def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def _latin(value: str) -> str:
    """WSGI's strings are bytes, one a character."""
    return value if value.isascii() else value.encode().decode("latin-1")
