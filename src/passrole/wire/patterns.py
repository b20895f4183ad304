r"""The patterns of AWS's models, which are Java's, as Python's.

Differences that matter: Unicode categories (``\p{L}``), pairs of surrogates for one character, a
hyphen after a class (``[\w-.]``), ``\x{22}``, ``\z``, flags in the middle, and ``\w``, ``\d`` and ``\s``
that mean ASCII. What cannot be translated is not enforced, and ``UNREADABLE`` says which that is.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

# Patterns that no regular expression engine takes: they say something else than their authors meant.
# A test keeps this list the same as what really does not compile.
UNREADABLE: Final[Mapping[str, str]] = {
    "^[-_a-zA-Z0-9]*${2,64}$": "a repeated end of the text (chime-sdk-voice)",
    "[^-A-Za-z0-9+/=]|=[^=]|={3,}${1,4096}": "a repeated end of the text (iotwireless)",
    "^arn:\\S+:rbin:[a-z\\-0-9]{0,63}:[0-9]{12}:rule/[0-9a-zA-Z]{11}{0,1011}$": "a repeated repeat (rbin)",
    "([\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]*)${1,128}": "a repeated end of the text (sagemaker)",
    "([\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]*)${1,256}": "a repeated end of the text (sagemaker)",
}

# Patterns that their services cannot hold to: they forbid what the service itself asks for.
MISSTATED: Final[Mapping[str, str]] = {
    "arn:([a-z\\d-]+):forecast:.*:.*:.+": "the RoleArn of Amazon Forecast is the ARN of an IAM role",
    ".*/^[\\d]{12}$/.*": "AWS Data Exchange's account ids are digits without slashes",
}

# What only Java has, an intersection of classes, is written anew.
_REWRITTEN: Final[Mapping[str, str]] = {
    "[\\p{Print}&&[^|:/]]+": "(?:(?![|:/])[ -~])+",
}

_TOKEN: Final = re.compile(
    r"""
      (?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})
    | (?P<property>\\[pP]\{[A-Za-z]+\})
    | (?P<hex>\\x\{[0-9a-fA-F]+\})
    | (?P<end>\\z)
    | (?P<shorthand>\\[wWdDsS])
    | (?P<escape>\\.)
    | (?P<flag>\(\?i\))
    | (?P<open>\[\^?\]?)
    | (?P<close>\])
    | (?P<hyphen>-)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)

# POSIX classes and Java's own names. Source: java.util.regex.Pattern, "POSIX character classes".
_NAMED: Final[Mapping[str, str]] = {
    "ASCII": "\0-\x7f",
    "Alnum": "0-9A-Za-z",
    "Alpha": "A-Za-z",
    "Blank": " \t",
    "Cntrl": "\0-\x1f\x7f",
    "Digit": "0-9",
    "Graph": "!-~",
    "Print": " -~",
    "Punct": "!-/:-@\\[-`{-~",
    "Upper": "A-Z",
    "XDigit": "0-9A-Fa-f",
    "all": "\0-\U0010ffff",
}
_UNIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "IsAlphabetic": ("L", "Nl"),
    "IsWhitespace": ("Z", "Cc"),
    "LD": ("L", "Nd"),  # letters and digits
}


class Unreadable(ValueError):
    """A pattern that has no meaning for Python."""


@cache
def _categories() -> Mapping[str, str]:
    text = files("passrole.wire").joinpath("data/unicode.json").read_text(encoding="utf-8")
    found: Mapping[str, str] = json.loads(text)["categories"]
    return found


@cache
def _spans(name: str) -> tuple[tuple[int, int], ...]:
    """First and last character of every range of a category, in order."""
    wanted = _UNIONS.get(name, (name,))
    ends = "".join(text for category, text in _categories().items() if category.startswith(wanted))
    if not ends:
        raise Unreadable(name)
    numbers = [ord(letter) for letter in ends]
    return tuple(sorted(zip(numbers[::2], numbers[1::2], strict=True)))


@cache
def _ranges(name: str) -> str:
    """The inside of a class that holds the characters of a category or of a named class."""
    return _NAMED[name] if name in _NAMED else _written(_spans(name))


@cache
def _complement(name: str) -> str:
    """The inside of a class that holds every character but those of a category."""
    gaps: list[tuple[int, int]] = []
    free = 0
    for first, last in _spans(name):
        if first > free:
            gaps.append((free, first - 1))
        free = last + 1
    if free <= sys.maxunicode:
        gaps.append((free, sys.maxunicode))
    return _written(gaps)


def _written(spans: Iterable[tuple[int, int]]) -> str:
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in spans)


def translated(pattern: str) -> str:
    """The pattern as Python writes it. Raises Unreadable for an unknown property."""
    if pattern in _REWRITTEN:
        return _REWRITTEN[pattern]
    out: list[str] = []
    inside = False  # a class in brackets
    after_class = False  # the token before was one that cannot begin a range
    for found in _TOKEN.finditer(pattern):
        kind, text = found.lastgroup, found[0]
        before, after_class = after_class, False
        match kind:
            case "pair":
                text = bytes.fromhex(text[2:6] + text[8:12]).decode("utf-16-be")
            case "property":
                text = _property(text[3:-1], negated=text[1] == "P", inside=inside)
                after_class = inside
            case "hex":
                text = re.escape(chr(int(text[3:-1], 16)))
            case "end":
                text = "\\Z"
            case "shorthand":
                after_class = inside
            case "flag":
                continue  # hoisted: Python takes it only at the start
            case "open" if not inside:
                inside = True
            case "open":
                text = text.replace("[", "\\[")
                inside = not text.endswith("]")
            case "close":
                inside = False
            case "hyphen" if before:
                text = "\\-"
            case "other" if inside and text in "|&~":
                text = f"\\{text}"  # Python may one day read two of them as an operator
        out.append(text)
    flags = "(?i)" if "(?i)" in pattern else ""
    return flags + "".join(out)


def _property(name: str, *, negated: bool, inside: bool) -> str:
    if inside:
        return _complement(name) if negated else _ranges(name)
    return f"[{'^' if negated else ''}{_ranges(name)}]"


@cache
def matcher(pattern: str) -> Callable[[str], object] | None:
    """What tells whether a text satisfies a pattern; None where nobody can.

    A pattern without anchors is of the whole text, as in Java's ``matches``; one with an anchor says
    itself what it is of.
    """
    if pattern in UNREADABLE or pattern in MISSTATED:
        return None
    try:
        compiled = re.compile(translated(pattern), re.ASCII)
    except (re.error, Unreadable, OverflowError):
        return None
    if pattern.startswith(("^", "\\A")) or pattern.endswith(("$", "\\z", "\\Z")):
        return compiled.search
    return compiled.fullmatch
