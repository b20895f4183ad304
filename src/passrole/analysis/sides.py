"""Policies as sides that can be compared: each statement a box of actions, resources and contexts.

What a side allows is all that some Allow of each of its layers holds, less what its Deny statements hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.decision.compile import resource_of
from passrole.policy.contexts import Asked, Box, Contexts
from passrole.policy.document import Policy, Statement
from passrole.policy.variables import Context, Template, Variable
from passrole.values import glob
from passrole.values.glob import ANY, Pattern, Token

EVERYTHING: Final = Pattern.parse("*")

# A variable that stands for itself: characters that no policy holds, so that no pattern but a star, and the
# variable itself, matches it.
_VARIABLE: Final = re.compile("\ue000([^\ue001]*)\ue001[^\ue002]*\ue002")
_HIDDEN: Final = 0xE100  # where the characters of its key and default are moved to


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """One statement with what of it is compared. No resources and not_resource: any."""

    statement: Statement
    policy: Policy
    layer: str
    actions: tuple[Pattern, ...]  # in lower case
    resources: tuple[Pattern, ...]
    not_resource: bool
    box: Box
    at_most: tuple[Pattern, ...] = ()  # resources such that it holds for no less, whatever variables are
    at_least: tuple[Pattern, ...] = ()  # resources such that it holds for no more, whatever variables are

    @property
    def anywhere(self) -> bool:
        """Does it hold for every resource?"""
        return self.not_resource and not self.resources

    @property
    def not_action(self) -> bool:
        """Are actions those that it leaves out?"""
        return self.statement.not_action

    def takes(self, action: str) -> bool:
        """Does it take the action in? It is in lower case."""
        return any(one.matches(action) for one in self.actions) != self.not_action


@dataclass(frozen=True, slots=True)
class Side:
    """What is allowed: by some statement of each layer, and denied by none."""

    layers: tuple[tuple[Grant, ...], ...]
    denies: tuple[Grant, ...]

    def where(self, holds: Callable[[Grant], bool]) -> Side:
        """The side with those statements alone."""
        return Side(
            tuple(tuple(one for one in layer if holds(one)) for layer in self.layers),
            tuple(one for one in self.denies if holds(one)),
        )

    def grants(self) -> Iterator[Grant]:
        """Every statement."""
        for layer in self.layers:
            yield from layer
        yield from self.denies


@dataclass(frozen=True, slots=True)
class Given:
    """The policies of one side: layers that must allow, and who reads their conditions.

    generous tells that what is not known of a resource's variables counts for the side: it is the one that
    may allow more. None leaves a variable what it is, the same on both sides.
    """

    layers: tuple[tuple[Policy, ...], ...]
    asked: Asked
    denying: tuple[Policy, ...] = ()  # beside those of the layers
    generous: bool | None = None
    names: tuple[str, ...] = ()  # of the layers


def sides(
    *given: Given, principals: Callable[[Contexts], Callable[[Statement], Box | None]] | None = None
) -> tuple[Contexts, tuple[Side, ...]]:
    """The policies as sides that can be compared, with the dimensions of their conditions."""
    contexts = Contexts(
        (condition, one.asked)
        for one in given
        for policies in (*one.layers, one.denying)
        for policy in policies
        for statement in policy.statements
        for condition in statement.conditions
    )
    named = principals(contexts) if principals is not None else None
    return contexts, tuple(_side(one, contexts, named) for one in given)


def _side(given: Given, contexts: Contexts, named: Callable[[Statement], Box | None] | None) -> Side:
    layers: list[tuple[Grant, ...]] = []
    denies: list[Grant] = []
    for number, policies in enumerate((*given.layers, given.denying)):
        name = given.names[number] if number < len(given.names) else ""
        allows: list[Grant] = []
        for policy in policies:
            for statement in policy.statements:
                whom: Box | None = {} if named is None else named(statement)
                box = None if whom is None else contexts.box(statement.conditions, given.asked, whom)
                if box is not None:
                    grant = _grant(statement, policy, name, given, box)
                    if grant.not_resource and EVERYTHING in grant.resources:
                        continue  # it holds for nothing
                    (allows if statement.allows else denies).append(grant)
        if number < len(given.layers):
            layers.append(tuple(allows))
    return Side(tuple(layers), tuple(denies))


def _grant(statement: Statement, policy: Policy, layer: str, given: Given, box: Box) -> Grant:
    widest = (
        None if given.generous is None else given.generous == (statement.allows != statement.not_resource)
    )
    # A variable stands for itself, but what a Deny spares it spares whatever the variable is.
    if given.generous is None and statement.not_resource and not statement.allows:
        widest = True
    resources = at_most = at_least = _resources(statement, given.asked, widest)
    if any("${" in text for text in statement.resources or ()):
        literal = given.generous is None and not statement.not_resource
        at_most = _resources(statement, given.asked, not statement.not_resource)
        at_least = _resources(statement, given.asked, None if literal else statement.not_resource)
    anywhere = statement.resources is None or (not statement.not_resource and EVERYTHING in resources)
    return Grant(
        statement,
        policy,
        layer,
        _action_patterns(statement.actions),
        () if anywhere else resources,
        statement.not_resource or anywhere,
        box,
        () if anywhere else at_most,
        () if anywhere else at_least,
    )


def _resources(statement: Statement, asked: Asked, widest: bool | None) -> tuple[Pattern, ...]:
    found = (
        _resource(text, statement, asked.known, asked.absent, widest) for text in statement.resources or ()
    )
    return tuple(dict.fromkeys(one for one in found if one is not None))


@lru_cache(maxsize=16_384)
def _action_patterns(texts: tuple[str, ...]) -> tuple[Pattern, ...]:
    return tuple(dict.fromkeys(Pattern.parse(text.lower()) for text in texts))


def _resource(
    text: str, statement: Statement, known: Context, absent: Callable[[str], bool], widest: bool | None
) -> Pattern | None:
    """A resource with its variables filled in; None for a pattern that matches nothing.

    widest says that a variable of which the value is not known stands for any text, else for none; None
    leaves it a text of its own, which no pattern names.
    """
    found = resource_of(text, live=statement.live)
    if isinstance(found, Pattern):
        return found
    assert isinstance(found, Template)
    parts: list[Token] = []
    for part in found.parts:
        if not isinstance(part, Variable):
            parts.append(part)
            continue
        value = known.get(part.key)
        if value is None and absent(part.key):
            value = part.default
            if value is None:
                return None
        if isinstance(value, str):
            parts.append(value)
        elif widest is None:
            parts.append(f"\ue000{_hidden(part.key)}\ue001{_hidden(part.default or '')}\ue002")
        elif widest:
            parts.append(ANY)
        else:
            return None
    return glob.pattern_of(tuple(parts))


def with_variables(text: str) -> str:
    """A text in which a variable stands for itself, as policies write it."""
    return _VARIABLE.sub(lambda found: f"${{{''.join(chr(ord(one) - _HIDDEN) for one in found[1])}}}", text)


def widened(pattern: Pattern) -> Pattern | None:
    """The pattern with any text for its variables that stand for themselves; None where it has none."""
    parts: list[Token] = []
    for token in pattern.tokens:
        if isinstance(token, str) and _VARIABLE.search(token):
            for number, part in enumerate(_VARIABLE.split(token)):  # keys come between the other texts
                parts += [ANY] if number % 2 else [part] if part else []
        else:
            parts.append(token)
    found = glob.pattern_of(tuple(parts))
    return None if found == pattern else found


def _hidden(text: str) -> str:
    return "".join(chr(ord(one) + _HIDDEN) for one in text)


def resource_pattern(text: str) -> Pattern:
    """An element of Resource without variables."""
    found = resource_of(text, live=False)
    assert isinstance(found, Pattern)  # Invariant: variables do not count before Version 2012-10-17
    return found
