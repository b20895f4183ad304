"""The public keys of OpenID Connect issuers, found by discovery and kept a while.

Source: OpenID Connect Discovery 1.0. Bounded in time, size and number: an issuer is somebody else's
server. Plain http is for loopback only.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.request
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import IO, Final
from urllib.error import URLError
from urllib.parse import urlsplit

from passrole.values.errors import PassroleError

_TIMEOUT: Final = 3.0  # seconds, for each of the two documents and for each read of one
_LARGEST: Final = 256 * 1024  # bytes of a document
_KEPT: Final = timedelta(minutes=10)
_FAILURE_KEPT: Final = timedelta(seconds=5)
_ROTATED: Final = timedelta(seconds=5)  # how old a set must be before a key that it lacks is looked for again
_MOST_ISSUERS: Final = 256
_LOOPBACK: Final = frozenset(("127.0.0.1", "localhost", "::1"))

KeySet = Mapping[str, object]


class KeysUnavailable(PassroleError):
    """An issuer whose keys could not be had."""


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: KeySet | None  # None: they could not be had
    since: datetime
    until: datetime
    why: str = ""

    def serves(self, key_id: str, now: datetime) -> bool:
        """Is it good for a token that names that key, "" for one that names none?"""
        if self.until <= now:
            return False
        # An issuer may have changed its keys since.
        return self.keys is None or self._has(key_id) or now - self.since < _ROTATED

    def _has(self, key_id: str) -> bool:
        keys = self.keys.get("keys") if self.keys is not None else None
        listed = keys if isinstance(keys, list) else []
        return not key_id or any(isinstance(key, dict) and key.get("kid", key_id) == key_id for key in listed)


class KeySets:
    """Key sets by issuer URL. fetch may run on any thread, known never waits."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = Lock()

    def known(self, issuer: str, now: datetime) -> KeySet:
        """The keys that fetch got lately. Raises KeysUnavailable."""
        with self._lock:
            kept = self._kept.get(issuer)
        if kept is None or kept.until <= now:
            raise KeysUnavailable(f"the keys of {issuer} have not been fetched")
        if kept.keys is None:
            raise KeysUnavailable(kept.why)
        return kept.keys

    def fetch(self, issuer: str, key_id: str, now: datetime) -> None:
        """Sees to it that known has an answer, with that key among the keys where the issuer has it.

        It takes seconds, and as long as it likes with an issuer that sends its headers letter by letter.
        """
        with self._lock:
            kept = self._kept.get(issuer)
        if kept is not None and kept.serves(key_id, now):
            return
        try:
            found = _Kept(_discovered(issuer), now, now + _KEPT)
        except KeysUnavailable as error:
            found = _Kept(None, now, now + _FAILURE_KEPT, str(error))
        with self._lock:
            self._kept[issuer] = found
            self._kept.move_to_end(issuer)
            while len(self._kept) > _MOST_ISSUERS:
                self._kept.popitem(last=False)


def _discovered(issuer: str) -> KeySet:
    about = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if str(about.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise KeysUnavailable(f"{issuer} says that it is {about.get('issuer')!r}")
    place = about.get("jwks_uri")
    if not isinstance(place, str):
        raise KeysUnavailable(f"{issuer} names no jwks_uri")
    check_place(issuer, place)
    return _document(place)


def check_place(issuer: str, place: str) -> None:
    """Raises KeysUnavailable where an issuer elsewhere has its keys looked for on this machine."""
    if _is_loopback(place) and not _is_loopback(issuer):
        raise KeysUnavailable(f"{issuer} sends this machine to itself, {place}")


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOOPBACK
    except ValueError:
        return False


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An issuer's documents are where it says, or nowhere."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        """Follows nothing."""
        return None


# Proxies are left alone: they come from the environment, which nothing below the faces reads.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


def _document(url: str) -> Mapping[str, object]:
    if not url.startswith("https://") and not (url.startswith("http://") and _is_loopback(url)):
        raise KeysUnavailable(f"{url} is not https")
    try:
        with _OPENER.open(url, timeout=_TIMEOUT) as response:
            content = _content(response, url)
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        raise KeysUnavailable(f"{url} could not be read: {error}") from error
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise KeysUnavailable(f"{url} is no JSON") from None
    if not isinstance(found, dict):
        raise KeysUnavailable(f"{url} is no JSON object")
    return found


def _content(response: http.client.HTTPResponse, url: str) -> bytes:
    ends = time.monotonic() + _TIMEOUT
    content = b""
    while chunk := response.read1(_LARGEST):
        content += chunk
        if len(content) > _LARGEST:
            raise KeysUnavailable(f"{url} is larger than {_LARGEST} bytes")
        if time.monotonic() > ends:
            raise KeysUnavailable(f"{url} takes longer than {_TIMEOUT} seconds")
    return content


KEY_SETS: Final = KeySets()  # one for the process: an issuer's keys are the same for every endpoint in it
