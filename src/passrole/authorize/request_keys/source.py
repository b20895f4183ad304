"""How a call answers a condition key: by a member of its input, or by a rule of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from passrole.authorize.call import Call
from passrole.authorize.context import Values
from passrole.state.directory import Directory


@dataclass(frozen=True, slots=True)
class FromInput:
    """Where in an operation's input a key's value stands.

    paths are tried in turn, in botocore's member names; default is the value where none is there ("" for
    an absent key). untold says that a key without a value in the input is unknown, not absent.
    """

    paths: tuple[str, ...]
    multivalued: bool = False
    default: str = ""
    untold: bool = False


# A rule: "" for an absent key, None where the call does not tell.
Computed = Callable[[Call, Directory], Values | None]

Keys = Mapping[str, FromInput]
Rules = Mapping[str, Computed]


def one(*paths: str, default: str = "") -> FromInput:
    """A key with one value."""
    return FromInput(paths, default=default)


def many(*paths: str) -> FromInput:
    """A key that carries a list of values."""
    return FromInput(paths, multivalued=True)


def untold(*paths: str) -> FromInput:
    """A key whose value the service chooses where the input has none."""
    return FromInput(paths, untold=True)
