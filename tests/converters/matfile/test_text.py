"""Text in code pages that the file does not name.

Expected values: the texts before Python's own codecs packed them; the files are packed by hand.
"""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from converters.matfile import open_mat
from matlab_compat.errors import CorruptFileError, MatlabCompatWarning, UsageError
from tests.cli.command import run
from tests.hostile import level5_files as files


def char(data: bytes, count: int | None = None, name: str = "", kind: int = files.UTF8) -> bytes:
    """A row of characters: its bytes, and how many it says there are."""
    shape = (1, len(data) if count is None else count)
    return files.array(files.CHAR, shape, files.element(kind, data), name=name)


def save(folder: Path, *elements: bytes) -> Path:
    path = folder / "text.mat"
    path.write_bytes(files.file(*elements))
    return path


def read(path: Path, name: str = "x", **options: Any) -> Any:
    with open_mat(path, **options) as mat:
        return mat[name]


@pytest.mark.parametrize("count", [None, 9, 1])
def test_text_of_a_code_page_decodes_with_a_warning(tmp_path: Path, count: int | None) -> None:
    path = save(tmp_path, char("Réponse".encode("cp1252"), count, "x"))

    with pytest.warns(MatlabCompatWarning, match="Windows-1252"):
        assert read(path) == "Réponse"


def test_the_warning_names_file_variable_and_field_and_the_remedy(tmp_path: Path) -> None:
    label = char("Réponse".encode("cp1252"), 9)
    path = save(tmp_path, files.struct_array((1, 1), ["label", "rate"], label, files.scalar(250.0),
                                             name="EEG"))  # fmt: skip

    with pytest.warns(MatlabCompatWarning) as caught:
        value = read(path, "EEG")

    assert (value["label"], value["rate"].item()) == ("Réponse", 250.0)
    (warning,) = caught
    assert f"{path} > EEG > .label" in str(warning.message)
    assert "encoding='gbk'" in str(warning.message)
    assert "--encoding gbk" in str(warning.message)


def test_all_bytes_of_windows_1252_are_characters(tmp_path: Path) -> None:
    # The five that it lacks are those of Latin-1: U+0081 for 0x81.
    with pytest.warns(MatlabCompatWarning):
        assert read(save(tmp_path, char(b"\x80 \x81 \xff", None, "x"))) == "€ \x81 ÿ"


@pytest.mark.parametrize(
    ("text", "encoding"), [("测试", "gbk"), ("тест", "cp1251"), ("テスト", "shift_jis")]
)
def test_encoding_chooses_another_code_page(tmp_path: Path, text: str, encoding: str) -> None:
    path = save(tmp_path, char(text.encode(encoding), None, "x"))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(path, encoding=encoding) == text


def test_encoding_leaves_utf8_alone(tmp_path: Path) -> None:
    path = save(tmp_path, char("温度".encode(), 2, "x"), char("温度".encode(), 6, "octave"))

    assert read(path, encoding="gbk") == "温度"
    assert read(path, "octave", encoding="gbk") == "温度"


def test_bytes_as_numbers_are_latin1_unless_an_encoding_is_named(tmp_path: Path) -> None:
    path = save(tmp_path, char("тест".encode("cp1251"), None, "x", files.UINT8))

    assert read(path) == "тест".encode("cp1251").decode("latin-1")
    assert read(path, encoding="cp1251") == "тест"


def test_matrix_of_characters_of_a_code_page(tmp_path: Path) -> None:
    matrix = files.array(files.CHAR, (2, 2), files.element(files.UTF8, b"a\xe9b\xfc"), name="x")

    with pytest.warns(MatlabCompatWarning):
        value = read(save(tmp_path, matrix))

    assert value.tolist() == [["a", "b"], ["é", "ü"]]


def test_many_texts_of_a_code_page_have_one_warning(tmp_path: Path) -> None:
    texts = [char(b"caf\xe9")] * 20
    path = save(tmp_path, files.array(files.CELL, (1, 20), *texts, name="x"))

    with pytest.warns(MatlabCompatWarning) as caught:
        read(path)

    (warning,) = caught
    assert "19 more" in str(warning.message)
    assert "x > {1}" in str(warning.message)


def test_a_variable_that_is_decoded_again_is_not_warned_of_again(tmp_path: Path) -> None:
    path = save(tmp_path, char(b"caf\xe9", name="x"), char(b"caf\xe9", name="y"))
    with pytest.warns(MatlabCompatWarning) as caught, open_mat(path) as mat:
        assert [mat["x"], mat["x"], mat["y"]] == ["café"] * 3
    assert [str(one.message).count("> y") for one in caught] == [0, 1]


def test_a_level4_text_that_is_decoded_again_is_not_warned_of_again(tmp_path: Path) -> None:
    path = tmp_path / "four.mat"
    path.write_bytes(level4("10 °C".encode("cp1252")))
    with pytest.warns(MatlabCompatWarning) as caught, open_mat(path) as mat:
        assert [mat["x"], mat["x"]] == ["10 °C"] * 2
    assert len(caught) == 1


def test_a_file_opened_for_its_model_and_its_data_is_warned_of_once(tmp_path: Path) -> None:
    label = char(b"caf\xe9")
    layer = files.struct_array((1, 1), ["label"], label, name="s")
    path = save(tmp_path, layer, files.scalar(1.0, "X"))
    done = run("inspect", path, path)
    assert done.stderr.count("Windows-1252") == 1


def test_text_within_an_object_is_located(tmp_path: Path) -> None:
    index = files.object_index(["thing", "a"], [(0, 1)], [(1, 0, 1, 0)], plain=[[(2, 1, 0)]])
    variable = files.opaque("thing", files.reference(1, 1), name="x")
    path = tmp_path / "object.mat"
    path.write_bytes(files.object_file(variable, index, char(b"caf\xe9")))
    value = read(path)

    with pytest.warns(MatlabCompatWarning) as caught:
        assert value.properties["a"] == "café"

    assert f"{path} > object 1 (thing) > .a" in str(caught[0].message)


def test_text_that_is_not_of_the_encoding_named_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, char(b"\xff\xff", None, "x"))

    with pytest.raises(CorruptFileError, match="neither UTF-8 nor gbk") as caught:
        read(path, encoding="gbk")
    assert "encoding=" in caught.value.remedy


@pytest.mark.parametrize("encoding", ["nope", "hex", "", "a\0b"])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(UsageError, match="no encoding of text"):
        open_mat(save(tmp_path, files.scalar(1.0, "x")), encoding=encoding)


def level4(text: bytes) -> bytes:
    """A text matrix of level 4: a row of bytes."""
    header = struct.pack("<5i", 51, 1, len(text), 0, 2)
    return header + b"x\0" + text


def test_level4_text_of_a_code_page(tmp_path: Path) -> None:
    path = tmp_path / "four.mat"
    path.write_bytes(level4("10 °C".encode("cp1252")))

    with pytest.warns(MatlabCompatWarning, match="Windows-1252"):
        assert read(path) == "10 °C"


def test_level4_text_in_utf8_as_octave_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "four.mat"
    path.write_bytes(level4("10 °C".encode()))

    assert read(path) == "10 °C"


def test_inspect_takes_an_encoding(tmp_path: Path) -> None:
    label = char("тест".encode("cp1251"))
    path = save(tmp_path, files.struct_array((1, 1), ["label"], label, name="s"))

    assert converters.inspect(path, encoding="cp1251")["variables"][0]["class"] == "struct"


@pytest.mark.slow
def test_the_command_line_warns_on_stderr_and_takes_an_encoding(tmp_path: Path) -> None:
    label = char("Réponse".encode("cp1252"), 9)
    path = save(tmp_path, files.struct_array((1, 1), ["label"], label, name="EEG"))

    warned, told = run("inspect", path), run("inspect", path, "--encoding", "cp1252")
    wrong = run("inspect", path, "--encoding", "nope")

    assert (warned.returncode, told.returncode, wrong.returncode) == (0, 0, 2)
    assert f"{path} > EEG > .label" in warned.stderr
    assert "damaged" not in warned.stdout
    assert told.stderr == ""
    assert "no encoding of text" in wrong.stderr


def test_ascii_and_wide_text_have_no_warning(tmp_path: Path) -> None:
    wide = files.array(
        files.CHAR, (1, 2), files.element(files.UTF16, "°C".encode("utf-16-le")), name="w"
    )
    path = save(tmp_path, char(b"plain", None, "x"), wide)

    assert (read(path), read(path, "w")) == ("plain", "°C")
    assert np.asarray(read(path)).shape == ()
