"""MaxItems and Marker: pages of a listing, each found in flat time.

A marker holds the key of the last entity that was given, so a page needs no walk through the pages
before it, and what is added or deleted meanwhile neither repeats nor hides anything else.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final, NotRequired, TypedDict, TypeVar

from passrole.services.iam.errors import ValidationError

T = TypeVar("T")

_DEFAULT: Final = 100  # items a page
_HEAD: Final = b"passrole1:"  # so that a marker of somebody else's is told from ours


class Cut(TypedDict):
    """The output members of a listing."""

    IsTruncated: bool
    Marker: NotRequired[str]


def start(marker: str | None) -> str:
    """The key after which the page begins, "" for the first page. Raises ValidationError."""
    if marker is None:
        return ""
    try:
        text = base64.b64decode(marker.encode("ascii"), validate=True)
        if text.startswith(_HEAD):
            return text[len(_HEAD) :].decode()
    except (binascii.Error, UnicodeError):
        pass
    raise ValidationError("Invalid Marker.")


def page(found: Iterable[T], key: Callable[[T], str], most: int | None) -> tuple[list[T], Cut]:
    """The first items of found, which begins where start said, and how the listing goes on."""
    size = _DEFAULT if most is None else most
    items = list(islice(found, size + 1))
    if len(items) <= size:
        return items, {"IsTruncated": False}
    items.pop()
    return items, {"IsTruncated": True, "Marker": _marker(key(items[-1]))}


def page_of(found: Sequence[T], marker: str | None, most: int | None) -> tuple[list[T], Cut]:
    """A page of a short list that is kept whole, by position."""
    place = start(marker)
    if place and not place.isdigit():
        raise ValidationError("Invalid Marker.")
    first = int(place or 0)
    size = _DEFAULT if most is None else most
    items = list(found[first : first + size])
    if first + size >= len(found):
        return items, {"IsTruncated": False}
    return items, {"IsTruncated": True, "Marker": _marker(str(first + size))}


def _marker(key: str) -> str:
    return base64.b64encode(_HEAD + key.encode()).decode()
