"""Hooks of MkDocs: links that leave docs/ lead to the repository, and a page that would fetch from elsewhere fails."""

import posixpath
import re
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page

REPOSITORY = "https://github.com/keyhole-console/keyhole/blob/main"

LINK = re.compile(r"(\]\()([^)\s#:]+)((?:#[^)]*)?\))")
FETCHED = re.compile(r"<(?:script|img|iframe|link|source)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>", re.I)


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Called by MkDocs with each page's source."""
    folder = posixpath.join("docs", posixpath.dirname(page.file.src_uri))

    def leading_out(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, match[2]))
        return match[0] if path.startswith("docs/") else f"{match[1]}{REPOSITORY}/{path}{match[3]}"

    return LINK.sub(leading_out, markdown)


def on_post_page(output: str, *, page: Page, **_: Any) -> str:
    """Called by MkDocs with each page as it is written. Raises PluginError."""
    found = FETCHED.search(output)
    if found is not None:
        raise PluginError(f"{page.file.src_uri} would fetch from elsewhere: {found[0]}")
    return output
