"""Long-term access keys of users and of the account's root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from passrole.services.iam import lookup, paging, quotas
from passrole.services.iam.errors import AccessDenied, NoSuchEntity
from passrole.services.iam.lookup import moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.entities import KEY_OF, AccessKey, User

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes


@operation("iam:CreateAccessKey")
def create_key(call: ServiceCall, given: shapes.CreateAccessKeyRequest) -> Output:
    """Makes a key; its secret is shown this once. Raises NoSuchEntity or LimitExceeded."""
    owner = lookup.owner(call, given.get("UserName"))
    quotas.within("AccessKeysPerUser", len(call.directory.referring(KEY_OF, owner.id)) + 1)
    key = AccessKey(
        account=call.account,
        id=call.ids.access_key(account=call.account),
        secret=call.ids.secret(),
        user_id=owner.user.id if owner.user is not None else "",
        created=moment(call),
    )
    call.directory.put(key)
    return {"AccessKey": {**_metadata(key, owner.user), "SecretAccessKey": key.secret}}


@operation("iam:ListAccessKeys")
def list_keys(call: ServiceCall, given: shapes.ListAccessKeysRequest) -> Output:
    """The keys of a user, or of the caller where none is named. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    found, cut = paging.page_of(_keys(call, owner.id), given.get("Marker"), given.get("MaxItems"))
    return {"AccessKeyMetadata": [_metadata(key, owner.user) for key in found], **cut}


@operation("iam:UpdateAccessKey")
def update_key(call: ServiceCall, given: shapes.UpdateAccessKeyRequest) -> Output:
    """Turns a key on or off. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    key = _key(call, owner.id, given["AccessKeyId"])
    call.directory.put(replace(key, active=given["Status"] == "Active"))
    return {}


@operation("iam:DeleteAccessKey")
def delete_key(call: ServiceCall, given: shapes.DeleteAccessKeyRequest) -> Output:
    """Removes a key. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    call.directory.delete(_key(call, owner.id, given["AccessKeyId"]))
    return {}


@operation("iam:GetAccessKeyLastUsed")
def get_key_last_used(call: ServiceCall, given: shapes.GetAccessKeyLastUsedRequest) -> Output:
    """When, where and for which service a key was last used.

    Raises AccessDenied for a key that is not the account's, without the usual colon (recorded 2026).
    """
    key = call.directory.by_id(AccessKey, given["AccessKeyId"])
    if key is None or key.account != call.account:
        raise AccessDenied(
            f"User: {call.caller.principal.arn} is not authorized to perform iam:GetAccessKeyLastUsed "
            f"on resource: access key {given['AccessKeyId']}"
        )
    used: shapes.AccessKeyLastUsed = {"ServiceName": "N/A", "Region": "N/A"}
    if key.last_used is not None:
        used = {
            "LastUsedDate": key.last_used,
            "ServiceName": key.last_used_service,
            "Region": key.last_used_region,
        }
    view: shapes.GetAccessKeyLastUsedResponse = {"AccessKeyLastUsed": used}
    user = call.directory.by_id(User, key.user_id) if key.user_id else None
    if user is not None:
        view["UserName"] = user.name
    return view


def _keys(call: ServiceCall, owner: str) -> list[AccessKey]:
    return [key for key in call.directory.referring(KEY_OF, owner) if isinstance(key, AccessKey)]


def _key(call: ServiceCall, owner: str, id: str) -> AccessKey:
    for key in _keys(call, owner):
        if key.id == id:
            return key
    raise NoSuchEntity(f"The Access Key with id {id} cannot be found.")


def _metadata(key: AccessKey, user: User | None) -> shapes.AccessKeyMetadata:
    view: shapes.AccessKeyMetadata = {
        "AccessKeyId": key.id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created,
    }
    if user is not None:
        view["UserName"] = user.name
    return view
