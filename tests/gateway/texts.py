"""Texts that satisfy the patterns of AWS's models: plain words first, else one made from the pattern."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any, Final

from passrole.wire.patterns import matcher, translated

ACCOUNT: Final = "111122223333"
REGION: Final = "eu-west-1"

# What an input most often means; tried in this order. Many of the services behind look up the parts of an
# ARN, so one of the right service is better than one that is merely allowed.
_PLAIN: Final = (
    "example",
    "example-1",
    "Example1",
    ACCOUNT,
    "eu-west-1",
    "11111111-2222-4333-8444-555555555555",
    "2012-10-17",
    "1.0",
    "a",
    "/example",
    "https://example.com/a",
    "s3://example/a",
    "example@example.com",
    "arn:aws:s3:::example",
    f"arn:aws:sns:eu-west-1:{ACCOUNT}:example",
    f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/11111111-2222-4333-8444-555555555555",
    f"arn:aws:iam::{ACCOUNT}:role/example",
)


@cache
def text(pattern: str | None, least: int | None, most: int | None) -> str:
    """A text of that form and length. Raises ValueError where none is found."""
    shortest, longest = least or 0, most if most is not None else 1_000_000
    match = matcher(pattern) if pattern else None
    for plain in chain(_PLAIN, _made(pattern) if pattern else ()):
        for candidate in (_at_home(plain), plain, plain.ljust(shortest, "a"), plain.ljust(shortest, "0")):
            if shortest <= len(candidate) <= longest and (match is None or match(candidate) is not None):
                return candidate
    raise ValueError(f"no text of {shortest} to {longest} characters for {pattern!r}")


def _at_home(plain: str) -> str:
    """An ARN of the account and region of the tests: one of another account is another's to share."""
    parts = plain.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return plain
    region, account = parts[3] and REGION, parts[4] and ACCOUNT
    return ":".join((*parts[:3], region, account, parts[5]))


def _made(pattern: str) -> Iterator[str]:
    """Texts made from the pattern: with as few repetitions as it allows, and with some more."""
    # The parser is the standard library's own, which has no public name.
    parser: Any = importlib.import_module("re._parser")
    tree = parser.parse(translated(pattern))
    for more in (0, 1, 2, 4, 8, 12, 16, 20, 24, 32, 36, 64):
        yield "".join(_write(tree, more))


def _write(tree: Any, more: int) -> Iterator[str]:
    for op, argument in tree:
        match str(op):
            case "LITERAL":
                yield chr(argument)
            case "NOT_LITERAL":
                yield "a" if chr(argument) != "a" else "b"
            case "ANY":
                yield "a"
            case "IN":
                yield _of_class(argument)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                low, high, inner = argument
                for _ in range(min(int(low) + more, int(high))):
                    yield from _write(inner, 0)
            case "SUBPATTERN":
                yield from _write(argument[-1], more)
            case "ATOMIC_GROUP":
                yield from _write(argument, more)
            case "BRANCH":
                yield from _write(argument[1][0], more)
            case "AT" | "ASSERT" | "ASSERT_NOT":
                pass
            case other:
                raise ValueError(f"a pattern with {other}")


_LIKED: Final = "ax0A1-/_.: "


def _of_class(items: Any) -> str:
    """A character of a class, a plain one where it has any."""
    negated = bool(items) and str(items[0][0]) == "NEGATE"
    wanted = items[1:] if negated else items
    for letter in _LIKED:
        if any(_holds(item, letter) for item in wanted) is not negated:
            return letter
    if negated:
        raise ValueError("a class without plain characters")
    op, argument = wanted[0]
    return chr(argument if str(op) == "LITERAL" else argument[0])


def _holds(item: Any, letter: str) -> bool:
    op, argument = item
    match str(op):
        case "LITERAL":
            return chr(argument) == letter
        case "RANGE":
            return bool(argument[0] <= ord(letter) <= argument[1])
        case "CATEGORY":
            name = str(argument)
            kinds = {
                "CATEGORY_DIGIT": letter.isdigit(),
                "CATEGORY_SPACE": letter.isspace(),
                "CATEGORY_WORD": letter.isalnum() or letter == "_",
            }
            return not kinds[name.replace("NOT_", "")] if "NOT_" in name else kinds[name]
    raise ValueError(f"a class with {op}")
