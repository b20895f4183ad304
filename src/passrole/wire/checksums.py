"""The checksums that S3 clients send, by the name they have in ``x-amz-checksum-NAME``.

CRC-32C and CRC-64/NVME are in no standard library, and a table look-up a byte takes Python 0.17 s a
MiB. Large bodies are cut into lanes instead, and one ``bytes.translate`` looks up all lanes at once
(ten times faster). The lanes' remainders are joined by shifting: a CRC is linear over GF(2).
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

# Below this a table a byte is as fast as setting up the lanes.
_LANES_FROM: Final = 131_072


@dataclass(frozen=True)
class Crc:
    """A reflected CRC with all bits set at the start and inverted at the end.

    >>> f"{CRC32C(b'123456789'):08x}"
    'e3069283'
    >>> f"{CRC64NVME(b'123456789'):016x}"
    'ae8b14860a799888'
    """

    bits: int
    polynomial: int  # reflected

    @cached_property
    def _table(self) -> tuple[int, ...]:
        rows = []
        for byte in range(256):
            row = byte
            for _ in range(8):
                row = (row >> 1) ^ self.polynomial if row & 1 else row >> 1
            rows.append(row)
        return tuple(rows)

    def __call__(self, data: bytes) -> int:
        """The checksum of data."""
        ones = (1 << self.bits) - 1
        run = self._by_lanes if len(data) >= _LANES_FROM else self._run
        return run(data, ones) ^ ones

    def _run(self, data: bytes, register: int) -> int:
        table = self._table
        for byte in data:
            register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
        return register

    def _by_lanes(self, data: bytes, register: int) -> int:
        # Every step handles one byte of each lane: few long lanes and many short ones both lose, so the
        # square root of the length balances the steps with the joining.
        width = 1 << (len(data).bit_length() // 2)
        lanes = len(data) // width
        head = lanes * width
        size = self.bits // 8
        tables = [bytes(row >> (8 * place) & 0xFF for row in self._table) for place in range(size)]
        # planes[i] holds byte i of all registers, a lane a byte, as one long integer.
        planes = [0] * size
        for step in range(width):
            column = int.from_bytes(data[step:head:width], "little")
            index = (planes[0] ^ column).to_bytes(lanes, "little")
            looked_up = [int.from_bytes(index.translate(table), "little") for table in tables]
            planes = [found ^ plane for found, plane in zip(looked_up, [*planes[1:], 0], strict=True)]
        remainders = zip(*(plane.to_bytes(lanes, "little") for plane in planes), strict=True)
        shifts = self._shift_tables(width)
        for remainder in remainders:
            moved = int.from_bytes(remainder, "little")
            for place, shift in enumerate(shifts):
                moved ^= shift[(register >> (8 * place)) & 0xFF]
            register = moved
        return self._run(data[head:], register)

    def _shift_tables(self, width: int) -> list[list[int]]:
        """What ``width`` zero bytes make of a register, one table for each of its bytes."""
        squares = [self._run(b"\0", 1 << bit) for bit in range(self.bits)]  # one zero byte, as a matrix
        result = [1 << bit for bit in range(self.bits)]
        while width:
            if width & 1:
                result = [_times(squares, row) for row in result]
            squares = [_times(squares, row) for row in squares]
            width >>= 1
        return [
            [_times(result, byte << (8 * position)) for byte in range(256)]
            for position in range(self.bits // 8)
        ]


def _times(matrix: list[int], vector: int) -> int:
    total = 0
    bit = 0
    while vector:
        if vector & 1:
            total ^= matrix[bit]
        vector >>= 1
        bit += 1
    return total


CRC32C: Final = Crc(32, 0x82F63B78)
CRC64NVME: Final = Crc(64, 0x9A6C9329AC4BC9B5)

CHECKSUMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "crc32c": lambda data: CRC32C(data).to_bytes(4, "big"),
    "crc64nvme": lambda data: CRC64NVME(data).to_bytes(8, "big"),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512": lambda data: hashlib.sha512(data).digest(),
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
}


def checksum(name: str, data: bytes) -> str:
    """The value that belongs into ``x-amz-checksum-NAME``, in base64. Raises KeyError."""
    return b64encode(CHECKSUMS[name](data)).decode()
