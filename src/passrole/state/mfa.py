"""One-time codes of virtual MFA devices.

Source: RFC 6238 (TOTP) with its defaults: HMAC-SHA-1, six digits, steps of 30 seconds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Final

from passrole.state.credentials import MFA_OF, MfaDevice
from passrole.state.directory import Directory
from passrole.state.entities import User

STEP: Final = 30  # seconds
_DRIFT: Final = 1  # how many steps a device's clock may be off, either way


def code_at(seed: str, step: int) -> str:
    """The six digits that a device of that base32 seed shows in a time step (counted from 1970)."""
    digest = hmac.new(base64.b32decode(seed), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


def step_of(device: MfaDevice, code: str, now: datetime) -> int | None:
    """The time step in which the device shows that code, near now and not used before, else None."""
    expected = current_step(now) + device.drift
    for step in range(expected - _DRIFT, expected + _DRIFT + 1):
        if step > device.last_step and hmac.compare_digest(code_at(device.seed, step), code):
            return step
    return None


def device_of(directory: Directory, user: User, serial: str) -> MfaDevice | None:
    """The device of that serial number if it is assigned to the user."""
    for device in directory.referring(MFA_OF, user.id):
        if isinstance(device, MfaDevice) and device.arn == serial:
            return device
    return None


def pair_step(device: MfaDevice, first: str, second: str, now: datetime, *, most: int = _DRIFT) -> int | None:
    """The time step of the second of two codes in a row, at most that many steps off now, else None."""
    current = current_step(now)
    for step in range(current - most, current + most + 1):
        if hmac.compare_digest(code_at(device.seed, step), second) and hmac.compare_digest(
            code_at(device.seed, step - 1), first
        ):
            return step
    return None


def current_step(now: datetime) -> int:
    """The time step of a moment."""
    return int(now.timestamp()) // STEP


def proven(
    directory: Directory, user: User | None, serial: str | None, code: str | None, now: datetime
) -> bool:
    """Does a request that carries SerialNumber and TokenCode prove its user's device?

    For ``aws:MultiFactorAuthPresent`` while AssumeRole is authorized; nothing is marked as used.
    """
    if user is None or serial is None or code is None:
        return False
    device = device_of(directory, user, serial)
    return device is not None and step_of(device, code, now) is not None
