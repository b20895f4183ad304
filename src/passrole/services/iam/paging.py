"""MaxItems, Marker and IsTruncated: IAM's words for the pages of a listing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NotRequired, TypedDict, TypeVar

from passrole.services import pages
from passrole.services.iam.errors import ValidationError

T = TypeVar("T")

_DEFAULT: Final = 100  # items a page


class Cut(TypedDict):
    """The output members of a listing."""

    IsTruncated: bool
    Marker: NotRequired[str]


def start(marker: str | None) -> str:
    """The key after which the page begins, "" for the first page. Raises ValidationError."""
    try:
        return pages.key_of(marker)
    except pages.ForeignToken:
        raise ValidationError("Invalid Marker.") from None


def page(found: Iterable[T], key: Callable[[T], str], most: int | None) -> tuple[list[T], Cut]:
    """The first items of found, which begins where start said, and how the listing goes on."""
    items, marker = pages.page(found, key, _DEFAULT if most is None else most)
    return items, _cut(marker)


def page_of(found: Sequence[T], marker: str | None, most: int | None) -> tuple[list[T], Cut]:
    """A page of a short list that is kept whole. Raises ValidationError."""
    try:
        items, following = pages.page_of(found, marker, _DEFAULT if most is None else most)
    except pages.ForeignToken:
        raise ValidationError("Invalid Marker.") from None
    return items, _cut(following)


def _cut(marker: str | None) -> Cut:
    return {"IsTruncated": False} if marker is None else {"IsTruncated": True, "Marker": marker}
