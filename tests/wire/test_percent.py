from __future__ import annotations

from urllib.parse import quote_plus, unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from passrole.wire.percent import unquoted


@given(st.text("%=+ab19AF \n\r\t_.\x00\xff", max_size=20))
def test_it_is_what_the_standard_library_makes_of_it(text: str) -> None:
    assert unquoted(text) == unquote_to_bytes(text.encode("latin-1").replace(b"+", b" "))


@given(st.binary(max_size=100))
def test_any_bytes_come_back(data: bytes) -> None:
    assert unquoted(quote_plus(data)) == data
    assert unquoted("".join(f"%{byte:02x}" for byte in data)) == data
