"""Policies made ready to be asked: statements with their patterns, found by action and by resource."""

# ruff: noqa: SIM110 -- on the path of every decision a loop costs half of what all() and any() do

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from passrole.decision.layers import RESOURCE, TRUST, Layer
from passrole.decision.principals import Named
from passrole.policy import variables
from passrole.policy.conditions import Condition
from passrole.policy.document import Policy, PrincipalName, Statement
from passrole.policy.variables import Context, Template
from passrole.values import glob
from passrole.values.glob import Pattern, Token
from passrole.values.principal import Principal

# A row of statements shorter than this is quicker read than looked up.
_SHORT: Final = 3
# An index pays from this many questions on.
_WORTH_AN_INDEX: Final = 3
# Literal beginnings of resource patterns are looked up by length, so they are cut to a few lengths.
_LENGTHS: Final = 2
# A policy remembers what it found for this many actions; then it begins again.
_ACTIONS_KEPT: Final = 256
# Action elements that are remembered over all policies.
_ELEMENTS_KEPT: Final = 4096


class Actions:
    """The Action or NotAction element of one statement."""

    __slots__ = ("_named", "_negated", "_patterns")

    def __init__(self, actions: tuple[str, ...], *, negated: bool) -> None:
        names = [action.lower() for action in actions]
        self._named = frozenset(name for name in names if "*" not in name and "?" not in name)
        self._patterns = tuple(Pattern.parse(name) for name in names if name not in self._named)
        self._negated: Final[bool] = negated

    @classmethod
    def of(cls, statement: Statement) -> Actions:
        """Those of a statement: many statements name the same ones, and share them."""
        return _actions(statement.actions, statement.not_action)

    def take(self, action: str) -> bool:
        """Does the element take the action in? It is in lower case."""
        named = action in self._named
        if not named:
            for pattern in self._patterns:
                if pattern.matches(action):
                    named = True
                    break
        return named != self._negated


@lru_cache(maxsize=_ELEMENTS_KEPT)
def _actions(actions: tuple[str, ...], negated: bool) -> Actions:
    return Actions(actions, negated=negated)


def _services(statement: Statement) -> Iterator[str]:
    """The service prefixes that the Action element names, in lower case, ``*`` where it may be any."""
    if statement.not_action:
        yield "*"
        return
    for name in statement.actions:
        service, colon, _ = name.partition(":")
        yield "*" if not colon or "*" in service or "?" in service else service.lower()


class Rule:
    """One statement of one layer, ready to be matched."""

    __slots__ = (
        "_exact",
        "_for_the_bounded",
        "_patterns",
        "_prefixes",
        "_simple",
        "_templates",
        "actions",
        "allows",
        "anything",
        "certain",
        "conditions",
        "keys",
        "layer",
        "policy",
        "principals",
        "resource_keys",
        "statement",
    )

    def __init__(
        self, statement: Statement, policy: Policy, layer: Layer, actions: Actions | None = None
    ) -> None:
        """actions are the statement's, where they are known already."""
        self.statement: Final[Statement] = statement
        self.actions: Final[Actions] = actions or Actions.of(statement)
        self.policy: Final[Policy] = policy
        self.layer: Final[Layer] = layer
        self.allows: Final[bool] = statement.allows
        self.conditions: Final[tuple[Condition, ...]] = statement.conditions
        self._for_the_bounded: Rule | None = None
        self.anything: Final[bool] = statement.resources is None or (
            "*" in statement.resources and not statement.not_resource
        )
        exact: set[str] = set()
        prefixes: list[str] = []
        patterns: list[Pattern] = []
        templates: list[Template] = []
        for text in () if self.anything else statement.resources or ():
            resource = resource_of(text, live=statement.live)
            if isinstance(resource, Template):
                templates.append(resource)
            elif resource.exact:
                exact.add(resource.head)
            elif resource.prefix:
                prefixes.append(resource.head)
            else:
                patterns.append(resource)
        self._exact = frozenset(exact)
        self._prefixes = tuple(prefixes)
        self._patterns = tuple(patterns)
        self._templates = tuple(templates)
        self._simple = not (patterns or templates or statement.not_resource)

        self.principals: Final[Named | None] = (
            None
            if statement.principals is None
            else Named(statement.principals, negated=statement.not_principal, trust=layer is TRUST)
        )
        self.certain: Final[bool] = self.anything and statement.principals is None and not self.conditions
        self.resource_keys: Final[tuple[str, ...]] = tuple(
            dict.fromkeys(key for template in templates for key in template.keys)
        )
        self.keys: Final[frozenset[str]] = frozenset(self.resource_keys).union(
            *(condition.keys for condition in self.conditions)
        )

    def names_action(self, action: str) -> bool:
        """Does the Action or NotAction element take the action in? It is in lower case."""
        return self.actions.take(action)

    def covers(self, resource: str, context: Context) -> bool:
        """Does the Resource or NotResource element take the resource in?

        A pattern with a variable that has no value matches nothing.
        """
        if self.anything:
            return True
        found = resource in self._exact or resource.startswith(self._prefixes)
        if not found:
            for pattern in self._patterns:
                if pattern.matches(resource):
                    found = True
                    break
        if not found:
            for template in self._templates:
                filled = template.fill(context)
                if filled is not None and glob.pattern_of(filled).matches(resource):
                    found = True
                    break
        return found != self.statement.not_resource

    @property
    def for_the_bounded(self) -> Rule:
        """The statement as it meets a caller with a permissions boundary.

        A Deny with NotPrincipal denies them all, whomever it lists. Source: IAM User Guide, "Permissions
        boundaries for IAM entities".
        """
        if self._for_the_bounded is None:
            self._for_the_bounded = self
            if self.statement.not_principal and not self.allows:
                everyone = replace(self.statement, principals=(PrincipalName("", "*"),), not_principal=False)
                self._for_the_bounded = Rule(everyone, self.policy, self.layer)
        return self._for_the_bounded

    def beginnings(self) -> Iterator[tuple[str, bool]]:
        """What every resource that it covers begins with, and whether that is the whole of it."""
        if self.anything or self.statement.not_resource:
            yield "", False
            return
        for text in self._exact:
            yield text, True
        for text in self._prefixes:
            yield text, False
        for pattern in self._patterns:
            yield pattern.head, False
        for template in self._templates:
            first = template.parts[0]
            yield (first if isinstance(first, str) else ""), False

    def takes(self, principal: Principal) -> bool:
        """Does the Principal or NotPrincipal element take the caller in? True where there is none."""
        return self.principals is None or self.principals.applies(principal, denies=not self.allows)

    def holds(self, resource: str | None, context: Context, principal: Principal) -> bool:
        """Does the statement match a request of which everything is known? Its action has been compared."""
        if not self.anything:
            if resource is None:
                return False
            if self._simple:
                if not resource.startswith(self._prefixes) and resource not in self._exact:
                    return False
            elif not self.covers(resource, context):
                return False
        if self.principals is not None and not self.takes(principal):
            return False
        for condition in self.conditions:
            if not condition.holds(context):
                return False
        return True


def resource_of(text: str, *, live: bool) -> Pattern | Template:
    """An element of Resource or NotResource, as a pattern where there is nothing to fill in."""
    head, field = glob.split_resource(text)
    if field is None:
        return glob.pattern_of(head)
    rest = variables.parse(field, live=live, wildcards=True)
    if not isinstance(rest, Template):
        return glob.pattern_of((*head, *rest))
    parts: list[Token | variables.Variable] = [*glob.tidy(head), *rest.parts]
    return Template(tuple(parts))


# Resources whose statements are remembered, of one action in one layer.
_NEAR_KEPT: Final = 64


class Rules:
    """Statements whose action matches, found by resource."""

    __slots__ = (
        "_anywhere",
        "_asked",
        "_begin",
        "_exact",
        "_indexed",
        "_lengths",
        "_near",
        "_places",
        "all",
        "short",
    )

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.all: Final[tuple[Rule, ...]] = tuple(rules)
        self.short: Final[bool] = len(rules) <= _SHORT
        self._lengths: tuple[int, ...] = ()
        self._exact: dict[str, tuple[Rule, ...]] = {}
        self._begin: dict[str, tuple[Rule, ...]] = {}
        self._anywhere: tuple[Rule, ...] = ()
        self._places: dict[Rule, int] = {}
        self._near: dict[str, tuple[Rule, ...]] = {}
        self._asked = 0
        self._indexed = False

    def _index(self) -> None:
        exact: dict[str, list[Rule]] = {}
        begin: dict[str, list[Rule]] = {}
        anywhere: list[Rule] = []
        whole: list[tuple[str, Rule]] = []
        heads: list[tuple[str, Rule]] = []
        for rule in self.all:
            places = dict.fromkeys(rule.beginnings())
            if ("", False) in places:
                anywhere.append(rule)
            else:
                for text, is_whole in places:
                    (whole if is_whole else heads).append((text, rule))
        for text, rule in whole:
            exact.setdefault(text, []).append(rule)
        stride = 1
        while len({len(text) // stride for text, _ in heads}) > _LENGTHS:
            stride *= 2
        for text, rule in heads:
            bucket = begin.setdefault(text[: len(text) // stride * stride], [])
            if rule not in bucket:
                bucket.append(rule)
        # What was cut to nothing is looked at for every resource.
        anywhere += begin.pop("", [])
        self._exact = {text: tuple(rules) for text, rules in exact.items()}
        self._begin = {text: tuple(rules) for text, rules in begin.items()}
        self._anywhere = tuple(anywhere)
        self._lengths = tuple(sorted({len(text) for text in begin}))
        self._places = {rule: place for place, rule in enumerate(self.all)}
        self._indexed = True

    def near(self, resource: str | None) -> tuple[Rule, ...]:
        """Every statement that may cover the resource, and few that do not, as the documents order them."""
        if not self._indexed:
            if self.short:
                return self.all
            self._asked += 1
            if self._asked < _WORTH_AN_INDEX:
                return self.all
            self._index()
        if resource is None:
            return self.all
        kept = self._near.get(resource)
        return self._found(resource) if kept is None else kept

    def _found(self, resource: str) -> tuple[Rule, ...]:
        found = [*self._anywhere, *self._exact.get(resource, ())]
        for length in self._lengths:
            found += self._begin.get(resource[:length], ())
        # Which of two statements that hold is told must not depend on how they were found.
        near = tuple(sorted(dict.fromkeys(found), key=self._places.__getitem__))
        if len(self._near) >= _NEAR_KEPT:
            self._near.clear()
        self._near[resource] = near
        return near

    def __len__(self) -> int:
        return len(self.all)


_NOTHING: Final = Rules(())


class Sheet:
    """One policy in one layer. Many principals share it; a statement is made ready when first needed."""

    __slots__ = ("_actions", "_by_action", "_by_service", "_layer", "_policy", "_rules", "_statements")

    def __init__(self, policy: Policy, layer: Layer) -> None:
        # Without a Principal, a statement of a resource-based policy concerns nobody.
        nameless = layer is not RESOURCE and layer is not TRUST
        self._policy: Final[Policy] = policy
        self._layer: Final[Layer] = layer
        self._statements: Final[tuple[Statement, ...]] = tuple(
            statement for statement in policy.statements if nameless or statement.principals is not None
        )
        self._actions: dict[int, Actions] = {}
        self._rules: dict[int, Rule] = {}
        self._by_action: dict[str, tuple[tuple[Rule, ...], tuple[Rule, ...]]] = {}
        self._by_service: dict[str, list[int]] | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every statement, in the order of the document."""
        return tuple(self._rule(number) for number in range(len(self._statements)))

    def about(self, action: str) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
        """The Deny and the Allow statements that take the action in. It is in lower case."""
        found = self._by_action.get(action)
        if found is None:
            denies: list[Rule] = []
            allows: list[Rule] = []
            for number in self._of_service(action.partition(":")[0]):
                if self._actions_of(number).take(action):
                    rule = self._rule(number)
                    (allows if rule.allows else denies).append(rule)
            found = tuple(denies), tuple(allows)
            if len(self._by_action) >= _ACTIONS_KEPT:
                self._by_action.clear()
            self._by_action[action] = found
        return found

    def _actions_of(self, number: int) -> Actions:
        found = self._actions.get(number)
        if found is None:
            found = self._actions[number] = Actions.of(self._statements[number])
        return found

    def _rule(self, number: int) -> Rule:
        found = self._rules.get(number)
        if found is None:
            # Of two that two threads make at once, one stays: rules are told apart by what they are.
            made = Rule(self._statements[number], self._policy, self._layer, self._actions_of(number))
            found = self._rules.setdefault(number, made)
        return found

    def _of_service(self, service: str) -> Sequence[int]:
        """The places of the statements that may name an action of the service, in the document's order."""
        if len(self._statements) <= _SHORT:
            return range(len(self._statements))
        index = self._by_service
        if index is None:
            index = {}
            for number, statement in enumerate(self._statements):
                for name in set(_services(statement)):
                    index.setdefault(name, []).append(number)
            self._by_service = index
        return sorted({*index.get(service, ()), *index.get("*", ())})


class _Sheets(dict[Layer, Sheet]):
    """A policy's sheets, which stay with the policy and go with it."""


def sheet(policy: Policy, layer: Layer) -> Sheet:
    """The compiled form of a policy in a layer, made once."""
    sheets = policy.ready
    if not isinstance(sheets, _Sheets):
        sheets = _Sheets()
        object.__setattr__(policy, "ready", sheets)  # frozen to everyone else
    found = sheets.get(layer)
    if found is None:
        found = sheets.setdefault(layer, Sheet(policy, layer))
    return found


@dataclass(frozen=True, slots=True)
class Stack:
    """The policies of one layer, or of one of its levels."""

    layer: Layer
    policies: tuple[Policy, ...]

    def about(self, action: str) -> tuple[Rules, Rules]:
        """The Deny and the Allow statements that take the action in. It is in lower case."""
        denies: list[Rule] = []
        allows: list[Rule] = []
        for policy in self.policies:
            deny, allow = sheet(policy, self.layer).about(action)
            denies += deny
            allows += allow
        return Rules(denies) if denies else _NOTHING, Rules(allows) if allows else _NOTHING
