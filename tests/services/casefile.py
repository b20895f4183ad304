"""Cases of our own services: steps of calls with what they answer, as YAML.

A case is a list of steps on a fresh account. The same files can be played through boto3 against a real
server: everything they need to know comes out of answers.

    - id: names are unique whatever their case
      standing: recorded            # by a real AWS run; or documented, reported, assumed
      source: LocalStack's validated snapshots, test_iam_roles
      steps:
        - call: iam:CreateRole
          as: alice                 # saved credentials; default: the account's root
          input: {RoleName: Web, AssumeRolePolicyDocument: {...}}   # documents as YAML become JSON text
          save: {id: Role.RoleId}   # ${id} from then on
          credentials: web          # saves the answer's credentials under that name
          expect: {Role: {RoleName: Web}}      # a subset; see matches
          members: {Role: [Path, RoleName]}    # exactly these members there
        - call: iam:CreateRole
          input: {...}
          error: {code: EntityAlreadyExists, status: 409, message: ...}
          judged: true              # asks who may do what; left out where nothing judges that
        - advance: 3600             # seconds
        - codes: {seed: "${seed}", save: [first, second]}    # two MFA codes in a row, the second of now;
                                                             # behind: seconds that it is slow by

``${account}`` is the account, ``${other}`` a second one whose root signs as ``other``; ``${x*2048}`` is
that many times the letter. ``<in 3600>`` expects a time so many seconds from now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

import yaml
from tests.services.world import ACCOUNT, World

from passrole.state import mfa
from passrole.values.errors import ServiceError

OTHER: Final = "222233334444"
STANDINGS: Final = frozenset(("recorded", "reported", "documented", "assumed"))

_STEP: Final = frozenset(
    ("call", "as", "input", "expect", "members", "error", "save", "credentials", "judged")
)

# Input members that hold JSON text; a case may write them as YAML.
_DOCUMENTS: Final = frozenset(
    ("AssumeRolePolicyDocument", "PolicyDocument", "Policy", "Content", "ResourcePolicy")
)


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a file."""

    id: str
    standing: str
    source: str
    steps: tuple[Mapping[str, Any], ...]


def cases(folder: Path) -> Iterator[Case]:
    """Every case of every file there. Raises ValueError for a case without id, source or steps."""
    for path in sorted(folder.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text()):
            unknown = set(row) - {"id", "standing", "source", "steps"}
            if unknown or row["standing"] not in STANDINGS or not row["source"] or not row["steps"]:
                raise ValueError(f"{path.name}: {row}")
            yield Case(f"{path.stem}: {row['id']}", row["standing"], row["source"], tuple(row["steps"]))


@dataclass(frozen=True, slots=True)
class Near:
    """A moment that an answer may miss by what a call takes."""

    moment: datetime

    def matches(self, found: object) -> bool:
        """Is it a time within some seconds of the moment?"""
        return isinstance(found, datetime) and abs(found - self.moment) < timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Key:
    """Credentials of a caller; an empty id for nobody's."""

    id: str = ""
    secret: str = ""
    token: str = ""


class Endpoint(Protocol):
    """What cases are played against: two fresh accounts on it."""

    @property
    def account(self) -> str:
        """The account whose root makes the calls unless a step says otherwise."""

    @property
    def other(self) -> str:
        """A second account."""

    @property
    def judges(self) -> bool:
        """Does it ask who may do what?"""

    @property
    def keys(self) -> Mapping[str, Key]:
        """Of both accounts' roots, by account."""

    @property
    def now(self) -> datetime:
        """The endpoint's time."""

    def advance(self, *, seconds: float) -> None:
        """Moves the endpoint's time forward."""

    def answer(self, name: str, given: Mapping[str, object], key: Key) -> Mapping[str, object]:
        """The output of ``service:Operation``, policy documents parsed. Raises ServiceError."""


class Handlers:
    """Our handlers, called as they are."""

    judges = False

    def __init__(self) -> None:
        self._world = World()
        self._world.account(OTHER)
        self.account, self.other = ACCOUNT, OTHER
        self.keys = {account: Key(id) for account, id in self._world.roots.items()}

    @property
    def now(self) -> datetime:
        """See Endpoint."""
        return self._world.now

    def advance(self, *, seconds: float) -> None:
        """See Endpoint."""
        self._world.advance(seconds=seconds)

    def answer(self, name: str, given: Mapping[str, object], key: Key) -> Mapping[str, object]:
        """See Endpoint."""
        return self._world.call(name, given, key=key.id or "anonymous")


class Player:
    """Plays a case against an endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.saved: dict[str, str] = {"account": endpoint.account, "other": endpoint.other}
        self.keys: dict[str, Key] = {
            "root": endpoint.keys[endpoint.account],
            "other": endpoint.keys[endpoint.other],
            "anonymous": Key(),
        }

    def play(self, case: Case) -> None:
        """Raises AssertionError at the first step that answers something else."""
        for number, step in enumerate(case.steps, 1):
            where = f"step {number}: {step.get('call', step)}"
            if "advance" in step:
                self.endpoint.advance(seconds=step["advance"])
            elif "codes" in step:
                self._codes(step["codes"])
            elif self.endpoint.judges or not step.get("judged"):
                self._call(step, where)

    def _codes(self, asked: Mapping[str, Any]) -> None:
        current = mfa.current_step(self.endpoint.now - timedelta(seconds=asked.get("behind", 0)))
        seed = self._filled(asked["seed"])
        first, second = asked["save"]
        self.saved[first], self.saved[second] = mfa.code_at(seed, current - 1), mfa.code_at(seed, current)

    def _call(self, step: Mapping[str, Any], where: str) -> None:
        unknown = set(step) - _STEP
        assert not unknown, f"{where}: {unknown}"
        given = self._filled(_texts(step.get("input", {})))
        output: Mapping[str, object] = {}
        refusal: ServiceError | None = None
        try:
            output = self.endpoint.answer(step["call"], given, self.keys[step.get("as", "root")])
        except ServiceError as error:
            refusal = error
        if "error" in step:
            assert refusal is not None, f"{where}: answered {output}"
            said = {"code": refusal.code, "status": refusal.status, "message": refusal.message}
            differs = matches(self._filled(step["error"]), said, "error")
            assert not differs, f"{where}: {differs}"
            return
        assert refusal is None, f"{where}: {refusal}"
        differs = matches(self._filled(step.get("expect", {})), output, "output")
        assert not differs, f"{where}: {differs}"
        for path, members in step.get("members", {}).items():
            assert sorted(at(output, path)) == sorted(members), f"{where}: members of {path or 'output'}"
        for name, path in step.get("save", {}).items():
            value = at(output, path)
            self.saved[name] = value.decode() if isinstance(value, bytes) else str(value)
        if "credentials" in step:
            found: Any = output.get("Credentials", output.get("AccessKey"))
            token = at(found, "SessionToken") if "SessionToken" in found else ""
            key = Key(str(at(found, "AccessKeyId")), str(at(found, "SecretAccessKey")), str(token))
            self.keys[step["credentials"]] = key

    def _filled(self, value: Any) -> Any:
        """With ``${name}`` replaced by what was saved, everywhere inside."""
        if isinstance(value, str):
            if moment := re.fullmatch(r"<in (\d+)>", value):
                return Near(self.endpoint.now + timedelta(seconds=int(moment[1])))
            long = re.sub(r"\$\{(\w)\*(\d+)\}", lambda found: found[1] * int(found[2]), value)
            return re.sub(r"\$\{(\w+)\}", lambda found: self.saved.get(found[1], found[0]), long)
        if isinstance(value, Mapping):
            return {key: self._filled(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self._filled(member) for member in value]
        return value


def at(value: Any, path: str) -> Any:
    """``Role.RoleId``, ``Users.0.Arn``; the value itself for ""."""
    for part in path.split(".") if path else ():
        value = value[int(part)] if part.isdigit() and isinstance(value, list) else value[part]
    return value


def matches(wanted: Any, found: Any, where: str) -> str:
    """What differs, "" where nothing does.

    A mapping must be contained, a list match item by item; a text that begins with ``~`` is a regular
    expression for the whole, ``<absent>`` says that the member is not there.
    """
    if isinstance(wanted, Near):
        return "" if wanted.matches(found) else f"{where} is {found!r}, not about {wanted.moment}"
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return f"{where} is {found!r}"
        for key, member in wanted.items():
            if member == "<absent>":
                if key in found:
                    return f"{where}.{key} is there: {found[key]!r}"
            elif key not in found:
                return f"{where} has no {key}: {sorted(found)}"
            elif differs := matches(member, found[key], f"{where}.{key}"):
                return differs
        return ""
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            return f"{where} is {found!r}"
        pairs = zip(wanted, found, strict=True)
        return next((text for n, (w, f) in enumerate(pairs) if (text := matches(w, f, f"{where}.{n}"))), "")
    if isinstance(wanted, str) and wanted.startswith("~"):
        shown = found.isoformat() if hasattr(found, "isoformat") else str(found)
        return "" if re.fullmatch(wanted[1:], shown, re.DOTALL) else f"{where} is {shown!r}, not {wanted!r}"
    return "" if wanted == found else f"{where} is {found!r}, not {wanted!r}"


def _texts(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: json.dumps(member) if key in _DOCUMENTS and not isinstance(member, str) else member
        for key, member in given.items()
    }
