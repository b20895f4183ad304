"""What a principal gains by another one's rights: "Alice cannot s3:*; role R can".

Both sides are compared exactly (analysis.access), action by action of those that AWS has, over resources of
the forms that the action has in the account. What is not known counts as a gain: a condition on a key of
which the two have values of their own (their MFA, their tags) is taken to hold for whoever gains and not for
who has not. What is gained even if it is the other way round is called certain. Keys that a request brings
along (a Region, an address) are the same for both. Resource-based policies are not looked at, and sessions
have no session policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from passrole.analysis import action_sets, bits
from passrole.analysis.access import Comparison, Place
from passrole.analysis.action_rights import ActionRights, actions_of
from passrole.analysis.askers import Asker, asker_named
from passrole.analysis.sides import Grant, Side, sides
from passrole.catalog.arn_forms import arn_forms
from passrole.policy.contexts import Contexts, Value
from passrole.state.estate.estate import Estate
from passrole.values import partition
from passrole.values.glob import Pattern

# Examples that a gain is shown by, and entries that its actions are told in.
_EXAMPLES: Final = 5
_ENTRIES: Final = 20
# So few actions are parted one by one.
_FEW: Final = 1000
# Actions of one service that are named one by one.
_NAMED: Final = 8

_REGION: Final = "us-east-1"  # that examples are of, where they can be

# Services that say most about a gain, for the order in which it is told.
_TELLING: Final = ("iam", "sts", "organizations", "s3", "ec2", "lambda", "kms", "secretsmanager", "dynamodb")


@dataclass(frozen=True, slots=True)
class Witness:
    """Something that the one may do and the other may not.

    certain tells that it is so whatever is not known; otherwise the other may have it in some context. policy
    and statement name the Allow. context holds keys that the example needs, None for one that must be absent.
    """

    action: str
    resource: str
    policy: str
    statement: str
    certain: bool
    context: Mapping[str, Value]

    def as_json(self) -> dict[str, object]:
        """With the context only where there is one."""
        made: dict[str, object] = {"action": self.action, "resource": self.resource, "certain": self.certain}
        return made | ({"context": dict(self.context)} if self.context else {})


@dataclass(frozen=True, slots=True)
class Gain:
    """What principal would gain by the rights of other.

    actions tells it in the words of other's policies, ``*`` where other may do everything and most of it is
    gained; gained is the set of AWS's actions (see action_sets). () and 0 are no gain. administrator tells
    that other may do everything, partly that some comparison would have taken too long, so that there may be
    more.
    """

    principal: str
    other: str
    actions: tuple[str, ...]
    gained: int = field(repr=False)  # thousands of digits
    witnesses: tuple[Witness, ...]
    administrator: bool
    partly: bool = False

    def __bool__(self) -> bool:
        return self.gained != 0

    @property
    def count(self) -> int:
        """How many actions are gained."""
        return self.gained.bit_count()

    @property
    def text(self) -> str:
        """One line: what is gained."""
        if not self.gained:
            return "nothing"
        return "everything" if self.actions == ("*",) else ", ".join(self.actions)


def gains(estate: Estate, principal: str, role: str) -> Gain:
    """What the principal (an ARN) would gain by the rights of the role (or of another user).

    Raises NoSuchPrincipal.
    """
    return Gains().of(asker_named(estate, principal), asker_named(estate, role))


class Gains:
    """Gains of many pairs: what is known of one principal is found once."""

    def __init__(self) -> None:
        self._rights: dict[str, ActionRights] = {}
        self._found: dict[tuple[str, str], Gain] = {}
        self._examples: dict[tuple[str, str], Witness | None] = {}
        self._searches: dict[str, _Search] = {}
        self._told: dict[tuple[str, int], tuple[tuple[str, ...], tuple[Witness, ...]]] = {}

    def rights(self, asker: Asker) -> ActionRights:
        """What the principal may do."""
        found = self._rights.get(asker.arn)
        if found is None:
            found = self._rights[asker.arn] = ActionRights(asker)
        return found

    def surely_not(self, asker: Asker, other: Asker) -> bool:
        """Is it plain, from their actions alone, that it gains nothing?"""
        return not self.rights(other).may & ~self.rights(asker).fully

    def of(self, asker: Asker, other: Asker) -> Gain:
        """What asker gains by other's rights."""
        place = (asker.arn, other.arn)
        found = self._found.get(place)
        if found is None:
            found = self._found[place] = self._of(asker, other)
        return found

    def brief(self, asker: Asker, other: Asker) -> Gain:
        """As of, but where actions alone show a gain, resources and contexts are not compared any more.

        The gain then has the actions that asker has on nothing at all, and an example or two.
        """
        mine, theirs = self.rights(other), self.rights(asker)
        gained = mine.may & ~theirs.may
        if not gained or asker.arn == other.arn:
            return self.of(asker, other)
        place = (asker.arn, other.arn)
        found = self._found.get(place)
        if found is None:
            told = self._told.get((other.arn, gained))
            if told is None:
                told = self._told[other.arn, gained] = self._quick(mine, gained)
            actions, witnesses = told
            administrator = mine.fully == action_sets.everything()
            found = Gain(asker.arn, other.arn, actions, gained, witnesses, administrator)
        return found

    def _quick(self, mine: ActionRights, gained: int) -> tuple[tuple[str, ...], tuple[Witness, ...]]:
        """What is told of actions that the other side has on nothing, and an example."""
        search = self._searches.get(mine.asker.arn)
        if search is None:
            search = self._searches[mine.asker.arn] = _Search(mine, None)
        telling = (action_sets.of_service(service) & gained for service in _TELLING)
        action = action_sets.first(next((some for some in telling if some), gained))
        place = (mine.asker.arn, action)
        if place not in self._examples:
            self._examples[place] = search.example(action)
        example = self._examples[place]
        return tuple(search.told(gained)), () if example is None else (example,)

    def _of(self, asker: Asker, other: Asker) -> Gain:
        administrator = self.rights(other).fully == action_sets.everything()
        if asker.arn == other.arn or self.surely_not(asker, other):
            return Gain(asker.arn, other.arn, (), 0, (), administrator)
        search = _Search(self.rights(other), self.rights(asker))
        search.run()
        return Gain(
            principal=asker.arn,
            other=other.arn,
            actions=tuple(search.told(search.gained)),
            gained=search.gained,
            witnesses=tuple(search.witnesses()),
            administrator=administrator,
            partly=search.unclear != 0,
        )


class _Search:
    """One comparison: which actions are gained, and where."""

    def __init__(self, mine: ActionRights, theirs: ActionRights | None) -> None:
        """theirs None is a side that may do nothing."""
        given = [mine.given("one", generous=True)]
        if theirs is not None:
            given.append(theirs.given("other", generous=False))
        contexts, found = sides(*given)
        one, other = found[0], found[1] if theirs is not None else Side(((),), ())
        self.gained = 0
        self.unclear = 0
        self._account = mine.asker.account
        self._may = mine.may
        self._candidates = mine.may & ~(theirs.fully if theirs is not None else 0)
        self._mine = one
        self._theirs = other
        self._comparison = Comparison(contexts, one, other)
        self._strict = _strict(contexts, one, other)
        self._places: list[Place] = []

    def example(self, action: str) -> Witness | None:
        """Something of the action that the one side allows and the other does not."""
        forms = arn_forms(action, account=self._account)
        for allow in self._mine.layers[0] if self._mine.layers else ():
            if allow.takes(action.lower()):
                try:
                    found = self._comparison.place(action, allow, forms)
                except partition.TooManyStates:
                    continue
                if found is not None:
                    return self._witness(found)
        return None

    def run(self) -> None:
        """Finds the gained actions, those that are treated alike at once."""
        grants = {actions_of(grant): None for side in (self._mine, self._theirs) for grant in side.grants()}
        groups = [self._candidates] if self._candidates else []
        for actions in grants:
            groups = [part for group in groups for part in (group & actions, group & ~actions) if part]
        for group in groups:
            self._group(group)

    def _group(self, group: int) -> None:
        action = action_sets.first(group).lower()
        mine = self._comparison.mine.where(lambda grant: grant.takes(action))
        theirs = self._comparison.theirs.where(lambda grant: grant.takes(action))
        if not all(mine.layers):
            return
        plain = (
            not mine.denies
            and not all(theirs.layers)
            and all(any(one.anywhere and not one.box for one in layer) for layer in mine.layers)
        )
        for forms, actions in _parted(group, self._account):
            for allow in mine.layers[0]:
                try:
                    found = self._comparison.placed(action_sets.first(actions), allow, mine, theirs, forms)
                except partition.TooManyStates:
                    self.unclear |= actions
                    continue
                if found is not None:
                    self.gained |= actions
                    self._places.append(found)
                    break
            if plain and self.gained & actions:
                self.gained |= group
                return

    def witnesses(self) -> Iterator[Witness]:
        """Examples, of different services first."""
        services: set[str] = set()
        ranked: list[tuple[bool, int, int, Place]] = []
        for number, place in enumerate(self._places):
            service = place.action.partition(":")[0]
            ranked.append((service in services, _rank(service), number, place))
            services.add(service)
        ranked.sort(key=lambda row: row[:3])
        for *_, place in ranked[:_EXAMPLES]:
            yield self._witness(place)

    def _witness(self, place: Place) -> Witness:
        """The place as an example; another one of its statement where that is certain and it is not."""
        grant = place.grant
        forms = arn_forms(place.action, account=self._account)
        likely = arn_forms(place.action, account=self._account, region=_REGION)
        strict = next((one for one in self._strict.mine.layers[0] if one.statement is grant.statement), None)
        sure: Place | None = None
        if strict is not None:
            try:
                sure = self._strict.place(place.action, strict, likely)
                sure = sure or self._strict.place(place.action, strict, forms)
            except partition.TooManyStates:
                sure = None
        shown = sure or self._comparison.place(place.action, grant, likely) or place
        return Witness(
            place.action,
            shown.resource,
            grant.policy.name,
            grant.statement.label,
            sure is not None,
            shown.context,
        )

    def told(self, gained: int) -> Iterator[str]:
        """Actions that are gained, as the policies of who has them write them, or one by one."""
        left = gained
        if left.bit_count() * 2 > self._may.bit_count() and self._may == action_sets.everything():
            yield "*"
            return
        entries: list[str] = []
        for grant in self._mine.layers[0] if self._mine.layers else ():
            for text in () if grant.not_action else grant.statement.actions:
                actions = action_sets.of_pattern(Pattern.parse(text.lower()))
                # Where a boundary or the like takes some of it away, the policy's words say too much.
                if actions & left and not actions & ~(gained & self._may):
                    entries.append(text)
                    left &= ~actions
        for service in sorted(action_sets.services(left), key=_rank):
            actions = action_sets.of_service(service)
            lacking = (actions & left).bit_count()
            if not actions & ~gained:
                entries.append(f"{service}:*")
            elif lacking > _NAMED:
                entries.append(f"{service}:* ({lacking} of {actions.bit_count()})")
            else:
                entries += action_sets.named(actions & left)
        yield from entries[:_ENTRIES]
        if len(entries) > _ENTRIES:
            yield f"and {len(entries) - _ENTRIES} more"


def _parted(actions: int, account: str) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    """The actions by the forms of their resources in the account."""
    if actions.bit_count() > _FEW:
        for forms, every in _by_form(account).items():
            if every & actions:
                yield forms, every & actions
        return
    found: dict[tuple[Pattern, ...], int] = {}
    for place in bits.places(actions):
        forms = arn_forms(action_sets.first(1 << place), account=account)
        found[forms] = found.get(forms, 0) | 1 << place
    yield from found.items()


@lru_cache(maxsize=64)
def _by_form(account: str) -> Mapping[tuple[Pattern, ...], int]:
    """All actions by the forms of their resources in the account."""
    found: dict[tuple[Pattern, ...], list[int]] = {}
    for place, action in enumerate(action_sets.named(action_sets.everything())):
        found.setdefault(arn_forms(action, account=account), []).append(place)
    return {forms: bits.of(places) for forms, places in found.items()}


def _rank(service: str) -> int:
    return _TELLING.index(service) if service in _TELLING else len(_TELLING)


def _strict(contexts: Contexts, mine: Side, theirs: Side) -> Comparison:
    """The comparison in which whatever is not known speaks against a gain."""
    personal = contexts.personal

    def known(grant: Grant) -> bool:
        return personal.isdisjoint(grant.box)

    def widest(grant: Grant) -> Grant:
        box = {dimension: mask for dimension, mask in grant.box.items() if dimension not in personal}
        return replace(grant, box=box, resources=grant.at_most)

    least = Side(
        tuple(
            tuple(replace(one, resources=one.at_least) for one in layer if known(one))
            for layer in mine.layers
        ),
        tuple(map(widest, mine.denies)),
    )
    most = Side(
        tuple(tuple(map(widest, layer)) for layer in theirs.layers),
        tuple(replace(one, at_most=one.at_least) for one in theirs.denies if known(one)),
    )
    return Comparison(contexts, least, most)
