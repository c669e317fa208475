"""Fingerprints are those of GitHub's own action, and no two findings of a run share one."""

from __future__ import annotations

import pytest

from lossflow.rendering.fingerprints import Fingerprints, LineHashes
from lossflow.source import Source


def hashes(text: str) -> list[str]:
    """The hashes of all lines, that of the empty one at the end included."""
    source = Source("x.py", text)
    return [LineHashes(source).of(row) for row in range(1, source.row(len(text)) + 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What the tests of the action expect of these texts.
        ("", "c129715d7a2bc9a3:1"),
        (" a\nb\n  \t\tc\n d", "271789c17abda88f:1 54703d4cd895b18:1 180aee12dab6264:1 a23a3dc5e078b07b:1"),
        (
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End",
            "8b7cf3e952e7aeb2:1 b1ae1287ec4718d9:1 bff680108adb0fcc:1 c6805c5e1288b612:1 b86d3392aea1be30:1 "
            "e6ceba753e1a442:1",
        ),
        (
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n",
            "e9496ae3ebfced30:1 fb7c023a8b9ccb3f:1 ce8ba1a563dcdaca:1 e20e36e16fcb0cc8:1 b3edc88f2938467e:1 "
            "c8e28b0b4002a3a0:1 c129715d7a2bc9a3:1",
        ),
        (
            " hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r",
            "e9496ae3ebfced30:1 fb7c023a8b9ccb3f:1 ce8ba1a563dcdaca:1 e20e36e16fcb0cc8:1 b3edc88f2938467e:1 "
            "c8e28b0b4002a3a0:1 c129715d7a2bc9a3:1",
        ),
    ],
)
def test_a_line_has_the_hash_of_the_action(text: str, expected: str) -> None:
    assert hashes(text) == expected.split()


def test_lines_that_look_alike_are_counted() -> None:
    alike = "x" * 120 + "\n"
    found = hashes(alike * 3)
    assert [each.partition(":")[2] for each in found] == ["1", "2", "3", "1"]
    assert len({each.partition(":")[0] for each in found[:3]}) == 1


def test_a_hash_covers_a_hundred_characters_of_two_bytes() -> None:
    ends = ("a", "b")
    assert len({hashes("x" * 99 + end)[0] for end in ends}) == 2
    assert len({hashes("x" * 100 + end)[0] for end in ends}) == 1
    assert len({hashes("😀" * 50 + end)[0] for end in ends}) == 1


def test_a_byte_order_mark_is_a_character_of_the_first_line() -> None:
    marked = LineHashes(Source("x.py", "é\n", bom=True))
    assert [marked.of(1), marked.of(2)] == hashes("\ufeffé\n") != hashes("é\n")


def test_the_same_parts_twice_are_told_apart_and_alike_in_every_run() -> None:
    first, second = Fingerprints(), Fingerprints()
    found = [first.of("a.py", "LF101", "1"), first.of("a.py", "LF101", "1"), first.of("b.py", "LF101", "1")]
    assert len(set(found)) == 3
    assert [second.of(*parts) for parts in (("a.py", "LF101", "1"),) * 2] == found[:2]


def test_names_in_no_known_encoding_have_fingerprints() -> None:
    assert Fingerprints().of("\udcff.py") != Fingerprints().of("\udcfe.py")
