"""Reference pages: docs/commands.md from the commands' help, docs/settings.md from the tables of settings, docs/api.md from docstrings.

    python docs/reference.py            # writes them; `make docs` does the same
    python docs/reference.py --check    # exit 1 naming the page that is not what the code says

A module joins the public API by an `__all__` and a line in `PUBLIC` of reference_api.py.
"""

import argparse
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from reference_api import api_page  # noqa: E402
from reference_commands import commands_page  # noqa: E402
from reference_settings import settings_page  # noqa: E402

PAGES = {"commands.md": commands_page, "settings.md": settings_page, "api.md": api_page}


def main() -> int:
    """Write or check the pages."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is outdated")
    check = parser.parse_args().check
    outdated = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            outdated.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and outdated:
        print(f"not what the code says: {', '.join(outdated)}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
