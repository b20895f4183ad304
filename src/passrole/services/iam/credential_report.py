"""The credential report: one CSV row a user.

Source: IAM User Guide, "Generate credential reports for your AWS account".
"""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from passrole.services.iam import passwords
from passrole.services.iam.lookup import moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.credentials import (
    CERTIFICATE_OF,
    LOGIN_OF,
    MFA_OF,
    LoginProfile,
    SigningCertificate,
)
from passrole.state.entities import KEY_OF, AccessKey, Account, User
from passrole.state.settings import CredentialReport
from passrole.values.errors import ServiceError

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_FRESH: Final = timedelta(hours=4)
_KEY_COLUMNS: Final = (
    "active",
    "last_rotated",
    "last_used_date",
    "last_used_region",
    "last_used_service",
)
_COLUMNS: Final = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_{number}_{column}" for number in (1, 2) for column in _KEY_COLUMNS),
    *(f"cert_{number}_{column}" for number in (1, 2) for column in ("active", "last_rotated")),
)
_NONE: Final = "N/A"


class ReportNotPresent(ServiceError):
    """There is no report yet; IAM gives no text (recorded 2026)."""

    code, status = "ReportNotPresent", 410


class ReportExpired(ServiceError):
    """The last report is older than four hours."""

    code, status = "ReportExpired", 410


@operation("iam:GenerateCredentialReport")
def generate(call: ServiceCall, given: shapes.NoInput) -> Output:
    """Makes a report unless there is one of the last four hours."""
    report = _report(call)
    if report is not None and call.now - report.generated < _FRESH:
        return {"State": "COMPLETE"}
    call.directory.put(CredentialReport(account=call.account, content=_content(call), generated=moment(call)))
    return {
        "State": "STARTED",
        "Description": "No report exists. Starting a new report generation task",
    }


@operation("iam:GetCredentialReport")
def get(call: ServiceCall, given: shapes.NoInput) -> Output:
    """The last report. Raises ReportNotPresent or ReportExpired."""
    report = _report(call)
    if report is None:
        raise ReportNotPresent("")
    if call.now - report.generated >= _FRESH:
        raise ReportExpired("The credential report has expired.")  # assumed wording
    return {
        "Content": report.content.encode(),
        "ReportFormat": "text/csv",
        "GeneratedTime": report.generated,
    }


def _report(call: ServiceCall) -> CredentialReport | None:
    return call.directory.by_key(CredentialReport, call.account, CredentialReport.kind)


def _content(call: ServiceCall) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerow(_root_row(call))
    for user in call.directory.all(User, call.account):
        writer.writerow(_user_row(call, user))
    return text.getvalue().rstrip("\n")


def _root_row(call: ServiceCall) -> list[str]:
    account = call.directory.by_key(Account, call.account, call.account)
    return [
        "<root_account>",
        f"arn:aws:iam::{call.account}:root",
        _time(account.created if account is not None else None),
        "not_supported",
        "no_information",
        "not_supported",
        "not_supported",
        *_credentials(call, call.account),
    ]


def _user_row(call: ServiceCall, user: User) -> list[str]:
    login = call.directory.oldest(LOGIN_OF, user.id)
    password = [_flag(False), _NONE, _NONE, _NONE]
    if isinstance(login, LoginProfile):
        policy = passwords.policy_of(call)
        days = policy.max_age if policy is not None else 0
        following = login.changed + timedelta(days=days) if days else None
        used = user.password_last_used
        password = [
            _flag(True),
            _time(used) if used is not None else "no_information",
            _time(login.changed),
            _time(following),
        ]
    return [user.name, user.arn, _time(user.created), *password, *_credentials(call, user.id)]


def _credentials(call: ServiceCall, owner: str) -> list[str]:
    row = [_flag(call.directory.oldest(MFA_OF, owner) is not None)]
    keys = [key for key in call.directory.referring(KEY_OF, owner) if isinstance(key, AccessKey)]
    for number in range(2):
        row += _key(keys[number] if number < len(keys) else None)
    found = call.directory.referring(CERTIFICATE_OF, owner)
    certificates = [each for each in found if isinstance(each, SigningCertificate)]
    for number in range(2):
        certificate = certificates[number] if number < len(certificates) else None
        row += [
            _flag(certificate is not None and certificate.active),
            _time(certificate.uploaded if certificate is not None else None),
        ]
    return row


def _key(key: AccessKey | None) -> list[str]:
    if key is None:
        return [_flag(False), _NONE, _NONE, _NONE, _NONE]
    return [
        _flag(key.active),
        _time(key.created),
        _time(key.last_used),
        key.last_used_region or _NONE,
        key.last_used_service or _NONE,
    ]


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00") if moment is not None else _NONE
