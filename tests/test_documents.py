"""The pages' Python runs as it stands there, and their links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "doc").glob("*.md"))]


def python_blocks(page: Path) -> list[str]:
    """What of an indented block is Python: from its first import to the end of the indentation."""
    blocks = re.findall(r"(?:^    [^\n]*\n|^\n)+", page.read_text(), re.MULTILINE)
    plain = ["\n".join(line[4:] for line in block.splitlines()) for block in blocks]
    return [b[b.index("import numpy") :] for b in plain if "import numpy" in b]


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "doc" / "using.md"], ids=str)
def test_examples_run(page):
    blocks = python_blocks(page)
    assert blocks
    for block in blocks:
        subprocess.run([sys.executable, "-c", block], check=True, capture_output=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_readme_is_a_page():
    assert len((ROOT / "README.md").read_text().splitlines()) < 120
