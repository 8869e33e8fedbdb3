"""`python -m regulated_ml.serving FOLDER`: the process of an endpoint."""

import sys
from pathlib import Path

from regulated_ml.serving.server import main

main(Path(sys.argv[1]))
