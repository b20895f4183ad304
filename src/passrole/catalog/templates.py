"""ARN templates: which resources an operation acts on, read off its input.

``arn:{partition}:ec2:{region}:{account}:instance/{InstanceIds[]}`` is filled from the call: the
three lower-case words by where it is made, everything else in braces by an input path (see
``paths``; a map inside a template is written ``<>``). ``{A|B}`` takes the first path that has a value,
``{A|*}`` stands for ``*`` where there is none. A value that is an ARN already is the resource itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from passrole.catalog import paths

_PART: Final = re.compile(r"\{([^}]*)\}")
_PLACES: Final = frozenset({"partition", "region", "account"})
UNKNOWN: Final = ""  # the template of a resource that the input does not tell


@lru_cache(maxsize=4096)
def input_paths(template: str) -> tuple[tuple[str, ...], ...]:
    """For each brace of a template that is read off the input, its alternatives; ``*`` is not one.

    >>> input_paths("arn:{partition}:ec2:{region}:{account}:instance/{InstanceId|InstanceIds[]}")
    (('InstanceId', 'InstanceIds[]'),)
    """
    found = []
    for body in _PART.findall(template):
        if body not in _PLACES:
            found.append(tuple(_path(one) for one in body.split("|") if one != "*"))
    return tuple(found)


def fill(
    template: str, given: Mapping[str, object], *, partition: str, region: str, account: str
) -> tuple[str, ...] | None:
    """The ARNs that a template stands for in one call, without repetitions; ``*`` for ``"*"``.

    None where it is not known: the template is UNKNOWN, or an ARN was given where only a name has
    its place. () where the input names no such resource.
    """
    if template == UNKNOWN:
        return None
    places = {"partition": partition, "region": region, "account": account}
    filled: list[str] = [""]
    whole: list[str] = []
    at = 0
    for match in _PART.finditer(template):
        literal = template[at : match.start()]
        at = match.end()
        filled = [text + literal for text in filled]
        body = match[1]
        if body in _PLACES:
            filled = [text + places[body] for text in filled]
            continue
        found = _found(body, given)
        if not found:
            return ()
        names = [name for name in found if not name.startswith("arn:")]
        arns = [name for name in found if name.startswith("arn:")]
        if arns and at != len(template):
            return None
        whole.extend(arns)
        filled = [text + name for text in filled for name in names]
    filled = [text + template[at:] for text in filled]
    return tuple(dict.fromkeys(filled + whole))


def _found(body: str, given: Mapping[str, object]) -> list[str]:
    for one in body.split("|"):
        if one == "*":
            return ["*"]
        found = [text for _, value in paths.values(_path(one), given) if (text := _text(value))]
        if found:
            return found
    return []


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _path(text: str) -> str:
    return text.replace("<", "{").replace(">", "}")
