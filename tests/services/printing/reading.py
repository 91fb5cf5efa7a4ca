"""Reading a printed document back, with a reader that is none of ours."""

from __future__ import annotations

import re

import pypdfium2


def page_texts(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [str(document[i].get_textpage().get_text_range()) for i in range(len(document))]
    finally:
        document.close()


def text_of(pdf: bytes) -> str:
    return "\n".join(page_texts(pdf))


def squeezed(text: str) -> str:
    """`text` without white space: line breaks on paper are not the writer's."""
    return re.sub(r"\s+", "", text)
