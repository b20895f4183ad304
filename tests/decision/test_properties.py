"""What must hold of every decision, over random worlds."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.decision.questions import (
    BUCKET,
    FULL,
    KEYS,
    REQUESTS,
    WORDS,
    WORLDS,
    World,
    documents,
    rows,
    statements,
)

from passrole.decision.evaluate import evaluate
from passrole.decision.request import Outcome, Request
from passrole.values.principal import PrincipalKind

Statement = dict[str, object]
Document = dict[str, object]

# Who carries identity-based policies; a deny there concerns nobody else.
HOLDERS = (PrincipalKind.USER, PrincipalKind.ROLE_SESSION, PrincipalKind.FEDERATED_USER, PrincipalKind.ROOT)
DENY_ALL: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}
DENY_EVERYONE: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}],
}


def outcome(request: Request, world: World) -> Outcome:
    return evaluate(request, world.policies()).outcome


def test_the_worlds_reach_every_outcome() -> None:
    reached: set[Outcome] = set()

    @settings(max_examples=300, database=None, derandomize=True)
    @given(REQUESTS, WORLDS)
    def look(request: Request, world: World) -> None:
        reached.add(outcome(request, world))

    look()
    assert reached == set(Outcome)


@given(REQUESTS, WORLDS, st.sampled_from(["identity", "boundaries", "session", "resource", "endpoint"]))
def test_a_deny_wins(request: Request, world: World, layer: str) -> None:
    if layer == "resource":
        denied = replace(world, resource=DENY_EVERYONE)
    elif layer == "endpoint":
        denied = replace(world, endpoint=DENY_EVERYONE)
    else:
        assume(request.principal.kind in HOLDERS)
        denied = world.having(layer, (*world.row(layer), DENY_ALL))
    assert outcome(request, denied) is Outcome.EXPLICIT_DENY


@given(REQUESTS, WORLDS, statements(effect="Allow"), st.integers(0, 10))
def test_adding_an_allow_never_denies(
    request: Request, world: World, statement: Statement, place: int
) -> None:
    before = outcome(request, world)
    layers = [layer for layer in ("identity", "boundaries", "session") if world.row(layer)]
    assume(layers)
    layer = layers[place % len(layers)]
    row = world.row(layer)
    changed = add(row[place % len(row)], statement)
    after = outcome(request, world.having(layer, put(row, place % len(row), changed)))
    assert after is before or (before, after) == (Outcome.IMPLICIT_DENY, Outcome.ALLOWED)


@given(REQUESTS, WORLDS, statements(effect="Allow", named=True))
def test_adding_an_allow_to_a_resource_never_denies(
    request: Request, world: World, statement: Statement
) -> None:
    before = outcome(request, world)
    resource = add(world.resource or {"Version": "2012-10-17", "Statement": []}, statement)
    after = outcome(request, replace(world, resource=resource))
    assert after is before or (before, after) == (Outcome.IMPLICIT_DENY, Outcome.ALLOWED)


@given(REQUESTS, WORLDS, rows(documents()))
def test_a_boundary_never_grants(request: Request, world: World, boundary: tuple[Document, ...]) -> None:
    without = outcome(request, replace(world, boundaries=()))
    limited = outcome(request, replace(world, boundaries=boundary))
    assert limited is without or limited is not Outcome.ALLOWED


@given(REQUESTS, WORLDS, rows(documents()))
def test_a_session_policy_never_grants(request: Request, world: World, session: tuple[Document, ...]) -> None:
    # But to a federated user, whom its absence denies.
    assume(request.principal.kind is not PrincipalKind.FEDERATED_USER)
    without = outcome(request, replace(world, session=None))
    limited = outcome(request, replace(world, session=session))
    assert limited is without or limited is not Outcome.ALLOWED


@given(REQUESTS, WORLDS, rows(documents()), st.integers(0, 2))
def test_a_level_of_scps_never_grants(
    request: Request, world: World, level: tuple[Document, ...], place: int
) -> None:
    before = outcome(request, world)
    levels = (*world.scps[:place], level, *world.scps[place:])
    after = outcome(request, replace(world, scps=levels))
    assert after is before or after is not Outcome.ALLOWED


@given(REQUESTS, WORLDS, rows(documents(named=True)), st.integers(0, 2))
def test_a_level_of_rcps_never_grants(
    request: Request, world: World, level: tuple[Document, ...], place: int
) -> None:
    before = outcome(request, world)
    levels = (*world.rcps[:place], level, *world.rcps[place:])
    after = outcome(request, replace(world, rcps=levels))
    assert after is before or after is not Outcome.ALLOWED


@given(REQUESTS, WORLDS, documents(named=True))
def test_an_endpoint_policy_never_grants(request: Request, world: World, endpoint: Document) -> None:
    before = outcome(request, replace(world, endpoint=None))
    after = outcome(request, replace(world, endpoint=endpoint))
    assert after is before or after is not Outcome.ALLOWED


@given(REQUESTS, WORLDS, st.randoms(use_true_random=False))
def test_order_and_names_and_splits_change_nothing(
    request: Request, world: World, dice: random.Random
) -> None:
    assert outcome(request, world) is outcome(request, rearranged(world, dice))


@given(REQUESTS, WORLDS, st.sampled_from([str.upper, str.title, str.swapcase]))
def test_the_case_of_keys_and_actions_does_not_count(request: Request, world: World, recased: object) -> None:
    assert callable(recased)
    action = str(recased(request.action))
    assert outcome(replace(request, action=action), world) is outcome(request, world)


@given(REQUESTS, WORLDS)
def test_asking_twice_answers_the_same(request: Request, world: World) -> None:
    policies = world.policies()
    first = evaluate(request, policies)
    assert evaluate(request, policies) == first == evaluate(request, world.policies())


@given(REQUESTS, WORLDS, st.sampled_from(KEYS), st.sampled_from(WORDS))
def test_a_key_that_no_policy_names_changes_nothing(
    request: Request, world: World, key: str, word: str
) -> None:
    assume(key.split(":")[1].lower() not in repr(world).lower())
    context = {**request.context, key: word}
    assert outcome(replace(request, context=context), world) is outcome(request, world)


def test_what_full_access_means() -> None:
    world = World(identity=(FULL,))

    @given(REQUESTS)
    def holds(request: Request) -> None:
        alone = replace(request, action="s3:GetObject", resource=BUCKET, resource_account="")
        expected = request.principal.kind in HOLDERS
        if request.principal.kind is PrincipalKind.FEDERATED_USER:
            expected = False
        assert (outcome(alone, world) is Outcome.ALLOWED) is expected

    holds()


def add(document: Document, statement: Statement) -> Document:
    given = document["Statement"]
    assert isinstance(given, list)
    return {**document, "Statement": [*given, statement]}


def put(row: tuple[Document, ...], place: int, document: Document) -> tuple[Document, ...]:
    return (*row[:place], document, *row[place + 1 :])


def rearranged(world: World, dice: random.Random) -> World:
    """The world with its statements renamed, shuffled and spread over documents of their own."""

    def one(document: Document) -> Document:
        given = document["Statement"]
        assert isinstance(given, list)
        shuffled = [{"Sid": f"S{dice.randrange(1_000)}x{place}", **each} for place, each in enumerate(given)]
        dice.shuffle(shuffled)
        return {**document, "Statement": [value for each in shuffled for value in split(each)]}

    def split(statement: Statement) -> list[Statement]:
        actions = statement.get("Action")
        if not isinstance(actions, list) or dice.random() < 0.5:
            return [statement]
        return [
            {**statement, "Sid": f"{statement['Sid']}p{place}", "Action": [action]}
            for place, action in enumerate(actions)
        ]

    def row(documents: tuple[Document, ...]) -> tuple[Document, ...]:
        spread: list[Document] = []
        for document in map(one, documents):
            given = document["Statement"]
            assert isinstance(given, list)
            spread += (
                [{**document, "Statement": [each]} for each in given] if dice.random() < 0.5 else [document]
            )
        dice.shuffle(spread)
        return tuple(spread)

    return World(
        row(world.identity),
        None if world.resource is None else one(world.resource),
        # A boundary all of whose statements went would be no boundary any more.
        tuple(map(one, world.boundaries)),
        None if world.session is None else row(world.session),
        tuple(map(row, world.scps)),
        tuple(map(row, world.rcps)),
        None if world.endpoint is None else one(world.endpoint),
    )
