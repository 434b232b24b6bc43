"""What every test process needs before it imports the CDK."""

import os

# CDK's own template validation takes 4 s on the first synthesis of a process. One test leaves it on, in a process of
# its own: tests/constructs/test_validators.py.
os.environ["CDK_VALIDATION"] = "false"
