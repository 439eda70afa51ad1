"""Lists of what was left out survive any name."""

from __future__ import annotations

import pytest

from whence.errors import FormatError
from whence.imagery.store.exclusions import Excluded, counted, read_excluded, write_excluded


@pytest.mark.parametrize("name", ["a,b", 'a"b', "ünï 名", "", "x" * 600])
def test_what_is_written_is_read_back(tmp_path, name):
    items = (Excluded(name, "broken: no end, at 7"), Excluded("zz", name))
    write_excluded(tmp_path / "excluded.csv", reversed(items))
    assert read_excluded(tmp_path / "excluded.csv") == tuple(sorted(items))


@pytest.mark.parametrize("mark", ["\r", "\n", "\0", "\x1b"])
def test_characters_that_do_not_print_are_spelled_out(tmp_path, mark):
    write_excluded(tmp_path / "excluded.csv", [Excluded(f"a{mark}b", mark)])
    (found,) = read_excluded(tmp_path / "excluded.csv")
    assert found == Excluded(f"a{ascii(mark)[1:-1]}b", ascii(mark)[1:-1])


def test_another_file_is_no_list_and_none_at_all_is_empty(tmp_path):
    assert read_excluded(tmp_path / "none.csv") == ()
    (tmp_path / "t.csv").write_text("img_path,lat\n")
    with pytest.raises(FormatError, match="is no list of exclusions"):
        read_excluded(tmp_path / "t.csv")


def test_kinds_are_counted_without_their_particulars():
    items = [
        Excluded("a", "empty: 00.zip/a.jpg"),
        Excluded("b", "empty: 01.zip/b.jpg"),
        Excluded("c", "late"),
    ]
    assert counted(items) == {"empty": 2, "late": 1}
