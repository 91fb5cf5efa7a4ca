"""What an import did, or would do: the answer of `import --json` (design.md 12), and what undo took back."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from services.exchange.staging import FileCard, Issue, StagedRow

MOST_ISSUES = 20_000
"""So many issues are listed; the rest is counted and said in the last one."""
MOST_QUIET_ISSUES = 1_000
"""Rows that are no data (S_NOT_DATA) are listed up to here: they need nobody's attention."""
MOST_DUPLICATES = 500
"""So many pairs are listed for review; "review" counts all rows."""


@dataclass(slots=True)
class Counts:
    """Each row is in one of the first five; `review` counts again the created rows that resemble another record."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    review: int = 0


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Rows and records that are one (`certain`: they were made one) or may be (imported apart, for review)."""

    certain: bool
    rows: tuple[tuple[str, int], ...]
    """(file, row as the spreadsheet counts)"""
    records: tuple[tuple[str, int, str, str], ...]
    """(kind, id, code, name)"""
    score: float

    def json(self) -> dict[str, Any]:
        return {
            "certain": self.certain,
            "score": f"{self.score:.2f}",
            "rows": [{"file": file, "row": row} for file, row in self.rows],
            "records": [
                {"kind": kind, "id": record_id, "code": code, "name": name}
                for kind, record_id, code, name in self.records
            ],
        }


@dataclass(slots=True)
class Outcome:
    """`batch` is None for a dry run. `rejected` are the rows for the error workbook, with their issues."""

    batch: str | None
    entities: dict[str, Counts] = field(default_factory=dict)
    files: tuple[FileCard, ...] = ()
    issues: list[Issue] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    rejected: list[tuple[StagedRow, tuple[Issue, ...]]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """Issues beyond the limits, by code."""

    def counts(self, entity: str) -> Counts:
        return self.entities.setdefault(entity, Counts())

    def tell(self, *issues: Issue) -> None:
        for issue in issues:
            is_quiet = issue.code.startswith("S_")
            if len(self.issues) < (MOST_QUIET_ISSUES if is_quiet else MOST_ISSUES):
                self.issues.append(issue)
            else:
                self.left_out[issue.code] += 1

    def reject(self, row: StagedRow, *issues: Issue) -> None:
        """Count the row as rejected; its own issues are told already."""
        self.tell(*issues)
        self.counts(row.entity).rejected += 1
        self.rejected.append((row, (*row.issues, *issues)))

    def resembles(self, duplicate: Duplicate) -> None:
        if len(self.duplicates) < MOST_DUPLICATES:
            self.duplicates.append(duplicate)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was rejected and every file could be read."""
        return not any(counts.rejected for counts in self.entities.values()) and not any(
            issue.code == "E_FILE" for issue in self.issues
        )

    def rehearsed(self) -> Outcome:
        """The same as the answer of a dry run, which leaves no batch behind."""
        return replace(self, batch=None)

    def json(self) -> dict[str, Any]:
        return {
            "batch": self.batch,
            "entities": {entity: asdict(counts) for entity, counts in self.entities.items()},
            "files": [file_json(card) for card in self.files],
            "issues": [issue_json(issue) for issue in self.issues]
            + [
                {
                    "file": "",
                    "sheet": "",
                    "row": 0,
                    "column": "",
                    "code": code,
                    "value": "",
                    "message": f"{count:,} more of this kind are not listed.",
                }
                for code, count in self.left_out.items()
            ],
            "money": {},
            "duplicates": [duplicate.json() for duplicate in self.duplicates],
        }


def file_json(card: FileCard) -> dict[str, Any]:
    return {
        "file": card.file,
        "sheet": card.sheet,
        "system": card.system,
        "entity": card.entity,
        "header_row": card.header_row,
        "rows": card.rows,
        "is_chosen": card.is_chosen,
        "note": card.note,
    }


def issue_json(issue: Issue) -> dict[str, Any]:
    message = f"{issue.message} {issue.remedy}".strip()
    return {
        "file": issue.file,
        "sheet": issue.sheet,
        "row": issue.row,
        "column": issue.column,
        "code": issue.code,
        "value": issue.value,
        "message": message,
    }


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that an undo leaves, and the reason in words."""

    kind: str
    id: int
    number: str
    why: str


@dataclass(slots=True)
class Undone:
    """What an undo did: records by kind, and those that stay."""

    batch: str
    removed: dict[str, int] = field(default_factory=dict)
    restored: dict[str, int] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        return {
            "batch": self.batch,
            "removed": self.removed,
            "restored": self.restored,
            "kept": [asdict(kept) for kept in self.kept],
        }
