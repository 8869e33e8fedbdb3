"""Reads `requirements.lock`: which packages are pinned, in which versions, for which machines.

The check of the standard and the record of a run both ask, so the one reader lies below both.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from packaging.markers import InvalidMarker, Marker
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

LOCK = "requirements.lock"

# A pin as uv writes it, its lines joined: name==version ; marker --hash=sha256:...
PIN = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?:\s*;\s*(?P<marker>.+?))?"
    r"(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})*)"
)
HASH = re.compile("[0-9a-f]{64}")


class Pin(NamedTuple):
    """A package as it is locked, and where its marker says that it is installed."""

    name: NormalizedName
    version: Version
    marker: Marker | None
    hashes: tuple[str, ...] = ()  # SHA-256 of each file that may be installed for it

    def applies(self, environment: Mapping[str, str] | None = None) -> bool:
        """Whether it is installed there: values of markers (PEP 508), or this interpreter."""
        return self.marker is None or self.marker.evaluate(environment and dict(environment))


def read(text: str) -> tuple[list[Pin], list[str]]:
    """The pins of a lock file, and what is wrong with its other lines, one sentence each."""
    pins, mistakes = [], []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        match = PIN.fullmatch(content)
        if not match:
            mistakes.append(f"`{content[:60]}` is no pinned version")
            continue
        if not match["hashes"]:
            mistakes.append(f"{match['name']} has no hash")
        try:
            marker = Marker(match["marker"]) if match["marker"] else None
            hashes = tuple(HASH.findall(match["hashes"]))
            pin = Pin(canonicalize_name(match["name"]), Version(match["version"]), marker, hashes)
        except (InvalidMarker, InvalidVersion):
            mistakes.append(f"`{content.partition(' --hash')[0][:60]}` cannot be read")
        else:
            pins.append(pin)
    return pins, mistakes
