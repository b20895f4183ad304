"""The very call of moto's code. Imports moto's core, so ``dispatch`` imports it at the first call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.request import Request
from werkzeug.exceptions import HTTPException

from passrole.services.embedded.routes import Handler


def ask(
    function: Handler, environ: dict[str, Any], specification: object
) -> tuple[int, Mapping[str, str], bytes]:
    """(status, headers, body) of one request. specification is for instances that it launches.

    Raises whatever moto raises.
    """
    request = Request(environ)
    url = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}{environ['RAW_URI']}"
    headers = dict(request.headers)
    try:
        if specification is None:
            result: Any = function(request, url, headers)
        else:
            from passrole.services.embedded.profiled import launching_with  # with EC2, which is loaded by now

            with launching_with(specification):
                result = function(request, url, headers)
    except HTTPException as error:
        # moto's errors are werkzeug's; a bare one of werkzeug's is an HTML page, and no answer.
        answer = error.get_response(environ)
        return answer.status_code, dict(answer.headers), answer.get_data()
    status, answered, body = result if len(result) == 3 else (200, {}, result)
    return int(status), answered, _bytes(body)


def _bytes(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if body is None:
        return b""
    parts: Any = body  # moto streams a few answers as iterators of str or bytes
    return b"".join(_bytes(part) for part in parts)
