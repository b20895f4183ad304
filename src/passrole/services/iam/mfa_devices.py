"""Virtual MFA devices: real TOTP codes open and shut them."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from msgspec.structs import replace

from passrole.services.iam import lookup, paging, quotas, tags, views
from passrole.services.iam.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from passrole.services.iam.lookup import Owner, ensure_free, find, moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state import mfa
from passrole.state.credentials import MFA_OF, MfaDevice
from passrole.state.entities import User
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, ServiceError

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_RESYNC_DRIFT: Final = 60  # steps: half an hour either way


class InvalidAuthenticationCode(ServiceError):
    """Codes that the device does not show now."""

    code, status = "InvalidAuthenticationCode", 403


@operation("iam:CreateVirtualMFADevice")
def create_device(call: ServiceCall, given: shapes.CreateVirtualMFADeviceRequest) -> Output:
    """Makes a device; its seed is shown this once. Raises EntityAlreadyExists or InvalidInput."""
    name = given["VirtualMFADeviceName"]
    device_tags = tags.checked(given.get("Tags", ()), tags.exact)
    ensure_free(call, MfaDevice, name)
    # 64 characters, as AWS's seeds have: 320 bits.
    seed = base64.b32encode(call.ids.secret().encode()).decode()[:64]
    device = MfaDevice(
        account=call.account,
        name=name,
        path=given.get("Path", "/"),
        seed=seed,
        created=moment(call),
        tags=device_tags,
    )
    call.directory.put(device)
    view: shapes.VirtualMFADevice = {
        "SerialNumber": device.arn,
        "Base32StringSeed": seed.encode(),
        "QRCodePNG": _qr_code(device),
    }
    if device.tags:
        view["Tags"] = tags.given(device.tags)
    return {"VirtualMFADevice": view}


@operation("iam:DeleteVirtualMFADevice")
def delete_device(call: ServiceCall, given: shapes.DeleteVirtualMFADeviceRequest) -> Output:
    """Removes a device that no user has. Raises NoSuchEntity or DeleteConflict."""
    device = _device(call, given["SerialNumber"])
    if device.user_id:
        # Assumed wording: the rule is documented (DeleteVirtualMFADevice), its text was not found.
        raise DeleteConflict.first("deactivate MFA device")
    call.directory.delete(device)
    return {}


@operation("iam:EnableMFADevice")
def enable_device(call: ServiceCall, given: shapes.EnableMFADeviceRequest) -> Output:
    """Gives a device to a user, proven by two codes in a row.

    Raises NoSuchEntity, EntityAlreadyExists, LimitExceeded or InvalidAuthenticationCode.
    """
    user = find(call, User, given["UserName"])
    device = _device(call, given["SerialNumber"])
    if device.user_id:
        raise EntityAlreadyExists("MFA Device is already in use.")
    quotas.within("MFADevicesPerUser", len(call.directory.referring(MFA_OF, user.id)) + 1)
    codes = given["AuthenticationCode1"], given["AuthenticationCode2"]
    step = mfa.pair_step(device, *codes, call.now)
    if step is None:
        raise InvalidAuthenticationCode("Authentication code for device is not valid.")
    call.directory.put(replace(device, user_id=user.id, enabled=moment(call), last_step=step))
    return {}


@operation("iam:ResyncMFADevice")
def resync_device(call: ServiceCall, given: shapes.ResyncMFADeviceRequest) -> Output:
    """Takes two codes of a device whose clock is off. Raises NoSuchEntity, InvalidAuthenticationCode."""
    user = find(call, User, given["UserName"])
    device = _device_of(call, Owner(user.id, user), given["SerialNumber"])
    codes = given["AuthenticationCode1"], given["AuthenticationCode2"]
    step = mfa.pair_step(device, *codes, call.now, most=_RESYNC_DRIFT)
    if step is None:
        raise InvalidAuthenticationCode("Authentication code for device is not valid.")
    drift = step - mfa.current_step(call.now)
    call.directory.put(replace(device, drift=drift, last_step=step))
    return {}


@operation("iam:DeactivateMFADevice")
def deactivate_device(call: ServiceCall, given: shapes.DeactivateMFADeviceRequest) -> Output:
    """Takes a device from its user; a virtual one stays and may be given again. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    device = _device_of(call, owner, given["SerialNumber"])
    call.directory.put(replace(device, user_id="", enabled=None))
    return {}


@operation("iam:ListMFADevices")
def list_devices(call: ServiceCall, given: shapes.ListMFADevicesRequest) -> Output:
    """The devices of a user. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    found, cut = paging.page_of(_devices(call, owner), given.get("Marker"), given.get("MaxItems"))
    devices: list[shapes.MFADevice] = [
        {"UserName": owner.name, "SerialNumber": device.arn, "EnableDate": device.enabled or device.created}
        for device in found
    ]
    return {"MFADevices": devices, **cut}


@operation("iam:ListVirtualMFADevices")
def list_virtual_devices(call: ServiceCall, given: shapes.ListVirtualMFADevicesRequest) -> Output:
    """The account's virtual devices, those with a user, without one, or all."""
    status = given.get("AssignmentStatus", "Any")
    found = (
        device
        for device in call.directory.after(MfaDevice, call.account, paging.start(given.get("Marker")))
        if status == "Any" or bool(device.user_id) == (status == "Assigned")
    )
    devices, cut = paging.page(found, lambda device: device.key, given.get("MaxItems"))
    return {"VirtualMFADevices": [_virtual(call, device) for device in devices], **cut}


@operation("iam:GetMFADevice")
def get_device(call: ServiceCall, given: shapes.GetMFADeviceRequest) -> Output:
    """A device of a user. Raises NoSuchEntity."""
    owner = lookup.owner(call, given.get("UserName"))
    device = _device_of(call, owner, given["SerialNumber"])
    return {
        "UserName": owner.name,
        "SerialNumber": device.arn,
        "EnableDate": device.enabled or device.created,
    }


@operation("iam:TagMFADevice")
def tag_device(call: ServiceCall, given: shapes.TagMFADeviceRequest) -> Output:
    """Adds or replaces tags. Raises NoSuchEntity, InvalidInput or LimitExceeded."""
    device = _device(call, given["SerialNumber"])
    call.directory.put(replace(device, tags=tags.merged(device.tags, given["Tags"], tags.exact)))
    return {}


@operation("iam:UntagMFADevice")
def untag_device(call: ServiceCall, given: shapes.UntagMFADeviceRequest) -> Output:
    """Removes tags by key. Raises NoSuchEntity."""
    device = _device(call, given["SerialNumber"])
    call.directory.put(replace(device, tags=tags.without(device.tags, given["TagKeys"], tags.exact)))
    return {}


@operation("iam:ListMFADeviceTags")
def list_device_tags(call: ServiceCall, given: shapes.ListMFADeviceTagsRequest) -> Output:
    """A device's tags, by key. Raises NoSuchEntity."""
    device = _device(call, given["SerialNumber"])
    found, cut = paging.page_of(tags.listed(device.tags), given.get("Marker"), given.get("MaxItems"))
    return {"Tags": found, **cut}


def _device(call: ServiceCall, serial: str) -> MfaDevice:
    try:
        arn = Arn.parse(serial)
    except InvalidArn:
        raise _missing(serial) from None
    device = call.directory.get(MfaDevice, call.account, arn.name)
    if device is None or device.arn != serial:
        raise _missing(serial)
    return device


def _devices(call: ServiceCall, owner: Owner) -> list[MfaDevice]:
    return [device for device in call.directory.referring(MFA_OF, owner.id) if isinstance(device, MfaDevice)]


def _device_of(call: ServiceCall, owner: Owner, serial: str) -> MfaDevice:
    for device in _devices(call, owner):
        if device.arn == serial:
            return device
    raise _missing(serial)


def _missing(serial: str) -> NoSuchEntity:
    return NoSuchEntity(f"MFA Device with serial number {serial} does not exist.")


def _virtual(call: ServiceCall, device: MfaDevice) -> shapes.VirtualMFADevice:
    view: shapes.VirtualMFADevice = {"SerialNumber": device.arn}
    user = call.directory.by_id(User, device.user_id) if device.user_id else None
    if user is not None and device.enabled is not None:
        view["User"] = views.user_brief(user)
        view["EnableDate"] = device.enabled
    return view


def _qr_code(device: MfaDevice) -> bytes:
    """What an authenticator app scans, PNG. Source: CreateVirtualMFADevice, QRCodePNG."""
    import segno  # not at start: no other call needs it

    issuer, label = quote("Amazon Web Services"), quote(f"{device.name}@{device.account}")
    uri = f"otpauth://totp/{issuer}:{label}?secret={device.seed}&issuer={issuer}"
    image = io.BytesIO()
    segno.make_qr(uri).save(image, kind="png", scale=4)
    return image.getvalue()
