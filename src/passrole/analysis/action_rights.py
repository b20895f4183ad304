"""What a principal may do, by action: sets of actions, and the principal as one side of a comparison."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from passrole.analysis import action_sets
from passrole.analysis.askers import Asker
from passrole.analysis.sides import Given, Grant, Side, sides
from passrole.decision.layers import IDENTITY, RCP, standing_of
from passrole.decision.plan import stacks_of
from passrole.policy.contexts import Asked
from passrole.policy.document import Policy

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
        (side,) = sides(self.given("", generous=True))[1]
        self.side: Final = side
        self.may: Final = _may(side)
        self.fully: Final = _fully(side)

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
