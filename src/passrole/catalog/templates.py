"""ARN templates: which resources an operation acts on, read off its input.

``arn:{partition}:ec2:{region}:{account}:instance/{InstanceIds[]}`` is filled from the call: the
five lower-case words by where it is made, everything else in braces by an input path (see ``paths``;
a map's ``{}`` is written ``<>`` inside a template). In braces:

- ``A|B`` takes the first that has a value; ``*``, ``account`` or a text after ``=`` may be the last;
- ``A?`` may be absent: it then leaves nothing behind;
- ``form:A`` reads a value of another form first: see ``forms.FORMS``.

A value that is an ARN already stands for the whole resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from passrole.catalog import paths
from passrole.catalog.forms import FORMS, NOT_KNOWN, partiql_verb

_PART: Final = re.compile(r"\{([^}]*)\}")
PLACES: Final = frozenset({"partition", "region", "account", "organization", "management"})
UNKNOWN: Final = ""  # the template of a resource that the input does not tell
_OPTIONAL: Final = re.compile(r"(\{[^}]*\?\})+")  # what may follow an ARN: parts that may be absent


@dataclass(frozen=True, slots=True)
class _Alternative:
    """One of a brace's alternatives: a fixed text, a place, a member of the input or a longer path."""

    fixed: str | None = None
    place: str = ""
    member: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """One brace with the text before it."""

    literal: str
    alternatives: tuple[_Alternative, ...]
    form: Callable[[str], str] | None
    optional: bool  # leaves nothing behind where it has no value
    takes_arn: bool  # an ARN in this place stands for the whole resource


@dataclass(frozen=True, slots=True)
class _Program:
    """A template, read once."""

    parts: tuple[_Part, ...]
    tail: str
    places: Mapping[str, str] = field(default_factory=dict)  # where calls that it is filled from are made


@lru_cache(maxsize=16384)
def _program(template: str) -> _Program:
    parts: list[_Part] = []
    at = 0
    for match in _PART.finditer(template):
        form, colon, rest = match[1].partition(":")
        if not colon or form not in FORMS:
            form, rest = "", match[1]
        after = template[match.end() :]
        parts.append(
            _Part(
                literal=template[at : match.start()],
                alternatives=tuple(_alternative(one) for one in rest.removesuffix("?").split("|")),
                form=FORMS[form] if form else None,
                optional=rest.endswith("?"),
                takes_arn=not after or _OPTIONAL.fullmatch(after) is not None,
            )
        )
        at = match.end()
    return _Program(tuple(parts), template[at:])


def _alternative(text: str) -> _Alternative:
    if text == "*":
        return _Alternative(fixed="*")
    if text.startswith("="):
        return _Alternative(fixed=text[1:])
    if text in PLACES:
        return _Alternative(place=text)
    path = text.replace("<", "{").replace(">", "}")
    steps = paths.parse(path)
    if len(steps) == 1 and steps[0].kind == "member":
        return _Alternative(member=path, path=path)
    return _Alternative(path=path)


@lru_cache(maxsize=16384)
def _program_there(
    template: str, partition: str, region: str, account: str, organization: str, management: str
) -> _Program:
    """The template as calls of one account in one Region fill it: what hangs on nothing else is text."""
    places = {
        "partition": partition,
        "region": region,
        "account": account,
        "organization": organization or NOT_KNOWN,
        "management": management or NOT_KNOWN,
    }
    parts: list[_Part] = []
    before = ""
    program = _program(template)
    for part in program.parts:
        first = part.alternatives[0]
        known = places[first.place] if first.place else first.fixed
        if known is None or known == NOT_KNOWN or known.startswith("arn:"):
            parts.append(replace(part, literal=before + part.literal))
            before = ""
        else:
            before += part.literal + known
    return _Program(tuple(parts), before + program.tail, places)


@lru_cache(maxsize=4096)
def input_paths(template: str) -> tuple[tuple[str, ...], ...]:
    """For each brace of a template that is read off the input, the paths that it tries.

    >>> input_paths("arn:{partition}:ec2:{region}:{account}:instance/{InstanceId|InstanceIds[]}")
    (('InstanceId', 'InstanceIds[]'),)
    """
    tried = (tuple(one.path for one in part.alternatives if one.path) for part in _program(template).parts)
    return tuple(one for one in tried if one)


def fill(
    template: str,
    given: Mapping[str, object],
    *,
    partition: str,
    region: str,
    account: str,
    organization: str = "",
    management: str = "",
) -> tuple[str, ...] | None:
    """The ARNs that a template stands for in one call, without repetitions; ``*`` for ``"*"``.

    organization (``o-…``) and management (its management account) are needed for the resources of AWS
    Organizations alone. None where it is not known: the template is UNKNOWN, the value's form does not tell,
    or an ARN was given where only a name has its place. () where the input names no such resource.
    """
    if template == UNKNOWN:
        return None
    program = _program_there(template, partition, region, account, organization, management)
    places = program.places
    filled = [""]
    whole: list[str] = []
    for part in program.parts:
        found = _found(part, given, places)
        if not found:
            return ()
        names = found
        for name in found:
            if name == NOT_KNOWN:
                return None
            if name.startswith("arn:"):
                if not part.takes_arn:
                    return None
                whole.append(name)
                names = [one for one in found if not one.startswith("arn:")]
        filled = [text + part.literal + name for text in filled for name in names]
    if program.tail:
        filled = [text + program.tail for text in filled]
    filled += whole
    return tuple(filled) if len(filled) < 2 else tuple(dict.fromkeys(filled))


def _found(part: _Part, given: Mapping[str, object], places: Mapping[str, str]) -> list[str]:
    """The texts that stand in a brace; the first alternative that has any gives them."""
    for one in part.alternatives:
        if one.place:
            return [places[one.place]]
        if one.fixed is not None:
            return [one.fixed]
        if one.member:
            text = _text(given.get(one.member))
            found = [text] if text else []
        else:
            found = [text for _, value in paths.values(one.path, given) if (text := _text(value))]
        if found and part.form is not None:
            formed = [_placed(part.form(text), places) for text in found]
            found = [text for text in formed if text]
            return found or ([""] if part.optional else [])
        if found:
            return found
    return [""] if part.optional else []


def _placed(text: str, places: Mapping[str, str]) -> str:
    """The places in what a form made of a value."""
    if not text.startswith("arn:{"):
        return text
    for name, place in places.items():
        text = text.replace(f"{{{name}}}", place)
    return text


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def asked(when: str, given: Mapping[str, object]) -> bool:
    """True where an input asks for what stands under a condition: "" always holds.

    ``A|B`` holds where one of the paths has a value, other than an empty text or list;
    ``partiql:select:A`` where a statement at the path is of that kind.

    >>> asked("Tags[]|Acl", {"Tags": []}), asked("Tags[]|Acl", {"Acl": "private"})
    (False, True)
    """
    if not when:
        return True
    if when.startswith("partiql:"):
        _, verb, path = when.split(":", 2)
        return any(
            isinstance(text, str) and partiql_verb(text) == verb for _, text in paths.values(path, given)
        )
    return any(
        value not in ("", False) and value != [] and value != {}
        for one in when.split("|")
        for _, value in paths.values(one, given)
    )


def values_at(path: str, given: Mapping[str, object]) -> tuple[object, ...]:
    """The values at an input path, without their places."""
    return tuple(value for _, value in paths.values(path, given))
