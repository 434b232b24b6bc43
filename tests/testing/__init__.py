"""What users test their stacks with."""
