"""The grammar's gate: what IAM refuses to store, in its own words.

problems() tells everything that is wrong, each with its place; check() raises what AWS would answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.policy.document import Kind
from passrole.policy.grammar import Finding, findings
from passrole.policy.source import place_in
from passrole.policy.wordings import FAMILIES, Family
from passrole.values.errors import ServiceError

_WHITE: Final = str.maketrans("", "", " \t\r\n")


class MalformedPolicyDocument(ServiceError):
    """A document that AWS refuses, in AWS's words."""

    code, status = "MalformedPolicyDocument", 400


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. line and column count from 1; code names the rule, text is AWS's message."""

    path: str  # "Statement[0].Condition.StringEquals", "" for the document
    line: int
    column: int
    code: str
    message: str
    text: str


def size(text: str) -> int:
    """Characters that count towards a quota: white space does not.

    Source: IAM User Guide, "IAM and AWS STS quotas".
    """
    return len(text.translate(_WHITE))


def problems(text: str, kind: Kind) -> tuple[Problem, ...]:
    """Everything wrong with a document, in the order in which AWS would come to report it."""
    family = FAMILIES[kind]
    found = sorted(findings(text, family), key=lambda finding: _order(family, finding))
    return tuple(_problem(text, family, finding) for finding in found)


def check(text: str, kind: Kind) -> None:
    """Raises MalformedPolicyDocument with the first problem that AWS would report."""
    refusal = _refusal(text, kind)
    if refusal is not None:
        raise MalformedPolicyDocument(refusal, code=FAMILIES[kind].error_code)


@lru_cache(maxsize=1024)
def _refusal(text: str, kind: Kind) -> str | None:
    found = problems(text, kind)
    return found[0].text if found else None


def _problem(text: str, family: Family, finding: Finding) -> Problem:
    place = place_in(text, finding.offset)
    said = family.wordings[finding.code].text.replace("{value}", finding.value)
    return Problem(finding.path, place.line, place.column, finding.code, finding.message, said)


def _order(family: Family, finding: Finding) -> tuple[int, int, int, int]:
    rank = family.wordings[finding.code].rank
    if not family.by_statement:
        return rank, 0, 0, finding.offset
    if finding.statement < 0:
        return 0, 0, rank, finding.offset
    return 1, finding.statement, rank, finding.offset
