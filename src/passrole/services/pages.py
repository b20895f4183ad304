"""Pages of a listing, each found in flat time, and the tokens that lead from one to the next.

A token holds the key of the last entity that was given, so a page needs no walk through the pages
before it, and what is added or deleted meanwhile neither repeats nor hides anything else.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final, TypeVar

from passrole.values.errors import PassroleError

T = TypeVar("T")

_HEAD: Final = b"passrole1:"  # so that a token of somebody else's is told from ours


class ForeignToken(PassroleError, ValueError):
    """A token that no listing here gave."""


def key_of(token: str | None) -> str:
    """The key after which the page begins, "" for the first page. Raises ForeignToken."""
    if token is None:
        return ""
    try:
        text = base64.b64decode(token.encode("ascii"), validate=True)
        if text.startswith(_HEAD):
            return text[len(_HEAD) :].decode()
    except (binascii.Error, UnicodeError):
        pass
    raise ForeignToken(token)


def page(found: Iterable[T], key: Callable[[T], str], size: int) -> tuple[list[T], str | None]:
    """The first items of found, which begins where key_of said, and the next token if there is more."""
    items = list(islice(found, size + 1))
    if len(items) <= size:
        return items, None
    items.pop()
    return items, _token(key(items[-1]))


def page_of(found: Sequence[T], token: str | None, size: int) -> tuple[list[T], str | None]:
    """A page of a short list that is kept whole, by position. Raises ForeignToken."""
    place = key_of(token)
    if place and not place.isdigit():
        raise ForeignToken(token)
    first = int(place or 0)
    items = list(found[first : first + size])
    return items, _token(str(first + size)) if first + size < len(found) else None


def _token(key: str) -> str:
    return base64.b64encode(_HEAD + key.encode()).decode()
