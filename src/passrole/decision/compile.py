"""Policies made ready to be asked: statements with their patterns, found by action and by resource."""

# ruff: noqa: SIM110 -- on the path of every decision a loop costs half of what all() and any() do

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from passrole.decision.layers import RESOURCE, TRUST, Layer
from passrole.decision.principals import Named
from passrole.decision.request import Clause, Decision, Outcome, Request
from passrole.policy import variables
from passrole.policy.conditions import Condition
from passrole.policy.document import Policy, Statement
from passrole.policy.variables import Context, Template
from passrole.values import glob
from passrole.values.glob import Pattern, Token
from passrole.values.principal import Principal

# A row of statements shorter than this is quicker read than looked up.
_SHORT: Final = 6
# Literal beginnings of resource patterns are looked up by their first 8, 16, 24 … characters.
_STRIDE: Final = 8
# A layer remembers what it found for this many actions; then it begins again.
_ACTIONS_KEPT: Final = 2048


class Rule:
    """One statement of one layer, ready to be matched."""

    __slots__ = (
        "_actions",
        "_decision",
        "_exact",
        "_named_actions",
        "_patterns",
        "_prefixes",
        "_templates",
        "allows",
        "anything",
        "conditions",
        "keys",
        "layer",
        "place",
        "policy",
        "principals",
        "resource_keys",
        "statement",
    )

    def __init__(self, statement: Statement, policy: Policy, place: int, layer: Layer) -> None:
        self.statement: Final[Statement] = statement
        self.policy: Final[Policy] = policy
        self.place: Final[int] = place  # the policy's place in its layer
        self.layer: Final[Layer] = layer
        self.allows: Final[bool] = statement.allows
        self.conditions: Final[tuple[Condition, ...]] = statement.conditions
        self._decision: Decision | None = None

        names = [action.lower() for action in statement.actions]
        self._named_actions = frozenset(name for name in names if "*" not in name and "?" not in name)
        self._actions = tuple(Pattern.parse(name) for name in names if name not in self._named_actions)

        self.anything: Final[bool] = statement.resources is None or (
            "*" in statement.resources and not statement.not_resource
        )
        exact: set[str] = set()
        prefixes: list[str] = []
        patterns: list[Pattern] = []
        templates: list[Template] = []
        for text in () if self.anything else statement.resources or ():
            resource = _resource(text, live=statement.live)
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

        self.principals: Final[Named | None] = (
            None
            if statement.principals is None
            else Named(statement.principals, negated=statement.not_principal, trust=layer is TRUST)
        )
        self.resource_keys: Final[tuple[str, ...]] = tuple(
            dict.fromkeys(key for template in templates for key in template.keys)
        )
        self.keys: Final[frozenset[str]] = frozenset(self.resource_keys).union(
            *(condition.keys for condition in self.conditions)
        )

    def names_action(self, action: str) -> bool:
        """Does the Action or NotAction element take the action in? It is in lower case."""
        named = action in self._named_actions
        if not named:
            for pattern in self._actions:
                if pattern.matches(action):
                    named = True
                    break
        return named != self.statement.not_action

    def services(self) -> Iterator[str]:
        """The service prefixes that the Action element names, ``*`` where it may be any."""
        if self.statement.not_action:
            yield "*"
            return
        for name in self._named_actions:
            yield name.partition(":")[0]
        for pattern in self._actions:
            service, colon, _ = pattern.head.partition(":")
            yield service if colon else "*"

    def covers(self, resource: str, context: Context) -> bool:
        """Does the Resource or NotResource element take the resource in?

        A variable without a value makes the statement match nothing.
        """
        if self.anything:
            return True
        found = resource in self._exact or resource.startswith(self._prefixes)
        if not found:
            for pattern in self._patterns:
                if pattern.matches(resource):
                    found = True
                    break
        for template in self._templates:
            filled = template.fill(context)
            if filled is None:
                return False
            if not found:
                found = glob.pattern_of(filled).matches(resource)
        return found != self.statement.not_resource

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

    def holds(self, request: Request) -> bool:
        """Does the statement match a request of which everything is known? Its action has been compared."""
        resource = request.resource
        if not self.anything and (resource is None or not self.covers(resource, request.context)):
            return False
        if self.principals is not None and not self.takes(request.principal):
            return False
        for condition in self.conditions:
            if not condition.holds(request.context):
                return False
        return True

    def clause(self) -> Clause:
        """The statement as it stands in a decision."""
        return Clause(
            self.layer.name, self.policy.name, self.place, self.statement.label, self.statement.effect
        )

    @property
    def decision(self) -> Decision:
        """What is answered when this statement decides."""
        decision = self._decision
        if decision is None:
            if self.allows:
                decision = Decision(Outcome.ALLOWED, self.layer.name, clauses=(self.clause(),))
            else:
                decision = Decision(
                    Outcome.EXPLICIT_DENY, self.layer.name, self.layer.explicit(), (self.clause(),)
                )
            self._decision = decision
        return decision


def _resource(text: str, *, live: bool) -> Pattern | Template:
    head, field = glob.split_resource(text)
    if field is None:
        return glob.pattern_of(head)
    rest = variables.parse(field, live=live, wildcards=True)
    if not isinstance(rest, Template):
        return glob.pattern_of((*head, *rest))
    parts: list[Token | variables.Variable] = [*glob.tidy(head), *rest.parts]
    return Template(tuple(parts))


class Rules:
    """Statements whose action matches, found by resource."""

    __slots__ = ("_anywhere", "_begin", "_exact", "_lengths", "all")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.all: Final[tuple[Rule, ...]] = tuple(rules)
        self._lengths: tuple[int, ...] | None = None
        self._exact: dict[str, tuple[Rule, ...]] = {}
        self._begin: dict[str, tuple[Rule, ...]] = {}
        self._anywhere: tuple[Rule, ...] = ()
        if len(rules) > _SHORT:
            self._index()

    def _index(self) -> None:
        exact: dict[str, list[Rule]] = {}
        begin: dict[str, list[Rule]] = {}
        anywhere: list[Rule] = []
        for rule in self.all:
            places: dict[tuple[str, bool], None] = {}
            for text, whole in rule.beginnings():
                places[(text if whole else text[: len(text) // _STRIDE * _STRIDE], whole)] = None
            if ("", False) in places:
                anywhere.append(rule)
                continue
            for text, whole in places:
                (exact if whole else begin).setdefault(text, []).append(rule)
        self._exact = {text: tuple(rules) for text, rules in exact.items()}
        self._begin = {text: tuple(rules) for text, rules in begin.items()}
        self._anywhere = tuple(anywhere)
        self._lengths = tuple(sorted({len(text) for text in begin}))

    def near(self, resource: str | None) -> Iterable[Rule]:
        """Every statement that may cover the resource, and few that do not."""
        lengths = self._lengths
        if lengths is None or resource is None:
            return self.all
        found: list[Rule] = []
        exact = self._exact.get(resource)
        if exact is not None:
            found.extend(exact)
        begin = self._begin
        for length in lengths:
            some = begin.get(resource[:length])
            if some is not None:
                found.extend(some)
        if self._anywhere:
            found.extend(self._anywhere)
        return found

    def __len__(self) -> int:
        return len(self.all)


_NOTHING: Final = Rules(())


class Stack:
    """The policies of one layer, or of one of its levels."""

    __slots__ = ("_by_action", "_by_service", "layer", "rules")

    def __init__(self, layer: Layer, policies: Sequence[Policy], first: int = 0) -> None:
        """first is the place of the first policy among those of its layer."""
        self.layer: Final[Layer] = layer
        # Without a Principal, a statement of a resource-based policy concerns nobody.
        nameless = layer is not RESOURCE and layer is not TRUST
        self.rules: Final[tuple[Rule, ...]] = tuple(
            Rule(statement, policy, place, layer)
            for place, policy in enumerate(policies, first)
            for statement in policy.statements
            if nameless or statement.principals is not None
        )
        self._by_action: dict[str, tuple[Rules, Rules]] = {}
        self._by_service: dict[str, list[int]] | None = None

    def about(self, action: str) -> tuple[Rules, Rules]:
        """The Deny and the Allow statements that take the action in. It is in lower case."""
        found = self._by_action.get(action)
        if found is None:
            rules = [rule for rule in self._of_service(action.partition(":")[0]) if rule.names_action(action)]
            denies = [rule for rule in rules if not rule.allows]
            allows = [rule for rule in rules if rule.allows]
            found = (Rules(denies) if denies else _NOTHING, Rules(allows) if allows else _NOTHING)
            if len(self._by_action) >= _ACTIONS_KEPT:
                self._by_action.clear()
            self._by_action[action] = found
        return found

    def _of_service(self, service: str) -> Sequence[Rule]:
        """The statements that may name an action of the service, in the order of the documents."""
        if len(self.rules) <= _SHORT:
            return self.rules
        index = self._by_service
        if index is None:
            index = {}
            for number, rule in enumerate(self.rules):
                for name in set(rule.services()):
                    index.setdefault(name, []).append(number)
            self._by_service = index
        return [self.rules[number] for number in sorted({*index.get(service, ()), *index.get("*", ())})]


@lru_cache(maxsize=16_384)
def stack(layer: Layer, policies: tuple[Policy, ...], first: int = 0) -> Stack:
    """The compiled form of these policies, made once."""
    return Stack(layer, policies, first)
