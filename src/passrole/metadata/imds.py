"""The instance metadata service of every instance, versions 1 and 2.

``/_passrole/imds/INSTANCE-ID/latest/…`` answers what ``http://169.254.169.254/latest/…`` answers on that
instance. Source: EC2 User Guide, "Use the Instance Metadata Service to access instance metadata",
"How Instance Metadata Service Version 2 works".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from passrole.authorize.refusal import Refusal
from passrole.metadata import documents
from passrole.metadata.access import Access
from passrole.metadata.credentials import Workload, WorkloadCredentials
from passrole.metadata.documents import Node, RoleCredentials
from passrole.metadata.paths import IMDS, TOKEN, TOKEN_SECONDS
from passrole.services.instances import RUNS, Instance, Instances
from passrole.state.directory import Directory
from passrole.values.arn import Arn
from passrole.wire.request import RawRequest, Response

MAX_TOKEN_SECONDS: Final = 21_600  # six hours

# The service's error page. Clients look at the status alone.
_TITLES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
}


class SessionTokens:
    """IMDSv2 session tokens: they name no session, but carry instance and expiry under a seal.

    They are good for one instance and one run of the endpoint.
    """

    _SEAL: Final = 32  # bytes; with the 8 of the expiry, 56 characters of base64 as AWS's tokens have

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def issue(self, instance_id: str, seconds: int, now: datetime) -> str:
        """A token that holds for seconds from now."""
        expiry = (int(now.timestamp()) + seconds).to_bytes(8, "big")
        return base64.urlsafe_b64encode(expiry + self._sealed(instance_id, expiry)).decode()

    def seconds_left(self, token: str, instance_id: str, now: datetime) -> int:
        """How long the token still holds for that instance, 0 where it does not."""
        try:
            data = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        except ValueError:
            return 0
        expiry, seal = data[:8], data[8:]
        if not hmac.compare_digest(seal, self._sealed(instance_id, expiry)):
            return 0
        return max(0, int.from_bytes(expiry, "big") - int(now.timestamp()))

    def _sealed(self, instance_id: str, expiry: bytes) -> bytes:
        return hmac.digest(self._key, expiry + instance_id.encode(), hashlib.sha256)[: self._SEAL]


class InstanceMetadata:
    """Answers below ``IMDS`` for every instance that ``instances`` finds."""

    def __init__(
        self,
        directory: Directory,
        instances: Instances,
        credentials: WorkloadCredentials,
        now: Callable[[], datetime],
        access: Access,
    ) -> None:
        self._directory = directory
        self._instances = instances
        self._credentials = credentials
        self._now = now
        self._access = access
        self._tokens = SessionTokens()

    async def answer(self, raw: RawRequest) -> Response:
        """The mount: finds the instance that the path names."""
        problem = self._access.problem(raw)
        if problem:
            return plain(403, problem)
        instance_id, _, rest = raw.path.removeprefix(IMDS).lstrip("/").partition("/")
        instance = self._instances.instance(instance_id)
        if instance is None:
            return plain(404, f"there is no instance {instance_id!r} here")
        if instance.state not in RUNS:
            return plain(404, f"instance {instance_id} is {instance.state}")
        return await self.handle(instance, f"/{rest}", raw)

    async def handle(self, instance: Instance, path: str, raw: RawRequest) -> Response:
        """What the instance's own metadata service answers. path begins with the version, ``/latest/…``."""
        if not instance.options.endpoint:
            return _error(403)
        now = self._now()
        if raw.method == "PUT":
            return self._token(instance, path, raw, now)
        if raw.method not in ("GET", "HEAD"):
            return _error(405)
        token = raw.header(TOKEN)
        left = 0
        if token is not None:
            left = self._tokens.seconds_left(token, instance.id, now)
            if not left:
                # Also where version 1 is allowed: who sends a token means version 2.
                return _error(401)
        elif instance.options.tokens_required:
            return _error(401)
        return await self._read(instance, path, now, left)

    def _token(self, instance: Instance, path: str, raw: RawRequest, now: datetime) -> Response:
        if raw.header("x-forwarded-for") is not None:
            # A reverse proxy on the instance must not fetch tokens for others.
            return _error(403)
        version, _, rest = path.strip("/").partition("/")
        if rest != "api/token":
            return _error(405)
        if version != "latest":
            return _error(403)
        asked = raw.header(TOKEN_SECONDS) or ""
        if re.fullmatch(r"[0-9]{1,5}", asked) is None or not 1 <= int(asked) <= MAX_TOKEN_SECONDS:
            return _error(400)
        seconds = int(asked)
        return plain(200, self._tokens.issue(instance.id, seconds, now), {TOKEN_SECONDS: str(seconds)})

    async def _read(self, instance: Instance, path: str, now: datetime, left: int) -> Response:
        headers = {TOKEN_SECONDS: str(left)} if left else {}
        names = [unquote(name) for name in path.split("/") if name]
        if not names:
            return plain(200, "\n".join(documents.VERSIONS), headers)
        if names[0] not in documents.VERSIONS:
            return _error(404)
        if names[1:] == ["api", "token"]:
            return _error(405)
        node: Node | None = documents.tree(instance, documents.iam(instance, self._directory))
        for name in names[1:]:
            node = node.get(name) if isinstance(node, Mapping) else None
        if node is None:
            return _error(404)
        if isinstance(node, Mapping):
            return plain(200, documents.listing(node, slashes=len(names) > 1), headers)
        if isinstance(node, RoleCredentials):
            taken = await self._credentials.of(_workload(instance, "2.0" if left else "1.0"), node.role)
            if isinstance(taken, Refusal):
                return plain(200, documents.unauthorized_document(node.role, now), headers)
            return plain(200, documents.credentials_document(taken), headers)
        if isinstance(node, bytes):
            return Response(200, (("content-type", "application/octet-stream"), *headers.items()), node)
        return plain(200, node, headers)


def _workload(instance: Instance, delivery: str) -> Workload:
    """The instance, asking by version 1.0 or 2.0: each version hands out credentials of its own.

    Source: IAM User Guide, "AWS global condition context keys", "Properties of the role session";
    Service Authorization Reference, EC2.
    """
    context = {
        "ec2:SourceInstanceARN": instance.arn,
        "ec2:RoleDelivery": delivery,
        "aws:Ec2InstanceSourceVpc": instance.vpc_id,
        "aws:Ec2InstanceSourcePrivateIPv4": instance.private_ip,
    }
    present = {key: value for key, value in context.items() if value}
    return Workload(Arn.parse(instance.arn), "ec2.amazonaws.com", instance.id, present)


def plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer as the metadata service sends it; nothing on the way may keep it."""
    return Response(
        status,
        (
            ("content-type", "text/plain"),
            ("accept-ranges", "none"),
            ("cache-control", "no-store"),
            *(headers or {}).items(),
        ),
        text.encode(),
    )


def _error(status: int) -> Response:
    title = f"{status} - {_TITLES[status]}"
    page = (
        '<?xml version="1.0" encoding="iso-8859-1"?>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">\n'
        f" <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
    )
    return Response(status, (("content-type", "text/html"), ("cache-control", "no-store")), page.encode())
