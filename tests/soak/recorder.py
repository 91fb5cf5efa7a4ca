"""Records what a child process writes, syncs, renames and says, in order, by reading its system calls (strace)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.debian import can_install, install

CALLS = (
    "openat,open,creat,close,dup,dup2,dup3,fcntl,pwrite64,write,pwritev,writev,lseek,ftruncate,fallocate,fsync,"
    "fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat"
)
LINE = re.compile(rb"^(?:\d+ +)?(\w+)\((.*)\)\s+= (-?\d+)")
QUICKLY = ("-f", "--seccomp-bpf")
"""Only the calls that are asked for stop the child; the kernel lets the others pass."""
TEXT = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')
NOT_KEPT = ("-shm", "-lock")
"""Made anew after a power cut: nothing of them needs to survive."""


class Unavailable(Exception):
    """Nothing can be recorded here; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Write:
    file: int
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    file: int


@dataclass(frozen=True, slots=True)
class Name:
    """`file` is known as `name` from here on; None: the name is gone. A rename is one step and names both."""

    folder: Path
    changes: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True)
class SyncFolder:
    folder: Path


@dataclass(frozen=True, slots=True)
class Said:
    line: str


Step = Write | Resize | Sync | Name | SyncFolder | Said


@dataclass(frozen=True, slots=True)
class Recording:
    """`before` holds the files that lay there at the start: their number is their place in it."""

    folder: Path
    before: tuple[tuple[str, bytes], ...]
    steps: tuple[Step, ...]


def record(command: list[str], folder: Path, root: Path) -> Recording:
    """Run `command` to its end and answer what it did to the files in `folder`."""
    before = tuple((path.name, path.read_bytes()) for path in sorted(folder.iterdir()) if _is_kept(path.name))
    tool = strace()
    with tempfile.TemporaryDirectory(prefix="throughline-strace-") as logs:
        log = Path(logs) / "calls"
        trace = ",".join(f"?{call}" for call in CALLS.split(","))
        options = [
            *QUICKLY,
            "-qq",
            "-xx",
            "-s",
            str(1 << 22),
            "-e",
            f"trace={trace}",
            "-e",
            "signal=none",
            "-o",
            str(log),
        ]
        done = subprocess.run([tool, *options, *command], cwd=root, check=False, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"The recorded child failed: {done.stderr.decode(errors='replace')[-2000:]}")
        with log.open("rb") as lines:
            return Recording(folder, before, tuple(_Reader(folder, root, before).read(lines)))


def strace() -> str:
    found = shutil.which("strace")
    if found is None and can_install():
        install("strace", is_there=lambda: shutil.which("strace") is not None)
        found = shutil.which("strace")
    if found is None:
        raise Unavailable("strace is not installed (Debian: sudo apt-get install strace).")
    probe = subprocess.run([found, "-qq", "-o", os.devnull, "true"], check=False, capture_output=True)
    if probe.returncode:
        raise Unavailable("this machine does not let one process watch another (ptrace).")
    return found


def _is_kept(name: str) -> bool:
    return not name.endswith(NOT_KEPT)


class _Reader:
    """Follows file descriptors and names through the log."""

    def __init__(self, folder: Path, root: Path, before: tuple[tuple[str, bytes], ...]) -> None:
        self._folder = folder
        self._root = root
        self._files = {name: number for number, (name, _) in enumerate(before)}
        self._count = len(before)
        self._sizes = {number: len(content) for number, (_, content) in enumerate(before)}
        self._open: dict[int, int | Path] = {}
        self._positions: dict[int, int] = {}

    def read(self, lines: Iterator[bytes]) -> Iterator[Step]:
        for line in lines:
            found = LINE.match(line)
            if found is None or int(found[3]) < 0:
                continue
            call, rest, result = found[1].decode(), found[2], int(found[3])
            yield from self._step(call, rest, result)

    def _step(self, call: str, rest: bytes, result: int) -> Iterator[Step]:
        texts = [bytes.fromhex(text.replace(b"\\x", b"").decode()) for text in TEXT.findall(rest)]
        if call in {"openat", "open", "creat"}:
            yield from self._opened(texts[0], rest, result, is_new=call == "creat")
        elif call.startswith("rename"):
            yield from self._renamed(*(self._path(text) for text in texts))
        elif call.startswith("unlink"):
            path = self._path(texts[0])
            if path.parent == self._folder and self._files.pop(path.name, None) is not None:
                yield Name(path.parent, ((path.name, None),))
        else:
            first, *others = rest.split(b",")
            yield from self._used(call, int(first), texts, [part.strip() for part in others], result)

    def _opened(self, text: bytes, rest: bytes, descriptor: int, *, is_new: bool) -> Iterator[Step]:
        path = self._path(text)
        self._open.pop(descriptor, None)
        if path == self._folder:
            self._open[descriptor] = path
            return
        if path.parent != self._folder or not _is_kept(path.name):
            return
        if path.name not in self._files:
            self._files[path.name], self._sizes[self._count] = self._count, 0
            self._count += 1
            yield Name(path.parent, ((path.name, self._files[path.name]),))
        number = self._files[path.name]
        self._open[descriptor] = number
        self._positions[descriptor] = self._sizes[number] if b"O_APPEND" in rest else 0
        if (is_new or b"O_TRUNC" in rest) and self._sizes[number]:
            self._sizes[number] = 0
            yield Resize(number, 0)

    def _renamed(self, old: Path, new: Path) -> Iterator[Step]:
        if old.parent != self._folder:
            return
        number = self._files.pop(old.name)
        self._files[new.name] = number
        yield Name(self._folder, ((old.name, None), (new.name, number)))

    def _used(self, call: str, descriptor: int, texts: list[bytes], others: list[bytes], result: int) -> Iterator[Step]:
        if call == "write" and descriptor == 1:
            yield from (Said(line) for line in texts[0].decode().splitlines())
            return
        target = self._open.get(descriptor)
        if call == "close":
            self._open.pop(descriptor, None)
        elif call in {"dup", "dup2", "dup3", "fcntl"}:
            if target is not None and (call != "fcntl" or b"F_DUPFD" in others[0]):
                raise Unavailable(f"The recorded child used {call} on a file of the book, which is not followed.")
        elif isinstance(target, Path):
            if call in {"fsync", "fdatasync"}:
                yield SyncFolder(target)
        elif target is not None:
            yield from self._changed(call, descriptor, target, texts, others, result)

    def _changed(
        self, call: str, descriptor: int, number: int, texts: list[bytes], others: list[bytes], result: int
    ) -> Iterator[Step]:
        if call in {"pwrite64", "write"}:
            content = texts[0][:result]
            offset = int(others[-1]) if call == "pwrite64" else self._positions[descriptor]
            if call == "write":
                self._positions[descriptor] = offset + result
            self._sizes[number] = max(self._sizes[number], offset + result)
            yield Write(number, offset, content)
        elif call == "lseek":
            self._positions[descriptor] = result
        elif call == "ftruncate":
            self._sizes[number] = int(others[0])
            yield Resize(number, int(others[0]))
        elif call in {"fsync", "fdatasync"}:
            yield Sync(number)
        else:
            raise Unavailable(f"The recorded child used {call}, which the recorder does not know.")

    def _path(self, text: bytes) -> Path:
        return Path(os.path.normpath(self._root / os.fsdecode(text)))
