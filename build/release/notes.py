"""The release notes: the changelog's section of one version."""

import re

HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\].*$", re.MULTILINE)
LINK = re.compile(r"^\[[^\]]+\]: \S+$", re.MULTILINE)


class MissingNotes(Exception):
    """The changelog has no entry for the version."""


def excerpt(changelog, *names):
    """The text of the first of these headings that has one."""
    headings = list(HEADING.finditer(changelog))
    sections = {}
    for heading, following in zip(headings, [*headings[1:], None]):
        text = changelog[heading.end() : following.start() if following else None]
        sections[heading["name"]] = LINK.sub("", text).strip()
    for name in names:
        if sections.get(name):
            return sections[name] + "\n"
    raise MissingNotes(f"CHANGELOG.md has no entry under {' or '.join(f'`## [{name}]`' for name in names)}.")
