"""An OpenID Connect issuer on this machine, good or bad at it as a test likes."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from passrole.values import jwt


def _number(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Key:
    """An RSA key with its id."""

    def __init__(self, id: str) -> None:
        self.id = id
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def public(self) -> dict[str, str]:
        """As a JSON Web Key."""
        numbers = self._key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }


@cache
def usual_key() -> Key:
    """The key of every issuer that is given no other: making one takes a while."""
    return Key("one")


class Issuer:
    """Serves a discovery document and keys on a free port; counts what it is asked."""

    def __init__(self) -> None:
        self.keys = [usual_key()]
        self.asked: list[str] = []
        self.discovery: dict[str, object] = {}  # what differs from a good document
        self.redirects: dict[str, str] = {}  # path -> where it sends
        self.padding = 0  # bytes put into the key set
        self.drip = 0.0  # seconds between two bytes of the key set
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer._answer(self)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def token(self, claims: Mapping[str, object], *, key: Key | None = None) -> str:
        """A token of this issuer; claims are completed to good ones, None takes a claim away."""
        now = int(time.time())
        whole: dict[str, object] = {
            "iss": self.url,
            "aud": "app",
            "sub": "alice",
            "iat": now,
            "exp": now + 600,
            **claims,
        }
        signer = key or self.keys[0]
        present = {name: value for name, value in whole.items() if value is not None}
        return jwt.sign(present, signer.pem, "RS256", signer.id)

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        if request.path in self.redirects:
            request.send_response(302)
            request.send_header("location", self.redirects[request.path])
            request.end_headers()
            return
        if request.path == "/.well-known/openid-configuration":
            found: dict[str, object] = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.discovery}
        elif request.path == "/keys":
            found = {"keys": [key.public for key in self.keys], "padding": "x" * self.padding}
        else:
            request.send_error(404)
            return
        body = json.dumps(found).encode()
        request.send_response(200)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        try:
            if self.drip and request.path == "/keys":
                for byte in body:
                    request.wfile.write(bytes((byte,)))
                    time.sleep(self.drip)
            else:
                request.wfile.write(body)
        except OSError:
            pass  # whoever asked has had enough
