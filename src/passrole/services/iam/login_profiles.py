"""Login profiles, ChangePassword and the account's password policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.services.iam import lookup, passwords
from passrole.services.iam.errors import AccessDenied, EntityAlreadyExists, NoSuchEntity, ValidationError
from passrole.services.iam.lookup import Owner, find, moment, own_user
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.credentials import LOGIN_OF, LoginProfile
from passrole.state.entities import User
from passrole.state.settings import PasswordPolicy
from passrole.values.errors import ServiceError

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_REMEMBERED: Final = 24  # the most old passwords that a policy can ask for


class InvalidUserType(ServiceError):
    """Somebody who has no password to change."""

    code, status = "InvalidUserType", 400


@operation("iam:CreateLoginProfile")
def create_login(call: ServiceCall, given: shapes.CreateLoginProfileRequest) -> Output:
    """Gives a user a password, or lets the root set one anew.

    Raises NoSuchEntity, EntityAlreadyExists or PasswordPolicyViolation.
    """
    owner = lookup.owner(call, given.get("UserName"))
    if _of(call, owner) is not None:
        raise EntityAlreadyExists(f"Login Profile for user {owner.name} already exists.")
    password = given.get("Password")
    if password is None and owner.user is not None:
        raise ValidationError("Password is required.")  # assumed: only the root's may be left out
    hashes: tuple[str, ...] = ()
    if password is not None:
        passwords.ensure_allowed(call, password)
        hashes = (passwords.hashed(call, password),)
    now = moment(call)
    profile = LoginProfile(
        account=call.account,
        user_id=owner.id,
        created=now,
        changed=now,
        hashes=hashes,
        reset_required=given.get("PasswordResetRequired", False),
    )
    call.directory.put(profile)
    return {"LoginProfile": _view(profile, owner)}


@operation("iam:GetLoginProfile")
def get_login(call: ServiceCall, given: shapes.GetLoginProfileRequest) -> Output:
    """Whether and since when a user has a password. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    return {"LoginProfile": _view(_profile(call, owner), owner)}


@operation("iam:UpdateLoginProfile")
def update_login(call: ServiceCall, given: shapes.UpdateLoginProfileRequest) -> Output:
    """Sets another password for a user. Raises NoSuchEntity or PasswordPolicyViolation."""
    user = find(call, User, given["UserName"])
    profile = _profile(call, Owner(user.id, user))
    password = given.get("Password")
    if password is not None:
        profile = _changed(call, profile, password)
    reset = given.get("PasswordResetRequired", profile.reset_required)
    call.directory.put(replace(profile, reset_required=reset))
    return {}


@operation("iam:DeleteLoginProfile")
def delete_login(call: ServiceCall, given: shapes.DeleteLoginProfileRequest) -> Output:
    """Takes a user's password away. Raises NoSuchEntity."""
    call.directory.delete(_profile(call, lookup.owner(call, given.get("UserName"))))
    return {}


@operation("iam:ChangePassword")
def change_password(call: ServiceCall, given: shapes.ChangePasswordRequest) -> Output:
    """Sets another password for the user who calls.

    Raises InvalidUserType, NoSuchEntity, AccessDenied (wrong old password) or PasswordPolicyViolation.
    """
    user = own_user(call)
    if user is None:
        raise InvalidUserType("Only IAM Users can change their own password.")
    profile = _profile(call, Owner(user.id, user))
    if not profile.hashes or not passwords.matches(given["OldPassword"], profile.hashes[0]):
        # Assumed wording: no recording found.
        raise AccessDenied("The old password was incorrect.")
    changed = _changed(call, profile, given["NewPassword"])
    call.directory.put(replace(changed, reset_required=False))
    return {}


@operation("iam:UpdateAccountPasswordPolicy")
def update_policy(call: ServiceCall, given: shapes.UpdateAccountPasswordPolicyRequest) -> Output:
    """Sets the account's password policy; what is not given goes back to its default."""
    call.directory.put(
        PasswordPolicy(
            account=call.account,
            minimum_length=given.get("MinimumPasswordLength", 6),
            symbols=given.get("RequireSymbols", False),
            numbers=given.get("RequireNumbers", False),
            uppercase=given.get("RequireUppercaseCharacters", False),
            lowercase=given.get("RequireLowercaseCharacters", False),
            change_allowed=given.get("AllowUsersToChangePassword", False),
            max_age=given.get("MaxPasswordAge", 0),
            reuse_prevention=given.get("PasswordReusePrevention", 0),
            hard_expiry=given.get("HardExpiry"),
        )
    )
    return {}


@operation("iam:GetAccountPasswordPolicy")
def get_policy(call: ServiceCall, given: shapes.NoInput) -> Output:
    """The account's own password policy. Raises NoSuchEntity where it has none."""
    policy = passwords.policy_of(call)
    if policy is None:
        raise NoSuchEntity(f"The Password Policy with domain name {call.account} cannot be found.")
    view: shapes.PasswordPolicy = {
        "MinimumPasswordLength": policy.minimum_length,
        "RequireSymbols": policy.symbols,
        "RequireNumbers": policy.numbers,
        "RequireUppercaseCharacters": policy.uppercase,
        "RequireLowercaseCharacters": policy.lowercase,
        "AllowUsersToChangePassword": policy.change_allowed,
        "ExpirePasswords": policy.max_age > 0,
    }
    if policy.max_age:
        view["MaxPasswordAge"] = policy.max_age
    if policy.reuse_prevention:
        view["PasswordReusePrevention"] = policy.reuse_prevention
    if policy.hard_expiry is not None:
        view["HardExpiry"] = policy.hard_expiry
    return {"PasswordPolicy": view}


@operation("iam:DeleteAccountPasswordPolicy")
def delete_policy(call: ServiceCall, given: shapes.NoInput) -> Output:
    """Goes back to AWS's default policy. Raises NoSuchEntity."""
    policy = passwords.policy_of(call)
    if policy is None:
        raise NoSuchEntity("The account policy with name PasswordPolicy cannot be found.")
    call.directory.delete(policy)
    return {}


def _of(call: ServiceCall, owner: Owner) -> LoginProfile | None:
    found = call.directory.oldest(LOGIN_OF, owner.id)
    return found if isinstance(found, LoginProfile) else None


def _profile(call: ServiceCall, owner: Owner) -> LoginProfile:
    profile = _of(call, owner)
    if profile is None:
        raise NoSuchEntity(f"Login Profile for User {owner.name} cannot be found.")
    return profile


def _changed(call: ServiceCall, profile: LoginProfile, password: str) -> LoginProfile:
    passwords.ensure_allowed(call, password, profile.hashes)
    hashes = (passwords.hashed(call, password), *profile.hashes)[:_REMEMBERED]
    return replace(profile, hashes=hashes, changed=moment(call))


def _view(profile: LoginProfile, owner: Owner) -> shapes.LoginProfile:
    return {
        "UserName": owner.name,
        "CreateDate": profile.created,
        "PasswordResetRequired": profile.reset_required,
    }
