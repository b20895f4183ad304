"""The table of resource types: its calls are the models', and its resources come up and go.

Each case is a template whose resources are made, changed where the case says so, and deleted again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.services.cloudformation.conftest import Account

from passrole.services.cloudformation.rooms import ROOMS
from passrole.services.cloudformation.types import Do, table
from passrole.wire import models

CASES: Final = yaml.safe_load(Path(__file__).with_name("types.yaml").read_text())
# A layer needs an object in a bucket; an account's settings of API Gateway are moto's to lack.
UNPLAYED: Final = frozenset(CASES["unplayed"])


def calls(name: str) -> Iterator[Do]:
    row = table()[name]
    for one in (row.create, row.read, row.delete, *row.update):
        if one is not None:
            yield one
    for part in row.parts.values():
        yield part.put
        if part.remove is not None:
            yield part.remove
    for one in () if row.tags is None else (row.tags.put, row.tags.remove):
        if one is not None:
            yield one
    if row.wait is not None:
        yield Do(row.wait.call, row.wait.input)


@pytest.mark.parametrize("name", sorted(table()))
def test_a_rows_calls_are_the_models(name: str) -> None:
    row = table()[name]
    for one in calls(name):
        shape = models.service(row.service).operation(one.call).input
        assert shape is not None
        assert set(one.input) <= set(shape.members), one.call
        assert not one.room or one.room in ROOMS


def test_every_row_is_played() -> None:
    played = {
        one["Type"] for case in CASES["cases"].values() for one in _resources(case["template"]).values()
    }
    assert sorted(set(table()) - played) == sorted(UNPLAYED)


@pytest.mark.parametrize("name", sorted(CASES["cases"]))
def test_resources_come_up_and_go(name: str, root: Account) -> None:
    case = CASES["cases"][name]
    stack = root.create(name, case["template"])
    assert stack["StackStatus"] == "CREATE_COMPLETE", _failed(root, stack["StackId"])
    for change in case.get("changes", ()):
        text = case["template"].replace(change["from"], change["to"])
        assert text != case["template"]
        before = root.physical(name)
        changed = root.update(name, text)
        assert changed["StackStatus"] == "UPDATE_COMPLETE", _failed(root, stack["StackId"])
        after = root.physical(name)
        assert sorted(key for key in after if after[key] != before[key]) == change.get("replaced", [])
    deleted = root.delete(stack["StackId"])
    assert deleted["StackStatus"] == "DELETE_COMPLETE", _failed(root, stack["StackId"])


def _failed(root: Account, arn: str) -> str:
    """Why it went wrong."""
    events = root.events(arn)
    return "\n".join(f"{name}: {reason}" for name, status, reason in events if status.endswith("_FAILED"))


class _Loader(yaml.SafeLoader):
    """Reads templates for their types alone."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def _resources(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(text, Loader=_Loader)["Resources"]
    return found
