"""Policy variables: ``${aws:username}``, ``${aws:PrincipalTag/team, 'none'}``, ``${*}``.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from passrole.values.glob import Token, Tokens, tokens

Context = Mapping[str, str | tuple[str, ...]]

# A key, and after a comma a default in single quotes. Spaces around either do not count.
_VARIABLE: Final = re.compile(r"\$\{(?:([*?$])|\s*([^\s${},'][^${},']*?)\s*(?:,\s*'([^']*)'\s*)?)\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """One ``${key}`` or ``${key, 'default'}``. key is in lower case."""

    key: str
    default: str | None = None

    def value(self, context: Context) -> str | None:
        """What stands in its place, None where nothing can.

        Only a single-valued key has a value. The default counts for an absent key.
        """
        found = context.get(self.key)
        if found is None:
            return self.default
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class Template:
    """A value of a policy in which something is to be filled in."""

    parts: tuple[Token | Variable, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its variables."""
        return tuple(part.key for part in self.parts if isinstance(part, Variable))

    def fill(self, context: Context) -> Tokens | None:
        """The tokens with every variable replaced; None where one has no value.

        A wildcard in what is filled in is a literal character.
        """
        filled: list[Token] = []
        for part in self.parts:
            if isinstance(part, Variable):
                value = part.value(context)
                if value is None:
                    return None
                filled.append(value)
            else:
                filled.append(part)
        return tuple(filled)


def parse(text: str, *, live: bool, wildcards: bool) -> Tokens | Template:
    """A value of a policy, as tokens where there is nothing to fill in.

    live tells that variables count: they do from Version 2012-10-17 on, before that ``${…}`` is text.
    wildcards tells that ``*`` and ``?`` are patterns here. What looks like no variable is text.
    """
    if not live or "${" not in text:
        return _plain(text, wildcards)
    parts: list[Token | Variable] = []
    start = 0
    for found in _VARIABLE.finditer(text):
        parts.extend(_plain(text[start : found.start()], wildcards))
        literal, key, default = found.groups()
        parts.append(literal if literal else Variable(key.lower(), default))
        start = found.end()
    parts.extend(_plain(text[start:], wildcards))
    if any(isinstance(part, Variable) for part in parts):
        return Template(tuple(parts))
    return tuple(part for part in parts if not isinstance(part, Variable))


def names(text: str) -> tuple[str, ...]:
    """The keys of the variables in a text, as they are written there.

    >>> names("home/${aws:username}/${*}/${aws:PrincipalTag/team, 'none'}")
    ('aws:username', 'aws:PrincipalTag/team')
    """
    return tuple(found[2] for found in _VARIABLE.finditer(text) if found[2])


def _plain(text: str, wildcards: bool) -> Tokens:
    if wildcards:
        return tokens(text)
    return (text,) if text else ()
