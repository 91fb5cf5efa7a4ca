"""dev.py, as far as it can be tried without taking this machine apart: its answers, and its view of what is missing."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dev

ROOT = Path(__file__).resolve().parent.parent


def ask(*arguments: str, where: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(where / "dev.py"), *arguments], check=False, capture_output=True, text=True, cwd=where
    )


def test_every_verb_is_in_the_help() -> None:
    answer = ask("help")
    assert answer.returncode == 0
    assert [verb for verb in dev.VERBS if f"python3 dev.py {verb} " not in answer.stdout] == []


def test_an_unknown_verb_is_answered_with_the_nearest() -> None:
    answer = ask("tset")
    assert answer.returncode == 2
    assert 'Did you mean "test"?' in answer.stderr
    assert ask().returncode == 2


def test_screenshots_say_that_there_is_no_window() -> None:
    answer = ask("screenshots")
    assert answer.returncode == 2
    assert "no window yet" in answer.stderr


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="system libraries are looked for on Linux only")
def test_a_library_that_does_not_load_is_named_by_its_package() -> None:
    assert dev.missing_libraries({"libc.so.6": "libc6", "libnone-of-this.so.9": "libnone9"}) == ["libnone9"]


def test_without_root_the_one_line_to_run_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(dev.Stop, match=r"sudo apt-get update && sudo apt-get install -y .* libegl1"):
        dev.install_system(["libegl1"])


def test_a_failed_step_is_named_with_its_need() -> None:
    with pytest.raises(dev.Stop, match=r'The step "installing Python packages" failed .* This step needs a network'):
        dev.run_step([sys.executable, "-c", "raise SystemExit(1)"], "installing Python packages")


def test_the_stamp_changes_with_the_lock_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = dev.wanted_stamp()
    other = tmp_path / "requirements.lock"
    other.write_text(dev.LOCK.read_text(encoding="utf-8") + "# one more\n", encoding="utf-8")
    monkeypatch.setattr(dev, "LOCK", other)
    assert dev.wanted_stamp() != before


def test_the_lock_file_has_a_hash_for_everything_and_no_address() -> None:
    text = dev.LOCK.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert lines
    assert [line for line in lines if "==" not in line or not line.endswith("\\")] == []
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


def test_two_set_ups_of_one_checkout_wait_for_each_other(tmp_path: Path) -> None:
    """Both write "in", then "out"; whoever holds the lock writes both before the other starts."""
    diary = tmp_path / "diary"
    program = (
        "import dev, pathlib\n"
        "with dev.alone():\n"
        f"    diary = pathlib.Path({str(diary)!r}).open('a')\n"
        "    print('in', file=diary, flush=True)\n"
        "    for _ in range(200_000): pass\n"
        "    print('out', file=diary, flush=True)\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) for _ in range(4)]
    assert [one.wait() for one in both] == [0, 0, 0, 0]
    assert diary.read_text(encoding="utf-8").split() == ["in", "out"] * 4
