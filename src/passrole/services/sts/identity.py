"""Who is it, whose key is it, and what did that refusal say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from passrole.authorize import message
from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.sts.errors import ValidationError
from passrole.state.entities import AccessKey, Session
from passrole.state.secret import message_key
from passrole.values.ids import account_of

if TYPE_CHECKING:
    from passrole.services.shapes import sts as shapes


@operation("sts:GetCallerIdentity")
def get_caller_identity(call: ServiceCall, given: shapes.GetCallerIdentityRequest) -> Output:
    """The caller as policies and messages name it."""
    principal = call.caller.principal
    return {"UserId": principal.id, "Account": principal.account, "Arn": principal.arn}


@operation("sts:GetAccessKeyInfo")
def get_access_key_info(call: ServiceCall, given: shapes.GetAccessKeyInfoRequest) -> Output:
    """The account of an access key, whatever became of the key: its id carries the account.

    Raises ValidationError for an id that carries none and that this endpoint does not know.
    """
    id = given["AccessKeyId"]
    known = call.directory.by_id(AccessKey, id) or call.directory.by_id(Session, id)
    account = known.account if known is not None else account_of(id)
    if not account:
        raise ValidationError(f"The access key {id} is not valid.")  # assumed wording
    return {"Account": account}


@operation("sts:DecodeAuthorizationMessage")
def decode_authorization_message(
    call: ServiceCall, given: shapes.DecodeAuthorizationMessageRequest
) -> Output:
    """What an encoded authorization message says, as JSON text.

    Raises InvalidAuthorizationMessage, also for a message about another account's principal.
    """
    payload = message.open(given["EncodedMessage"], message_key(call.directory))
    if _account(payload) not in ("", call.account):
        raise message.InvalidAuthorizationMessage
    return {"DecodedMessage": json.dumps(payload, separators=(",", ":"))}


def _account(payload: object) -> str:
    """The account of the principal that was refused, "" where the message does not say."""
    context = payload.get("context") if isinstance(payload, dict) else None
    principal = context.get("principal") if isinstance(context, dict) else None
    arn = principal.get("arn") if isinstance(principal, dict) else None
    return arn.split(":")[4] if isinstance(arn, str) and arn.count(":") >= 5 else ""
