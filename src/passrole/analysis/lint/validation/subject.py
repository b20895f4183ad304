"""What the checks look at, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from passrole.analysis.lint.node import Member, Node, is_unknown
from passrole.policy.document import Kind

Spot = tuple[int, int]  # [start, end) in the text

TRUST: Final = "AWS::IAM::AssumeRolePolicyDocument"
_CURRENT: Final = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Said:
    """A check that a policy does not pass, and where: the first spot is the foremost.

    values fill the text of the reference.
    """

    code: str
    spots: tuple[Spot, ...]
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """A policy under the checks. resource_type is the one that ValidatePolicy was told of, "" for none."""

    root: Node
    kind: Kind
    resource_type: str = ""

    @property
    def statements(self) -> tuple[Node, ...]:
        """Those that are objects."""
        found = self.root.get("Statement")
        return tuple(one for one in (found.values() if found is not None else ()) if one.members is not None)

    @property
    def live(self) -> bool:
        """Do policy variables count?"""
        version = self.root.get("Version")
        return version is not None and version.text == _CURRENT


def spot(one: Node | Member) -> Spot:
    """Where a value stands, or a key."""
    return one.start, one.end


def allows(statement: Node) -> bool:
    """Is its effect Allow?"""
    effect = statement.get("Effect")
    return effect is not None and effect.text == "Allow"


def texts(statement: Node, element: str) -> tuple[Node, ...]:
    """The texts of an element that are known in full."""
    given = statement.get(element)
    listed = given.values() if given is not None else ()
    return tuple(one for one in listed if isinstance(one.value, str) and not is_unknown(one))


def either(statement: Node, element: str) -> Iterator[tuple[str, Node]]:
    """The known texts of an element and of its Not… twin, with the name of the one in which each is."""
    for name in (element, f"Not{element}"):
        for one in texts(statement, name):
            yield name, one
