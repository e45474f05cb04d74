"""The changelog's words about one version."""

import re

HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\].*$", re.MULTILINE)
LINK = re.compile(r"^\[[^\]]+\]: \S+$", re.MULTILINE)


class Missing(Exception):
    """The changelog has nothing to say about the version; the text says what to do."""


def excerpt(changelog, *names):
    """What is under the first of these headings that has something under it."""
    headings = list(HEADING.finditer(changelog))
    sections = {}
    for heading, following in zip(headings, [*headings[1:], None]):
        text = changelog[heading.end() : following.start() if following else None]
        sections[heading["name"]] = LINK.sub("", text).strip()
    for name in names:
        if sections.get(name):
            return sections[name] + "\n"
    raise Missing(f"CHANGELOG.md says nothing under {' or '.join(f'`## [{name}]`' for name in names)}.")
