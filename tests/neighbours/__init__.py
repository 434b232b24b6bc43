"""Packages that teams use beside the library, each used with its stacks: `docs/neighbours.md` has what came out."""
