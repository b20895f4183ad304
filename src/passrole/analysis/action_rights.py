"""What a principal may do, by action: sets of actions, and the principal as one side of a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from typing import Final

from passrole.analysis import action_sets
from passrole.analysis.access import Comparison, Place
from passrole.analysis.askers import Asker
from passrole.analysis.sides import Given, Grant, Side, sides
from passrole.catalog.arn_forms import NO_RESOURCE, arn_forms
from passrole.decision.layers import IDENTITY, RCP, standing_of
from passrole.decision.plan import stacks_of
from passrole.policy.contexts import Asked, Contexts
from passrole.policy.document import Policy
from passrole.values import partition
from passrole.values.glob import Pattern

# Keys that belong to who asks, so that they differ between the two.
_OWN: Final = frozenset(
    (
        "aws:assumedroot",
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:sourceidentity",
        "aws:tokenissuetime",
        "aws:userid",
        "aws:username",
        "ec2:instancemetadatatags",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "glue:credentialissuingservice",
        "glue:roleassumedby",
        "identitystore:userid",
        "lambda:sourcefunctionarn",
        "ssm:sourceinstancearn",
    )
)
_OWN_BEGINNINGS: Final = (
    "aws:principal",
    "saml:",
    "sts:",
    "identitystore:",
    "cognito-identity.",
    "passrole:",
)


class ActionRights:
    """What one principal may do, by action: at all, and on everything whatever the context."""

    def __init__(self, asker: Asker) -> None:
        self.asker: Final = asker
        contexts, (side,) = sides(self.given("", generous=True))
        self._contexts: Final = contexts
        self.side: Final = side
        self.may: Final = _may(side)
        self.fully: Final = _fully(side)
        self._found: dict[tuple[str, ...], tuple[bool, bool]] = {}

    @cached_property
    def undenied(self) -> int:
        """The actions that no Deny says anything about."""
        found = action_sets.everything()
        for grant in self.side.denies:
            found &= ~actions_of(grant)
        return found

    @cached_property
    def sure(self) -> int:
        """The actions allowed on something, whatever the context."""
        found = self.undenied
        for layer in self.side.layers:
            allowed = 0
            for grant in layer:
                if not grant.box:
                    allowed |= actions_of(grant)
            found &= allowed
        return found

    @cached_property
    def _least(self) -> tuple[Contexts, Side]:
        """What is allowed whatever is not known."""
        contexts, (side,) = sides(self.given("", generous=False))
        layers = tuple(tuple(one for one in layer if not one.box) for layer in side.layers)
        return contexts, Side(layers, tuple(replace(one, box={}) for one in side.denies))

    def somewhere(self, actions: tuple[str, ...]) -> tuple[bool, bool]:
        """Are all these actions allowed on something that they have in the account? For certain, and at all.

        Those that are about the same sort of resource, as creating a function and invoking it are, on one
        and the same.
        """
        found = self._found.get(actions)
        if found is None:
            found = self._found[actions] = self._somewhere(actions)
        return found

    def _somewhere(self, actions: tuple[str, ...]) -> tuple[bool, bool]:
        limited = tuple(one for one in actions if not action_sets.of_action(one) & self.fully)
        if any(not action_sets.of_action(one) & self.may for one in limited):
            return False, False
        least: tuple[Contexts, Side] | None = None
        certain = True
        for together, forms in _about(limited, self.asker.account):
            if not _is_somewhere(self._contexts, self.side, together, forms, in_doubt=True):
                return False, False
            if certain:
                least = least or self._least
                certain = _is_somewhere(*least, together, forms, in_doubt=False)
        return certain, True

    def places(self, actions: tuple[str, ...], form: Pattern, *, certain: bool) -> Iterator[Place]:
        """Resources of that form on which all these actions are allowed: examples, with what they need.

        certain asks for those that need nothing. One that would take too long to find is left out.
        """
        contexts, side = self._least if certain else (self._contexts, self.side)
        try:
            yield from _places(contexts, side, actions, (form,))
        except partition.TooManyStates:
            return

    def given(self, name: str, *, generous: bool) -> Given:
        """The principal as one side of a comparison."""
        asker = self.asker
        standing = standing_of(asker.caller.principal)
        layers: list[tuple[Policy, ...]] = []
        names: list[str] = []
        denying: list[Policy] = []
        for stack in stacks_of(asker.policies, standing, trust=False):
            if stack.layer is RCP or (stack.layer is IDENTITY and not standing.identity):
                denying += stack.policies
            else:
                layers.append(stack.policies)
                names.append(stack.layer.name)
        asked = Asked(name, asker.context, lambda key: asker.lacks(key, passing=False), is_own)
        # The layer whose statements a gain is told by comes first.
        order = sorted(range(len(layers)), key=lambda number: names[number] != IDENTITY.name)
        return Given(
            tuple(layers[number] for number in order),
            asked,
            tuple(denying),
            generous,
            tuple(names[number] for number in order),
        )


def is_own(key: str) -> bool:
    """Does the key belong to who asks? It is in lower case."""
    return key in _OWN or key.startswith(_OWN_BEGINNINGS)


def actions_of(grant: Grant) -> int:
    """The actions that a statement takes in."""
    return action_sets.of_patterns(grant.actions, grant.not_action)


@lru_cache(maxsize=4096)
def _about(actions: tuple[str, ...], account: str) -> tuple[tuple[tuple[str, ...], tuple[Pattern, ...]], ...]:
    """The actions by the forms of what they are about: those that share one together, with it."""
    forms = {one: arn_forms(one, account=account) for one in actions}
    shared: dict[Pattern, list[str]] = {}
    for action, mine in forms.items():
        for form in mine:
            if form != NO_RESOURCE and form != arn_forms(f"{action.partition(':')[0]}:", account=account)[0]:
                shared.setdefault(form, []).append(action)
    found: dict[tuple[str, ...], list[Pattern]] = {}
    for form, those in shared.items():
        if len(those) > 1:
            found.setdefault(tuple(those), []).append(form)
    groups = [(together, tuple(some)) for together, some in found.items()]
    within = {action for together, _ in groups for action in together}
    return (*groups, *(((one,), mine) for one, mine in forms.items() if one not in within))


def _is_somewhere(
    contexts: Contexts, side: Side, actions: Iterable[str], forms: tuple[Pattern, ...], *, in_doubt: bool
) -> bool:
    """Is there a resource of these forms that all the actions are allowed on?"""
    try:
        return next(_places(contexts, side, actions, forms), None) is not None
    except partition.TooManyStates:
        return in_doubt


def _places(
    contexts: Contexts, side: Side, actions: Iterable[str], forms: tuple[Pattern, ...]
) -> Iterator[Place]:
    """Resources of these forms that all the actions are allowed on, one a statement at most."""
    each = [side.where(partial(Grant.takes, action=one.lower())) for one in actions]
    layers = tuple(layer for one in each for layer in one.layers)
    denies = tuple(dict.fromkeys(deny for one in each for deny in one.denies))
    mine, nothing = Side(layers, denies), Side(((),), ())
    if not layers or not all(layers):
        return
    comparison = Comparison(contexts, mine, nothing)
    for allow in layers[0]:
        found = comparison.placed("", allow, mine, nothing, forms)
        if found is not None:
            yield found


def _may(side: Side) -> int:
    """The actions that the side allows on something, or would but for a resource or context of a Deny."""
    found = action_sets.everything()
    for layer in side.layers:
        allowed = 0
        for grant in layer:
            allowed |= actions_of(grant)
        found &= allowed
    for grant in side.denies:
        if grant.anywhere and not grant.box:
            found &= ~actions_of(grant)
    return found


def _fully(side: Side) -> int:
    """The actions that the side allows on everything in every context."""
    found = action_sets.everything()
    for layer in side.layers:
        allowed = 0
        for grant in layer:
            if grant.anywhere and not grant.box:
                allowed |= actions_of(grant)
        found &= allowed
    for grant in side.denies:
        found &= ~actions_of(grant)
    return found
