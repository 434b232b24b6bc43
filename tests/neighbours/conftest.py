"""Each folder runs in an environment of its own, which `python3 dev.py test` makes: elsewhere its packages lack."""

import os

collect_ignore = [each for each in ("with_cdk_nag_2", "with_cdk_nag_3") if each != os.environ.get("NEIGHBOURS")]
