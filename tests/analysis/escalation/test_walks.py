"""Random small accounts: every listed path is walked, and falls without the statement of its cut.

A walk asks the engine for each call on the account as the calls before it have left it; nothing of the search
is used. What a path says is gained is refused to who begins it and allowed to who ends it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.analysis.details import (
    ACCOUNT,
    CREATED,
    Json,
    allow,
    arn,
    boundary,
    deny,
    document,
    estate,
    group,
    inline,
    managed,
    organization,
    page,
    role,
    trust,
    trusting,
    user,
)

from passrole.analysis.askers import PASSED_TO, Asker, asker_named
from passrole.analysis.escalation.paths import Escalation, Search, escalations
from passrole.analysis.escalation.steps import Reason, Step
from passrole.analysis.gain import Witness
from passrole.analysis.trust import may_assume
from passrole.authorize.gather import trust_policy
from passrole.decision.plan import compiled
from passrole.decision.request import Policies, Request
from passrole.decision.residual import Answer, residual
from passrole.state.entities import Role, User
from passrole.state.estate.estate import Estate

LAMBDA = "lambda.amazonaws.com"
EVERYTHING = document(allow(action="*"))
FUNCTIONS = tuple(f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}" for name in ("f", "g", "zz"))
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"

# --- Random accounts --------------------------------------------------------------------------

ACTIONS = (
    "*",
    "sts:AssumeRole",
    "iam:*",
    "iam:PassRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:P*Policy",
    "iam:Attach*",
    "iam:*PermissionsBoundary",
    "iam:D*Policy",
    "iam:Create*",
    "iam:SetDefaultPolicyVersion",
    "iam:*Group",
    ["lambda:CreateFunction", "iam:PassRole"],
    "lambda:*",
    "lambda:InvokeFunction",
    "s3:Get*",
)
RESOURCES = (
    "*",
    "*",
    arn("role", "*"),
    arn("role", "A"),
    arn("role", "n*"),
    arn("user", "u"),
    arn("group", "*"),
    arn("policy", "*"),
    FUNCTIONS[0],
    FUNCTIONS[1],
    "arn:aws:lambda:*:*:function:?",
)
CONDITIONS: tuple[Json | None, ...] = (
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    {"StringEquals": {"iam:PassedToService": LAMBDA}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    {"StringEquals": {"iam:ResourceTag/team": "red"}},
    {"ArnEquals": {"iam:PermissionsBoundary": arn("policy", "Bound")}},
    {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}},
)
STATEMENTS = st.builds(
    lambda effect, action, resource, condition: allow(resource, condition, action) | {"Effect": effect},
    st.sampled_from(["Allow", "Allow", "Allow", "Deny"]),
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    st.sampled_from(CONDITIONS),
)
DOCUMENTS = st.lists(STATEMENTS, min_size=1, max_size=3).map(lambda found: document(*found))
TRUSTS = st.sampled_from(
    [
        trust(LAMBDA),
        trust(LAMBDA),
        trusting(),
        document({"Effect": "Allow", "Principal": {"AWS": arn("user", "u")}, "Action": "sts:AssumeRole"}),
        document({"Effect": "Allow", "Principal": {"AWS": arn("role", "A")}, "Action": "sts:AssumeRole"}),
    ]
)
ATTACHED = st.sampled_from([(), (), (arn("policy", "Mine"),)])
TAGS = st.sampled_from([{}, {"team": "red"}])


@dataclass(frozen=True)
class World:
    """An account, and what its organization denies, if anything."""

    page: Json
    denied: Json | None

    @property
    def estate(self) -> Estate:
        return estate(self.page, organization=None if self.denied is None else organization([self.denied]))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    bounds = st.sampled_from(["", "", "", arn("policy", "Bound")])
    users = [
        user(
            name,
            draw(DOCUMENTS),
            groups=draw(st.sampled_from([[], ["G"]])),
            managed=draw(ATTACHED),
            bounded=draw(bounds),
            tags=draw(TAGS),
        )
        for name in ("u", "v")
    ]
    roles = [
        role(
            name, draw(TRUSTS), draw(DOCUMENTS), managed=draw(ATTACHED), bounded=draw(bounds), tags=draw(TAGS)
        )
        for name in ("A", "B")
    ]
    older = managed("Mine", draw(DOCUMENTS))
    older["PolicyVersionList"][1]["Document"] = draw(DOCUMENTS)  # type: ignore[index]  # a list of objects
    made = page(users, [group("G", draw(DOCUMENTS))], roles, [older, managed("Bound", draw(DOCUMENTS))])
    denied = draw(st.sampled_from([None, None, None, deny(action="iam:Put*"), deny(action="lambda:Invoke*")]))
    return World(made, None if denied is None else document(denied))


# --- Walking ----------------------------------------------------------------------------------


class Refused(Exception):
    """A call of a path that the engine refuses."""


@dataclass
class Walker:
    """Who walks, in an account that changes on the way. certain asks for calls that need nothing else.

    Whoever it has become once it can be again.
    """

    world: World
    who: str
    certain: bool

    def __post_init__(self) -> None:
        self.page: Any = copy.deepcopy(self.world.page)
        self._been = {self.who}
        self._member = ""  # who joined a group on the way

    @property
    def estate(self) -> Estate:
        return replace(self.world, page=self.page).estate

    def become(self, other: str) -> None:
        self.who = other
        self._been.add(other)

    def entry(self, wanted: str) -> Any:
        lists = ("UserDetailList", "RoleDetailList", "GroupDetailList", "Policies")
        return next(one for name in lists for one in self.page[name] if one["Arn"] == wanted)

    def asks(self, action: str, resource: str, *, said: Json | None = None) -> None:
        """One call. Raises Refused."""
        if not self.may(action, resource, said=said):
            raise Refused(f"{self.who}: {action} on {resource}")

    def may(self, action: str, resource: str, *, said: Json | None = None) -> bool:
        whole = self.estate
        asker = asker_named(whole, self.who)
        policies = asker.policies
        known = {**self.about(whole, resource, action), **(said or {})}
        if action == "sts:AssumeRole":
            entity = whole.directory.get(Role, ACCOUNT, resource.rsplit("/", 1)[-1])
            assert entity is not None
            policies = replace(policies, resource=trust_policy(entity))
        answer = asked(asker, action, resource, policies, known)
        return answer is Answer.ALLOWED or (answer is not Answer.REFUSED and not self.certain)

    def about(self, whole: Estate, resource: str, action: str) -> dict[str, Any]:
        """What follows from the user or role that a call is about."""
        name = resource.rsplit("/", 1)[-1]
        for kind, word in ((User, ":user/"), (Role, ":role/")):
            entity = whole.directory.get(kind, ACCOUNT, name) if word in resource else None
            if isinstance(entity, User | Role) and action.startswith(("iam:", "sts:")):
                found: dict[str, Any] = {}
                if action != "iam:PassRole":
                    found = {
                        f"{start}:resourcetag/{key}": value
                        for key, value in entity.tags
                        for start in ("iam", "aws")
                    }
                    found[""] = ("iam:resourcetag/", "aws:resourcetag/", "iam:permissionsboundary")
                if entity.boundary and action != "iam:PassRole":
                    found["iam:permissionsboundary"] = entity.boundary
                return found
        return {}

    def take(self, step: Step) -> None:
        """One step of a path, with what it changes."""
        if ":group/" in step.source:
            self.who = self._member
            assert step.source in self.groups()
        else:
            assert step.source in self._been
            self.who = step.source
        getattr(self, "_" + step.id.replace("-", "_"))(step)

    def groups(self) -> list[str]:
        """The groups of who walks: what they give is used as theirs."""
        return [arn("group", name) for name in self.entry(self.who).get("GroupList", ())]

    # --- Becoming another

    def _assume_role(self, step: Step) -> None:
        self.asks("sts:AssumeRole", step.target)
        self.become(step.target)

    def _change_trust(self, step: Step) -> None:
        self.asks("iam:UpdateAssumeRolePolicy", step.target)
        self.entry(step.target)["AssumeRolePolicyDocument"] = self.trusting_me()
        if not self.certain:
            self.become(step.target)  # by whomever else it lets in, if not the caller
            return
        self._assume_role(step)

    def trusting_me(self) -> Json:
        principal = self.who
        if ":role/" in principal:
            name = principal.rsplit("/", 1)[-1]
            principal = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/passrole"
        return document({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})

    def _access_key(self, step: Step) -> None:
        self.asks("iam:CreateAccessKey", step.target)
        self.become(step.target)

    def _login_profile(self, step: Step) -> None:
        self.asks("iam:CreateLoginProfile", step.target)
        self.become(step.target)

    def _password(self, step: Step) -> None:
        self.asks("iam:UpdateLoginProfile", step.target)
        self.become(step.target)

    def _join_group(self, step: Step) -> None:
        self.asks("iam:AddUserToGroup", step.target)
        self._member = self.who
        groups = self.entry(self.who)["GroupList"]
        if "G" not in groups:
            groups.append("G")

    def _pass_role(self, step: Step) -> None:
        self.asks("iam:PassRole", step.target, said={PASSED_TO: step.service})
        entity = self.estate.directory.get(Role, ACCOUNT, step.target.rsplit("/", 1)[-1])
        assert entity is not None
        assert may_assume(self.estate.directory, entity, step.service).best.allowed
        self.somewhere(step.actions[1:])
        self.become(step.target)

    def _function_code(self, step: Step) -> None:
        self.somewhere(step.actions)
        self.become(step.target)

    _function_layer = _canary_code = _function_code

    def somewhere(self, actions: tuple[str, ...]) -> None:
        """All of it on one function; what is about something else on anything."""
        named = [one for one in actions if one.startswith("lambda:") and "EventSource" not in one]
        others = [one for one in actions if one not in named]
        if not any(all(self.may(one, function) for one in named) for function in FUNCTIONS):
            raise Refused(f"{self.who}: {named} on one function")
        for one in others:
            self.asks(one, "")

    # --- Writing rights

    def _writes(self, step: Step) -> None:
        """An inline policy, or AWS's own attached."""
        written = step.through or step.target
        (action,) = step.actions
        said: Json | None = {"iam:policyarn": ADMINISTRATOR} if "Attach" in action else None
        self.asks(action, written, said=said)
        entry = self.entry(written)
        lists = next(
            name for name in ("UserPolicyList", "RolePolicyList", "GroupPolicyList") if name in entry
        )
        entry[lists] += (inline([EVERYTHING])[0] | {"PolicyName": "any"},)

    _put_user_policy = _put_role_policy = _put_group_policy = _writes
    _attach_user_policy = _attach_role_policy = _attach_group_policy = _writes

    def _policy_version(self, step: Step) -> None:
        self.asks("iam:CreatePolicyVersion", step.through)
        self.version(step.through, EVERYTHING)

    _boundary_version = _policy_version

    def version(self, policy: str, text: Json) -> None:
        versions = self.entry(policy)["PolicyVersionList"]
        for one in versions:
            one["IsDefaultVersion"] = False
        versions.append(
            {"VersionId": "v9", "IsDefaultVersion": True, "CreateDate": CREATED, "Document": dict(text)}
        )
        self.entry(policy)["DefaultVersionId"] = "v9"

    def _default_version(self, step: Step) -> None:
        self.asks("iam:SetDefaultPolicyVersion", step.through)
        self.version(step.through, self.entry(step.through)["PolicyVersionList"][1]["Document"])

    # --- Taking away

    def _delete_boundary(self, step: Step) -> None:
        self.asks(step.actions[0], step.target)
        del self.entry(step.target)["PermissionsBoundary"]

    def _put_boundary(self, step: Step) -> None:
        self.asks(step.actions[0], step.target, said={"iam:permissionsboundary": ADMINISTRATOR})
        self.entry(step.target).update(boundary(ADMINISTRATOR))

    def _delete_policy(self, step: Step) -> None:
        entry = self.entry(step.through or step.target)
        self.asks(step.actions[0], entry["Arn"])
        for lists in ("UserPolicyList", "RolePolicyList", "GroupPolicyList"):
            entry[lists] = [one for one in entry.get(lists, ()) if not denies(one["PolicyDocument"])]

    def _detach_policy(self, step: Step) -> None:
        entry = self.entry(step.through or step.target)
        mine = arn("policy", "Mine")
        self.asks(step.actions[0], entry["Arn"], said={"iam:policyarn": mine})
        entry["AttachedManagedPolicies"] = []

    def _leave_group(self, step: Step) -> None:
        self.asks("iam:RemoveUserFromGroup", step.through)
        self.entry(step.target)["GroupList"] = []

    # --- Making

    def _new_role(self, step: Step) -> None:
        said: Json | None = (
            {"iam:permissionsboundary": arn("policy", "Bound")} if self.bounded(step) else None
        )
        for action in step.actions:
            more = {"iam:policyarn": ADMINISTRATOR} if "Attach" in action else {}
            self.asks(action, step.target, said={**(said or {}), **more, "": ("iam:permissionsboundary",)})
        name = step.target.split(":role/")[1]
        bound = arn("policy", "Bound") if said else ""
        self.page["RoleDetailList"].append(role(name, self.trusting_me(), EVERYTHING, bounded=bound))
        if self.certain:
            self.asks("sts:AssumeRole", step.target)
        self.become(step.target)

    def _new_user(self, step: Step) -> None:
        said: Json | None = (
            {"iam:permissionsboundary": arn("policy", "Bound")} if self.bounded(step) else None
        )
        for action in step.actions:
            more = {"iam:policyarn": ADMINISTRATOR} if "Attach" in action else {}
            self.asks(action, step.target, said={**(said or {}), **more, "": ("iam:permissionsboundary",)})
        bound = arn("policy", "Bound") if said else ""
        self.page["UserDetailList"].append(user(step.target.split(":user/")[1], EVERYTHING, bounded=bound))
        self.become(step.target)

    def bounded(self, step: Step) -> bool:
        return "(with the permissions boundary policy/Bound)" in step.text


def denies(text: Any) -> bool:
    return any(one["Effect"] == "Deny" for one in text["Statement"])


def asked(asker: Asker, action: str, resource: str, policies: Policies, known: dict[str, Any]) -> Answer:
    """What the engine says of one request, with whatever is not known left open."""
    settled = tuple(known.pop("", ()))
    context = {**asker.context, **known}
    request = Request(asker.caller.principal, action, resource or None, ACCOUNT, context)
    plan = compiled(policies).plan(request)
    rules = [*plan.rules(), *(plan.grants.all if plan.grants is not None else ())]
    keys = {key for rule in rules for key in rule.keys} - known.keys()
    if settled:  # beginnings of keys that are absent where they are not known
        keys = {key for key in keys if not key.startswith(settled)}
    unknown = frozenset(asker.unknown(keys, passing=action == "iam:PassRole"))
    return residual(replace(request, unknown=unknown), policies).answer


def walked(world: World, row: Escalation) -> Walker:
    """The path, walked. Raises Refused."""
    walker = Walker(world, row.principal, row.certain)
    for step in row.steps:
        walker.take(step)
    if ":group/" not in row.target:
        walker.become(row.target)
    return walker


def examples(row: Escalation) -> Iterator[Witness]:
    return (one for one in row.gain.witnesses if one.certain and not one.context)


# --- What is tried ----------------------------------------------------------------------------

SLOW = settings(
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)


@settings(SLOW, max_examples=60)
@given(worlds())
def test_a_listed_path_can_be_walked_and_gains_what_it_says(world: World) -> None:
    for row in escalations(world.estate, Search(most=0)).rows:
        walker = walked(world, row)
        for example in examples(row) if row.certain else ():
            if example.action.startswith(("sts:", "kms:")):
                continue  # what a policy of the resource must allow too is not looked at
            assert walker.may(example.action, example.resource), example
            start = Walker(world, row.principal, certain=True)
            assert not start.may(example.action, example.resource), example


def without(page_of: Json, reasons: list[Reason]) -> Json:
    """The account without those statements."""
    made: Any = json.loads(json.dumps(page_of))
    for reason in reasons:
        for entry in (
            *made["UserDetailList"],
            *made["RoleDetailList"],
            *made["GroupDetailList"],
            *made["Policies"],
        ):
            if entry["Arn"] != reason.owner:
                continue
            texts = [
                one["PolicyDocument"]
                for lists in ("UserPolicyList", "RolePolicyList", "GroupPolicyList")
                for one in entry.get(lists, ())
                if one["PolicyName"] == reason.policy
            ]
            if reason.policy == "AssumeRolePolicyDocument":
                texts = [entry["AssumeRolePolicyDocument"]]
            texts += [
                one["Document"] for one in entry.get("PolicyVersionList", ()) if one["IsDefaultVersion"]
            ]
            for text in texts:
                text["Statement"][int(reason.statement)] = deny("arn:aws:s3:::nothing", action="s3:GetObject")
    return made  # type: ignore[no-any-return]  # parsed from JSON


@settings(SLOW, max_examples=40)
@given(worlds())
def test_a_path_falls_without_the_statement_of_its_cut(world: World) -> None:
    def told(row: Escalation) -> tuple[object, ...]:
        return (
            row.principal,
            row.target,
            tuple((one.id, one.source, one.target, one.actions) for one in row.steps),
        )

    for row in escalations(world.estate, Search(most=0)).rows[:10]:
        if row.cut is None:
            continue
        narrowed = without(world.page, [row.cut.statement, *row.cut.others])
        left = escalations(replace(world, page=narrowed).estate, Search(most=0, principal=row.principal)).rows
        assert told(row) not in [told(other) for other in left]
