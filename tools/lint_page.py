"""Writes docs/lint.md: the rules of lint, from their tables.

python -m tools.lint_page [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from passrole.analysis.lint.grammar_rules import JSON_SYNTAX, TABLE, UNKNOWN_ACTION, UNKNOWN_SERVICE
from passrole.analysis.lint.rules import RULES
from passrole.analysis.lint.validation.reference import CHECKS, NOT_DECIDED

ROOT: Final = Path(__file__).parents[1]
TARGET: Final = ROOT / "docs/lint.md"

OPENING: Final = """\
# lint: what is wrong with policies

Written by `tools/lint_page.py` from the tables of rules; a test keeps it current.

With this in `alice.json`:

```json
{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow",
    "Action": ["iam:GetRole", "iam:ListRoles", "iam:PassRole"],
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}
  }
}
```

```console
$ passrole lint --format csv alice.json | cut -d, -f1-5
file,line,column,code,severity
alice.json,6,5,PASS_ROLE_WITH_STAR_IN_RESOURCE,warning
alice.json,7,36,PassRoleWithResourceTag,error
```

It reads policies as JSON (a document, a list of them, the output of `aws iam
get-account-authorization-details` and of other commands), Terraform (`.tf` and `.tf.json` files:
`aws_iam_policy_document`, `jsonencode`, JSON texts, with the locals and the defaults of variables of their
module; plans by `terraform show -json`), CloudFormation and CDK templates in JSON or YAML, `Fn::ForEach` and
both branches of `Fn::If` included, and folders of all these. What only a deployment tells (`var.account`,
`!Ref Parameter` without a default) is unknown, and no finding stands on it.

- `--format sarif` writes SARIF 2.1.0, which code hosts show in place; `json` and `csv` are for programs.
- `--every-check` gives all that Access Analyzer's ValidatePolicy says, not only what is about iam:PassRole
  and the grammar.
- `--fix` puts right what can be meant in one way only: a misspelled service principal, a wildcard under
  `StringEquals`, a role's path. It changes those characters and no others, and says what it left.
- `--details FILE` tells of the account's roles: which may do everything, which have a path; `--account ID`
  whose account the policies are for.
- Exit status 1 only where a finding is an error.

As a pre-commit hook:

```yaml
repos:
  - repo: URL-OF-THIS-REPOSITORY
    rev: v0.1.0
    hooks:
      - id: passrole-lint
```

A statement that cannot grant iam:PassRole, because of its actions, its resources or a Deny of the same
policy, yields none of the findings about it.
"""


VALIDATION: Final = """\
## All of Access Analyzer's checks

ValidatePolicy on the endpoint, and `--every-check`, give these, in AWS's words; the endpoint with AWS's
locations, several where a finding is about several values. `PASS_ROLE_…` and `CREATE_SLR_…` look at each
statement by itself, as AWS does: on the endpoint a Deny elsewhere in the policy takes nothing away. A
wildcard in the account of an ARN is none to them, nor is one in a role's name that tells its service
(`role/EC2-*`). `WILDCARD_USAGE_TOO_PERMISSIVE` is given for GitHub's `sub` only: which other keys are meant
is not published. A trust policy is looked at as one where `validatePolicyResourceType` is
`AWS::IAM::AssumeRolePolicyDocument`.
"""
_KINDS: Final = {
    "ERROR": "errors",
    "SECURITY_WARNING": "security warnings",
    "WARNING": "warnings",
    "SUGGESTION": "suggestions",
}


# What stands in the page for what a finding fills in.
_SHOWN: Final = {
    "{whole}": "its path",
    "{near}": "the nearest",
    "{like}": "`StringLike`",
    "{missing}": "them",
}


def page() -> str:
    """The page's text."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield OPENING
    yield "## iam:PassRole"
    yield ""
    yield "Codes in capitals are Access Analyzer's."
    yield ""
    yield "| code | severity | finds | what to do | source |"
    yield "|---|---|---|---|---|"
    for rule in RULES:
        remedy = rule.remedy.replace("{{", "{").replace("}}", "}")
        for name, shown in _SHOWN.items():
            remedy = remedy.replace(name, shown)
        yield f"| `{rule.code}` | {rule.severity} | {rule.title} | {remedy} | {rule.source} |"
    yield ""
    yield "## The grammar of policies"
    yield ""
    yield "Under Access Analyzer's codes."
    yield ""
    yield "| code | severity | finds | what to do |"
    yield "|---|---|---|---|"
    seen: set[tuple[str, str]] = set()
    for row in (JSON_SYNTAX, *TABLE.values(), UNKNOWN_SERVICE, UNKNOWN_ACTION):
        if (row.code, row.message) not in seen:
            seen.add((row.code, row.message))
            yield f"| `{row.code}` | {row.severity} | {row.message} | {row.remedy} |"
    yield ""
    yield VALIDATION
    for kind, heading in _KINDS.items():
        given = [code for code, check in CHECKS.items() if check.type == kind and code not in NOT_DECIDED]
        yield f"- {heading}: {', '.join(f'`{code}`' for code in sorted(given))}"
    yield ""
    yield f"Not given are {len(NOT_DECIDED)}, which a policy alone does not decide:"
    yield ""
    yield "| code | why |"
    yield "|---|---|"
    for code, why in sorted(NOT_DECIDED.items()):
        yield f"| `{code}` | {why} |"


def main(arguments: Sequence[str]) -> int:
    """0, or 1 with --check where the page is not current."""
    text = page()
    if "--check" in arguments:
        current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        if not current:
            print("docs/lint.md is stale: run python -m tools.lint_page", file=sys.stderr)
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
