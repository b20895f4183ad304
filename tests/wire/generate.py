"""Values for every shape of botocore's models, drawn from a seed, and what becomes of them on the wire."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any, Final

# botocore's shapes are untyped; Any stops at this module and its two tests.
Shape = Any

_TEXTS: Final = (
    "a",
    "plain text",
    'quo"te',
    "<tag>&amp;",
    "50% + 1",
    "é漢😀",
    "a=b&c=d",
    "line\nfeed",
    "x" * 40,
)
_WORDS: Final = ("a", "Word", "two-parts", "v1.2", "under_score")
_LABELS: Final = ("a", "with space", "a+b", "é漢", "arn:aws:x:y:1:z", "50%25", "~._-")
_DAY: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Values:
    """Draws values: every member of the outer two structures, and of the inner ones some.

    protocol leaves out what it has no form for; millis gives times a fraction.
    """

    def __init__(self, seed: object, protocol: str, *, millis: bool) -> None:
        self._random = random.Random(f"{seed}")
        self._protocol = protocol
        self._millis = millis

    def structure(self, shape: Shape, depth: int = 0) -> dict[str, Any]:
        """A structure that is no union."""
        found: dict[str, Any] = {}
        for name, member in shape.members.items():
            wanted = name in shape.metadata.get("required", ())
            if member.serialization.get("location") == "uri":
                wanted = True
            if not wanted and not self._likes(depth):
                continue
            value = self._value(member, depth + 1)
            if value is not None:
                found[name] = value
        return found

    def _union(self, shape: Shape, depth: int) -> dict[str, Any] | None:
        """A union with just one member; None where none can be had at this depth."""
        names = list(shape.members)
        self._random.shuffle(names)
        for name in names:
            value = self._value(shape.members[name], depth + 1)
            if value is not None:
                return {name: value}
        return None

    def _likes(self, depth: int) -> bool:
        return self._random.random() < (1, 1, 0.4, 0.2, 0.05)[min(depth, 4)]

    def _value(self, shape: Shape, depth: int) -> Any:
        place = shape.serialization.get("location", "")
        if shape.serialization.get("jsonvalue") and place == "header":
            return {"some": ["json", 1]}
        match shape.type_name:
            case "structure" if shape.metadata.get("document"):
                return {"any": [1, "x", None, {"deep": True}]}
            case "structure" if shape.metadata.get("union"):
                return self._union(shape, depth) if depth <= 6 else None
            case "structure":
                if depth > 6:
                    return None
                value = self.structure(shape, depth)
                # An empty structure has no form in the query protocols.
                return value if value or not self._is_form else None
            case "list":
                return self._list(shape, depth, place)
            case "map":
                return self._map(shape, depth, place)
            case "string":
                return self._text(shape, place)
            case "integer":
                return self._random.choice((0, 1, -7, 2**31 - 1, -(2**31)))
            case "long":
                return self._random.choice((0, 1, 2**40, -(2**62)))
            case "boolean":
                return self._random.random() < 0.5
            case "float" | "double":
                return self._random.choice((0.0, 1.5, -2.25, 1024.0))
            case "timestamp":
                return self._time(shape, place)
            case "blob":
                return bytes(self._random.randrange(256) for _ in range(self._random.randrange(1, 9)))
        raise AssertionError(shape.type_name)

    @property
    def _is_form(self) -> bool:
        return self._protocol in ("query", "ec2")

    def _list(self, shape: Shape, depth: int, place: str) -> list[Any] | None:
        if depth > 6:
            return None
        count = self._random.randrange(1, 4)
        values = []
        for _ in range(count):
            if place in ("header", "querystring") and shape.member.type_name == "string":
                values.append(self._listed_text(shape.member, place))
                continue
            value = self._value(shape.member, depth + 1)
            if value is not None:
                values.append(value)
        return values or None

    def _listed_text(self, shape: Shape, place: str) -> str:
        if shape.metadata.get("enum"):
            return str(self._random.choice(shape.metadata["enum"]))
        return self._random.choice(_WORDS if place == "header" else (*_WORDS, "a,b c"))

    def _map(self, shape: Shape, depth: int, place: str) -> dict[str, Any] | None:
        if depth > 6:
            return None
        found = {}
        for number in range(self._random.randrange(1, 3)):
            key = f"key-{number}" if place else self._text(shape.key, "")
            value = self._random.choice(_WORDS) if place == "headers" else self._value(shape.value, depth + 1)
            if value is not None and key:
                found[key] = value
        return found or None

    def _text(self, shape: Shape, place: str) -> str:
        if shape.metadata.get("enum"):
            return str(self._random.choice(shape.metadata["enum"]))
        if shape.serialization.get("hostLabel"):
            return self._random.choice(_WORDS[:4])
        if place == "uri":
            return self._random.choice(_LABELS)
        if place in ("header", "headers"):
            return self._random.choice(_WORDS)
        return self._random.choice(_TEXTS)

    def _time(self, shape: Shape, place: str) -> datetime:
        at = _DAY + timedelta(seconds=self._random.randrange(10_000_000))
        whole = (
            place == "header" or shape.serialization.get("timestampFormat") == "rfc822" or not self._millis
        )
        return at if whole else at + timedelta(milliseconds=self._random.randrange(1000))
