"""A proposed change of policies, as a folder of policy files named by principal.

::

    DIR/user/alice.json             the identity-based policy of user alice
    DIR/role/Deployer/*.json        several of role Deployer; boundary.json is its permissions boundary
    DIR/444455556666/role/X.json    the same, in that account only
    DIR/Deployer.json               of the user or role of that name, whichever there is

What a principal has in the folder takes the place of all its identity-based policies, those of its groups
included; its boundary stays where the folder has none. Principals that are not in the folder keep theirs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from passrole.policy.document import Policy
from passrole.state.directory import Directory
from passrole.state.entities import KINDS, ManagedPolicy, PolicyVersion, Role, User
from passrole.state.estate.estate import Estate
from passrole.state.estate.row import EPOCH
from passrole.values.errors import PassroleError

_KINDS: Final = {"user": "user", "users": "user", "role": "role", "roles": "role"}
_BOUNDARY: Final = "boundary"
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)

# A role that exists only in a proposal: nobody is asked whether it may be assumed.
_NOBODY: Final = '{"Version":"2012-10-17","Statement":[]}'


class BadProposal(PassroleError):
    """A folder that is not laid out as proposals are, or a policy that is none; the text says where."""


@dataclass
class Proposed:
    """The policies of one principal. kind is ``user`` or ``role``, "" for either; account "" for any."""

    account: str
    kind: str
    name: str
    policies: dict[str, str] = field(default_factory=dict)
    boundary: str | None = None


def read_proposals(folder: Path) -> tuple[Proposed, ...]:
    """The proposals in a folder. Raises BadProposal."""
    if not folder.is_dir():
        raise BadProposal(f"{folder}: no such folder")
    found: dict[tuple[str, str, str], Proposed] = {}
    for path in sorted(folder.rglob("*.json")):
        account, kind, name, policy = _placed(folder, path)
        one = found.setdefault((account, kind, name), Proposed(account, kind, name))
        try:
            text = path.read_text(encoding="utf-8")
            Policy.parse(text)
        except (OSError, ValueError, PassroleError) as error:
            raise BadProposal(f"{path}: {error}") from error
        if policy == _BOUNDARY:
            one.boundary = text
        else:
            one.policies[policy] = text
    if not found:
        raise BadProposal(f"{folder}: no policies in it: they are user/NAME.json and role/NAME.json")
    return tuple(found.values())


def _placed(folder: Path, path: Path) -> tuple[str, str, str, str]:
    """(account, kind, principal's name, policy's name) by the place of a file."""
    parts = list(path.relative_to(folder).with_suffix("").parts)
    account = parts.pop(0) if len(parts) > 1 and _ACCOUNT.fullmatch(parts[0]) else ""
    kind = _KINDS.get(parts[0], "") if len(parts) > 1 else ""
    if kind:
        parts.pop(0)
    if len(parts) == 1:
        return account, kind, parts[0], parts[0]
    if len(parts) == 2:
        return account, kind, parts[0], parts[1]
    raise BadProposal(f"{path}: it is [ACCOUNT/]user/NAME.json, role/NAME.json or role/NAME/POLICY.json")


class Proposal:
    """An estate as it would be. present is what it is now, where that is known."""

    def __init__(self, proposals: tuple[Proposed, ...], present: Estate | None) -> None:
        self._proposals = proposals
        self.directory = _copied(present.directory) if present is not None else Directory()
        self.invented: set[str] = set()  # principals of whom only the proposal is known
        self._asked: set[str] = set()

    def concerns(self, arn: str) -> bool:
        """Does it change the policies of that user or role? It then has them in the directory."""
        if arn in self._asked:
            return True
        parts = re.fullmatch(r"arn:aws[\w-]*:iam::(\d{12}):(user|role)(/(?:.+/)?)([^/]+)", arn)
        if parts is None:
            return False
        account, kind, path, name = parts.groups()
        for one in self._proposals:
            if one.name == name and one.kind in (kind, "") and one.account in (account, ""):
                self._put(one, account, kind, path)
                self._asked.add(arn)
                return True
        return False

    def _put(self, one: Proposed, account: str, kind: str, path: str) -> None:
        """Gives the principal its policies; one that is not known otherwise is made."""
        known: User | Role | None
        if kind == "user":
            known = self.directory.get(User, account, one.name)
        else:
            known = self.directory.get(Role, account, one.name)
        if known is None:
            self.invented.add(f"arn:aws:iam::{account}:{kind}{path}{one.name}")
            id = f"{kind}:{account}:{one.name}"
            if kind == "user":
                known = User(account=account, name=one.name, path=path, id=id, created=EPOCH)
            else:
                known = Role(account=account, name=one.name, path=path, id=id, created=EPOCH, trust=_NOBODY)
        given: dict[str, object] = {"inline": one.policies or known.inline}
        if one.policies:
            given |= {"attached": ()} | ({"groups": ()} if kind == "user" else {})
        if one.boundary is not None:
            given["boundary"] = self._bounded(account, one)
        self.directory.put(msgspec.structs.replace(known, **given))
        self.directory.commit()

    def _bounded(self, account: str, one: Proposed) -> str:
        name = f"boundary-of-{one.name}"
        made = ManagedPolicy(
            account=account,
            name=name,
            path="/proposed/",
            id=f"policy:{account}:{name}",
            created=EPOCH,
            updated=EPOCH,
            versions=(PolicyVersion(id="v1", document=one.boundary or "", created=EPOCH),),
        )
        self.directory.put(made)
        return made.arn


def _copied(directory: Directory) -> Directory:
    made = Directory()
    for entity in KINDS.values():
        for one in directory.everywhere(entity):
            made.put(one)
    made.commit()
    return made
