"""Any sequence of creating, renaming, attaching and deleting, against a model of a few dictionaries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.services.world import ACCOUNT, World

from passrole.values.errors import ServiceError

AWS_POLICY: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
DOCUMENT: Final = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
)

KINDS: Final = ("User", "Group", "Role")
NAMES: Final = st.sampled_from(["a", "A", "b", "c"])
POLICIES: Final = st.sampled_from(["p", "P", "q"])


@dataclass
class Thing:
    """A user, group or role as the model has it."""

    name: str
    attached: set[str] = field(default_factory=set)
    inline: set[str] = field(default_factory=set)
    members: set[int] = field(default_factory=set)  # a group's: ids of the model's users


def arn(policy: str) -> str:
    return AWS_POLICY if policy == "aws" else f"arn:aws:iam::{ACCOUNT}:policy/{policy}"


class Iam(RuleBasedStateMachine):
    """Every operation is foretold: it succeeds and changes the model, or ends in that very code."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.things: dict[str, dict[int, Thing]] = {kind: {} for kind in KINDS}
        self.policies: set[str] = set()
        self.count = 0

    # Helpers

    def call(self, name: str, given: dict[str, object]) -> str:
        """The error's code, "" for success."""
        try:
            self.world.call(f"iam:{name}", given)
        except ServiceError as error:
            return error.code
        return ""

    def named(self, kind: str, name: str) -> int | None:
        return next((id for id, thing in self.things[kind].items() if thing.name == name), None)

    def taken(self, kind: str, name: str) -> bool:
        return any(thing.name.lower() == name.lower() for thing in self.things[kind].values())

    # What may happen

    @rule(kind=st.sampled_from(KINDS), name=NAMES)
    def create(self, kind: str, name: str) -> None:
        more: dict[str, object] = {"AssumeRolePolicyDocument": TRUST} if kind == "Role" else {}
        code = self.call(f"Create{kind}", {f"{kind}Name": name, **more})
        assert code == ("EntityAlreadyExists" if self.taken(kind, name) else "")
        if not code:
            self.count += 1
            self.things[kind][self.count] = Thing(name)

    @rule(kind=st.sampled_from(("User", "Group")), name=NAMES, new=NAMES)
    def rename(self, kind: str, name: str, new: str) -> None:
        id = self.named(kind, name)
        code = self.call(f"Update{kind}", {f"{kind}Name": name, f"New{kind}Name": new})
        if id is None:
            assert code == "NoSuchEntity"
            return
        others = [thing for other, thing in self.things[kind].items() if other != id]
        clash = any(thing.name.lower() == new.lower() for thing in others)
        assert code == ("EntityAlreadyExists" if clash else "")
        if not code:
            self.things[kind][id].name = new

    @rule(kind=st.sampled_from(KINDS), name=NAMES)
    def delete(self, kind: str, name: str) -> None:
        id = self.named(kind, name)
        code = self.call(f"Delete{kind}", {f"{kind}Name": name})
        if id is None:
            assert code == "NoSuchEntity"
            return
        thing = self.things[kind][id]
        in_group = kind == "User" and any(id in group.members for group in self.things["Group"].values())
        busy = thing.attached or thing.inline or thing.members or in_group
        assert code == ("DeleteConflict" if busy else "")
        if not code:
            del self.things[kind][id]

    @rule(name=POLICIES)
    def create_policy(self, name: str) -> None:
        code = self.call("CreatePolicy", {"PolicyName": name, "PolicyDocument": DOCUMENT})
        clash = name.lower() in {policy.lower() for policy in self.policies}
        assert code == ("EntityAlreadyExists" if clash else "")
        if not code:
            self.policies.add(name)

    @rule(name=POLICIES)
    def delete_policy(self, name: str) -> None:
        code = self.call("DeletePolicy", {"PolicyArn": arn(name)})
        if name not in self.policies:
            assert code == "NoSuchEntity"
            return
        used = any(name in thing.attached for things in self.things.values() for thing in things.values())
        assert code == ("DeleteConflict" if used else "")
        if not code:
            self.policies.remove(name)

    @rule(kind=st.sampled_from(KINDS), name=NAMES, policy=st.one_of(POLICIES, st.just("aws")))
    def attach(self, kind: str, name: str, policy: str) -> None:
        id = self.named(kind, name)
        code = self.call(f"Attach{kind}Policy", {f"{kind}Name": name, "PolicyArn": arn(policy)})
        if id is None or (policy != "aws" and policy not in self.policies):
            assert code == "NoSuchEntity"
            return
        assert code == ""
        self.things[kind][id].attached.add(policy)

    @rule(kind=st.sampled_from(KINDS), name=NAMES, policy=st.one_of(POLICIES, st.just("aws")))
    def detach(self, kind: str, name: str, policy: str) -> None:
        id = self.named(kind, name)
        code = self.call(f"Detach{kind}Policy", {f"{kind}Name": name, "PolicyArn": arn(policy)})
        if id is None or policy not in self.things[kind][id].attached:
            assert code == "NoSuchEntity"
            return
        assert code == ""
        self.things[kind][id].attached.remove(policy)

    @rule(kind=st.sampled_from(KINDS), name=NAMES, policy=POLICIES)
    def put_inline(self, kind: str, name: str, policy: str) -> None:
        id = self.named(kind, name)
        given: dict[str, object] = {f"{kind}Name": name, "PolicyName": policy, "PolicyDocument": DOCUMENT}
        assert self.call(f"Put{kind}Policy", given) == ("NoSuchEntity" if id is None else "")
        if id is not None:
            self.things[kind][id].inline.add(policy)

    @rule(kind=st.sampled_from(KINDS), name=NAMES, policy=POLICIES)
    def delete_inline(self, kind: str, name: str, policy: str) -> None:
        id = self.named(kind, name)
        code = self.call(f"Delete{kind}Policy", {f"{kind}Name": name, "PolicyName": policy})
        if id is None or policy not in self.things[kind][id].inline:
            assert code == "NoSuchEntity"
            return
        assert code == ""
        self.things[kind][id].inline.remove(policy)

    @rule(group=NAMES, user=NAMES, joins=st.booleans())
    def membership(self, group: str, user: str, joins: bool) -> None:
        team, member = self.named("Group", group), self.named("User", user)
        name = "AddUserToGroup" if joins else "RemoveUserFromGroup"
        code = self.call(name, {"GroupName": group, "UserName": user})
        if team is None or member is None:
            assert code == "NoSuchEntity"
            return
        members = self.things["Group"][team].members
        assert code == ""  # joining twice and leaving what one is not in are no errors
        if joins:
            members.add(member)
        else:
            members.discard(member)

    # What must hold at any time

    @invariant()
    def lists_agree(self) -> None:
        for kind in KINDS:
            listed = self.world.call(f"iam:List{kind}s")[f"{kind}s"]
            assert isinstance(listed, list)
            names = [row[f"{kind}Name"] for row in listed]
            assert sorted(names) == sorted(thing.name for thing in self.things[kind].values())
            assert names == sorted(names, key=lambda name: (name.lower(), name))

    @invariant()
    def attachments_agree(self) -> None:
        details = self.world.call("iam:GetAccountAuthorizationDetails")
        for kind in KINDS:
            rows = details[f"{kind}DetailList"]
            assert isinstance(rows, list)
            by_name = {row[f"{kind}Name"]: row for row in rows}
            for thing in self.things[kind].values():
                row = by_name[thing.name]
                attached = {each["PolicyArn"] for each in row["AttachedManagedPolicies"]}
                assert attached == {arn(policy) for policy in thing.attached}
                inline = {each["PolicyName"] for each in row.get(f"{kind}PolicyList", [])}
                assert inline == thing.inline
        groups = self.things["Group"].values()
        users = details["UserDetailList"]
        assert isinstance(users, list)
        for id, user in self.things["User"].items():
            row = next(row for row in users if row["UserName"] == user.name)
            assert set(row["GroupList"]) == {group.name for group in groups if id in group.members}

    @invariant()
    def policies_know_their_carriers(self) -> None:
        for policy in (*self.policies, "aws"):
            found = self.world.call("iam:ListEntitiesForPolicy", {"PolicyArn": arn(policy)})
            carriers = 0
            for kind in KINDS:
                rows = found[f"Policy{kind}s"]
                assert isinstance(rows, list)
                names = {row[f"{kind}Name"] for row in rows}
                things = self.things[kind].values()
                assert names == {thing.name for thing in things if policy in thing.attached}
                carriers += len(names)
            shown = self.world.call("iam:GetPolicy", {"PolicyArn": arn(policy)})["Policy"]
            assert isinstance(shown, dict)
            assert shown["AttachmentCount"] == carriers


TestIam = Iam.TestCase
TestIam.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
