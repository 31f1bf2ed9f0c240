"""Datetimes with a time zone. Those without one are plain arrays of ``datetime64``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from matlab_compat.errors import UsageError

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)(?::?(\d\d))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Datetime:
    """A MATLAB datetime array with a TimeZone: points in time, and the zone they are shown in.

    Never a plain array: whether one of these means UTC or the zone's clock could not be told.

    Parameters
    ----------
    utc:
        ``datetime64[us]`` in UTC, in MATLAB's size; ``NaT`` where MATLAB has ``NaT``.
    time_zone:
        As MATLAB has it: a name of the IANA database ("Europe/Berlin") or an offset ("+01:00").

    Examples
    --------
    >>> t = Datetime(np.array([["2023-11-14T22:13:20"]], "datetime64[us]"), "Europe/Berlin")
    >>> t.aware()[0, 0].isoformat(), str(t.local()[0, 0])
    ('2023-11-14T23:13:20+01:00', '2023-11-14T23:13:20.000000')
    """

    utc: npt.NDArray[np.datetime64]
    time_zone: str

    @property
    def shape(self) -> tuple[int, ...]:
        """MATLAB's size."""
        return self.utc.shape

    def aware(self) -> npt.NDArray[Any]:
        """``datetime.datetime`` objects with their ``tzinfo``, in the same size; NaT is ``None``.

        Raises
        ------
        UsageError
            The zone is not known on this machine, or a year is not among Python's 1 to 9999.
        """
        zone = self.tzinfo()
        made = np.empty(self.utc.shape, object)
        for index, moment in np.ndenumerate(self.utc.astype("datetime64[us]")):
            since = timedelta(microseconds=int(moment.astype(np.int64)))
            try:
                made[index] = None if np.isnat(moment) else (_EPOCH + since).astimezone(zone)
            except OverflowError:
                what = f"{moment} is beyond the years 1 to 9999 of Python's datetime."
                raise UsageError(what, remedy="use .utc, which holds it as datetime64.") from None
        return made

    def local(self) -> npt.NDArray[np.datetime64]:
        """``datetime64[us]`` by the clock of the zone: the digits that MATLAB shows.

        Raises
        ------
        UsageError
            As :meth:`aware`.
        """
        clocks = [m and m.replace(tzinfo=None) for m in self.aware().ravel()]
        return np.array(clocks, "datetime64[us]").reshape(self.shape)

    def tzinfo(self) -> tzinfo:
        """The zone for Python's ``datetime``.

        Raises
        ------
        UsageError
            This machine does not know it.
        """
        if match := _OFFSET.fullmatch(self.time_zone):
            sign, hours, minutes, seconds = match.groups()
            offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
            return timezone(-offset if sign == "-" else offset)
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UsageError(
                f"The time zone {self.time_zone!r} is not known on this machine.",
                remedy="install the zones (pip install tzdata), or use .utc.",
            ) from None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise UsageError(
            f"Datetimes of the zone {self.time_zone} do not become a plain array by themselves.",
            remedy="say which is meant: .utc, .local() (what MATLAB shows) or .aware().",
        )
