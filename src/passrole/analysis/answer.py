"""One question answered, with its grounds: what ``check`` and ``explain`` print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from passrole.analysis.requirements import Requirement, requirements, unread_policies
from passrole.authorize.check import Judged
from passrole.authorize.context import Values
from passrole.decision import explain as explaining
from passrole.decision.request import Clause
from passrole.decision.residual import residual


@dataclass(frozen=True, slots=True)
class Told:
    """One statement that decided, or came near.

    element is what matched or failed; key, asked and wanted are those of a condition. asked is None for
    an absent key.
    """

    policy: str
    statement: str
    element: str
    key: str
    asked: str | tuple[str, ...] | None
    wanted: tuple[str, ...]
    effect: str = ""
    failed: bool = False

    def as_json(self) -> dict[str, object]:
        """As the contract has it."""
        made: dict[str, object] = {
            "policy": self.policy,
            "statement": self.statement,
            "element": self.element,
        }
        if self.key:
            made["key"] = self.key
        made["asked"] = list(self.asked) if isinstance(self.asked, tuple) else self.asked
        made["wanted"] = list(self.wanted)
        return made


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to who may do what.

    conditions are not empty where the answer depends on what is unknown: together they are enough for an
    allow. notes say what the answer leaves out. role is the role that is passed, "" for another question.
    """

    principal: str
    action: str
    resource: str
    service: str
    allowed: bool
    decision: str  # "allowed", "explicit_deny", "implicit_deny"
    reason: str  # in AWS's words, without "because"
    layer: str
    statements: tuple[Told, ...] = ()
    remedies: tuple[str, ...] = ()
    conditions: tuple[Requirement, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """As the contract has it; conditions only where there are some."""
        made: dict[str, object] = {
            "allowed": self.allowed,
            "decision": self.decision,
            "reason": self.reason,
            "layer": self.layer,
            "statements": [one.as_json() for one in self.statements],
            "remedies": list(self.remedies),
        }
        if self.conditions:
            made["conditions"] = [requirement_json(one) for one in self.conditions]
        return made


def requirement_json(one: Requirement) -> dict[str, object]:
    """A condition as who-can-pass lists it."""
    return {"operator": one.operator, "key": one.key, "values": list(one.values)}


def answered(
    judged: Judged,
    *,
    principal: str,
    service: str = "",
    notes: Iterable[str] = (),
) -> Answer:
    """The answer of the engine, explained."""
    request, policies, decision = judged.request, judged.policies, judged.decision
    found = explaining.explain(request, policies, decision)
    conditions = requirements(residual(request, policies))
    said = list(notes)
    said += (f"policy {name} could not be read: it may decide" for name in unread_policies(conditions))
    if conditions:
        keys = ", ".join(dict.fromkeys(one.key for one in conditions))
        said.append(f"not known, and it depends on that: {keys}")
    return Answer(
        principal=principal,
        action=request.action,
        resource=request.resource or "*",
        service=service,
        allowed=decision.allowed,
        decision=decision.outcome.value,
        reason=explaining.reason(decision, policies).removeprefix("because "),
        layer=decision.layer,
        statements=tuple(told(clause, request.action) for clause in found.statements),
        remedies=tuple(remedy.text for remedy in found.remedies),
        conditions=conditions,
        notes=tuple(said),
    )


def told(clause: Clause, action: str) -> Told:
    """A statement as it is printed."""
    asked: str | tuple[str, ...] | None = action
    if clause.element or clause.key:
        asked = clause.asked[0] if clause.asked is not None and len(clause.asked) == 1 else clause.asked
    return Told(
        policy=clause.policy,
        statement=clause.statement,
        element=clause.element or ("Condition" if clause.key else "Action"),
        key=clause.key,
        asked=asked,
        wanted=clause.wanted,
        effect=clause.effect,
        failed=bool(clause.element),
    )


def merged(context: Mapping[str, Values], stated: Mapping[str, str]) -> dict[str, Values]:
    """A context with what the question itself states; names in lower case."""
    return {**context, **{key.lower(): value for key, value in stated.items()}}
