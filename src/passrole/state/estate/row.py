"""One object of an export, read member by member; what is not as it should be is noted, not guessed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

import orjson

from passrole.policy.readable import why_unreadable
from passrole.state.entities import Tags
from passrole.state.estate.notes import Notes

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Row:
    """A JSON object at a place of a source. A member of the wrong type counts as missing, and is noted."""

    __slots__ = ("_data", "_notes", "place", "source")

    def __init__(self, data: Mapping[str, object], source: str, place: str, notes: Notes) -> None:
        self._data = data
        self._notes = notes
        self.source = source
        self.place = place

    def note(self, member: str, text: str) -> None:
        """Notes something about a member, "" for the whole object."""
        self._notes.add(self.source, self.at(member), text)

    def note_of_all(self, member: str, text: str) -> None:
        """Notes something once that thousands of objects may have in common: without the place's number."""
        kind = self.place.partition("[")[0]
        self._notes.add(self.source, f"{kind}[].{member}" if kind else member, text)

    def at(self, member: str) -> str:
        """The place of a member."""
        return f"{self.place}.{member}" if self.place and member else self.place or member

    def know(self, members: Iterable[str]) -> None:
        """Notes the members that are not among those that are known."""
        for name in self._data.keys() - set(members):
            self.note_of_all(name, "unknown field, not read")

    def __contains__(self, member: str) -> bool:
        return self._data.get(member) is not None

    def text(self, member: str) -> str:
        """A string, "" where it is missing."""
        value = self._data.get(member)
        if isinstance(value, str):
            return value
        if value is not None:
            self.note(member, "not a string, not read")
        return ""

    def flag(self, member: str) -> bool:
        """A boolean, False where it is missing."""
        value = self._data.get(member)
        if value is not None and not isinstance(value, bool):
            self.note(member, "neither true nor false, not read")
        return value is True

    def time(self, member: str) -> datetime | None:
        """A time, as ISO text or seconds since the epoch; None where it is missing."""
        value = self._data.get(member)
        try:
            if isinstance(value, datetime):
                found = value
            elif isinstance(value, str):
                found = datetime.fromisoformat(value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                found = datetime.fromtimestamp(value, UTC)
            else:
                if value is not None:
                    self.note(member, "not a time, not read")
                return None
        except (ValueError, OverflowError, OSError):
            self.note(member, "not a time, not read")
            return None
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)

    def row(self, member: str) -> Row | None:
        """An object, None where it is missing."""
        value = self._data.get(member)
        if isinstance(value, Mapping):
            return Row(value, self.source, self.at(member), self._notes)
        if value is not None:
            self.note(member, "not an object, not read")
        return None

    def rows(self, member: str) -> Iterator[Row]:
        """The objects of a list."""
        for number, value in enumerate(self._items(member)):
            place = f"{self.at(member)}[{number}]"
            if isinstance(value, Mapping):
                yield Row(value, self.source, place, self._notes)
            else:
                self._notes.add(self.source, place, "not an object, not read")

    def texts(self, member: str) -> Iterator[str]:
        """The strings of a list."""
        for number, value in enumerate(self._items(member)):
            if isinstance(value, str):
                yield value
            else:
                self._notes.add(self.source, f"{self.at(member)}[{number}]", "not a string, not read")

    def _items(self, member: str) -> list[object]:
        value = self._data.get(member)
        if isinstance(value, list):
            return value
        if value is not None:
            self.note(member, "not a list, not read")
        return []

    def tags(self, member: str) -> Tags:
        """``[{"Key": …, "Value": …}]``."""
        return tuple((row.text("Key"), row.text("Value")) for row in self.rows(member) if "Key" in row)

    def document(self, member: str) -> str:
        """The text of a policy that can be read, "" where it is missing or cannot; that is noted.

        The API gives policies percent-encoded, the AWS CLI as objects.
        """
        value = self._data.get(member)
        if value is None:
            self.note(member, "the policy is missing")
            return ""
        if isinstance(value, str):
            text = value if value.lstrip().startswith("{") else unquote(value)
        else:
            try:
                text = orjson.dumps(value).decode()
            except orjson.JSONEncodeError:  # half of a surrogate pair in it
                text = ""
        why = why_unreadable(text)
        if why:
            self.note(member, f"the policy cannot be read: {why}")
            return ""
        return text
