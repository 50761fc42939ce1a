"""Write the page's copy of the vocabulary, frontend/src/core/reasons.json, from `keyhole.reasons.WORDS`.

`python tools/generate_reasons.py` writes it; with `--check` it writes nothing and exits 1 when the copy is stale.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from keyhole.reasons import WORDS

COPY = Path(__file__).resolve().parents[1] / "frontend" / "src" / "core" / "reasons.json"


def render() -> str:
    """The JSON text: reason's name -> {title, says, next}, in the vocabulary's own order."""
    return json.dumps({reason.value: asdict(words) for reason, words in WORDS.items()}, indent=2) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Write frontend/src/core/reasons.json from keyhole.reasons.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is stale")
    check: bool = parser.parse_args().check

    text = render()
    stale = not COPY.is_file() or COPY.read_text(encoding="utf-8") != text
    if stale and check:
        sys.stderr.write(f"{COPY.name} is stale: run python tools/generate_reasons.py\n")
        return 1
    if stale:
        COPY.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
