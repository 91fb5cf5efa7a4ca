"""What a file may cost: bytes, seconds, rows. The child sets them on itself before it opens anything."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one file. The figures leave room for 100,000 rows of 115 columns (migration/README.md, 13)."""

    memory_bytes: int = 1_500_000_000
    seconds: int = 60
    rows: int = 2_000_000
    columns: int = 16_384
    sheets: int = 500
    field_chars: int = 1_000_000
    unpacked_bytes: int = 2_000_000_000
    members: int = 10_000
    ratio: int = 250
    """Unpacked to packed size of one member; asked only of members over `ratio_from_bytes`."""
    ratio_from_bytes: int = 20_000_000
    fallback_rows: int = 100_000
    """Rows that the slow second reader (openpyxl) takes from one sheet."""

    def as_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Limits:
        return cls(**json.loads(text))


def apply_to_this_process(limits: Limits) -> None:
    """Bound the address space and processor time of the process that calls (the child, first thing)."""
    if sys.platform == "win32":
        _limit_on_windows(limits)
    else:
        _limit_on_posix(limits)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _JOB_OBJECT_LIMIT_PROCESS_TIME = 0x2
    _JOB_OBJECT_LIMIT_PROCESS_MEMORY = 0x100
    _JOB_OBJECT_LIMIT_ACTIVE_PROCESS = 0x8
    _EXTENDED_LIMIT_INFORMATION = 9

    class _BasicLimits(ctypes.Structure):
        _fields_ = (
            ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
            ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = (
            ("BasicLimitInformation", _BasicLimits),
            ("IoInfo", ctypes.c_ulonglong * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    def _limit_on_windows(limits: Limits) -> None:
        """Put this process into a Job Object of its own; the job lives as long as the process."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, wintypes.LPCWSTR)
        kernel.SetInformationJobObject.argtypes = (wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD)
        kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        job = kernel.CreateJobObjectW(None, None)
        bounds = _ExtendedLimits()
        bounds.BasicLimitInformation.LimitFlags = (
            _JOB_OBJECT_LIMIT_PROCESS_TIME | _JOB_OBJECT_LIMIT_PROCESS_MEMORY | _JOB_OBJECT_LIMIT_ACTIVE_PROCESS
        )
        bounds.BasicLimitInformation.PerProcessUserTimeLimit = limits.seconds * 10_000_000
        bounds.BasicLimitInformation.ActiveProcessLimit = 1
        bounds.ProcessMemoryLimit = limits.memory_bytes
        done = kernel.SetInformationJobObject(
            job, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(bounds), ctypes.sizeof(bounds)
        ) and kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess())
        if not done:
            raise ctypes.WinError(ctypes.get_last_error())

else:
    import resource

    def _limit_on_posix(limits: Limits) -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform != "darwin":
            resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
