"""Pictures out of files, as MATLAB's ``imread`` gives them: PNG, JPEG, TIFF and BMP.

Needs Pillow, the extra ``images``. What is taken and what is refused is said in
:mod:`matlab_compat.network.pictures`; what a file *is* counts, not its ending.
"""

from __future__ import annotations

import warnings

from matlab_compat.errors import (
    CorruptFileError,
    FileAccessError,
    LimitExceededError,
    UsageError,
    cause_text,
    locating,
)
from matlab_compat.network.pictures import Picture, as_imread

from .endings import cannot_be_read, file_path
from .matfile import DEFAULT_LIMITS, Limits

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP")


def read_image(path: str, limits: Limits = DEFAULT_LIMITS, *, colour: str | None = None) -> Picture:
    """The picture in a file.

    Raises ``UsageError``: pillow is not installed; ``FileAccessError``, ``CorruptFileError`` or
    ``LimitExceededError``: the file cannot be read, is no picture or a damaged one, or too large;
    ``UnsupportedFileError``: it is none that is read as ``imread`` reads it.

    Parameters
    ----------
    path:
        The file; of several pictures in it the first, as ``imread``.
    limits:
        ``max_bytes`` bounds the decoded picture.
    colour:
        As for :func:`matlab_compat.network.pictures.as_imread`.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise UsageError(
            "Pillow, which reads pictures, is not installed.",
            where=(path,),
            remedy="pip install 'matlab-compat[images]'",
        ) from None
    with locating(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, which are checked here, and odd metadata
        file = file_path(path)
        try:
            file.open("rb").close()
        except OSError as error:
            raise cannot_be_read(error) from error
        try:
            with Image.open(file, formats=_FORMATS) as image:
                width, height = image.size
                what = f"The picture is {height}×{width}: {width * height * 8} bytes"
                limits.check("max_bytes", width * height * 8, what)
                return as_imread(image, colour)
        except Image.DecompressionBombError as error:
            raise LimitExceededError(f"The picture is too large: {cause_text(error)}") from None
        except (FileAccessError, CorruptFileError):
            raise
        except UnidentifiedImageError:
            raise CorruptFileError(
                "It is no picture that can be read: neither PNG, JPEG, TIFF nor BMP.",
                remedy="in MATLAB: I = imread(FILE); save('I.mat', 'I'), and give I.mat.",
            ) from None
        # What libraries raise for damaged pictures is of many kinds.
        except (OSError, SyntaxError, EOFError, TypeError, IndexError, OverflowError) as error:
            raise CorruptFileError(f"The picture is damaged: {cause_text(error)}") from error
