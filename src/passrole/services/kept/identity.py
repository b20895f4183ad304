"""Ids that services make: a few forms that AWS uses, told apart by what a model's pattern takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from passrole.values.ids import Ids

# By name, in the order in which a pattern is tried. A form of a resource stays what it was made by.
FORMS: Final[dict[str, Callable[[Ids], str]]] = {
    "uuid": lambda ids: ids.uuid(),
    "hex32": lambda ids: ids.uuid().replace("-", ""),
    "hex17": lambda ids: ids.uuid().replace("-", "")[:17],
    "lower12": lambda ids: ids.lower("", 12),
    "lower16": lambda ids: ids.lower("", 16),
    "lower19": lambda ids: ids.lower("", 19),
    "lower10": lambda ids: ids.lower("", 10),
    "lower13": lambda ids: ids.lower("", 13),
    "lower22": lambda ids: ids.lower("", 22),
    "lower8": lambda ids: ids.lower("", 8),
    "upper10": lambda ids: ids.lower("", 10).upper(),
    "upper26": lambda ids: ids.lower("", 26).upper(),
    "digits": lambda ids: str(int(ids.uuid().replace("-", "")[:8], 16) % 10**9 + 10**9),
}


def prefixed(form: str, ids: Ids) -> str:
    """An id of a form; ``PREFIX+form`` begins with the prefix: ``exp-+lower10``."""
    prefix, _, name = form.rpartition("+")
    return prefix + FORMS[name](ids)
