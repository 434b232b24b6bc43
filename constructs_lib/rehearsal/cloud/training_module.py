"""The module that trains and serves, chosen when the server starts; tests choose a tiny one."""

import importlib
import importlib.util
from functools import cache
from types import ModuleType


@cache
def load_training(name: str) -> ModuleType:
    """The module of a dotted name, or from a Python file. It has `train` and `Server`.

    It is loaded when the first job starts: the libraries behind it take seconds to import.
    """
    if not name.endswith(".py"):
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location("rehearsal_training_from_file", name)
    if spec is None or spec.loader is None:
        raise ImportError(f"{name} is no Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
