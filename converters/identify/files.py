"""What a file is that is no MAT-file, told from its bytes and never from its name.

``{path}`` and the like in the table's remedies stand for the file: ``{path}`` as Python writes it,
``{name}`` and ``{stem}`` without the folder, ``{mat}`` the MAT-file that could be made of it.

Sources of the signatures: the formats' own published descriptions; git-lfs/spec/v1 for pointers;
for PyTorch's archives, what torch.save, torch.jit.save and torch.export.save write.
"""

from __future__ import annotations

import io
import pickletools
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from matlab_compat.display import one_line, shortened
from matlab_compat.errors import CorruptFileError, NotAMatFileError

#: Bytes looked at, at the beginning and (of archives, which have their index there) at the end.
HEAD, TAIL = 1 << 16, 1 << 20


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    #: As it stands after "The file is".
    name: str
    #: What to do about it.
    remedy: str
    #: What to do about it where an array is wanted, if that is something else.
    remedy_for_data: str = ""

    def of(self, path: str | PurePath) -> Kind:
        """The same with the file's own name in the remedies."""
        path = PurePath(path)
        mat = path.with_name(f"{path.stem.partition('.')[0] or 'net'}.mat")
        if mat.name == path.name:
            mat = mat.with_name(f"{mat.stem}_matlab.mat")
        stem = path.name.removesuffix(path.suffix)
        words = {"path": repr(str(path)), "name": path.name, "stem": stem, "mat": repr(str(mat))}
        return Kind(self.name, self.remedy.format(**words), self.remedy_for_data.format(**words))


_AGAIN = "download or copy the file again, and check that the link leads to the file itself."
_UNPACK = "unpack it, and name the MAT-file inside."
_NO_MODEL = "name a MAT-file with a network or layer"
_AS_X = "to use it as X, write it to a MAT-file in MATLAB's order (H×W×C×N): "
_WRITE = "converters.write_mat('X.mat', {{'X': %s}})"
_IMAGE = _AS_X + _WRITE % "numpy.asarray(PIL.Image.open({path}))"
_IN_MATLAB = "in MATLAB: %s; save({mat}, 'net')."
_IN_OCTAVE = "in Octave: load {name}; save -v7 {mat}."
_FROM_TORCH = "converters.save(converters.from_torch(%s), {mat})"
_MODULE = _FROM_TORCH % "model, example_input"
_TENSORS = (
    "the weights alone go into a MAT-file: matlab-compat convert {name} -o {stem}.mat. For a "
    "network build the module that they belong to, model.load_state_dict(%s), then " + _MODULE + "."
)
_FACTORY = (
    " On the command line, name a function that gives the module: matlab-compat convert "
    "package.module:function -o {stem}.mat."
)


def _image(name: str, ending: str = "") -> Kind:
    """A picture; one of the endings that ``predict`` takes is an input as it is."""
    given = f"{{stem}}{ending}"
    as_input = f"a picture is an input, by its ending: matlab-compat predict NET.mat {given}"
    return Kind(f"an image ({name})", f"{_NO_MODEL}; {as_input if ending else _IMAGE}", _IMAGE)


def _pointer(kind: str, command: str) -> Kind:
    remedy = f"fetch the file: run {command} in its repository."
    return Kind(f"a {kind} pointer: the address of the file, not the file itself", remedy)


def _array(name: str, reading: str) -> Kind:
    how = _AS_X + _WRITE % reading
    return Kind(name, f"{_NO_MODEL}; {how}", how)


_PARAMETERS = Kind(
    "parameters that matlab-compat wrote",
    "open them in Python: converters.load_parameters({path}).",
)

_SAFETENSORS = Kind(
    "a safetensors file: weights without the layers that they belong to",
    _TENSORS % "safetensors.torch.load_file({path})",
)
_NPZ = _array("an archive of NumPy arrays (.npz)", "numpy.load({path})[name]")

#: What the beginning of a file matches, and what the file then is. The first that matches counts.
_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (rb"version https?://[^\n]+/spec/v?\d", _pointer("Git LFS", "git lfs pull")),
    (
        rb"(?:[./\\]|\.git)*[/\\]annex[/\\]objects[/\\]",
        _pointer("git-annex", "git annex get {name}"),
    ),
    (
        rb"(?i)(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)",
        Kind(
            "an HTML page: what a link to download shows, not the file behind it",
            "open it in a browser to see what it says, then download the file itself "
            "(on GitHub with 'Download raw file').",
        ),
    ),
    (rb"(?:\xef\xbb\xbf)?\s*<\?xml", Kind("an XML document", _AGAIN)),
    (
        rb"\x00\x05\x16[\x00\x07]",
        Kind(
            "what macOS keeps beside a file on other disks and in archives (AppleDouble), and not "
            "the file itself",
            "name the file without '._' at the beginning of its name.",
        ),
    ),
    (
        rb"\x1f\x8b",
        Kind(
            "compressed with gzip",
            "unpack it, gunzip -k {name} (in MATLAB gunzip), and name the file that comes out.",
        ),
    ),
    (rb"BZh[1-9]", Kind("compressed with bzip2", _UNPACK)),
    (rb"\xfd7zXZ\x00", Kind("compressed with xz", _UNPACK)),
    (rb"\x28\xb5\x2f\xfd", Kind("compressed with zstd", _UNPACK)),
    (rb"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", _UNPACK)),
    (rb"Rar!\x1a\x07", Kind("a RAR archive", _UNPACK)),
    (rb".{257}ustar", Kind("a tar archive", _UNPACK)),
    (rb"\x89PNG\r\n\x1a\n", _image("PNG", ".png")),
    (rb"\xff\xd8\xff", _image("JPEG", ".jpg")),
    (rb"GIF8[79]a", _image("GIF")),
    (rb"BM.{4}\x00{4}", _image("BMP", ".bmp")),
    (rb"(?:II\x2a\x00|MM\x00\x2a)", _image("TIFF", ".tif")),
    (rb"RIFF.{4}WEBP", _image("WebP")),
    (rb"RIFF.{4}WAVE", Kind("a sound file (WAV)", f"{_NO_MODEL}; in MATLAB: audioread.")),
    (rb"\x93NUMPY", _array("a NumPy array (.npy)", "numpy.load({path})")),
    (rb"%PDF-", Kind("a PDF document", _AGAIN)),
    (rb"SIMPLE  =", Kind("a FITS file", f"{_NO_MODEL}; in MATLAB: fitsread.")),
    (rb"CDF[\x01\x02\x05]", Kind("a netCDF file", f"{_NO_MODEL}; in MATLAB: ncread.")),
    (rb".{128}DICM", Kind("a DICOM image", f"{_NO_MODEL}; in MATLAB: dicomread.")),
    (rb"PAR1", Kind("a Parquet table", f"{_NO_MODEL}; in MATLAB: parquetread.")),
    (
        rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        Kind("a document of an old Microsoft Office", f"{_NO_MODEL}; in MATLAB: readmatrix."),
    ),
    (rb"(?:\x7fELF|MZ|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe)", Kind("a program", _NO_MODEL + ".")),
    (
        rb"v\d\d\.\d\dv\d\d\.\d\d|P-file +\d",
        Kind(
            "P-code: an obscured program of MATLAB (pcode), not data", _IN_MATLAB % "net = call it"
        ),
    ),
    (rb"Octave-1-[LB]", Kind("in Octave's own binary format", _IN_OCTAVE)),
    (rb"# Created by Octave|# name: ", Kind("in Octave's own text format", _IN_OCTAVE)),
    (
        rb"MATLAB (?:\d+\.\d+ )?MAT-file",
        Kind("a MAT-file", "give it the ending .mat: {stem}.mat."),
    ),
    (
        rb"\x08[\x01-\x1e](?:\x12[\x00-\x7f][\x20-\x7e]|[\x1a\x22][\x00-\x7f][\x20-\x7e]|\x3a)",
        Kind(
            "an ONNX model",
            _IN_MATLAB
            % "net = importNetworkFromONNX({path})"
            + " (A MATLAB network is compared with it by matlab-compat verify NET.mat --against "
            "{name}.)",
        ),
    ),
    (rb".{4}TFL3", Kind("a TensorFlow Lite model", _NO_MODEL + ".")),
    (rb"GGUF", Kind("a GGUF model", _NO_MODEL + ".")),
    (
        rb".{7}\x00\s*\{.*matlab_compat\.safetensors/",
        Kind(
            "a safetensors file that matlab-compat wrote",
            "open it in Python: converters.load({path}), with the ending .safetensors.",
        ),
    ),
    (rb".{7}\x00\s*\{.*matlab_compat\.parameters/", _PARAMETERS),
    (rb".{6}\x00\x00\s*\{\s*\"", _SAFETENSORS),
    (rb"\x00{64}", Kind("zeros at its beginning, where its format should be", _AGAIN)),
)

_KERAS = Kind(
    "a Keras model",
    "in Python, model.export('folder'); "
    + _IN_MATLAB % "net = importNetworkFromTensorFlow('folder')",
)

_OURS = Kind(
    "a PyTorch file that matlab-compat wrote",
    "open it in Python: converters.load({path}), with the ending .pt; here name the MAT-file that "
    "it was made from.",
)
_STATE_DICT = Kind(
    "a PyTorch file of tensors (such as a state_dict): weights without the layers that they belong "
    "to",
    _TENSORS % "torch.load({path}, weights_only=True)",
    "x = torch.load({path}, weights_only=True); "
    + _AS_X
    + _WRITE % "x.permute(2, 3, 1, 0).numpy()",
)
_TORCH_OBJECTS = Kind(
    "a PyTorch file with objects of Python, not of tensors alone: {classes}",
    "if you trust it (opening runs code from the file), model = torch.load({path}, "
    "weights_only=False) gives a module where its classes can be imported; then "
    + _MODULE
    + "."
    + _FACTORY,
)
_TORCHSCRIPT = Kind(
    "a TorchScript program (torch.jit.save)",
    "take the module that it was made from; the weights are torch.jit.load({path}).state_dict(). "
    "Then " + _MODULE + "." + _FACTORY,
)
_EXPORTED = Kind(
    "an exported PyTorch program (.pt2)",
    _FROM_TORCH % "torch.export.load({path})"
    + ", or matlab-compat convert {name} -o {stem}.mat --trust (opening it may run code from it).",
)
_TORCH = Kind(
    "a PyTorch file in which no tensors are seen",
    "save the weights by name: torch.save(model.state_dict(), 'weights.pt').",
)
_PICKLE = Kind(
    "a pickle of Python",
    "open it in Python if you trust it (opening runs code from the file), and write its arrays to "
    "a MAT-file: converters.write_mat.",
)
_LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."

#: Modules whose classes torch itself restores without running anything of the file.
_TENSOR_MODULES = re.compile(
    r"(?:collections|torch|torch\._utils|torch\.storage|torch\.serialization|torch\.nn\.parameter"
    r"|torch\._tensor|builtins|__builtin__|numpy.*|_codecs|copy_reg|copyreg) "
)

# --- zip archives, which many formats are: what is in them says which --------------------

_ENTRY = re.compile(rb"PK\x03\x04.{22}(..)..|PK\x01\x02.{24}(..).{16}", re.DOTALL)

#: A name of an entry, and what the archive then is.
_ARCHIVES: tuple[tuple[str, Kind], ...] = (
    (r"[^/]+/archive_format|serialized_exported_program\.json", _EXPORTED),
    (r"[^/]+/code/.*", _TORCHSCRIPT),
    (r"[^/]+/data\.pkl|[^/]+/data/\d+", _TORCH),
    (
        r"matlab/document\.xml",
        Kind("a live script or app of MATLAB, not data", _IN_MATLAB % "run it"),
    ),
    (r"(?:simulink|slx)/.*|simulink", Kind("a Simulink model", _NO_MODEL + ".")),
    (
        r"xl/.*",
        Kind("an Excel workbook", _AS_X + "in MATLAB, X = readmatrix({path}); save('X.mat', 'X')."),
    ),
    (r"(?:word|ppt)/.*", Kind("a document of Microsoft Office", _AGAIN)),
    (r"model\.weights\.h5", _KERAS),
    (r"__matlab__\.npy", _PARAMETERS),
    (r"[^/]+\.npy", _NPZ),
)


def kind_of(head: bytes, tail: bytes = b"") -> Kind | None:
    """What a file is by its first and last bytes, or ``None``; :meth:`Kind.of` adds its name."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):  # empty; of several parts
        return _archive(head, tail)
    if head.startswith(_LEGACY_TORCH):
        return _torch(head)
    if re.match(rb"\x80[\x02-\x05][^\x00]", head):  # a safetensors file's size may begin alike
        return _PICKLE
    for signature, kind in _SIGNATURES:
        if re.match(signature, head, re.DOTALL):
            return kind
    if tail.startswith(head):  # all of a short file
        return _text(tail)
    whole_lines = head.rfind(b"\n") + 1 if len(head) == HEAD else 0
    return _text(head[: whole_lines or None])


def kind_of_file(path: Path) -> Kind | None:
    """:func:`kind_of` for a file, with its name in the remedies; ``None`` if it cannot be read."""
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
            size = stream.seek(0, io.SEEK_END)
            stream.seek(max(0, size - TAIL))
            tail = stream.read(TAIL)
    except OSError:
        return None
    kind = kind_of(head, tail)
    return kind and kind.of(path)


def not_a_mat_file(path: Path, head: bytes) -> NotAMatFileError:
    """The error for a file that begins with ``head`` and is no MAT-file."""
    kind = kind_of_file(path)
    if kind is not None:
        return NotAMatFileError(f"The file is no MAT-file: it is {kind.name}.", remedy=kind.remedy)
    return NotAMatFileError(
        "The file does not begin as a MAT-file of any level does, nor as any other format known "
        f"here: its first bytes are {head[:8].hex(' ')}.",
        remedy="name a file that MATLAB's save has written, e.g. save('file.mat', 'net').",
    )


def refuse_others(path: Path, what: str) -> None:
    """Raise ``CorruptFileError`` for a file plainly none of ours, before a library opens it."""
    kind = kind_of_file(path)
    if kind is not None and not _is_ours(kind):
        raise not_ours(path, what)


def opens_as_tensors(path: Path) -> bool:
    """Whether a file that others wrote holds tensors by name, and nothing that runs code."""
    kind = kind_of_file(path)
    return kind is not None and kind.name in (_STATE_DICT.name, _SAFETENSORS.name, _NPZ.name)


def _is_ours(kind: Kind) -> bool:
    return "matlab-compat wrote" in kind.name


def not_ours(path: Path, what: str) -> CorruptFileError:
    """The error for a file that should be one of ours and ``what`` (``"PyTorch file"``)."""
    kind = kind_of_file(path)
    if kind is not None and kind.name == _PARAMETERS.name:
        return CorruptFileError(f"The file holds {kind.name}, and no model.", remedy=kind.remedy)
    if kind is None or _is_ours(kind):
        return CorruptFileError(
            f"The file is no {what} that matlab-compat wrote, or it is damaged.",
            remedy="convert the MAT-file again: matlab-compat convert net.mat -o net.pt.",
        )
    return CorruptFileError(
        f"The file is not one that matlab-compat wrote: it is {kind.name}.", remedy=kind.remedy
    )


def _archive(head: bytes, tail: bytes) -> Kind:
    names = list(dict.fromkeys(_entries(head + tail)))
    for pattern, kind in _ARCHIVES:
        if any(re.fullmatch(pattern, name) for name in names):
            return _torch(head) if kind is _TORCH else kind
    inside = [name for name in names if name.lower().endswith(".mat")]
    named = one_line(shortened(", ".join(inside[:3] or names[:3]), 200)) or (
        "nothing readable" if head.startswith(b"PK\x03\x04") else "nothing in it"
    )
    more = f" and {len(names) - 3} more" if len(inside or names) > 3 else ""
    return Kind(f"a zip archive with {named}{more}", _UNPACK)


def _entries(content: bytes) -> Iterator[str]:
    """The names of a zip archive's entries, from their own headers and from its index."""
    for match in _ENTRY.finditer(content):
        (length,) = struct.unpack("<H", match[1] or match[2])
        start = match.end()
        yield content[start : start + length].decode("utf-8", "replace")


def _torch(head: bytes) -> Kind:
    """A PyTorch file by the classes that its pickles name; nothing in them is run."""
    if b"matlab_compat.torch/" in head:
        return _OURS
    if b"matlab_compat.parameters/" in head:
        return _PARAMETERS
    classes = list(dict.fromkeys(_classes(head)))
    objects = [name.replace(" ", ".") for name in classes if not _TENSOR_MODULES.match(name)]
    if objects:
        first = one_line(shortened(", ".join(objects[:3]), 200))
        return replace(_TORCH_OBJECTS, name=_TORCH_OBJECTS.name.format(classes=first))
    return _STATE_DICT if classes else _TORCH


def _classes(head: bytes) -> Iterator[str]:
    """'module name' of every class that the pickles at the beginning of a file name."""
    stream, pickles = io.BytesIO(head), 5  # magic number, protocol, system, object, storages
    if head.startswith(b"PK"):
        pickles = 1
        (names,) = struct.unpack("<H", head[26:28])
        (extra,) = struct.unpack("<H", head[28:30])
        stream.seek(30 + names + extra)
    texts: list[str] = []
    for _ in range(pickles):
        try:
            for code, argument, _ in pickletools.genops(stream):
                if code.name == "GLOBAL":
                    yield str(argument)
                elif code.name == "STACK_GLOBAL":
                    yield " ".join(texts[-2:])
                elif isinstance(argument, str):
                    texts.append(argument)
        except (ValueError, IndexError, OverflowError, struct.error):
            return


#: What lines begin with that hold no numbers.
_COMMENTS = "%#"


def _text(head: bytes) -> Kind | None:
    marks = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb": "utf-8-sig"}
    encoding = marks.get(head[:2], "utf-8")
    text = head.decode(encoding, "replace").rstrip("\ufffd\x1a")
    if not text or not all(c.isprintable() or c in "\t\r\n\f" for c in text) or "\ufffd" in text:
        return None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return Kind("text of white space", _AGAIN)
    if lines[0][0] in "{[":
        return Kind("a text of JSON", f"{_NO_MODEL}; in MATLAB: jsondecode(fileread({{path}})).")
    if lines[0].startswith("%YAML"):
        return Kind("a text of YAML, as Unity saves materials in files named .mat", _NO_MODEL + ".")
    if (numbers := _numbers(text, lines, encoding)) is not None:
        return numbers
    if re.match(r"(?:function|classdef)\b|%", lines[0]):
        return Kind("code of MATLAB", _IN_MATLAB % "run it")
    begins = one_line(shortened(lines[0], 60))
    return Kind(f"text that begins {begins!r}", f"{_NO_MODEL}; if it should be one, {_AGAIN}")


def _numbers(text: str, lines: list[str], encoding: str) -> Kind | None:
    """A text of numbers, with the line that reads it if one does; ``None`` if it is none."""
    rows = [line for line in lines if line[0] not in _COMMENTS]
    header = len(rows) > 1 and not _are_numbers(rows[0])
    if not rows or not all(map(_are_numbers, rows[header:][:20])):
        return None
    name = "a text of numbers, as save -ascii and writematrix write them"
    options: dict[str, Any] = {"ndmin": 2}
    if delimiter := next((sign for sign in ",;\t" if sign in rows[-1]), ""):
        options["delimiter"] = delimiter
    if commented := [sign for sign in _COMMENTS if any(line.startswith(sign) for line in lines)]:
        options["comments"] = commented
    if header:  # lines as they are in the file, comments and empty ones among them
        options["skiprows"] = [line.strip() for line in text.splitlines()].index(rows[0]) + 1
    try:
        np.loadtxt(io.StringIO(text), **options)
    except ValueError:
        counts = sorted({len(_parts(row)) for row in rows[header:]})
        many = f"{counts[0]} to {counts[-1]} in a line: no array" if counts[1:] else "no array"
        remedy = "in MATLAB, save what belongs to X under its name: save('X.mat', 'X')."
        return Kind(f"{name}, {many} of one size", f"{_NO_MODEL}; {remedy}", remedy)
    if encoding != "utf-8":
        options["encoding"] = encoding
    how = "".join(f", {option}={value!r}" for option, value in options.items())
    return _array(f"{name}: it has no names of variables", f"numpy.loadtxt({{path}}{how})")


def _are_numbers(line: str) -> bool:
    try:
        [float(part) for part in _parts(line)]
    except ValueError:
        return False
    return True


def _parts(line: str) -> list[str]:
    return [part for part in re.split(r"[\s,;]+", line) if part]
