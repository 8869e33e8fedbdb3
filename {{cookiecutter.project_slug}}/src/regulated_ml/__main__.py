"""`python -m regulated_ml` is the command `rml`."""

from regulated_ml.cli.app import main

main()
