"""The engine and the reference evaluator answer every random case alike.

``pytest`` compares 5,000 cases, the same each time; ``pytest -m prove`` 200,000 new ones.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from tests.cases.ask import ask
from tests.proof.worlds import CASES_A_WORLD, World, worlds
from tests.reference.evaluator import decide

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
OUTCOMES = ("allowed", "explicit_deny", "implicit_deny")
DENYING = ("identity", "boundary", "session", "resource", "trust", "scp", "rcp", "vpc_endpoint")


def compare(world: World, seen: Counter[str]) -> None:
    """Asks both about every case of the world; counts each outcome and the layer that decided it."""
    for case in world.cases():
        decision = ask(case)
        expected = decide(case)
        seen[decision.outcome.value] += 1
        seen[f"{decision.outcome.value} {decision.layer}"] += 1
        assert decision.outcome.value == expected, (
            f"the reference says {expected}, the engine {decision.outcome.value} by {decision.layer}: "
            f"{json.dumps(case)}"
        )


def share(seen: Counter[str], what: str) -> float:
    """What part of the cases, of 1."""
    return seen[what] / max(
        1, sum(seen[outcome] for outcome in ("allowed", "explicit_deny", "implicit_deny"))
    )


def compare_many(cases: int, *, same_each_time: bool) -> Counter[str]:
    """Compares so many cases and returns what decided them."""
    seen: Counter[str] = Counter()

    # A fresh function each time: Hypothesis remembers all that one has drawn.
    @settings(
        max_examples=cases // CASES_A_WORLD,
        derandomize=same_each_time,
        database=None,
        deadline=None,
        suppress_health_check=SLOW,
    )
    @given(worlds())
    def run(world: World) -> None:
        compare(world, seen)

    run()
    return seen


def assert_spread(seen: Counter[str]) -> None:
    """Every outcome, and every layer as the one that decides, comes up often enough to be tested."""
    rare = {
        **dict.fromkeys(OUTCOMES, 0.10),
        **{f"implicit_deny {layer}": 0.003 for layer in DENYING if layer != "rcp"},
        **{f"explicit_deny {layer}": 0.001 for layer in DENYING},
        **{f"allowed {layer}": 0.01 for layer in ("identity", "resource", "trust")},
    }
    assert not {what: share(seen, what) for what, least in rare.items() if share(seen, what) < least}, seen


def test_5_000_cases_are_answered_alike() -> None:
    assert_spread(compare_many(5_000, same_each_time=True))


@pytest.mark.prove
def test_200_000_cases_are_answered_alike() -> None:
    seen: Counter[str] = Counter()
    for _ in range(20):
        seen += compare_many(10_000, same_each_time=False)
    assert_spread(seen)
