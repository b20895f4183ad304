from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.wire import sigv4
from passrole.wire.authfailure import AuthFailure, AuthKind
from passrole.wire.checksums import CHECKSUMS, CRC32C, CRC64NVME, Crc, checksum
from passrole.wire.payload import decode_body
from passrole.wire.request import Credential, RawRequest, Signature

from .signing import KEY, SECRET

KEYS: Final = sigv4.SigningKeyCache()
STAMP: Final = "20130524T000000Z"
SEED: Final = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
DATA: Final = b"a" * 66_560

# S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in
# Multiple Chunks", example: 65 KiB of "a" in chunks of 64 KiB and 1 KiB.
CHUNKS: Final = (
    (DATA[:65_536], "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    (DATA[65_536:], "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    (b"", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
)

# The same page, "… Including trailing headers (Chunked uploads)".
TRAILER_SEED: Final = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
TRAILER_CHUNKS: Final = (
    (DATA[:65_536], "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
    (DATA[65_536:], "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
    (b"", "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
)
TRAILER_SIGNATURE: Final = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"


def framed(chunks: tuple[tuple[bytes, str], ...], trailer: bytes = b"\r\n") -> bytes:
    parts = []
    for data, signature in chunks:
        extension = f";chunk-signature={signature}" if signature else ""
        parts.append(f"{len(data):x}{extension}\r\n".encode())
        if data:
            parts.append(data + b"\r\n")
    return b"".join(parts) + trailer


def upload(mode: str | None, body: bytes, headers: Mapping[str, str] | None = None) -> RawRequest:
    named = {"host": "s3.amazonaws.com", **(headers or {})}
    if mode is not None:
        named["x-amz-content-sha256"] = mode
    return RawRequest("PUT", "/examplebucket/chunkObject.txt", "", tuple(named.items()), body)


def signature(seed: str) -> Signature:
    credential = Credential(KEY, STAMP[:8], "us-east-1", "s3")
    return Signature(credential, ("host",), seed, STAMP, False, None, None)


def decoded(raw: RawRequest, seed: str = SEED, operation: str = "PutObject") -> bytes:
    return decode_body(raw, signature(seed), SECRET, keys=KEYS, operation=operation)


def refusal(raw: RawRequest, seed: str = SEED) -> AuthKind:
    with pytest.raises(AuthFailure) as caught:
        decoded(raw, seed)
    return caught.value.kind


LENGTH: Final = {"x-amz-decoded-content-length": str(len(DATA))}
SIGNED: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER: Final = f"{SIGNED}-TRAILER"
UNSIGNED_TRAILER: Final = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def test_the_documented_seed_signature_holds() -> None:
    names = (
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
        "x-amz-decoded-content-length;x-amz-storage-class"
    )
    raw = upload(
        SIGNED,
        framed(CHUNKS),
        {
            "x-amz-date": STAMP,
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "content-encoding": "aws-chunked",
            "content-length": "66824",
            **LENGTH,
            "authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20130524/us-east-1/s3/aws4_request,"
            f"SignedHeaders={names},Signature={SEED}",
        },
    )
    found = sigv4.parse(raw)
    assert found is not None
    sigv4.verify(raw, found, SECRET, keys=KEYS, s3=True)
    assert len(raw.body) == 66_824
    assert decode_body(raw, found, SECRET, keys=KEYS) == DATA


def test_a_chunk_that_is_changed_moved_or_left_out_is_refused() -> None:
    good = upload(SIGNED, framed(CHUNKS), LENGTH)
    assert decoded(good) == DATA
    assert refusal(good, SEED[:-1] + "0") is AuthKind.CHUNK_MISMATCH
    for body in (
        framed(CHUNKS).replace(b"aaa\r\n", b"aab\r\n", 1),
        framed((CHUNKS[1], CHUNKS[0], CHUNKS[2])),
        framed(((DATA, CHUNKS[0][1]), CHUNKS[2])),
        framed(tuple((data, "") for data, _ in CHUNKS)),
        framed((*CHUNKS[:2], (b"", CHUNKS[1][1]))),
    ):
        assert refusal(replace(good, body=body)) is AuthKind.CHUNK_MISMATCH
    assert refusal(replace(good, body=framed((CHUNKS[0], CHUNKS[0])))) is AuthKind.CHUNK_MISMATCH


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", AuthKind.BAD_CHUNKS),
        (b"zz\r\n", AuthKind.BAD_CHUNKS),
        (b"-1\r\n", AuthKind.BAD_CHUNKS),
        (b"5", AuthKind.BAD_CHUNKS),
        (b"5\r\nhelloXX0\r\n\r\n", AuthKind.BAD_CHUNKS),
        (b"fffffff\r\nhello\r\n0\r\n\r\n", AuthKind.INCOMPLETE_BODY),
        (b"5\r\nhello\r\n", AuthKind.BAD_CHUNKS),
        (b"4\r\nhell\r\n0\r\n\r\n", AuthKind.INCOMPLETE_BODY),
        (b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", AuthKind.SMALL_CHUNK),
        (b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:1\r\n\r\n", AuthKind.BAD_TRAILER),
        (b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n", AuthKind.BAD_TRAILER),
    ],
)
def test_framing_that_says_something_else_is_refused(body: bytes, kind: AuthKind) -> None:
    assert refusal(upload(UNSIGNED_TRAILER, body, {"x-amz-decoded-content-length": "5"})) is kind


def test_a_chunked_body_needs_its_length() -> None:
    assert refusal(upload(SIGNED, framed(CHUNKS))) is AuthKind.MISSING_DECODED_LENGTH


def test_the_documented_trailer_holds() -> None:
    trailer = f"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:{TRAILER_SIGNATURE}\r\n\r\n"
    headers = {**LENGTH, "x-amz-trailer": "x-amz-checksum-crc32c"}
    raw = upload(SIGNED_TRAILER, framed(TRAILER_CHUNKS, trailer.encode()), headers)
    assert decoded(raw, TRAILER_SEED) == DATA
    for old, new, kind in (
        (b"sOO8/Q==", b"sOO8/A==", AuthKind.CHUNK_MISMATCH),
        (b"d81f", b"d81e", AuthKind.CHUNK_MISMATCH),
        (b"x-amz-checksum-crc32c:sOO8/Q==\r\n", b"", AuthKind.BAD_TRAILER),
    ):
        assert refusal(replace(raw, body=raw.body.replace(old, new)), TRAILER_SEED) is kind


@pytest.mark.parametrize("name", list(CHECKSUMS))
def test_an_unsigned_trailer_is_checked_by_its_checksum(name: str) -> None:
    header = f"x-amz-checksum-{name}"
    headers = {"x-amz-trailer": header, "x-amz-decoded-content-length": "5"}

    def sent(value: str) -> RawRequest:
        body = b"5\r\nhello\r\n0\r\n" + f"{header}:{value}\r\n\r\n".encode()
        return upload(UNSIGNED_TRAILER, body, headers)

    assert decoded(sent(checksum(name, b"hello"))) == b"hello"
    assert refusal(sent(checksum(name, b"hellO"))) is AuthKind.CHECKSUM_MISMATCH
    assert refusal(sent("AAAA")) is AuthKind.INVALID_CHECKSUM
    # Anonymous uploads come framed so, too; a signed chain without a signature does not.
    assert decode_body(sent(checksum(name, b"hello")), None, "", keys=KEYS) == b"hello"


def test_chunk_signatures_need_a_signature() -> None:
    with pytest.raises(AuthFailure) as caught:
        decode_body(upload(SIGNED, framed(CHUNKS), LENGTH), None, "", keys=KEYS)
    assert caught.value.kind is AuthKind.MISSING


@given(st.binary(max_size=40_000), st.integers(8192, 20_000))
def test_any_body_comes_back_from_its_chunks(data: bytes, size: int) -> None:
    key = KEYS.key(SECRET, signature(SEED).credential)
    previous = SEED
    chunks = []
    for chunk in [*(data[at : at + size] for at in range(0, len(data), size)), b""]:
        digest = hashlib.sha256(chunk).hexdigest()
        place = f"{STAMP}\n20130524/us-east-1/s3/aws4_request\n{previous}\n{sigv4.EMPTY_SHA256}\n{digest}"
        to_sign = f"AWS4-HMAC-SHA256-PAYLOAD\n{place}"
        previous = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
        chunks.append((chunk, previous))
    headers = {"x-amz-decoded-content-length": str(len(data))}
    assert decoded(upload(SIGNED, framed(tuple(chunks)), headers)) == data


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"x-amz-content-sha256": hashlib.sha256(b"hello").hexdigest()}, None),
        ({"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, None),
        ({}, None),
        (
            {"x-amz-content-sha256": hashlib.sha256(b"other").hexdigest()},
            AuthKind.CONTENT_SHA256_MISMATCH,
        ),
        ({"x-amz-content-sha256": "hello"}, AuthKind.BAD_CONTENT_SHA256),
        ({"x-amz-content-sha256": "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"}, AuthKind.BAD_CONTENT_SHA256),
        ({"content-md5": b64encode(hashlib.md5(b"hello").digest()).decode()}, None),
        ({"content-md5": b64encode(hashlib.md5(b"other").digest()).decode()}, AuthKind.MD5_MISMATCH),
        ({"content-md5": "aGVsbG8="}, AuthKind.INVALID_DIGEST),
        ({"content-md5": "?"}, AuthKind.INVALID_DIGEST),
        ({"x-amz-checksum-sha256": checksum("sha256", b"hello")}, None),
        ({"x-amz-checksum-sha256": checksum("sha256", b"other")}, AuthKind.CHECKSUM_MISMATCH),
        ({"x-amz-checksum-sha256": "hello"}, AuthKind.INVALID_CHECKSUM),
        ({"x-amz-checksum-algorithm": "CRC32"}, None),
    ],
)
def test_a_plain_body_is_what_its_headers_say(headers: dict[str, str], kind: AuthKind | None) -> None:
    raw = upload(None, b"hello", headers)
    if kind is None:
        assert decoded(raw) == b"hello"
    else:
        assert refusal(raw) is kind


def test_a_checksum_of_the_whole_object_is_not_of_the_list_of_its_parts() -> None:
    raw = upload(None, b"<CompleteMultipartUpload/>", {"x-amz-checksum-crc32": checksum("crc32", b"object")})
    assert decoded(raw, operation="CompleteMultipartUpload") == raw.body
    assert refusal(raw) is AuthKind.CHECKSUM_MISMATCH


@pytest.mark.parametrize("crc", [CRC32C, CRC64NVME])
@pytest.mark.parametrize("size", [0, 1, 131_071, 131_072, 140_001])
def test_a_crc_is_what_it_is_bit_by_bit(crc: Crc, size: int) -> None:
    data = hashlib.shake_256(b"seed").digest(size)
    register = (1 << crc.bits) - 1
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (crc.polynomial if register & 1 else 0)
    assert crc(data) == register ^ ((1 << crc.bits) - 1)


def test_the_check_values_of_both_crcs() -> None:
    # The catalogue of parametrised CRC algorithms: CRC-32/ISCSI and CRC-64/NVME of "123456789".
    assert (CRC32C(b"123456789"), CRC64NVME(b"123456789")) == (0xE3069283, 0xAE8B14860A799888)
