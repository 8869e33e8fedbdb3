"""The licences of installed packages, as they declare them: in SPDX where it can be told."""

from importlib import metadata
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

LONGEST = 100  # characters; some packages put the whole text into the field of the name
NO_NAMES = {"", "UNKNOWN", "Dual License"}  # what stands in the field and names no licence

# Classifiers of packages that declare no SPDX expression (PEP 639), and what they mean in SPDX.
# Those that name no version of a licence are left in words.
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
}


class Installed(NamedTuple):
    """What an installed package says of itself."""

    version: str
    license: str  # an SPDX expression or a name; empty where nothing is declared
    requires: tuple[str, ...]  # requirements (PEP 508), as its author wrote them


def installed() -> dict[str, Installed]:
    """Every package of this Python, by its normal name."""
    return {
        canonicalize_name(each.name): Installed(
            each.version, declared(each.metadata), tuple(each.requires or ())
        )
        for each in metadata.distributions()
        if each.name
    }


def declared(found: Any) -> str:
    """The licence that metadata of a package (an email.message.Message) declare, or nothing."""
    if expression := found.get("License-Expression"):
        return str(expression).strip()
    name = " ".join(str(found.get("License") or "").split())
    classified = [
        line.rpartition(" :: ")[2]
        for line in found.get_all("Classifier") or ()
        if line.startswith("License :: ") and line.rpartition(" :: ")[2] != "OSI Approved"
    ]
    known = [CLASSIFIERS.get(words) or words for words in classified]
    # A short name says more than "BSD License" does; a long one is the text of the licence.
    if (
        name not in NO_NAMES
        and len(name) <= LONGEST
        and not any(CLASSIFIERS.get(words) for words in classified)
    ):
        return name
    return ", ".join(known)  # whether one may choose among several, classifiers do not say
