"""What two sets of policies allow, compared exactly.

Whether one side allows something that the other does not is answered in three steps: the actions that the
patterns of both tell apart, for each of these the resources, and for the statements that meet at such a place
the contexts (policy.contexts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from passrole.analysis.sides import EVERYTHING, Grant, Side, widened, with_variables
from passrole.catalog import actions as catalog
from passrole.policy.contexts import Box, Contexts, Value, contains, meet
from passrole.values import glob, partition
from passrole.values.glob import ANY, Pattern

ACTION: Final = Pattern.parse("?*:?*")  # whatever an action is, it has this form
ANY_ARN: Final = glob.pattern_of(
    ("arn:", *(part for _ in range(4) for part in (glob.ANY_IN_FIELD, ":")), ANY)
)

# Boxes that several layers may make of one statement.
_MEETINGS: Final = 2_000
# Deny statements, and resources of one, that are tried first.
_LIKELY: Final = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Something that one side allows and the other does not: an example of it.

    context holds what the example needs, None for a key that must be absent.
    """

    action: str
    resource: str
    grant: Grant  # the Allow statement of the one side
    context: dict[str, Value] = field(default_factory=dict)


class Comparison:
    """What mine allows and theirs does not."""

    def __init__(self, contexts: Contexts, mine: Side, theirs: Side) -> None:
        self.mine: Final = mine
        self.theirs: Final = _without_twins(mine, theirs)
        self._given = theirs
        self._contexts = contexts
        self._answers: dict[tuple[object, ...], Box | None] = {}
        self._places: dict[tuple[object, ...], tuple[str, Box] | None] = {}
        self._patterns: dict[str, dict[Pattern, None]] = {}  # of actions, by service prefix

    def actions(self, allow: Grant, within: Pattern | None = None) -> Iterator[str]:
        """One action, in lower case, of each sort that the patterns of both sides tell apart.

        Of those that the statement takes in, and within matches. Raises TooManyStates.
        """
        fence = (ACTION,) if within is None else (within, ACTION)
        for own in (EVERYTHING,) if allow.not_action else allow.actions:
            if own.exact:
                if all(one.matches(own.head) for one in fence):
                    yield own.head
                continue
            bounds = tuple(dict.fromkeys((own, *fence)))
            shortest = partition.common(bounds)
            if shortest is None:
                continue
            if allow.takes(shortest):  # mostly it shows already what there is to show
                yield shortest
            near = [one for one in self._near(own) if all(partition.meet(one, bound) for bound in bounds)]
            for example in partition.kinds(near, within=bounds).values():
                if allow.takes(example):
                    yield example

    def _near(self, own: Pattern) -> Iterable[Pattern]:
        """The patterns of actions that may meet this one."""
        if not self._patterns:
            for grant in (*self.mine.grants(), *self.theirs.grants()):
                for pattern in grant.actions:
                    self._patterns.setdefault(_prefix(pattern), {})[pattern] = None
        prefix = _prefix(own)
        if not prefix:
            return [one for patterns in self._patterns.values() for one in patterns]
        return [*self._patterns.get(prefix, ()), *self._patterns.get("", ())]

    def known_action(self, action: str, allow: Grant, within: Pattern | None = None) -> str:
        """An action that AWS has and that the statements of both sides treat as this one, else this one."""
        alike = [(grant, grant.takes(action)) for grant in (*self.mine.grants(), *self.theirs.grants())]
        prefix, _, _ = action.partition(":")
        free = allow.not_action or not all(map(_prefix, allow.actions))
        for service in (prefix, *_COMMON) if free else (prefix,):
            for name in catalog.actions(service):
                folded = f"{service}:{name}".lower()
                if (within is None or within.matches(folded)) and all(
                    grant.takes(folded) == takes for grant, takes in alike
                ):
                    return f"{service}:{name}"
        return action

    def has_twin(self, allow: Grant) -> bool:
        """Is the statement on the other side too, with nothing to lessen it?"""
        meaning = _meaning(allow)
        return not self.theirs.denies and all(
            any(_meaning(one) == meaning for one in layer) for layer in self._given.layers
        )

    def is_inside(self, allow: Grant) -> bool:
        """Is it plain that the other side allows all of it, each part by one statement?"""
        if allow.not_action or self.theirs.denies:
            return False
        for action in allow.actions:
            about = self.theirs.where(partial(_takes_actions, pattern=action))
            if not all(self._covered(one, allow, about) for one in _own_resources(allow)):
                return False
        return True

    def place(self, action: str, allow: Grant, universe: Sequence[Pattern] = ()) -> Place | None:
        """Something of that action which the statement gives to mine and theirs does not allow.

        universe are the resources that count, all where there are none. Raises TooManyStates.
        """
        folded = action.lower()
        mine = self.mine.where(lambda grant: grant.takes(folded))
        theirs = self.theirs.where(lambda grant: grant.takes(folded))
        return self.placed(action, allow, mine, theirs, universe)

    def placed(
        self, action: str, allow: Grant, mine: Side, theirs: Side, universe: Sequence[Pattern]
    ) -> Place | None:
        """As place, the statements about the action being known."""
        key = (allow, tuple(mine.grants()), tuple(theirs.grants()), tuple(universe))
        if key not in self._places:
            self._places[key] = self._place(allow, mine, theirs, universe)
        found = self._places[key]
        if found is None:
            return None
        resource, box = found
        return Place(action, with_variables(resource), allow, self._contexts.example(box))

    def _place(
        self, allow: Grant, mine: Side, theirs: Side, universe: Sequence[Pattern]
    ) -> tuple[str, Box] | None:
        if not all(mine.layers):
            return None
        for one in _own_resources(allow):
            if self._covered(one, allow, theirs):
                continue
            for bound in universe or (EVERYTHING,):
                if partition.meet(one, bound):
                    found = self._resource((one, bound), allow, mine, theirs)
                    if found is not None:
                        return found
            # As itself a variable may be under a Deny, or outside of one, that some value of it is not.
            wide = widened(one) if mine.denies or theirs.denies else None
            for bound in (universe or (EVERYTHING,)) if wide is not None else ():
                assert wide is not None
                if partition.meet(wide, bound):
                    found = self._resource((wide, bound), allow, mine, theirs, same=one)
                    if found is not None:
                        return found
        return None

    def _covered(self, pattern: Pattern, allow: Grant, theirs: Side) -> bool:
        """Is it plain that theirs allows the same for all these resources?"""
        if theirs.denies:
            return False
        return all(
            any(contains(one.box, allow.box) and _takes_all(one, pattern) for one in layer)
            for layer in theirs.layers
        )

    def _resource(
        self,
        fence: tuple[Pattern, ...],
        allow: Grant,
        mine: Side,
        theirs: Side,
        *,
        same: Pattern | None = None,
    ) -> tuple[str, Box] | None:
        """A resource inside the fence. same is a pattern that all match there, by a variable's value."""
        fence = tuple(dict.fromkeys(one for one in fence if not one.everything)) or (EVERYTHING,)
        # Of mine, another Allow of the same layer adds nothing to what this one gives.
        mine = Side(tuple((allow,) if allow in layer else layer for layer in mine.layers), mine.denies)
        given = dict.fromkeys(one for grant in (*mine.grants(), *theirs.grants()) for one in grant.resources)
        near = [
            one for one in given if one not in fence and all(partition.meet(one, bound) for bound in fence)
        ]
        bit = {one: 1 << number for number, one in enumerate(near)}
        always = 1 << len(near)  # what stands for a pattern that all these resources match
        bits: dict[Grant, int] = {}
        for grant in (*mine.grants(), *theirs.grants()):
            bits[grant] = 0
            for one in grant.resources:
                bits[grant] |= always if one in fence or one == same else bit.get(one, 0)
        found: Box | None = None

        def wanted(matched: int) -> bool:
            nonlocal found

            def holds(grant: Grant) -> bool:
                return bool(bits[grant] & (matched | always)) != grant.not_resource

            if not holds(allow):
                return False
            found = self._context(allow, mine.where(holds), theirs.where(holds))
            return found is not None

        def hopeless(sure: int) -> bool:
            return not theirs.denies and all(
                any(
                    contains(one.box, allow.box)
                    and (one.anywhere or (not one.not_resource and bits[one] & (sure | always)))
                    for one in layer
                )
                for layer in theirs.layers
            )

        if not near:  # all these resources are alike
            if not wanted(0) or found is None:
                return None
            if len(fence) == 1:
                return partition.example(fence[0]), found
        # A few likely places first: none of them proves anything but that there is something.
        for likely in ((), *((one,) for deny in theirs.denies[:_LIKELY] for one in deny.resources[:_LIKELY])):
            if likely and not all(partition.meet(likely[0], bound) for bound in fence):
                continue
            text = partition.common((*fence, *likely))
            if text is not None and wanted(sum(bit[one] for one in near if one.matches(text))):
                assert found is not None  # Invariant: wanted says yes only with a context
                return text, found
        resource = partition.find(near, wanted, within=fence, hopeless=hopeless)
        return None if resource is None or found is None else (resource, found)

    def _context(self, allow: Grant, mine: Side, theirs: Side) -> Box | None:
        """A context in which the statement allows and no Deny of mine holds, and theirs does not allow."""
        key = (allow, tuple(mine.grants()), tuple(theirs.grants()))
        if key not in self._answers:
            self._answers[key] = self._find_context(allow, mine, theirs)
        return self._answers[key]

    def _find_context(self, allow: Grant, mine: Side, theirs: Side) -> Box | None:
        denied = [one.box for one in mine.denies]
        boxes: list[Box] = [allow.box]
        for layer in mine.layers:
            if allow not in layer:
                met = [both for box in boxes for one in layer if (both := meet(box, one.box)) is not None]
                boxes = [dict(one) for one in dict.fromkeys(tuple(sorted(box.items())) for box in met)]
                if len(boxes) > _MEETINGS:
                    raise partition.TooManyStates
        for box in boxes:
            for layer in theirs.layers:
                found = self._contexts.outside(box, [*denied, *(one.box for one in layer)])
                if found is not None:
                    return found
            for deny in theirs.denies:
                both = meet(box, deny.box)
                if both is not None:
                    found = self._contexts.outside(both, denied)
                    if found is not None:
                        return found
        return None


def _takes_all(grant: Grant, pattern: Pattern) -> bool:
    """Does the statement hold for all these resources, plainly?"""
    if grant.anywhere:
        return True
    try:
        if grant.not_resource:
            return not any(partition.meet(one, pattern) for one in grant.resources)
        return any(partition.covers(one, pattern) for one in grant.resources)
    except partition.TooManyStates:
        return False


def _own_resources(allow: Grant) -> tuple[Pattern, ...]:
    return (EVERYTHING,) if allow.not_resource else allow.resources


def _takes_actions(grant: Grant, pattern: Pattern) -> bool:
    """Does the statement take in all these actions, plainly?"""
    if grant.not_action:
        return not any(partition.meet(one, pattern) for one in grant.actions)
    try:
        return any(partition.covers(one, pattern) for one in grant.actions)
    except partition.TooManyStates:
        return False


def _without_twins(mine: Side, theirs: Side) -> Side:
    """Theirs without the Deny statements that mine has too: what they deny, neither side allows."""
    same = {_meaning(one) for one in mine.denies}
    others = (one for one in theirs.denies if _meaning(one) not in same)
    layers = tuple(tuple(map(_at_least, layer)) for layer in theirs.layers)
    return Side(layers, tuple(replace(one, resources=one.at_most) for one in others))


def _at_least(allow: Grant) -> Grant:
    same = allow.at_least == allow.resources
    return allow if same else replace(allow, resources=allow.at_least)


def _meaning(grant: Grant) -> tuple[object, ...]:
    statement = grant.statement
    return (
        statement.allows,
        frozenset(grant.actions),
        statement.not_action,
        frozenset(grant.resources),
        grant.not_resource,
        statement.live,
        tuple(sorted(grant.box.items())),
    )


def _prefix(pattern: Pattern) -> str:
    """The service prefix that every action of the pattern has, "" where there is none."""
    prefix, colon, _ = pattern.head.partition(":")
    return prefix if colon else ""


# Where an example may be of any service, of one that everybody knows.
_COMMON: Final = ("s3", "ec2", "iam", "lambda", "dynamodb", "sts")
