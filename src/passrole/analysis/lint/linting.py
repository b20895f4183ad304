"""lint: the rules over files of policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from passrole.analysis.lint.document import GRANTING, KnownRole
from passrole.analysis.lint.grammar_rules import JSON_SYNTAX, GrammarRule, broken_rules
from passrole.analysis.lint.grants import grants
from passrole.analysis.lint.rule import Finding
from passrole.analysis.lint.rules import RULES
from passrole.analysis.lint.sources import PolicyFile, UnreadableFile, files_in, read_file
from passrole.analysis.lint.tags import unquotable
from passrole.analysis.lint.validation.checking import checked
from passrole.analysis.lint.validation.reference import CHECKS, link, severity
from passrole.analysis.lint.validation.subject import Subject
from passrole.policy.source import place_in

_OF_RULES: Final = "PASS_ROLE_"  # codes that the rules find, and say of each account what they know


def lint(
    paths: Iterable[Path],
    *,
    roles: Iterable[KnownRole] = (),
    account: str = "",
    every_check: bool = False,
    skipped: list[str] | None = None,
) -> tuple[Finding, ...]:
    """Everything found in files, and in folders of them, in their order.

    roles are those of the account, as far as they are known; account is the one of whoever has the policies,
    where a file does not tell. What one file tells of roles counts in all. every_check asks for the findings
    that have nothing to do with iam:PassRole, too: all that ValidatePolicy has. What cannot be read in a
    folder is left out and told in skipped, where that is given. Else UnreadableFile is raised.
    """
    named = list(paths)
    files: list[PolicyFile] = []
    for path in files_in(named):
        try:
            files.append(read_file(path))
        except UnreadableFile as error:
            if path in named or skipped is None:
                raise
            skipped.append(str(error))
    known = (*roles, *(role for one in files for role in one.found.roles))
    return tuple(finding for one in files for finding in lint_file(one, known, account, every_check))


def lint_file(
    file: PolicyFile, roles: tuple[KnownRole, ...] = (), account: str = "", every_check: bool = False
) -> tuple[Finding, ...]:
    """Everything found in one file, from its top to its end."""
    found = set(_findings(file, roles or tuple(file.found.roles), account))
    if every_check:
        told = {(one.start, one.code) for one in found}
        found |= {one for one in _checked(file) if (one.start, one.code) not in told}
    return tuple(sorted(found, key=lambda one: (one.start, one.code, one.message)))


def _checked(file: PolicyFile) -> Iterator[Finding]:
    """What Access Analyzer's checks say that no rule about iam:PassRole says."""
    for document in file.found.documents:
        kind = "identity" if document.kind in GRANTING else document.kind
        for one in checked(Subject(document.root, kind)):
            if one.code.startswith(_OF_RULES):
                continue
            start, end = one.spots[0]
            first, last = place_in(file.text, start), place_in(file.text, end)
            values = {name: unquotable(value) for name, value in one.values.items()}
            yield Finding(
                file=file.name,
                line=first.line,
                column=first.column,
                end_line=last.line,
                end_column=last.column,
                code=one.code,
                severity=severity(one.code),
                message=CHECKS[one.code].text.format_map(values),
                remedy=f"See {link(one.code)}.",
                start=start,
                end=end,
                policy=document.name,
            )


def _findings(file: PolicyFile, roles: tuple[KnownRole, ...], account: str) -> Iterator[Finding]:
    for broken in file.found.broken:
        syntax = replace(
            JSON_SYNTAX,
            message=f"The {broken.language} is broken: {broken.message.removesuffix('.')}.",
            remedy=f"Repair the {broken.language}.",
        )
        yield _grammar(file, syntax, broken.start, broken.start)
    for document in file.found.documents:
        for one in broken_rules(document):
            yield _grammar(file, one.rule, one.start, one.end, policy=document.name)
        for grant in grants(file.text, document, roles, document.account or account):
            for rule in RULES:
                for hit in rule.find(grant):
                    start, end = place_in(file.text, hit.start), place_in(file.text, hit.end)
                    yield Finding(
                        file=file.name,
                        line=start.line,
                        column=start.column,
                        end_line=end.line,
                        end_column=end.column,
                        code=rule.code,
                        severity=rule.severity,
                        message=rule.message.format(**hit.values),
                        remedy=rule.remedy.format(**hit.values),
                        start=hit.start,
                        end=hit.end,
                        fix=hit.fix,
                        policy=document.name,
                    )


def _grammar(file: PolicyFile, rule: GrammarRule, start: int, end: int, policy: str = "") -> Finding:
    first, last = place_in(file.text, start), place_in(file.text, end)
    return Finding(
        file=file.name,
        line=first.line,
        column=first.column,
        end_line=last.line,
        end_column=last.column,
        code=rule.code,
        severity=rule.severity,
        message=rule.message,
        remedy=rule.remedy,
        start=start,
        end=end,
        policy=policy,
    )
