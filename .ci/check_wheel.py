"""Run outside the source tree: the installed wheel holds the packages and their data."""

import importlib
import importlib.resources
import json
import sys
from pathlib import Path

DATA = {
    "theory": ["py.typed"],
    "numerics": ["py.typed"],
    "verify": ["py.typed", "report/schema.json", "report/style.css", "report/page.html.j2", "report/claim.html.j2"],
}

for package, names in DATA.items():
    module = importlib.import_module(package)
    folder = Path(next(iter(module.__path__)))
    if "site-packages" not in folder.parts:
        sys.exit(f"{package} was imported from {folder}, not from the wheel")
    for name in names:
        if not (folder / name).is_file():
            sys.exit(f"the wheel lacks {package}/{name}")
json.loads((importlib.resources.files("verify") / "report" / "schema.json").read_text(encoding="utf-8"))
importlib.import_module("verify.pytest_plugin")
print("the wheel is complete")
