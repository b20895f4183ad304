"""What is not told of a resource that exists is unknown, over the whole catalog."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.passing.court import Court

from passrole.authorize.call import NoFacts
from passrole.authorize.plan import Check, plan
from passrole.authorize.resource_keys import KEYS as TOLD
from passrole.catalog import operations, paths, templates
from passrole.catalog.operations import EXISTING, MADE, ActionUse, ResourceUse
from passrole.decision.evaluate import evaluate
from passrole.decision.request import Policies, Request
from passrole.policy.document import Policy

ALLOW_ALL: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
# Their resources are the endpoint's own, whose tags it knows.
OURS: Final = frozenset(("cloudtrail", "iam", "organizations", "sts"))


@dataclass(frozen=True, slots=True)
class Use:
    """One resource of one action of an operation."""

    service: str
    operation: str
    action: ActionUse
    resource: ResourceUse

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} {self.action.action} {self.resource.type}"


@cache
def uses() -> tuple[Use, ...]:
    """Every resource that an operation's input names in a way that can be written here."""
    found: list[Use] = []
    for service in operations.services():
        for name in operations.operation_names(service):
            known = operations.operation(service, name)
            assert known is not None
            if service in OURS or known.exempt:
                continue
            for action in known.actions:
                templated = [one.template for one in action.resources]
                found += [
                    Use(service, name, action, one)
                    for one in action.resources
                    if not action.when and one.template and templates.UNKNOWN not in templated
                ]
    return tuple(found)


def put(given: dict[str, Any], path: str, value: str) -> None:
    """Sets what an input path leads to."""
    steps = paths.parse(path)
    place: Any = given
    for step, after in zip(steps, (*steps[1:], None), strict=True):
        inner: Any = value if after is None else [] if after.kind == "list" else {}
        if step.kind == "member":
            place = place.setdefault(step.name, inner)
        elif step.kind == "list":
            place.append(inner)
            place = inner
        else:
            place = place.setdefault("k", inner)


def filled(use: Use) -> dict[str, Any] | None:
    """An input that names the resource; None where no simple one does."""
    made: dict[str, Any] = {}
    for tried in templates.input_paths(use.resource.template):
        value = "arn:aws:x:eu-west-1:111122223333:y/z" if "{arn:" in use.resource.template else "abcd-1234"
        try:
            put(made, tried[0], value)
        except (AttributeError, TypeError):
            return None
    return made


def checks_of(use: Use, made: Mapping[str, object]) -> Iterator[Check]:
    """The checks of the resource's action on exactly that resource."""
    court = _court()
    call = court.call(f"{use.service}:{use.operation}", made)
    told = templates.fill(
        use.resource.template, made, partition="aws", region=call.region, account=call.account
    )
    others = {
        arn
        for one in use.action.resources
        if one is not use.resource
        for arn in templates.fill(
            one.template, made, partition="aws", region=call.region, account=call.account
        )
        or ()
    }
    for check in plan(call, court.directory, NoFacts()).checks:
        if (
            check.action == use.action.action
            and check.resource in (told or ())
            and check.resource not in others
        ):
            yield check


@cache
def _court() -> Court:
    return Court()


def families(use: Use) -> set[str]:
    """The keys of the resource's own tags, in lower case, cut before the tag's name."""
    return {
        cut
        for key in use.resource.keys
        if (cut := re.split(r"\$\{|(?<=/)tag-key$", key.lower(), maxsplit=1)[0]).endswith("resourcetag/")
    }


def test_the_tags_of_what_exists_are_unknown_until_told() -> None:
    seen = 0
    for use in uses()[::7]:
        made = filled(use) if use.resource.stands == EXISTING and families(use) else None
        for check in checks_of(use, made) if made is not None else ():
            assert families(use) <= check.unknown, use
            seen += 1
    assert seen > 700


def test_what_a_call_makes_has_no_tags_yet() -> None:
    seen = 0
    for use in uses()[::2]:
        made = filled(use) if use.resource.stands == MADE else None
        for check in checks_of(use, made) if made is not None else ():
            assert not any(key.endswith("resourcetag/") for key in check.unknown), use
            seen += 1
    assert seen > 200


def test_what_an_instance_or_a_database_has_is_not_read_off_the_request() -> None:
    """The keys that AWS lists with a type of EC2's or RDS's, unless they speak of the call."""
    of_call = {"ec2:attribute", "ec2:islaunchtemplateresource", "ec2:launchtemplate", "ec2:region"}
    of_call |= {"ec2:managedresourceoperator", "ec2:newinstanceprofile", "ec2:createaction"}
    for use in uses():
        if use.service not in ("ec2", "rds") or use.resource.stands != EXISTING:
            continue
        made = filled(use)
        own = {
            key.lower() for key in use.resource.keys if "$" not in key and key.startswith(("ec2:", "rds:"))
        }
        for check in checks_of(use, made) if made is not None else ():
            told = {key for key in own if key.endswith("id") and key in check.context}
            assert own - of_call - told <= check.unknown, use
            assert set(TOLD.get((use.service, use.resource.type), {})) & own <= check.unknown, use


STATEMENTS: Final = st.sampled_from(
    (
        ("Deny", {"StringEquals": {"aws:ResourceTag/Team": "secret"}}),
        ("Deny", {"StringLike": {"aws:ResourceTag/Team": "*"}}),
        ("Deny", {"Null": {"aws:ResourceTag/Team": "false"}}),
        ("Deny", {"StringNotEqualsIfExists": {"aws:ResourceTag/Team": "mine"}}),
        ("Allow", {"StringEquals": {"aws:ResourceTag/Team": "mine"}}),
        ("Allow", {"StringNotEquals": {"aws:ResourceTag/Team": "secret"}}),
        ("Allow", {"StringEqualsIfExists": {"aws:ResourceTag/Team": "mine"}}),
        ("Allow", {"Null": {"aws:ResourceTag/Team": "true"}}),
    )
)


@cache
def tagged() -> tuple[Use, ...]:
    """Resources that exist and have tags."""
    return tuple(
        use for use in uses() if use.resource.stands == EXISTING and "aws:resourcetag/" in families(use)
    )


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_tag_condition_lets_a_call_through_unseen(data: st.DataObject) -> None:
    tagged = [
        use for use in uses() if use.resource.stands == EXISTING and "aws:resourcetag/" in families(use)
    ]
    use = data.draw(st.sampled_from(tagged))
    effect, condition = data.draw(STATEMENTS)
    statement = {"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition}
    statements = [ALLOW_ALL, statement] if effect == "Deny" else [statement]
    policy = Policy.parse(json.dumps({"Version": "2012-10-17", "Statement": statements}), name="p")
    made = filled(use)
    for check in checks_of(use, made) if made is not None else ():
        request = Request(
            principal=_court().call("sts:GetCallerIdentity", {}).caller.principal,
            action=check.action,
            resource=check.resource,
            resource_account=check.resource_account,
            context=check.context,
            unknown=check.unknown,
        )
        assert not evaluate(request, Policies(identity=(policy,))).allowed, (use, condition)


@pytest.mark.parametrize("key", ["secretsmanager:resourcetag/", "ssm:resourcetag/"])
def test_keys_that_are_written_without_braces_are_cut_too(key: str) -> None:
    found = [use for use in tagged() if key in families(use)][:5]
    checks = [check for use in found for check in checks_of(use, filled(use) or {})]
    assert checks
    assert all(key in check.unknown for check in checks)
