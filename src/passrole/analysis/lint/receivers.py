"""The services that iam:PassedToService names: do they take roles, and are they written right?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from passrole.analysis.lint.checks import is_wild
from passrole.analysis.lint.grants import Asked, Grant
from passrole.analysis.lint.node import UNKNOWN, Node
from passrole.analysis.lint.rule import Fix, Hit
from passrole.analysis.lint.tags import quoted
from passrole.catalog import operations, passed
from passrole.catalog.services import linked_roles, service
from passrole.values.glob import Pattern

_SERVICE: Final = "iam:passedtoservice"
_SUFFIX: Final = ".amazonaws.com"
_NEAR: Final = 0.75  # of difflib's ratio: what is less alike is another word
_SURE: Final = 0.9  # so much alike that it cannot be meant otherwise


def _services(grant: Grant) -> Iterator[tuple[Asked, Node]]:
    """The values of iam:PassedToService that are known."""
    for one in grant.conditions:
        if one.key != _SERVICE or one.operator is None or one.operator.operator.family != "String":
            continue
        for node in one.values:
            if node.text and UNKNOWN not in node.text and "${" not in node.text:
                yield one, node


def misspelled(grant: Grant) -> Iterator[Hit]:
    for one, node in _services(grant):
        if _receives(node.text) or _is_principal(node.text) or (_is_exact(one) and is_wild(node.text)):
            continue
        near = nearest(node.text)
        if near:
            fix = Fix(node.start, node.end, node.text, near, f"{quoted(node.text)} becomes {near}")
            sure = not is_wild(node.text) and _is_sure(node.text, near)
            yield Hit(
                node.start, node.end, {"service": quoted(node.text), "near": near}, fix if sure else None
            )


def takes_no_role(grant: Grant) -> Iterator[Hit]:
    for one, node in _services(grant):
        text = node.text
        if _receives(text) or (_is_exact(one) and is_wild(text)):
            continue
        if not _is_principal(text) and nearest(text):
            continue  # it is misspelled
        others = passed.services_assuming_as(text)
        instead = f"; the value that goes with it is {' or '.join(others)}" if others else ""
        yield Hit(node.start, node.end, {"service": quoted(text), "instead": instead})


def _is_exact(one: Asked) -> bool:
    return one.operator is not None and not one.operator.operator.wildcards


def _receives(text: str) -> bool:
    """Does some operation pass roles to it, or to one of what a pattern takes in?"""
    plain = text.removesuffix(".cn") if text.endswith(f"{_SUFFIX}.cn") else text
    if plain in passed.uses():
        return True
    if not is_wild(text):
        return False
    pattern = Pattern.parse(text)
    return any(pattern.matches(one) or pattern.matches(f"{one}.cn") for one in passed.uses())


def _is_principal(text: str) -> bool:
    """Is it a service principal, or a pattern of one's names in the Regions?"""
    if text in _principals():
        return True
    pattern = Pattern.parse(text)
    regional = (
        one for use in passed.uses().values() for row in use for one in row.parameter.trust_principals
    )
    return any(pattern.matches(one.replace("{region}", "us-east-1")) for one in regional)


@lru_cache(maxsize=1)
def _principals() -> frozenset[str]:
    """The service principals that there are, whether or not they take roles."""
    known = (service(name) for name in operations.services())
    return frozenset((*(one.principal for one in known if one is not None), *linked_roles()))


@lru_cache(maxsize=1024)
def nearest(text: str) -> str:
    """The service principal that takes roles and is meant by a text that is none; "" where none is near.

    >>> nearest("lamda.amazonaws.com"), nearest("EC2.amazonaws.com"), nearest("lambda"), nearest("x.example")
    ('lambda.amazonaws.com', 'ec2.amazonaws.com', 'lambda.amazonaws.com', '')
    """
    lower = text.strip().lower()
    candidates = list(passed.uses())
    for guess in (lower, f"{lower}{_SUFFIX}", passed.principal_named(lower), _with_suffix(lower)):
        if guess in passed.uses() and guess != text:
            return guess
    # Names are compared without what all of them end in, which would make any two alike.
    names = {one.removesuffix(_SUFFIX): one for one in candidates}
    head = re.sub(r"\.amazonaws?\.?(?:com)?.*$", "", lower)
    found = difflib.get_close_matches(head, names, n=1, cutoff=_NEAR)
    return names[found[0]] if found else ""


def _with_suffix(text: str) -> str:
    """``ec2.amazon.com`` and ``ec2.aws.com`` mean ``ec2.amazonaws.com``."""
    head, _, rest = text.partition(".")
    return f"{head}{_SUFFIX}" if rest in ("amazon.com", "aws.com", "aws.amazon.com", "amazonaws") else ""


def _is_sure(text: str, near: str) -> bool:
    return difflib.SequenceMatcher(None, text.lower(), near).ratio() >= _SURE
