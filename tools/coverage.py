"""Writes docs/iam-coverage.md: which operations of IAM, STS and Organizations this endpoint answers.

python tools/coverage.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

import passrole.services.iam
import passrole.services.organizations
import passrole.services.sts
from passrole.services.operation import OPERATIONS
from passrole.services.refusals import REFUSED
from passrole.wire import models

TARGET = Path(__file__).parents[1] / "docs/iam-coverage.md"
SERVICES = {"iam": "IAM", "sts": "STS", "organizations": "Organizations"}
OWN = (passrole.services.iam, passrole.services.sts, passrole.services.organizations)

NOTES = """\
## Where we knowingly differ

- Quotas of one entity bind as in AWS (two access keys a user, ten policies a role, sizes …). Quotas of a
  whole account (1,000 roles, 5,000 users …) are raised on request in AWS; here they do not bind, so that
  large estates can be played. `GetAccountSummary` shows AWS's defaults.
- Nothing is eventually consistent: a change counts from the next call on.
- Jobs (last accessed details, credential report, deletion of a service-linked role, CreateAccount) are done
  at once; the first answer still says what AWS's does.
- OpenID Connect issuers on loopback may be plain `http`. Thumbprints are kept and not used, as in AWS now.
- Of AWS's managed policies the default version is known, and their ids are made up.
- `AssumeRoleWithSAML` takes no encrypted assertions and no SHA-1 signatures.
- `GetWebIdentityToken`'s issuer is a path of this endpoint, which publishes the keys.
- Service principals in trust policies are taken as they are: a misspelled one is no error, it trusts nobody.
- Tokens of Facebook and of Login with Amazon, which nobody but their issuers can verify, are refused.
- Every text that no recording or report of AWS's backs is marked `assumed` in the code.
"""


def page() -> str:
    """The whole document."""
    parts = ["# IAM, STS and Organizations: what is answered", ""]
    parts += ["Written by `tools/coverage.py`; a test keeps it true.", ""]
    for name, title in SERVICES.items():
        every = models.service(name).operations
        refused = [one for one in every if f"{name}:{one}" in REFUSED]
        missing = [one for one in every if (name, one) not in OPERATIONS]
        answered = len(every) - len(refused) - len(missing)
        parts += [f"## {title}", "", f"{answered} of {len(every)} operations are answered.", ""]
        if refused:
            parts += ["Refused with 501 `NotImplemented`, after authorization and on the record:", ""]
            parts += [f"- `{one}`: {REFUSED[f'{name}:{one}']}" for one in sorted(refused)]
            parts.append("")
        if missing:
            parts += ["Not there yet (501 `NotImplemented`):", ""]
            parts += [f"- `{one}`" for one in sorted(missing)]
            parts.append("")
    return "\n".join((*parts, NOTES))


def main(arguments: list[str]) -> int:
    """Writes the document, or only compares."""
    if arguments == ["--check"]:
        if TARGET.read_text() != page():
            print(f"{TARGET} is stale: run python tools/coverage.py", file=sys.stderr)
            return 1
        return 0
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
