"""The program on top of the code archive: runs the module that RML_JOB_MODULE names.

It runs in the container, which has Python's own library, and of ours nothing but the archive. The
code of a training job is unpacked already, by the container; that of a processing job lies as an
archive beside this file.
"""

import os
import runpy
import sys
import tarfile
import tempfile
from pathlib import Path

MODULE = "RML_JOB_MODULE"
ARCHIVE = "sourcedir.tar.gz"


def main() -> None:
    """Makes the code importable and runs the module as `python -m` does."""
    archive = Path(__file__).with_name(ARCHIVE)
    if archive.is_file():
        code = tempfile.mkdtemp()
        with tarfile.open(archive) as tar:
            tar.extractall(code, filter="data")
        sys.path.insert(0, code)
    runpy.run_module(os.environ[MODULE], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
