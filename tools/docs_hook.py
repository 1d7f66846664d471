# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lets one Markdown source work on GitHub and in the built site. mkdocs calls the functions named ``on_…``.

mkdocs knows only what lies in docs/. This brings the pages of the root into the site. It also copies every other file
that a page links to. The links in the sources stay those that work on GitHub.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Pages of the root, and what they are called in the site."""

LINK = re.compile(r"(\]\()(?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")


def in_site(path: str) -> str:
    """Where a file of the repository lies in the site; the path is relative to the root."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"repository/{path}"


def linked_files(text: str, source: str) -> set[str]:
    """Files of the repository that a page links to; the paths are relative to the root."""
    return {posixpath.normpath(posixpath.join(posixpath.dirname(source), match[2])) for match in LINK.finditer(text)}


def for_site(text: str, source: str) -> str:
    """A page with its links changed to those of the site.

    Args:
        text: the page in Markdown.
        source: its path relative to the root.
    """
    folder = posixpath.dirname(in_site(source)) or "."

    def link(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[2]))
        return f"{match[1]}{posixpath.relpath(in_site(target), folder)}{match[3] or ''}"

    return LINK.sub(link, text)


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages of the root, and the files outside docs/ that some page links to."""
    from mkdocs.structure.files import File

    linked: set[str] = set()
    for page in files.documentation_pages():
        linked |= linked_files(page.content_string, f"docs/{page.src_uri}")
    for source, name in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        linked |= linked_files(text, source)
        files.append(File.generated(config, name, content=for_site(text, source)))
    for source in sorted(linked):
        if (ROOT / source).is_file() and in_site(source).startswith("repository/"):
            files.append(File.generated(config, in_site(source), abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Change the links of the pages in docs/; those of the root are changed already."""
    name = page.file.src_uri
    return markdown if name in PAGES.values() else for_site(markdown, f"docs/{name}")


def on_page_content(html: str, *, page: Any, config: Any, files: Any) -> str:
    """Drop the Sphinx roles of the docstrings: Markdown shows ``:class:`` as text in front of the name."""
    return re.sub(r":[a-z]+:<code>~?", "<code>", html)
