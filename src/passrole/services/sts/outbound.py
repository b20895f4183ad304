"""GetWebIdentityToken: a JWT that says who the caller is, for services outside AWS."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.sts.errors import ValidationError
from passrole.state.organization import org_id
from passrole.state.outbound import ALGORITHMS, issuer_of, key_id, make_key
from passrole.state.settings import AccountSettings
from passrole.values import jwt
from passrole.values.errors import ServiceError

if TYPE_CHECKING:
    from passrole.services.shapes import sts as shapes

_DEFAULT: Final = 300  # seconds
_NAMESPACE: Final = "https://sts.amazonaws.com/"  # of the claims that are AWS's own


class OutboundDisabled(ServiceError):
    """The account has not turned outbound identity federation on."""

    code, status = "OutboundWebIdentityFederationDisabledException", 403


class SessionDurationEscalation(ServiceError):
    """A token that would outlive the session that asks for it."""

    code, status = "SessionDurationEscalationException", 403


@operation("sts:GetWebIdentityToken")
def get_web_identity_token(call: ServiceCall, given: shapes.GetWebIdentityTokenRequest) -> Output:
    """A signed token for the given audiences.

    Raises OutboundDisabled, SessionDurationEscalation or ValidationError. Claims: IAM User Guide,
    "Federating AWS identities to external services".
    """
    settings = call.directory.by_key(AccountSettings, call.account, AccountSettings.kind)
    if settings is None or not settings.outbound_enabled:
        raise OutboundDisabled("Outbound web identity federation is not enabled for this account.")
    algorithm = given["SigningAlgorithm"]
    if algorithm not in ALGORITHMS:
        raise ValidationError(f"{algorithm} is not a supported signing algorithm.")  # assumed wording
    now = call.now.replace(microsecond=0)
    expires = now + timedelta(seconds=given.get("DurationSeconds", _DEFAULT))
    session = call.caller.session
    if session is not None and expires > session.expires:
        raise SessionDurationEscalation(
            "The requested token duration would extend the session beyond its original expiration time."
        )
    if algorithm not in settings.outbound_keys:
        keys = {**settings.outbound_keys, algorithm: make_key(algorithm)}
        settings = replace(settings, outbound_keys=keys)
        call.directory.put(settings)
    audiences = list(given["Audience"])
    claims: dict[str, object] = {
        "iss": issuer_of(settings, call.call.raw),
        "sub": call.caller.principal.policy_arn,
        "aud": audiences[0] if len(audiences) == 1 else audiences,
        "iat": int(now.timestamp()),
        "exp": int(expires.timestamp()),
        "jti": call.ids.uuid(),
        _NAMESPACE: _about(call, given),
    }
    token = jwt.sign(claims, settings.outbound_keys[algorithm], algorithm, key_id(settings, algorithm))
    return {"WebIdentityToken": token, "Expiration": expires}


def _about(call: ServiceCall, given: shapes.GetWebIdentityTokenRequest) -> dict[str, object]:
    about: dict[str, object] = {
        "aws_account": call.account,
        "source_region": call.region,
        "principal_id": call.caller.principal.arn,
    }
    organization = org_id(call.directory, call.account)
    if organization:
        about["org_id"] = organization
    if call.caller.tags:
        about["principal_tags"] = dict(call.caller.tags)
    tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags", ())}
    if tags:
        about["request_tags"] = tags
    return about
