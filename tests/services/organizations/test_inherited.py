"""Inheritance operators of management policies, as the Organizations User Guide's examples have them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.services.organizations.inherited import effective

Json = dict[str, object]
ALLOWED = "@@operators_allowed_for_child_policies"


def tag(key: object = None, value: object = None, **more: object) -> Json:
    """A tag policy about one tag key."""
    settings: Json = {"tag_key": key, "tag_value": value, **more}
    return {"tags": {"project": {name: said for name, said in settings.items() if said is not None}}}


def settings(found: Json) -> object:
    """What is set for that tag key."""
    tags = found["tags"]
    assert isinstance(tags, dict)
    return tags["project"]


ROOT = tag({"@@assign": "Project"}, {"@@assign": ["Maintenance", "Escalations"]})


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([[ROOT]], {"tag_key": "Project", "tag_value": ["Maintenance", "Escalations"]}),
        # Example 1: a child overwrites values and adds a setting.
        (
            [[ROOT], [], [tag(value={"@@assign": ["Sandbox"]}, enforced_for={"@@assign": ["redshift:*"]})]],
            {"tag_key": "Project", "tag_value": ["Sandbox"], "enforced_for": ["redshift:*"]},
        ),
        # Examples 2 and 3: a child appends to what it inherits, another removes from it.
        (
            [[ROOT], [tag(value={"@@append": ["Marketing", "Escalations"]})]],
            {"tag_key": "Project", "tag_value": ["Maintenance", "Escalations", "Marketing"]},
        ),
        (
            [[ROOT], [tag(value={"@@remove": ["Maintenance", "Nothing"]})]],
            {"tag_key": "Project", "tag_value": ["Escalations"]},
        ),
        # Example 4: a parent lets its children change nothing, neither settings nor whole keys.
        (
            [
                [
                    tag(
                        {"@@assign": "Project", ALLOWED: ["@@none"]},
                        {"@@assign": ["A"], ALLOWED: ["@@append"]},
                        **{ALLOWED: ["@@none"]},
                    )
                ],
                [tag({"@@assign": "PROJECT"}, {"@@assign": ["B"]}, enforced_for={"@@assign": ["s3:*"]})],
                [tag({"@@assign": "PROJECT"}, {"@@append": ["C"]}, enforced_for={"@@assign": ["s3:*"]})],
            ],
            {"tag_key": "Project", "tag_value": ["A", "C"]},
        ),
        # Example 5: of two controls on one level what both leave counts.
        (
            [
                [
                    tag({"@@assign": "Project"}, {"@@assign": ["A"], ALLOWED: ["@@append", "@@assign"]}),
                    tag(value={ALLOWED: ["@@append", "@@remove"]}),
                ],
                [tag(value={"@@assign": ["B"], "@@remove": ["A"]})],
                [tag(value={"@@append": ["C"]})],
            ],
            {"tag_key": "Project", "tag_value": ["A", "C"]},
        ),
        # Example 6: on one level the first to assign counts, and whatever is appended.
        (
            [
                [
                    tag({"@@assign": "Project"}, {"@@assign": ["A"]}),
                    tag({"@@assign": "PROJECT"}, {"@@assign": ["B"]}),
                    tag(value={"@@append": ["C"]}),
                ]
            ],
            {"tag_key": "Project", "tag_value": ["A", "C"]},
        ),
        # Appending to nothing sets.
        ([[tag(value={"@@append": ["A"]})]], {"tag_value": ["A"]}),
    ],
)
def test_levels_combine(levels: list[list[Json]], expected: Json) -> None:
    assert settings(effective(levels)) == expected


def test_what_is_closed_stays_closed_further_down() -> None:
    closed: Json = {"tags": {ALLOWED: ["@@none"], "project": {"tag_key": {"@@assign": "Project"}}}}
    other: Json = {"tags": {"owner": {"tag_key": {"@@assign": "Owner", ALLOWED: ["@@all"]}}}}
    assert effective([[closed], [other], [other]]) == {"tags": {"project": {"tag_key": "Project"}}}


@pytest.mark.parametrize("levels", [[], [[]], [[{}]], [[{"tags": {}}]], [[{"tags": {ALLOWED: ["@@none"]}}]]])
def test_nothing_set_is_nothing(levels: list[list[Json]]) -> None:
    assert effective(levels) == {}


LEAVES = st.one_of(
    st.text("xyz", max_size=2), st.booleans(), st.lists(st.text("xyz", max_size=2), max_size=3)
)
CONTROLS = st.lists(st.sampled_from(["@@all", "@@none", "@@assign", "@@append", "@@other"]), max_size=2)
SETTINGS = st.fixed_dictionaries(
    {}, optional={"@@assign": LEAVES, "@@append": LEAVES, "@@remove": LEAVES, ALLOWED: CONTROLS}
)
DOCUMENTS = st.recursive(
    st.one_of(SETTINGS, LEAVES),
    lambda inner: st.fixed_dictionaries({}, optional={"a": inner, "b": inner, ALLOWED: CONTROLS}),
    max_leaves=6,
).map(lambda made: made if isinstance(made, dict) else {"a": made})


@given(st.lists(st.lists(DOCUMENTS, max_size=2), max_size=3))
def test_the_effective_policy_is_plain(levels: list[list[Json]]) -> None:
    found = effective(levels)
    assert "@@" not in json.dumps(found)
    assert effective([[found]]) == found
