"""Policies that ask for a resource's tags, over many services: doubt never becomes an allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest
from tests.gateway.estate import ALL, Estate, Statement, refused
from tests.gateway.tagged import CASES, Tagged, id_in, placed

WORKER: Final = (
    "lambda.amazonaws.com",
    "states.amazonaws.com",
    "glue.amazonaws.com",
    "codebuild.amazonaws.com",
)


def on_tag(effect: str, operator: str, case: Tagged, value: str, **others: object) -> Statement:
    """A statement for everything where the tag has the value."""
    return {
        "Effect": effect,
        "Action": "*",
        "Resource": "*",
        "Condition": {operator: {case.key: value}},
        **others,
    }


def named(call: str) -> tuple[str, str]:
    """service:Operation in two."""
    service, _, operation = call.partition(":")
    return service, operation


def acting(estate: Estate, case: Tagged, given: Mapping[str, object], *statements: Statement) -> bool:
    """Is the call that acts on the resource past authorization?"""
    estate.allow(*statements)
    response = estate.ask(*named(case.act), given)
    if response.status < 400:
        return True
    error = refused(response)
    return "not authorized" not in error.message and error.code not in ("AccessDenied", "403")


@pytest.mark.filterwarnings("ignore::UserWarning:moto")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_tags_of_what_exists_count(case: Tagged) -> None:
    with Estate(embedded=True) as estate:
        estate.role("Worker", *WORKER)
        denied = on_tag("Deny", "StringEquals", case, "secret")
        estate.allow(ALL)
        for name, first in case.before:
            assert estate.ask(*named(name), first).status < 300
        # What a call makes has no tags yet: the statement denies nothing of it.
        made_anew = case.make not in ("s3:PutBucketTagging", "s3:PutObject")
        estate.allow(ALL, *([denied] if made_anew else []))
        made = estate.output(*named(case.make), case.given)
        given = placed(case.acting, id_in(made, case.id))
        assert isinstance(given, Mapping)

        assert not acting(estate, case, given, ALL, denied)
        assert not acting(estate, case, given, ALL, on_tag("Deny", "StringLike", case, "*"))
        assert not acting(estate, case, given, on_tag("Allow", "StringEquals", case, "other"))
        assert not acting(estate, case, given, on_tag("Allow", "StringNotEquals", case, "secret"))
        assert not acting(estate, case, given, on_tag("Allow", "Null", case, "true"))
        if case.told:
            assert acting(estate, case, given, on_tag("Allow", "StringEquals", case, "secret"))
        else:
            assert not acting(estate, case, given, on_tag("Allow", "StringEquals", case, "secret"))
            assert acting(estate, case, given, ALL)
