"""What tools generate is what is committed, and every operation is answered or refused on purpose."""

from __future__ import annotations

import inspect

import pytest
from tools import coverage, shapes

from passrole.services import own
from passrole.services.refusals import REFUSED
from passrole.wire import models

SERVICES = ("iam", "sts", "organizations")


def test_shapes_are_those_of_the_installed_botocore() -> None:
    assert shapes.main(["--check"]) == 0


def test_the_coverage_page_is_true() -> None:
    assert coverage.main(["--check"]) == 0


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_has_a_handler(name: str) -> None:
    handlers = own.load()
    assert [one for one in models.service(name).operations if (name, one) not in handlers] == []


@pytest.mark.parametrize("name", SERVICES)
def test_handlers_take_the_input_of_their_operation(name: str) -> None:
    for (service, one), handler in own.load().items():
        if service != name or f"{service}:{one}" in REFUSED:
            continue
        given = inspect.signature(handler).parameters["given"].annotation
        shape = models.service(service).operation(one).input
        assert given == f"shapes.{shape.name if shape is not None else shapes.NO_INPUT}", one


def test_no_handler_stands_for_an_operation_that_is_not_there() -> None:
    for service, one in own.load():
        assert one in models.service(service).operations
