"""Service-specific credentials: user name and password, or an API key, for one service."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.services.iam import lookup, paging, quotas
from passrole.services.iam.errors import NoSuchEntity, ValidationError
from passrole.services.iam.lookup import Owner, find, moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.credentials import SERVICE_CREDENTIAL_OF, ServiceCredential
from passrole.state.entities import User

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_PREFIX: Final = "ACCA"

# Services with a user name and password, and those with an API key (the name is the key's prefix).
# Source: IAM User Guide, "Service-specific credentials for IAM users" and "API keys for AWS services".
_PASSWORD_SERVICES: Final = frozenset(("codecommit.amazonaws.com", "cassandra.amazonaws.com"))
_KEY_SERVICES: Final = {
    "bedrock.amazonaws.com": "BedrockAPIKey",
    "logs.amazonaws.com": "CloudWatchLogsAPIKey",
}


@operation("iam:CreateServiceSpecificCredential")
def create_credential(call: ServiceCall, given: shapes.CreateServiceSpecificCredentialRequest) -> Output:
    """Makes credentials for one service; the secret is shown this once.

    Raises NoSuchEntity (also for a service that takes none), ValidationError or LimitExceeded.
    """
    user = find(call, User, given["UserName"])
    service = given["ServiceName"]
    if service not in _PASSWORD_SERVICES and service not in _KEY_SERVICES:
        raise NoSuchEntity(f"No such service {service} is supported for Service Specific Credentials")
    days = given.get("CredentialAgeDays")
    if days is not None and service not in _KEY_SERVICES:
        raise ValidationError(
            "CredentialAgeDays is only valid for services that support API keys."
        )  # assumed
    held = [other for other in _credentials(call, Owner(user.id, user)) if other.service == service]
    quotas.within("ServiceSpecificCredentialsPerUser", len(held) + 1)
    now = moment(call)
    secret = _secret(call)
    credential = ServiceCredential(
        account=call.account,
        id=call.ids.unique(_PREFIX, call.account),
        user_id=user.id,
        service=service,
        user_name=_user_name(user, len(held)) if service in _PASSWORD_SERVICES else "",
        alias=_alias(call, service) if service in _KEY_SERVICES else "",
        secret_hash=_hash(secret),
        created=now,
        expires=now + timedelta(days=days) if days is not None else None,
    )
    call.directory.put(credential)
    return {"ServiceSpecificCredential": _with_secret(call, credential, user.name, secret)}


@operation("iam:ListServiceSpecificCredentials")
def list_credentials(call: ServiceCall, given: shapes.ListServiceSpecificCredentialsRequest) -> Output:
    """The credentials of one user, or of all, without their secrets. Raises NoSuchEntity."""
    if given.get("AllUsers"):
        found = list(call.directory.all(ServiceCredential, call.account))
    else:
        found = _credentials(call, lookup.owner(call, given.get("UserName")))
    service = given.get("ServiceName")
    wanted = [credential for credential in found if service in (None, credential.service)]
    shown, cut = paging.page_of(wanted, given.get("Marker"), given.get("MaxItems"))
    return {"ServiceSpecificCredentials": [_metadata(call, credential) for credential in shown], **cut}


@operation("iam:UpdateServiceSpecificCredential")
def update_credential(call: ServiceCall, given: shapes.UpdateServiceSpecificCredentialRequest) -> Output:
    """Turns credentials on or off. Raises NoSuchEntity."""
    credential = _credential(call, given.get("UserName"), given["ServiceSpecificCredentialId"])
    call.directory.put(replace(credential, status=given["Status"]))
    return {}


@operation("iam:ResetServiceSpecificCredential")
def reset_credential(call: ServiceCall, given: shapes.ResetServiceSpecificCredentialRequest) -> Output:
    """Gives credentials another secret; the old one stops working. Raises NoSuchEntity."""
    credential = _credential(call, given.get("UserName"), given["ServiceSpecificCredentialId"])
    secret = _secret(call)
    changed = replace(credential, secret_hash=_hash(secret))
    call.directory.put(changed)
    return {"ServiceSpecificCredential": _with_secret(call, changed, _name(call, changed), secret)}


@operation("iam:DeleteServiceSpecificCredential")
def delete_credential(call: ServiceCall, given: shapes.DeleteServiceSpecificCredentialRequest) -> Output:
    """Removes credentials. Raises NoSuchEntity."""
    id = given["ServiceSpecificCredentialId"]
    call.directory.delete(_credential(call, given.get("UserName"), id))
    return {}


def _secret(call: ServiceCall) -> str:
    return f"{call.ids.secret()}{call.ids.secret()[:3]}="  # 44 characters, as AWS's are


def _hash(secret: str) -> str:
    # The secret is random: no slow hash is needed.
    return hashlib.sha256(secret.encode()).hexdigest()


def _user_name(user: User, held: int) -> str:
    """``alice-at-111122223333``; a second one is ``alice+1-at-…``."""
    return f"{user.name}{f'+{held}' if held else ''}-at-{user.account}"


def _alias(call: ServiceCall, service: str) -> str:
    return f"{_KEY_SERVICES[service]}-{call.ids.lower('', 4)}-at-{call.account}"


def _credentials(call: ServiceCall, owner: Owner) -> list[ServiceCredential]:
    found = call.directory.referring(SERVICE_CREDENTIAL_OF, owner.id)
    return [credential for credential in found if isinstance(credential, ServiceCredential)]


def _credential(call: ServiceCall, name: str | None, id: str) -> ServiceCredential:
    for credential in _credentials(call, lookup.owner(call, name)):
        if credential.id == id:
            return credential
    raise NoSuchEntity(f"No such credential {id} exists")


def _name(call: ServiceCall, credential: ServiceCredential) -> str:
    user = call.directory.by_id(User, credential.user_id)
    return user.name if user is not None else ""


def _metadata(call: ServiceCall, credential: ServiceCredential) -> shapes.ServiceSpecificCredentialMetadata:
    view: shapes.ServiceSpecificCredentialMetadata = {
        "UserName": _name(call, credential),
        "Status": _status(call, credential),
        "CreateDate": credential.created,
        "ServiceSpecificCredentialId": credential.id,
        "ServiceName": credential.service,
    }
    if credential.user_name:
        view["ServiceUserName"] = credential.user_name
    if credential.alias:
        view["ServiceCredentialAlias"] = credential.alias
    if credential.expires is not None:
        view["ExpirationDate"] = credential.expires
    return view


def _with_secret(
    call: ServiceCall, credential: ServiceCredential, name: str, secret: str
) -> shapes.ServiceSpecificCredential:
    view: shapes.ServiceSpecificCredential = {
        "UserName": name,
        "Status": _status(call, credential),
        "CreateDate": credential.created,
        "ServiceSpecificCredentialId": credential.id,
        "ServiceName": credential.service,
    }
    if credential.user_name:
        view["ServiceUserName"] = credential.user_name
        view["ServicePassword"] = secret
    else:
        view["ServiceCredentialAlias"] = credential.alias
        view["ServiceCredentialSecret"] = secret
    if credential.expires is not None:
        view["ExpirationDate"] = credential.expires
    return view


def _status(call: ServiceCall, credential: ServiceCredential) -> str:
    if credential.expires is not None and credential.expires <= call.now:
        return "Expired"
    return credential.status
