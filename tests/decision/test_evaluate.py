"""The layers, one by one and against each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.decision.questions import (
    ALICE,
    ALL,
    ANONYMOUS,
    FEDERATED,
    GOOGLE,
    HERE,
    LINKED,
    NOTHING,
    READ,
    ROOT,
    SERVICE,
    SESSION,
    THERE,
    allow,
    ask,
    deny,
    policy,
)

from passrole.decision.evaluate import evaluate
from passrole.decision.layers import LAYERS, STANDINGS
from passrole.decision.request import Outcome, Policies, Request
from passrole.policy.document import Policy
from passrole.values.principal import Principal, PrincipalKind

ALLOWED, IMPLICIT, EXPLICIT = Outcome.ALLOWED, Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY


def grants(principal: object, action: str = READ) -> Policy:
    """A resource-based policy that allows the action to the principal."""
    return policy(allow(action, Principal=principal))


def test_nothing_allows_nothing() -> None:
    decision = evaluate(ask(), Policies())
    assert (decision.outcome, decision.layer) == (IMPLICIT, "identity")
    assert decision.reason == "because no identity-based policy allows the s3:GetObject action"
    assert decision.clauses == ()


def test_an_allow_is_told() -> None:
    policies = Policies((NOTHING, policy(allow("s3:Put*"), allow(READ, Sid="Reading"), name="main")))
    decision = evaluate(ask(), policies)
    assert (decision.outcome, decision.layer, decision.reason) == (ALLOWED, "identity", "")
    (clause,) = decision.clauses
    assert (clause.policy, clause.index, clause.statement, clause.effect) == ("main", 1, "Reading", "Allow")
    assert decision.allowed


DENIES = policy(deny(READ, Principal="*"))


@pytest.mark.parametrize(
    ("policies", "layer", "words"),
    [
        (Policies((ALL, policy(deny(READ)))), "identity", "an identity-based policy"),
        (Policies((ALL,), DENIES), "resource", "a resource-based policy"),
        (Policies((ALL,), boundaries=(ALL, policy(deny()))), "boundary", "a permissions boundary"),
        (Policies((ALL,), session=(ALL, policy(deny()))), "session", "a session policy"),
        (Policies((ALL,), scps=((ALL,), (ALL, policy(deny())))), "scp", "a service control policy"),
        (Policies((ALL,), rcps=((), (DENIES,))), "rcp", "a resource control policy"),
        (Policies((ALL,), vpc_endpoint=DENIES), "vpc_endpoint", "a VPC endpoint policy"),
    ],
)
def test_a_deny_in_any_layer_wins(policies: Policies, layer: str, words: str) -> None:
    decision = evaluate(ask(SESSION), policies)
    assert (decision.outcome, decision.layer) == (EXPLICIT, layer)
    assert decision.reason == f"with an explicit deny in {words}"
    assert [clause.effect for clause in decision.clauses] == ["Deny"]


@pytest.mark.parametrize(
    ("policies", "layer", "words"),
    [
        (Policies((NOTHING,)), "identity", "identity-based policy"),
        (Policies((ALL,), boundaries=(NOTHING,)), "boundary", "permissions boundary"),
        (Policies((ALL,), session=(NOTHING,)), "session", "session policy"),
        (Policies((ALL,), session=()), "session", "session policy"),
        (Policies((ALL,), scps=((ALL,), (NOTHING,), (ALL,))), "scp", "service control policy"),
        (Policies((ALL,), scps=((ALL,), ())), "scp", "service control policy"),
        (Policies((ALL,), vpc_endpoint=policy(allow(READ))), "vpc_endpoint", "VPC endpoint policy"),
    ],
)
def test_a_layer_that_does_not_allow_refuses(policies: Policies, layer: str, words: str) -> None:
    if layer == "vpc_endpoint":
        policies = replace(policies, vpc_endpoint=policy(allow("s3:PutObject", Principal="*")))
    decision = evaluate(ask(SESSION), policies)
    assert (decision.outcome, decision.layer) == (IMPLICIT, layer)
    assert decision.reason == f"because no {words} allows the s3:GetObject action"


def test_full_access_is_implied_in_rcps() -> None:
    assert evaluate(ask(), Policies((ALL,), rcps=((), ()))).allowed
    put = policy(deny("s3:PutObject", Principal="*"))
    assert evaluate(ask(), Policies((ALL,), rcps=((put,),))).allowed


@pytest.mark.parametrize(
    ("caller", "principal", "identity", "boundary", "session"),
    [
        # The table of "Policy evaluation for requests within a single account": which missing Allow an
        # Allow in the resource-based policy makes up for, by whom it names.
        (ALICE, {"AWS": HERE}, False, False, False),
        (ALICE, {"AWS": f"arn:aws:iam::{HERE}:root"}, False, False, False),
        (SESSION, {"AWS": HERE}, False, False, False),
        (ALICE, "*", True, True, True),
        (SESSION, {"AWS": "*"}, True, True, True),
        (ALICE, {"AWS": ALICE.arn}, True, True, False),
        (ALICE, {"AWS": ALICE.id}, True, True, False),
        (SESSION, {"AWS": SESSION.role_arn}, True, False, False),
        (SESSION, {"AWS": SESSION.role_id}, True, False, False),
        (SESSION, {"AWS": SESSION.arn}, True, True, True),
        (SESSION, {"AWS": [HERE, SESSION.arn]}, True, True, True),
        (FEDERATED, {"AWS": FEDERATED.arn}, True, True, True),
        (FEDERATED, {"AWS": ALICE.arn}, True, False, False),
        (FEDERATED, {"AWS": HERE}, False, False, False),
    ],
)
def test_grants_within_the_account(
    caller: Principal, principal: object, identity: bool, boundary: bool, session: bool
) -> None:
    resource = grants(principal)
    full = Policies((ALL,), resource, (ALL,), (ALL,))
    assert evaluate(ask(caller), full).allowed
    assert evaluate(ask(caller), replace(full, identity=())).allowed is identity
    assert evaluate(ask(caller), replace(full, boundaries=(NOTHING,))).allowed is boundary
    assert evaluate(ask(caller), replace(full, session=(NOTHING,))).allowed is session
    # Organizations limit whatever the resource grants.
    assert not evaluate(ask(caller), replace(full, scps=((NOTHING,),))).allowed


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": THERE},
        {"AWS": f"arn:aws:iam::{HERE}:user/alice"},
        {"AWS": f"arn:aws:iam::{HERE}:user/dev/Alice"},
        {"AWS": f"arn:aws:iam::{HERE}:user/dev/*"},
        {"Service": "ec2.amazonaws.com"},
        {"Federated": ALICE.arn},
        {"CanonicalUser": ALICE.arn},
        {"AWS": "AIDASOMEBODYELSE12345"},
        {"AWS": ""},
    ],
)
def test_who_is_not_named_has_no_grant(principal: object) -> None:
    nameless = replace(ALICE, id="")
    assert not evaluate(ask(nameless), Policies((), grants(principal))).allowed


def test_an_account_delegates_to_identity_policies() -> None:
    decision = evaluate(ask(), Policies((ALL,), grants({"AWS": HERE})))
    assert (decision.outcome, decision.layer) == (ALLOWED, "identity")
    decision = evaluate(ask(), Policies((), grants({"AWS": HERE})))
    assert (decision.outcome, decision.layer) == (IMPLICIT, "identity")


def test_a_statement_without_principal_concerns_nobody() -> None:
    assert not evaluate(ask(), Policies((), policy(allow()))).allowed
    assert evaluate(ask(), Policies((ALL,), policy(deny()))).allowed


@pytest.mark.parametrize("caller", [ALICE, SESSION])
@pytest.mark.parametrize("named", ["self", "account", "*"])
def test_both_accounts_must_allow(caller: Principal, named: str) -> None:
    principal = {"self": {"AWS": caller.policy_arn}, "account": {"AWS": HERE}, "*": "*"}[named]
    question = ask(caller, owner=THERE)
    both = Policies((ALL,), grants(principal), (ALL,), (ALL,), ((ALL,),))
    assert evaluate(question, both).allowed
    for lacking, layer in (
        (replace(both, identity=()), "identity"),
        (replace(both, boundaries=(NOTHING,)), "boundary"),
        (replace(both, session=(NOTHING,)), "session"),
        (replace(both, scps=((NOTHING,),)), "scp"),
        (replace(both, resource=NOTHING), "resource"),
        (replace(both, resource=None), "resource"),
        (replace(both, resource=grants({"AWS": THERE})), "resource"),
    ):
        decision = evaluate(question, lacking)
        assert (decision.outcome, decision.layer) == (IMPLICIT, layer)


def test_a_session_named_across_accounts_is_still_limited() -> None:
    policies = Policies((ALL,), grants({"AWS": SESSION.arn}), session=(NOTHING,))
    assert evaluate(ask(SESSION), policies).allowed
    assert not evaluate(ask(SESSION, owner=THERE), policies).allowed


def test_root_needs_no_identity_policy() -> None:
    assert evaluate(ask(ROOT), Policies()).allowed
    assert evaluate(ask(ROOT), Policies()).clauses == ()
    assert evaluate(ask(ROOT), Policies(scps=((NOTHING,),))).layer == "scp"
    assert evaluate(ask(ROOT), Policies((), DENIES)).outcome is EXPLICIT
    assert evaluate(ask(ROOT), Policies(session=(NOTHING,))).layer == "session"
    assert not evaluate(ask(ROOT, owner=THERE), Policies()).allowed
    assert evaluate(ask(ROOT, owner=THERE), Policies((), grants({"AWS": HERE}))).allowed
    key = f"arn:aws:kms:eu-west-1:{HERE}:key/k"
    assert not evaluate(ask(ROOT, "kms:Decrypt", key), Policies()).allowed
    assert evaluate(ask(ROOT, "kms:Decrypt", key), Policies((), grants({"AWS": HERE}, "kms:*"))).allowed


def test_a_federated_user_needs_a_session_policy() -> None:
    decision = evaluate(ask(FEDERATED), Policies((ALL,)))
    assert (decision.outcome, decision.layer) == (IMPLICIT, "session")
    assert evaluate(ask(FEDERATED), Policies((ALL,), session=(ALL,))).allowed
    assert evaluate(ask(FEDERATED), Policies((), grants({"AWS": FEDERATED.arn}))).allowed


def test_organizations_do_not_touch_service_linked_roles() -> None:
    policies = Policies((ALL,), scps=((NOTHING, policy(deny())), ()), rcps=((DENIES,),))
    assert evaluate(ask(LINKED), policies).allowed
    assert evaluate(ask(SESSION), policies).outcome is EXPLICIT
    assert not evaluate(ask(LINKED), replace(policies, identity=())).allowed


def test_services_need_the_resource_to_name_them() -> None:
    named = grants({"Service": SERVICE.arn})
    assert evaluate(ask(SERVICE), Policies((), named, scps=((NOTHING,),))).allowed
    assert evaluate(ask(SERVICE, owner=THERE), Policies((), named)).allowed
    assert evaluate(ask(SERVICE), Policies((), grants("*"))).allowed
    assert evaluate(ask(SERVICE), Policies((), named, rcps=((DENIES,),))).outcome is EXPLICIT
    for other in (grants({"Service": "ec2.amazonaws.com"}), grants({"AWS": HERE}), None):
        decision = evaluate(ask(SERVICE, owner=HERE), Policies((ALL,), other))
        assert (decision.outcome, decision.layer) == (IMPLICIT, "resource")


def test_anonymous_callers_need_everyone_named() -> None:
    for everyone in ("*", {"AWS": "*"}):
        assert evaluate(ask(ANONYMOUS, owner=HERE), Policies((), grants(everyone))).allowed
    assert not evaluate(ask(ANONYMOUS, owner=HERE), Policies((ALL,), grants({"AWS": HERE}))).allowed
    assert not evaluate(ask(ANONYMOUS), Policies((ALL,))).allowed


ASSUME = "sts:AssumeRole"
ROLE = f"arn:aws:iam::{HERE}:role/Target"


def trusts(principal: object, action: str = "sts:AssumeRole*", **elements: object) -> Policy:
    return policy({"Effect": "Allow", "Action": action, "Principal": principal, **elements})


@pytest.mark.parametrize(
    ("caller", "principal", "identity", "allowed"),
    [
        (ALICE, {"AWS": ALICE.arn}, (), True),  # naming the user suffices
        (SESSION, {"AWS": SESSION.role_arn}, (), True),
        (ALICE, {"AWS": HERE}, (), False),  # the account only delegates
        (ALICE, {"AWS": HERE}, (ALL,), True),
        (ALICE, {"AWS": THERE}, (ALL,), False),  # an identity-based Allow alone is not enough
        (SESSION, {"Service": "ec2.amazonaws.com"}, (ALL,), False),
        (ANONYMOUS, {"AWS": "*"}, (ALL,), False),  # whoever assumes a role has signed
        (SERVICE, {"Service": SERVICE.arn}, (), True),
        (SERVICE, {"Service": "ec2.amazonaws.com"}, (), False),
        (ROOT, {"AWS": HERE}, (), True),
    ],
)
def test_a_role_must_trust(
    caller: Principal, principal: object, identity: tuple[Policy, ...], allowed: bool
) -> None:
    decision = evaluate(ask(caller, ASSUME, ROLE, HERE), Policies(identity, trusts(principal)))
    assert decision.allowed is allowed


def test_a_role_does_not_trust_itself() -> None:
    question = ask(SESSION, ASSUME, SESSION.role_arn, HERE)
    decision = evaluate(question, Policies((ALL,), trusts({"Service": "ec2.amazonaws.com"})))
    assert (decision.layer, decision.reason) == (
        "trust",
        "because no role trust policy allows the sts:AssumeRole action",
    )
    denied = evaluate(question, Policies((ALL,), policy(deny(ASSUME, Principal="*"))))
    assert (denied.layer, denied.reason) == ("trust", "with an explicit deny in the role trust policy")


def test_identity_providers_vouch_for_web_identities() -> None:
    question = ask(GOOGLE, "sts:AssumeRoleWithWebIdentity", ROLE, HERE)
    assert evaluate(question, Policies((), trusts({"Federated": GOOGLE.arn}))).allowed
    for other in ({"Federated": "graph.facebook.com"}, {"AWS": "*"}, {"AWS": HERE}):
        assert not evaluate(question, Policies((ALL,), trusts(other))).allowed


def test_keys_must_allow_themselves() -> None:
    question = ask(ALICE, "kms:Decrypt", f"arn:aws:kms:eu-west-1:{HERE}:key/k", HERE)
    assert evaluate(question, Policies((ALL,))).layer == "resource"
    assert evaluate(question, Policies((ALL,), grants({"AWS": HERE}, "kms:*"))).allowed
    assert not evaluate(question, Policies((), grants({"AWS": HERE}, "kms:*"))).allowed
    assert evaluate(question, Policies((), grants({"AWS": ALICE.arn}, "kms:*"))).allowed


@pytest.mark.parametrize(
    ("action", "resource", "itself"),
    [
        ("kms:Decrypt", f"arn:aws:kms:eu-west-1:{HERE}:key/k", True),
        ("KMS:decrypt", f"arn:aws-cn:kms:cn-north-1:{HERE}:key/k", True),
        ("kms:CreateAlias", f"arn:aws:kms:eu-west-1:{HERE}:alias/k", False),
        ("kms:CreateKey", "*", False),
        ("s3:GetObject", f"arn:aws:kms:eu-west-1:{HERE}:key/k", False),
    ],
)
def test_only_keys_must_allow_themselves(action: str, resource: str, itself: bool) -> None:
    assert evaluate(ask(ALICE, action, resource, HERE), Policies((ALL,))).allowed is not itself


def test_a_key_that_is_not_known_must_allow_itself() -> None:
    decision = evaluate(ask(ALICE, "kms:Decrypt", None), Policies((ALL,)))
    assert (decision.outcome, decision.layer, decision.doubtful) == (IMPLICIT, "resource", True)


def test_rcps_do_not_hold_for_retiring_grants() -> None:
    policies = Policies((ALL,), grants("*", "kms:*"), rcps=((policy(deny("kms:*", Principal="*")),),))
    key = f"arn:aws:kms:eu-west-1:{HERE}:key/k"
    assert evaluate(ask(ALICE, "kms:RetireGrant", key), policies).allowed
    assert evaluate(ask(ALICE, "kms:Decrypt", key), policies).outcome is EXPLICIT


ACCOUNT = f"arn:aws:iam::{HERE}:root"


@pytest.mark.parametrize(
    ("caller", "listed", "spared"),
    [
        (ALICE, [ALICE.arn, ACCOUNT], True),
        (ALICE, [ALICE.id, HERE], True),
        (ALICE, [ALICE.arn], False),  # the account is looked at first
        (ALICE, [ACCOUNT], False),
        (ALICE, [ACCOUNT, SESSION.role_arn], False),
        (SESSION, [SESSION.arn, SESSION.role_arn, ACCOUNT], True),
        (SESSION, [SESSION.role_arn, ACCOUNT], False),
        (SESSION, [SESSION.arn, ACCOUNT], False),
        (FEDERATED, [FEDERATED.arn, ACCOUNT], True),
        (FEDERATED, [ACCOUNT], False),
        (ROOT, [ACCOUNT], True),
        (ROOT, [THERE], False),
        (ANONYMOUS, [ACCOUNT], False),
        (ALICE, ["*"], True),
    ],
)
def test_a_deny_with_not_principal(caller: Principal, listed: list[str], spared: bool) -> None:
    resource = policy(allow(READ, Principal="*"), {**deny(READ), "NotPrincipal": {"AWS": listed}})
    decision = evaluate(ask(caller, owner=HERE), Policies((ALL,), resource, session=(ALL,)))
    assert decision.outcome is (ALLOWED if spared else EXPLICIT)


@pytest.mark.parametrize("caller", [ALICE, SESSION])
def test_not_principal_denies_whoever_has_a_boundary(caller: Principal) -> None:
    listed = [ACCOUNT, caller.arn, caller.policy_arn]
    resource = policy(allow(READ, Principal="*"), {**deny(READ, Sid="Not"), "NotPrincipal": {"AWS": listed}})
    free = Policies((ALL,), resource)
    assert evaluate(ask(caller), free).allowed
    decision = evaluate(ask(caller), replace(free, boundaries=(ALL,)))
    assert (decision.outcome, decision.layer) == (EXPLICIT, "resource")
    assert [clause.statement for clause in decision.clauses] == ["Not"]
    assert evaluate(ask(caller, action="s3:PutObject"), replace(free, boundaries=(ALL,))).allowed


def test_not_principal_and_services() -> None:
    resource = policy(allow(READ, Principal="*"), {**deny(READ), "NotPrincipal": {"Service": SERVICE.arn}})
    assert evaluate(ask(SERVICE), Policies((), resource)).allowed
    assert evaluate(ask(ALICE), Policies((ALL,), resource)).outcome is EXPLICIT


@pytest.mark.parametrize(
    ("caller", "listed", "allowed"),
    [
        (ALICE, [THERE], True),
        (ALICE, [HERE], False),
        (ALICE, [ALICE.arn], False),
        (SESSION, [SESSION.role_arn], False),
        (FEDERATED, [ALICE.arn], False),
        (ANONYMOUS, [HERE], True),
        (SERVICE, [HERE], True),
    ],
)
def test_an_allow_with_not_principal(caller: Principal, listed: list[str], allowed: bool) -> None:
    resource = policy({**allow(READ), "NotPrincipal": {"AWS": listed}})
    assert evaluate(ask(caller), Policies((), resource)).allowed is allowed


@pytest.mark.parametrize(
    ("statement", "question", "matches"),
    [
        (allow("S3:getobject"), ask(), True),
        (allow("s3:Get*"), ask(action="S3:GETOBJECT"), True),
        (allow(["ec2:*", "s3:?etObject"]), ask(), True),
        (allow("s3:Get"), ask(), False),
        (allow("s3:GetObject*"), ask(), True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, ask(), True),
        ({"Effect": "Allow", "NotAction": ["iam:*", "s3:get*"], "Resource": "*"}, ask(), False),
        (allow(resource="arn:aws:s3:::data/X"), ask(), False),
        (allow(resource="arn:aws:s3:::data/*"), ask(resource="*"), False),
        (allow(resource="*"), ask(resource="*"), True),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::data/*"}, ask(), False),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::other/*"}, ask(), True),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::data/*"}, ask(resource="*"), True),
        ({"Effect": "Allow", "Action": "*", "NotResource": "*"}, ask(resource="*"), False),
        (allow(resource="arn:aws:s3:::data/${aws:username}"), ask(aws_username="x"), True),
        (allow(resource="arn:aws:s3:::data/${aws:username}"), ask(aws_username="*"), False),
        (allow(resource="arn:aws:s3:::data/${aws:username}"), ask(), False),
        (allow(resource="arn:aws:s3:::data/${aws:username, 'x'}"), ask(), True),
        # A pattern with a variable that has no value matches nothing.
        (allow(resource=["arn:aws:s3:::data/x", "arn:aws:s3:::${aws:username}"]), ask(), True),
        (allow(resource=["arn:aws:s3:::data/*x*", "arn:aws:s3:::${aws:username}"]), ask(), True),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::data/${aws:username}"}, ask(), True),
        # Variables live in the resource field alone.
        (allow(resource="arn:aws:${aws:username}:::data/x"), ask(aws_username="s3"), False),
    ],
)
def test_statements_match(statement: dict[str, object], question: Request, matches: bool) -> None:
    assert evaluate(question, Policies((policy(statement),))).allowed is matches


def test_before_2012_a_variable_in_a_resource_is_text() -> None:
    old = policy(allow(resource="arn:aws:s3:::data/${aws:username}"), version="2008-10-17")
    assert not evaluate(ask(aws_username="x"), Policies((old,))).allowed
    assert evaluate(ask(resource="arn:aws:s3:::data/${aws:username}"), Policies((old,))).allowed


def test_the_tables_are_whole() -> None:
    assert set(STANDINGS) == set(PrincipalKind)
    assert len({layer.name for layer in LAYERS}) == len(LAYERS) == 8


# What is unknown


def test_an_unknown_resource() -> None:
    anywhere, there = policy(allow(READ)), policy(allow(READ, "arn:aws:s3:::data/*"))
    assert evaluate(ask(resource=None), Policies((anywhere,))).allowed
    assert not evaluate(ask(resource=None), Policies((anywhere,))).doubtful
    decision = evaluate(ask(resource=None), Policies((there,)))
    assert (decision.outcome, decision.doubtful) == (IMPLICIT, True)
    decision = evaluate(ask(resource=None), Policies((anywhere, policy(deny(READ, "arn:aws:s3:::other/*")))))
    assert (decision.outcome, decision.doubtful) == (EXPLICIT, True)
    decision = evaluate(ask(resource=None), Policies((anywhere, policy(deny("iam:*", "arn:aws:s3:::x")))))
    assert (decision.outcome, decision.doubtful) == (ALLOWED, False)


RED = {"StringEquals": {"aws:ResourceTag/team": "red"}}


@pytest.mark.parametrize("unknown", ["aws:resourcetag/team", "aws:resourcetag/", "aws:*"])
def test_an_unknown_key(unknown: str) -> None:
    question = ask(unknown=frozenset((unknown,)))
    decision = evaluate(question, Policies((policy(allow(Condition=RED)),)))
    assert (decision.outcome, decision.doubtful) == (IMPLICIT, True)
    decision = evaluate(question, Policies((ALL, policy(deny(Condition=RED)))))
    assert (decision.outcome, decision.doubtful) == (EXPLICIT, True)
    decision = evaluate(question, Policies((ALL, policy(allow(Condition=RED)))))
    assert (decision.outcome, decision.doubtful) == (ALLOWED, False)


def test_a_known_key_is_known_whatever_else_is_not() -> None:
    question = Request(
        ALICE, READ, "*", "", {"aws:resourcetag/team": "red"}, frozenset(("aws:*", "aws:resourcetag/"))
    )
    assert evaluate(question, Policies((policy(allow(Condition=RED)),))).allowed


def test_a_doubtful_deny_of_another_action_does_not_count() -> None:
    question = ask(unknown=frozenset(("aws:resourcetag/",)))
    policies = Policies((ALL, policy(deny("iam:*", Condition=RED))))
    assert evaluate(question, policies).allowed


def test_a_condition_that_fails_for_certain_is_no_doubt() -> None:
    question = ask(unknown=frozenset(("aws:resourcetag/",)))
    certain = {"StringEquals": {"aws:username": "bob", "aws:ResourceTag/team": "red"}}
    decision = evaluate(question, Policies((ALL, policy(deny(Condition=certain)))))
    assert (decision.outcome, decision.doubtful) == (ALLOWED, False)


def test_a_variable_of_an_unknown_key_is_in_doubt() -> None:
    question = ask(unknown=frozenset(("aws:username",)))
    own = policy(allow(resource="arn:aws:s3:::data/${aws:username}"))
    decision = evaluate(question, Policies((own,)))
    assert (decision.outcome, decision.doubtful) == (IMPLICIT, True)
