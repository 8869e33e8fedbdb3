"""The pages of `rml report`: the same bytes wherever and whenever they are built."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def test_folder_time_zone_language_and_order_of_hashes_leave_no_trace(
    small: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(small, tmp_path / "deep/er" / "another", symlinks=True))
    pages = []
    for folder, variables in (
        (small, {"TZ": "UTC", "PYTHONHASHSEED": "1"}),
        (other, {"TZ": "Asia/Taipei", "PYTHONHASHSEED": "77", "LC_ALL": "C", "LANG": "de_DE"}),
    ):
        shutil.rmtree(folder / "reports")
        subprocess.run(
            [sys.executable, "-m", "regulated_ml", "report"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder / "src"), **variables},
            capture_output=True,
            check=True,
        )
        pages.append({path.name: path.read_bytes() for path in (folder / "reports").iterdir()})
    assert pages[0] == pages[1]
    assert "index.html" in pages[0]
