"""What an account's policies say of iam:PassRole, and nothing else of them.

Most statements are about other actions: that is told by their actions alone, and they are not parsed. Of
those that are left, equal Resource elements and equal Condition blocks are parsed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import orjson

from passrole.analysis.askers import ASSOCIATED, PASSED_TO
from passrole.authorize.gather import managed_document
from passrole.decision.compile import Rule, sheet
from passrole.decision.layers import IDENTITY
from passrole.passing.rule import ACTION
from passrole.policy.conditions import Condition, operator_named
from passrole.policy.document import DEFAULT_VERSION, STATEMENT_ELEMENTS, VERSIONS, Policy, Statement
from passrole.state.directory import Directory
from passrole.state.entities import Group, Role, User
from passrole.values.glob import Pattern

OF_SERVICE: Final = frozenset((PASSED_TO, ASSOCIATED))  # keys of the pass, whoever makes it
_ACTION: Final = ACTION.lower()


class PassStatement:
    """One statement about iam:PassRole.

    bare is it without its conditions. keys are the condition keys that each principal answers for itself,
    by_name tells that it names principals.
    """

    __slots__ = ("_rule", "allows", "bare", "by_name", "conditions", "keys")

    def __init__(
        self, bare: Rule, conditions: tuple[Condition, ...], *, allows: bool, rule: Rule | None = None
    ) -> None:
        """rule is the statement as the engine has it, where that is there already."""
        self.bare: Final[Rule] = bare
        self.conditions: Final[tuple[Condition, ...]] = conditions
        self.allows: Final[bool] = allows
        self.by_name: Final[bool] = bare.principals is not None
        self.keys: Final[frozenset[str]] = _keys(bare.resource_keys, conditions)
        self._rule = rule

    @classmethod
    def of(cls, rule: Rule) -> PassStatement:
        """A statement that is ready to be matched."""
        return cls(rule, rule.conditions, allows=rule.allows, rule=rule)

    @property
    def rule(self) -> Rule:
        """As the engine has it."""
        if self._rule is None:
            bare = self.bare.statement
            self._rule = _rule(self.allows, bare.resources or (), self.conditions, live=bare.live)
        return self._rule

    @property
    def for_the_bounded(self) -> PassStatement:
        """As Rule.for_the_bounded."""
        rule = self.rule.for_the_bounded if self.by_name else self.bare
        return self if rule is self.bare else PassStatement.of(rule)


@lru_cache(maxsize=4096)
def _keys(resource_keys: tuple[str, ...], conditions: tuple[Condition, ...]) -> frozenset[str]:
    return frozenset(resource_keys).union(*(one.keys for one in conditions)) - OF_SERVICE


def _rule(allows: bool, resources: tuple[str, ...], conditions: tuple[Condition, ...], *, live: bool) -> Rule:
    """A statement of the plainest kind, as the engine has it: alone in a policy without a name."""
    statement = Statement(0, "", allows, (ACTION,), False, resources, False, None, False, conditions, live)
    return Rule(statement, Policy("", None, "", "", VERSIONS[-1], "", (statement,)), IDENTITY)


class PassPolicy:
    """What one policy, or several statements of a layer, say of iam:PassRole."""

    __slots__ = ("allows", "denies", "personal")

    def __init__(self, statements: Iterable[PassStatement]) -> None:
        allows: list[PassStatement] = []
        denies: list[PassStatement] = []
        personal = False
        for one in statements:
            (allows if one.allows else denies).append(one)
            personal = personal or bool(one.keys) or one.by_name
        self.allows: Final[tuple[PassStatement, ...]] = tuple(allows)
        self.denies: Final[tuple[PassStatement, ...]] = tuple(denies)
        self.personal: Final[bool] = personal  # does it depend on who asks?

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> PassPolicy:
        """Statements that are ready to be matched."""
        return cls(map(PassStatement.of, rules))

    @property
    def statements(self) -> tuple[PassStatement, ...]:
        """All of them."""
        return self.allows + self.denies


class PassPolicies:
    """The policies of one account's principals, each text looked at once and shared by all that have it."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._of_text: dict[str, PassPolicy | None] = {}
        self._of_policy: dict[Policy, PassPolicy | None] = {}
        self._managed: dict[str, PassPolicy | None] = {}
        self._groups: dict[str, tuple[PassPolicy, ...]] = {}
        self._bare: dict[tuple[tuple[str, ...], bool], Rule] = {}
        self._blocks: dict[tuple[bytes, bool], tuple[Condition, ...] | None] = {}
        self._statements: dict[tuple[Rule, tuple[Condition, ...], bool], PassStatement] = {}

    def of(self, entity: User | Group | Role) -> tuple[PassPolicy, ...]:
        """What the identity-based policies say, a user's groups' included; without those that say nothing.

        Raises PolicyGone and UnreadablePolicy.
        """
        found = [self._text(text) for text in entity.inline.values()]
        found += [self._attached(arn) for arn in entity.attached]
        said = [one for one in found if one is not None]
        if isinstance(entity, User):
            for group in entity.groups:
                said += self._of_group(group)
        return tuple(dict.fromkeys(said)) if len(said) > 1 else tuple(said)

    def all_of(self, policies: Iterable[Policy]) -> tuple[PassPolicy, ...]:
        """What identity-based policies say that are parsed already."""
        return tuple(found for policy in policies if (found := self._parsed(policy)) is not None)

    def _parsed(self, policy: Policy) -> PassPolicy | None:
        if policy not in self._of_policy:
            denies, allows = sheet(policy, IDENTITY).about(_ACTION)
            self._of_policy[policy] = PassPolicy.of((*allows, *denies)) if allows or denies else None
        return self._of_policy[policy]

    def _attached(self, arn: str) -> PassPolicy | None:
        if arn not in self._managed:
            self._managed[arn] = self._text(managed_document(self._directory, arn)[0])
        return self._managed[arn]

    def _of_group(self, id: str) -> tuple[PassPolicy, ...]:
        found = self._groups.get(id)
        if found is None:
            group = self._directory.by_id(Group, id)
            found = self._groups[id] = self.of(group) if group is not None else ()
        return found

    def _text(self, text: str) -> PassPolicy | None:
        if text not in self._of_text:
            self._of_text[text] = self._read(text)
        return self._of_text[text]

    def _read(self, text: str) -> PassPolicy | None:
        raw = raw_statements(text)
        if raw is None:
            return self._parsed(Policy.parse(text))
        live, statements = raw
        found: list[PassStatement] = []
        for given in statements:
            one = self._statement(given, live=live)
            if one is None:
                return self._parsed(Policy.parse(text))
            found.append(one)
        return PassPolicy(found) if found else None

    def _statement(self, given: Mapping[str, object], *, live: bool) -> PassStatement | None:
        """The statement; None where it is not of the plainest kind: the engine's own parser reads that."""
        effect, texts = given.get("Effect"), given.get("Resource")
        if not given.keys() <= _PLAIN or effect not in ("Allow", "Deny"):
            return None
        if isinstance(texts, str):
            resources: tuple[str, ...] = (texts,)
        elif isinstance(texts, list) and all(isinstance(one, str) for one in texts):
            resources = tuple(texts)
        else:
            return None
        conditions = self._block(given["Condition"], live=live) if "Condition" in given else ()
        if conditions is None:
            return None
        bare = self._bare.get((resources, live))
        if bare is None:
            bare = self._bare[resources, live] = _rule(True, resources, (), live=live)
        place = (bare, conditions, effect == "Allow")
        found = self._statements.get(place)
        if found is None:
            found = self._statements[place] = PassStatement(bare, conditions, allows=effect == "Allow")
        return found

    def _block(self, given: object, *, live: bool) -> tuple[Condition, ...] | None:
        place = (orjson.dumps(given), live)
        if place not in self._blocks:
            self._blocks[place] = _conditions(given, live=live)
        return self._blocks[place]


_PLAIN: Final = STATEMENT_ELEMENTS - {"Principal", "NotPrincipal", "NotResource"}


def _conditions(given: object, *, live: bool) -> tuple[Condition, ...] | None:
    """The conditions of a block; None where a value is a number, whose text counts, or something is wrong."""
    found: list[Condition] = []
    for operator, keys in given.items() if isinstance(given, dict) else [("", None)]:
        if operator_named(operator) is None or not isinstance(keys, dict):
            return None
        for key, value in keys.items():
            texts: list[str] = []
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, bool):
                    texts.append("true" if one else "false")
                elif isinstance(one, str):
                    texts.append(one)
                else:
                    return None
            found.append(Condition(operator, key, texts, live=live))
    return tuple(found)


def raw_statements(text: str) -> tuple[bool, list[Mapping[str, object]]] | None:
    """The statements that may be about iam:PassRole, as JSON, and whether variables count in them.

    None for what is no policy: the parser tells what is wrong with it.

    >>> raw_statements('{"Statement": {"Effect": "Allow", "Action": ["s3:*", "iam:Get*"], "Resource": "*"}}')
    (False, [])
    """
    try:
        document = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):  # the latter for half of a surrogate pair
        return None
    if not isinstance(document, dict):
        return None
    version, statements = document.get("Version", DEFAULT_VERSION), document.get("Statement")
    if version not in VERSIONS:
        return None
    found: list[Mapping[str, object]] = []
    for statement in statements if isinstance(statements, list) else (statements,):
        if not isinstance(statement, dict):
            return None
        negated = "NotAction" in statement
        taken = _taken(statement.get("NotAction" if negated else "Action"))
        if taken is None or (negated and "Action" in statement):
            return None
        if taken is not negated:
            found.append(statement)
    return version == VERSIONS[-1], found


def _taken(actions: object) -> bool | None:
    """Is iam:PassRole among them? None where they are no actions."""
    if isinstance(actions, str):
        return _takes(actions)
    if not isinstance(actions, list):
        return None
    return any(isinstance(one, str) and _takes(one) for one in actions)


@lru_cache(maxsize=4096)
def _takes(action: str) -> bool:
    return Pattern.parse(action.lower()).matches(_ACTION)
