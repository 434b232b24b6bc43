"""`python -m constructs_lib.cli`: the `automl` command where it is not on PATH."""

import sys

from . import main

sys.exit(main())
