"""Which input members fill an ARN pattern of the Service Authorization Reference.

A pattern's variables have names of their own (``${InstanceId}``); by rule a variable is filled by the
input member of that name, by one that names the same thing otherwise (``InstanceIdentifier``,
``instanceIds[]``, ``InstanceArn``), or by a bare ``Name`` or ``Id`` where the operation is about that
type. ``tools/facts/resources.yaml`` overrules it. What no member fills is ``*`` where the operation makes
the resource or lists many, and unknown otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tools.models import Leaf

from passrole.catalog.operations import EXISTING, MADE, OPEN

_VARIABLE: Final = re.compile(r"\$\{([^}]+)\}")
_PLACES: Final = {"Partition": "{partition}", "Region": "{region}", "Account": "{account}"}
_TAILS: Final = ("identifier", "name", "arn", "id", "ids", "names", "arns", "identifiers")
_MAKES: Final = (
    "Create", "Register", "Allocate", "Request", "Import", "Copy", "Run", "Purchase", "Provision", "Launch",
    "Restore", "Clone", "Issue",
)  # fmt: skip
MANY: Final = ("List", "Describe", "Search")
# Verbs that make what they are named after: also something of a narrower name, or that alone.
_NEW: Final = ("Create", "Copy", "Clone")
_NEW_AS_SUCH: Final = ("Register", "Request", "Import")
# Operations whose names say that there is no resource yet, or no single one.
NOTHING_THERE: Final = (*_NEW, *_NEW_AS_SUCH, *MANY, "Start", "Connect", "BatchCreate")
_PLACED: Final = re.compile(r"\{(?:partition|region|account|organization|management)\}")
_PREPOSITION: Final = re.compile(r"(?<=[a-z])(?:To|With|For|From|In|On|By)(?=[A-Z])")
_BARE: Final = ("name", "arn", "id", "identifier", "ids", "names", "arns")
UNKNOWN: Final = ""


@dataclass(frozen=True, slots=True)
class Member:
    """An input member that could fill a variable."""

    path: str
    name: str  # in lower case, letters and digits only
    list: bool
    depth: int


def plain(name: str) -> str:
    """Letters and digits in lower case: ``DBInstanceIdentifier`` and ``db-instance-identifier`` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def members(leaves: Iterable[Leaf]) -> tuple[Member, ...]:
    """The text members of an input, the shallow ones first."""
    found = [
        Member(leaf.path, plain(leaf.member), "[]" in leaf.path, leaf.depth)
        for leaf in leaves
        if leaf.type in ("string", "integer", "long") and "{}" not in leaf.path and not leaf.enum
    ]
    return tuple(sorted(found, key=lambda member: (member.depth, member.list)))


def stem(name: str) -> str:
    """A name without what says which kind of name it is: ``FunctionName`` → ``function``."""
    name = plain(name)
    for tail in _TAILS:
        if name.endswith(tail) and name != tail:
            return name[: -len(tail)]
    return name


def _candidates(variable: str, kind: str, *, last: bool) -> list[str]:
    """Member names, plain, in order of preference. Only the last variable may go by the type's name."""
    own, base, typed = plain(variable), stem(variable), plain(kind)
    tail = own[len(base) :] or "name"
    names = [own, own + "s"]
    for root in dict.fromkeys([base, typed, typed + base] if last else [base]):
        names += [root + tail, root + tail + "s", root]
        names += [root + other for other in _TAILS]
        names += [root + "s"]
    return list(dict.fromkeys(names))


def about(operation: str, kind: str, variable: str) -> bool:
    """True where the operation's name says that it acts on this type."""
    name = plain(operation)
    return any(root and len(root) > 2 and root in name for root in (plain(kind), stem(variable)))


def stands(
    operation: str, kind: str, template: str, pattern: str, written: Mapping[str, Collection[str]]
) -> str:
    """EXISTING, MADE or OPEN: has the resource tags and the like already when the call is judged.

    An operation makes the type that it is named after (CreateAlias an alias, not the function that it is
    for); written (operation -> types) overrules that. A resource that the input names by its ARN is never
    yet to be made.
    """
    if template == UNKNOWN:
        return EXISTING
    own = written.get(operation)
    makes = kind in own if own is not None else _is_named_after(operation, kind, pattern)
    if "|*}" in template and (own is not None or not makes):
        return OPEN if makes or operation.startswith(MANY) else EXISTING
    if operation.startswith(MANY):
        return OPEN if "{" not in _PLACED.sub("", template) else EXISTING
    if not template.startswith("arn:"):
        return EXISTING
    return MADE if makes else EXISTING


def _is_named_after(operation: str, kind: str, pattern: str) -> bool:
    verb = next((one for one in (*_NEW, *_NEW_AS_SUCH) if operation.startswith(one)), "")
    if not verb:
        return False
    rest = operation[len(verb) :]
    noun = plain(rest if verb in _NEW_AS_SUCH else _PREPOSITION.split(rest)[0])
    variables = [name for name in _VARIABLE.findall(pattern) if name not in _PLACES]
    names = {plain(kind), stem(variables[-1]) if variables else ""}
    # CreateDBSnapshot makes a snapshot; RegisterDefaultPatchBaseline makes no baseline.
    return any(
        noun in (name, f"{name}s") or (verb in _NEW and len(name) > 3 and noun.endswith(name))
        for name in names
        if name
    )


def _member(variable: str, kind: str, inputs: Sequence[Member], *, last: bool, bare: bool) -> tuple[str, ...]:
    """Paths that fill a variable, the preferred one first."""
    found: list[str] = []
    for name in _candidates(variable, kind, last=last):
        found += [member.path for member in inputs if member.name == name and member.path not in found]
    shallow = [path for path in found if path.count(".") == 0]
    if shallow:
        return tuple(shallow[:3])
    if found:
        return tuple(found[:1])
    if bare and last:
        for name in _BARE:
            for member in inputs:
                if member.name == name and member.depth <= 1:
                    return (member.path,)
    return ()


def generic_arn(operation: str, inputs: Sequence[Member]) -> str:
    """The member that names a resource of any type by its ARN, "" where there is none."""
    tags = "tag" in operation.lower()
    for name in ("resourcearn", "resourcearns", "resourcearnlist", "arn", "arns", "targetarn"):
        for member in inputs:
            if member.name == name and member.depth <= 1:
                return member.path
    if tags:
        for name in ("resource", "resources", "resourceid", "resourceidlist", "resourcename", "resourceids"):
            for member in inputs:
                if member.name == name and member.depth <= 1:
                    return member.path
    return ""


def template(
    pattern: str,
    kind: str,
    operation: str,
    inputs: Sequence[Member],
    overrides: Mapping[str, str],
    *,
    alone: bool,
) -> str:
    """The template of one resource type for one operation, UNKNOWN where the input does not tell.

    overrides maps variables to what stands for them (``StateMachineName``: ``{name}``). alone says
    that the action has no other resource type: a bare ``Name`` or ``Id`` is then its name.
    """
    variables = [name for name in _VARIABLE.findall(pattern) if name not in _PLACES]
    filled = pattern
    for name, place in _PLACES.items():
        filled = filled.replace(f"${{{name}}}", place)
    if not pattern or not variables:
        return filled
    is_about = about(operation, kind, variables[-1])
    makes = operation.startswith(_MAKES) and (is_about or alone)
    many = operation.startswith(MANY)
    generic = generic_arn(operation, inputs)
    parts: dict[str, str] = {}
    arns = _member(variables[-1], kind, inputs, last=True, bare=is_about or alone)
    if variables[-1] not in overrides and arns and plain(arns[0]).endswith(("arn", "arns")):
        return f"{{arn:{'|'.join(arns)}}}"
    for variable in variables:
        last = variable == variables[-1]
        if variable in overrides:
            parts[variable] = overrides[variable]
            continue
        paths = _member(variable, kind, inputs, last=last, bare=is_about or alone)
        if paths and paths[0] not in {
            body for part in parts.values() for body in part.strip("{}").split("|")
        }:
            parts[variable] = f"{{{'|'.join(paths)}{'|*' if many else ''}}}"
        elif last and generic:
            return f"{{arn:{generic}}}"
        elif many or (makes and last):
            parts[variable] = "*"
        else:
            return UNKNOWN
    for variable, part in parts.items():
        filled = filled.replace(f"${{{variable}}}", part)
    return filled
