"""Findings as SARIF 2.1.0, which code hosts show in place.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from passrole.analysis.lint.grammar_rules import JSON_SYNTAX, TABLE, UNKNOWN_ACTION, UNKNOWN_SERVICE
from passrole.analysis.lint.rule import Finding, Severity
from passrole.analysis.lint.rules import RULES
from passrole.analysis.lint.validation.reference import CHECKS, NOT_DECIDED, link, severity

_LEVELS: Final[Mapping[Severity, str]] = {"error": "error", "warning": "warning", "info": "note"}
SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Iterable[Finding], version: str) -> dict[str, object]:
    """One run; each rule that lint has is told, whether or not it found something."""
    rules = _rules()
    order = {str(rule["id"]): number for number, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "passrole", "version": version, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, order[one.code]) for one in findings],
            }
        ],
    }


def _rules() -> list[dict[str, object]]:
    made = [
        _rule(one.code, one.title, one.remedy.replace("{{", "{").replace("}}", "}"), one.severity)
        for one in RULES
    ]
    known = {str(one["id"]) for one in made}
    for row in (JSON_SYNTAX, *TABLE.values(), UNKNOWN_ACTION, UNKNOWN_SERVICE):
        if row.code not in known:
            known.add(row.code)
            made.append(_rule(row.code, row.message, row.remedy, row.severity))
    for code in CHECKS:
        if code not in known and code not in NOT_DECIDED:
            title = code.replace("_", " ").capitalize()
            made.append(_rule(code, title, f"See {link(code)}.", severity(code)))
    return made


def _rule(code: str, title: str, remedy: str, level: Severity) -> dict[str, object]:
    return {
        "id": code,
        "shortDescription": {"text": title},
        "help": {"text": remedy},
        "defaultConfiguration": {"level": _LEVELS[level]},
    }


def _result(one: Finding, index: int) -> dict[str, object]:
    region = {"startLine": one.line, "startColumn": one.column}
    if (one.end_line, one.end_column) > (one.line, one.column):
        region |= {"endLine": one.end_line, "endColumn": one.end_column}
    location: dict[str, object] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(one.file)}, "region": region}
    }
    if one.policy:
        location["logicalLocations"] = [{"fullyQualifiedName": one.policy}]
    return {
        "ruleId": one.code,
        "ruleIndex": index,
        "level": _LEVELS[one.severity],
        "message": {"text": f"{one.message} {one.remedy}"},
        "locations": [location],
    }


def _uri(file: str) -> str:
    """A path as a URI: relative to where lint runs, if it is in there, since code hosts know no other."""
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
