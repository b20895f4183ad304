"""The endpoint's own paths under ``/_passrole/``: health for anyone, the rest for the root key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import orjson

from passrole.gateway.authenticate import Authenticator
from passrole.gateway.clock import Clock
from passrole.gateway.server import Mount, json_response
from passrole.state import outbound
from passrole.state.directory import Directory
from passrole.state.entities import AccessKey
from passrole.values.principal import PrincipalKind
from passrole.wire.authfailure import AuthFailure
from passrole.wire.request import RawRequest, Response

PREFIX: Final = "/_passrole"


def _problem(status: int, text: str) -> Response:
    return json_response(status, orjson.dumps({"message": text}))


class OwnPaths:
    """health and, with --testing, reset, accounts and clock."""

    def __init__(
        self,
        *,
        directory: Directory,
        authenticator: Authenticator,
        clock: Clock,
        new_account: Callable[[], Awaitable[AccessKey]],
        reset: Callable[[], Awaitable[None]],
        main_account: str,
        testing: bool,
    ) -> None:
        self._directory = directory
        self._authenticator = authenticator
        self._clock = clock
        self._new_account = new_account
        self._reset = reset
        self._main_account = main_account
        self._testing = testing

    def mounts(self) -> list[Mount]:
        """What the server is to serve; the paths for tests only where they are allowed."""
        found = [Mount(f"{PREFIX}/health", self.health)]
        if self._testing:
            found += [
                Mount(f"{PREFIX}/reset", self.reset),
                Mount(f"{PREFIX}/accounts", self.accounts),
                Mount(f"{PREFIX}/clock", self.clock),
            ]
        found += [Mount(outbound.PREFIX.rstrip("/"), self.issuer), Mount(PREFIX, self.nothing)]
        return found

    async def health(self, raw: RawRequest) -> Response:
        """200 as soon as the endpoint answers."""
        return json_response(200, b'{"status":"ok"}')

    async def issuer(self, raw: RawRequest) -> Response:
        """The discovery document and the keys of an account's web identity tokens, for anyone."""
        id, _, path = raw.path.removeprefix(outbound.PREFIX).partition("/")
        settings = outbound.settings_of(self._directory, id)
        if settings is not None and path == ".well-known/openid-configuration":
            return json_response(200, orjson.dumps(outbound.discovery(outbound.issuer_of(settings, raw))))
        if settings is not None and path == ".well-known/jwks.json":
            return json_response(200, orjson.dumps(outbound.key_set(settings)))
        return _problem(404, f"there is nothing at {raw.path}")

    async def nothing(self, raw: RawRequest) -> Response:
        """404, naming what a flag would open."""
        return _problem(404, f"there is nothing at {raw.path}; reset, accounts and clock need --testing")

    async def reset(self, raw: RawRequest) -> Response:
        """Empties everything but the root key."""
        refusal = self._refusal(raw)
        if refusal is not None:
            return refusal
        await self._reset()
        return json_response(200, b"{}")

    async def accounts(self, raw: RawRequest) -> Response:
        """Makes an account: its id and its root's key."""
        refusal = self._refusal(raw)
        if refusal is not None:
            return refusal
        key = await self._new_account()
        return json_response(
            200,
            orjson.dumps({"account": key.account, "access_key_id": key.id, "secret_access_key": key.secret}),
        )

    async def clock(self, raw: RawRequest) -> Response:
        """Moves the endpoint's time forward: ``{"advance_seconds": n}``."""
        refusal = self._refusal(raw)
        if refusal is not None:
            return refusal
        try:
            given = orjson.loads(raw.body)
        except orjson.JSONDecodeError as error:
            return _problem(400, f"the body is not JSON: {error}")
        seconds = given.get("advance_seconds") if isinstance(given, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 10**10:
            return _problem(400, 'the body is {"advance_seconds": n}, n a number of seconds from 0 up')
        self._clock.advance(seconds)
        return json_response(200, orjson.dumps({"now": self._clock.now()}))

    def _refusal(self, raw: RawRequest) -> Response | None:
        """None for a POST that the main account's root key signed."""
        if raw.method != "POST":
            return _problem(405, "it takes POST")
        try:
            caller = self._authenticator.own_path(raw, self._clock.now(), self._clock.machine())
        except AuthFailure as failure:
            return _problem(403, f"sign it with the root key: {failure}")
        principal = caller.principal
        if principal.kind is not PrincipalKind.ROOT or principal.account != self._main_account:
            return _problem(403, "only the main account's root key may do that")
        return None
