"""Draw the README's picture and write its JSON, as the program now gives them.

python docs/render.py
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
ORIGINAL, LISTING = "dandelion.jpg", "dandelion-chain.jpg"

KEYS = (
    *("reference_id", "verdict", "score", "homography", "mirrored", "reference_box"),
    *("query_box", "reference_kept", "query_covered", "edits", "direction"),
)


def imgmatch(*arguments: str) -> str:
    """Run a command in the project's folder and return what it prints."""
    command = [sys.executable, "-m", "imgmatch", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout


def shortened(line: str) -> str:
    """Set a line of a scan with one match as in the README."""
    result = json.loads(line)
    match = result["matches"][0]
    match["homography"] = (np.round(match["homography"], 3) + 0.0).tolist()
    edits = ",\n".join(f"        {json.dumps(edit)}" for edit in match["edits"])
    fields = {key: json.dumps(match[key]) for key in KEYS}
    fields["edits"] = f"[\n{edits}\n      ]"
    return "\n".join(
        [
            "{",
            *(f'  "{key}": "{result[key]}",' for key in ("query", "sha256", "verdict")),
            '  "matches": [\n    {',
            ",\n".join(f'      "{key}": {value}' for key, value in fields.items()),
            '    }\n  ],\n  "error": null\n}',
        ]
    )


def main() -> None:
    """Rewrite docs/comparison.png and the JSON in README.md."""
    original, listing = f"examples/originals/{ORIGINAL}", f"examples/listings/{LISTING}"
    imgmatch("compare", original, listing, "--figure", "docs/comparison.png")
    line = imgmatch("scan", listing, "--originals", "examples/originals")
    line = line.replace(listing, LISTING)  # as a scan of the folder names it
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    block = f"```json\n{shortened(line)}\n```"
    text = re.sub(r"```json\n.*?\n```", lambda _: block, text, flags=re.DOTALL)
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
