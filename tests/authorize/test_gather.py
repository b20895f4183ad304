"""What is gathered is what holds now: caches are never ahead of, nor behind, the directory."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from passrole.authorize import gather
from passrole.authorize.call import Caller, NoFacts
from passrole.authorize.check import check
from passrole.authorize.plan import Check
from passrole.decision.evaluate import evaluate
from passrole.decision.request import Decision, Policies, Request
from passrole.policy.document import Policy
from passrole.state.directory import Directory
from passrole.state.entities import Entity, Group, ManagedPolicy, PolicyVersion, Role, Session, User
from passrole.state.organization import SCP, Member, Organization, OrganizationPolicy, Unit
from passrole.values.principal import Principal, PrincipalKind

ACCOUNT: Final = "111122223333"
MANAGEMENT: Final = "999988887777"
NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
MANAGED: Final = f"arn:aws:iam::{ACCOUNT}:policy/Shared"
ACTIONS: Final = ("iam:PassRole", "ec2:RunInstances", "s3:GetObject")
RESOURCES: Final = (f"arn:aws:iam::{ACCOUNT}:role/Web", f"arn:aws:iam::{ACCOUNT}:role/Admin")

documents = st.builds(
    lambda effect, action, resource: json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": effect, "Action": action, "Resource": resource},
        }
    ),
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["*", "iam:*", "iam:PassRole", "ec2:*", "s3:Get*"]),
    st.sampled_from(["*", RESOURCES[0], f"arn:aws:iam::{ACCOUNT}:role/*"]),
)


class Mutations(RuleBasedStateMachine):
    """Changes everything that a decision is drawn from, one piece at a time."""

    @initialize(document=documents)
    def begin(self, document: str) -> None:
        self.directory = Directory()
        self.directory.put(
            ManagedPolicy(
                account=ACCOUNT,
                name="Shared",
                id="ANPASHARED",
                created=NOW,
                updated=NOW,
                versions=(PolicyVersion(id="v1", document=document, created=NOW),),
            )
        )
        self.directory.put(Group(account=ACCOUNT, name="team", id="AGPATEAM", created=NOW))
        self.directory.put(User(account=ACCOUNT, name="alice", id="AIDAALICE", created=NOW))
        self.directory.put(Role(account=ACCOUNT, name="App", id="AROAAPP", created=NOW, trust="{}"))
        self.session_policies: tuple[str, ...] | None = None
        self.directory.put(
            Organization(account=MANAGEMENT, id="o-1", root_id="r-1", created=NOW, policy_types=(SCP,))
        )
        self.directory.put(Unit(account=MANAGEMENT, id="r-1", name="Root", policies=("p-FullAWSAccess",)))
        self.directory.put(
            Member(account=MANAGEMENT, id=ACCOUNT, parent="r-1", joined=NOW, policies=("p-FullAWSAccess",))
        )

    def user(self) -> User:
        found = self.directory.by_id(User, "AIDAALICE")
        assert found is not None
        return found

    def group(self) -> Group:
        found = self.directory.by_id(Group, "AGPATEAM")
        assert found is not None
        return found

    def role(self) -> Role:
        found = self.directory.by_id(Role, "AROAAPP")
        assert found is not None
        return found

    @rule(who=st.sampled_from(["user", "group", "role"]), name=st.sampled_from("ab"), document=documents)
    def put_inline(self, who: str, name: str, document: str) -> None:
        entity = {"user": self.user, "group": self.group, "role": self.role}[who]()
        self.directory.put(_replaced(entity, inline={**entity.inline, name: document}))

    @rule(who=st.sampled_from(["user", "group", "role"]))
    def drop_inline(self, who: str) -> None:
        entity = {"user": self.user, "group": self.group, "role": self.role}[who]()
        self.directory.put(_replaced(entity, inline={}))

    @rule(who=st.sampled_from(["user", "group", "role"]), on=st.booleans())
    def attach(self, who: str, on: bool) -> None:
        entity = {"user": self.user, "group": self.group, "role": self.role}[who]()
        self.directory.put(_replaced(entity, attached=(MANAGED,) if on else ()))

    @rule(document=documents)
    def new_version(self, document: str) -> None:
        policy = self.directory.get(ManagedPolicy, ACCOUNT, "Shared")
        assert policy is not None
        number = f"v{policy.next_version}"
        version = PolicyVersion(id=number, document=document, created=NOW)
        self.directory.put(
            _replaced(policy, versions=(version,), default=number, next_version=policy.next_version + 1)
        )

    @rule(member=st.booleans())
    def join(self, member: bool) -> None:
        self.directory.put(_replaced(self.user(), groups=("AGPATEAM",) if member else ()))

    @rule(who=st.sampled_from(["user", "role"]), on=st.booleans())
    def bound(self, who: str, on: bool) -> None:
        entity = self.user() if who == "user" else self.role()
        self.directory.put(_replaced(entity, boundary=MANAGED if on else ""))

    @rule(documents=st.none() | st.tuples(documents) | st.just(()))
    def session(self, documents: tuple[str, ...] | None) -> None:
        self.session_policies = documents

    @rule(document=st.none() | documents)
    def control(self, document: str | None) -> None:
        member = self.directory.by_id(Member, ACCOUNT)
        assert member is not None
        attached: tuple[str, ...] = ("p-FullAWSAccess",)
        if document is not None:
            self.directory.put(
                OrganizationPolicy(account=MANAGEMENT, id="p-own", name="own", type=SCP, content=document)
            )
            attached = ("p-own",)
        self.directory.put(_replaced(member, policies=attached))

    @rule(undone=st.booleans())
    def end_transaction(self, undone: bool) -> None:
        if undone and self.directory.get(User, ACCOUNT, "alice") is not None:
            self.directory.commit()  # what came before stays
            self.directory.put(_replaced(self.user(), inline={}))
            self.directory.rollback()

    @invariant()
    def cached_and_uncached_agree(self) -> None:
        if not hasattr(self, "directory"):
            return
        for caller in (self.as_user(), self.as_session()):
            for action in ACTIONS:
                for resource in RESOURCES:
                    judged = check(
                        self.directory, NoFacts(), caller, Check(action, resource, ACCOUNT, {}), "us-east-1"
                    )
                    fresh = uncached(judged.request, self.directory, caller)
                    assert (judged.decision.outcome, judged.decision.layer) == (fresh.outcome, fresh.layer)

    def as_user(self) -> Caller:
        user = self.user()
        return Caller(Principal(PrincipalKind.USER, user.arn, ACCOUNT, user.id), "AKIA", None, user)

    def as_session(self) -> Caller:
        role = self.role()
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/App/s"
        session = Session(
            account=ACCOUNT,
            id="ASIA",
            secret="",
            token="",
            sort="role",
            arn=arn,
            principal_id=f"{role.id}:s",
            role_id=role.id,
            issued=NOW,
            expires=NOW,
            policies=self.session_policies,
        )
        principal = Principal(
            PrincipalKind.ROLE_SESSION, arn, ACCOUNT, session.principal_id, role_arn=role.arn
        )
        return Caller(principal, "ASIA", session, None, role)


E = TypeVar("E", bound=Entity)


def _replaced(entity: E, **changes: object) -> E:
    return msgspec.structs.replace(entity, **changes)


def uncached(request: Request, directory: Directory, caller: Caller) -> Decision:
    """The decision from texts read anew: nothing that was parsed or compiled before takes part."""

    def anew(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
        return tuple(Policy.read(policy.text.encode()) for policy in policies)

    gather.forget()
    now = gather.gather(directory, caller, resource_account=ACCOUNT)
    return evaluate(
        request,
        Policies(
            identity=anew(now.identity),
            boundaries=anew(now.boundaries),
            session=None if now.session is None else anew(now.session),
            scps=tuple(anew(level) for level in now.scps),
        ),
    )


Mutations.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestMutations = Mutations.TestCase
