"""The page in a browser, at the width of a desk and of a phone."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("pandas")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from click.testing import CliRunner

from fmcodec_eval.report.command import report

LAYERS = 200
WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def page_file(tmp_path_factory) -> Path:
    """The page of a network of two hundred layers, one of them a single word."""
    folder = tmp_path_factory.mktemp("page")
    rng = np.random.default_rng(5)
    maps = {}
    for number in range(LAYERS):
        shape = (1, 1, 1) if number == LAYERS - 1 else (2, 4 + number % 7, 16)
        values = rng.normal(size=shape).cumsum(2) * (1 + number % 3)
        name = f"block{number // 2}.{'expand.relu' if number % 2 else 'project'}"
        maps[name] = np.maximum(values, 0) if number % 2 else values
    for image in range(2):
        np.savez(folder / f"image{image}.npz", **{n: v.astype(np.float32) for n, v in maps.items()})
    out = folder.parent / "page-report"
    options = ["-o", str(out), "-f", "fixed8", "-c", "zvc", "-c", "ebpc", "-c", "rice"]
    done = CliRunner().invoke(report, [str(folder), *options], standalone_mode=False)
    assert done.exception is None, done.exception
    return out / "report.html"


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        own = Path(running.chromium.executable_path)
        names = ("chromium", "chromium-browser", "google-chrome")
        found = own if own.exists() else next(filter(None, map(shutil.which, names)), None)
        if found is None:
            pytest.skip("no browser: Chromium is not installed")
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=WIDTHS)
def page(browser, page_file, request):
    """The page, opened; nothing else may be asked for, no script may fail."""
    width, height = WIDTHS[request.param]
    asked, wrong = [], []
    page = browser.new_page(viewport={"width": width, "height": height})
    page.on("request", lambda r: asked.append(r.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto(page_file.as_uri())
    yield page
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert len(asked) == 1
    assert wrong == []
    page.close()


def column(page, table: int, head: str) -> list[str]:
    """The cells of a table's column, as they stand from top to bottom."""
    return page.evaluate(
        """([table, head]) => {
            const found = document.querySelectorAll("table")[table];
            const heads = [...found.tHead.rows[0].cells].map(cell => cell.innerText.trim());
            const at = heads.findIndex(text => text.replace(/[ ▲▼]+$/, "") === head);
            const shown = [...found.tBodies[0].rows].filter(row => !row.hidden);
            return shown.map(row => row.cells[at].innerText);
        }""",
        [table, head],
    )


def layer_table(page) -> int:
    """Which of the page's tables is the first one of layers."""
    return page.evaluate(
        """[...document.querySelectorAll("table")].findIndex(t => t.classList.contains("named"))"""
    )


def click_head(page, table: int, head: str) -> None:
    exactly = re.compile(f"^{re.escape(head)}$")
    page.locator("table").nth(table).locator("th button", has_text=exactly).click()


def test_the_table_of_layers_sorts(page):
    place = layer_table(page)
    names = column(page, place, "layer")
    assert len(names) == LAYERS
    assert names[0] == "block0.project"
    click_head(page, place, "bytes")
    sizes = [int(cell.replace(",", "")) for cell in column(page, place, "bytes")]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]
    click_head(page, place, "bytes")
    sizes = [int(cell.replace(",", "")) for cell in column(page, place, "bytes")]
    assert sizes == sorted(sizes)
    click_head(page, place, "Rice")
    ratios = [float(cell) for cell in column(page, place, "Rice")]
    assert ratios == sorted(ratios, reverse=True)
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Rice")
    click_head(page, place, "layer")
    blocks = [
        int(name.split(".")[0].removeprefix("block")) for name in column(page, place, "layer")
    ]
    assert blocks == sorted(blocks)  # by the number in a name, not by its digits
    click_head(page, place, "#")
    assert column(page, place, "layer") == names


def test_the_table_of_layers_filters(page):
    place = layer_table(page)
    box = page.locator(".filter input").first
    box.fill("relu block7")
    names = column(page, place, "layer")
    assert names == [f"block{n}.expand" for n in (7, *range(70, 80))]
    assert page.locator(".filter output").first.inner_text() == f"11 of {LAYERS} rows"
    box.fill("")
    assert len(column(page, place, "layer")) == LAYERS


def test_the_page_is_no_wider_than_its_window(page):
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # text of figures: nothing shrinks below 6 pixels, nothing is drawn over its neighbour
    small = page.evaluate(
        """[...document.querySelectorAll("figure svg")].map(svg => {
            const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
            const texts = [...svg.querySelectorAll("text")];
            return Math.min(...texts.map(t => scale * parseFloat(getComputedStyle(t).fontSize)));
        })"""
    )
    assert len(small) > 6
    assert min(size for size in small if size) >= 6
    overlaps = page.evaluate(
        """[...document.querySelectorAll("figure[id^=layers] svg")].map(svg => {
            const boxes = [...svg.querySelectorAll("text")].filter(t => t.textContent.includes("/")
                || t.textContent.startsWith("block")).map(t => t.getBoundingClientRect());
            boxes.sort((a, b) => a.top - b.top);
            const low = n => boxes[n].top + boxes[n].height * 0.6;
            return boxes.slice(1).filter((box, n) => box.top < low(n)).length;
        })"""
    )
    assert overlaps
    assert max(overlaps) == 0


def test_figures_tell_what_is_under_the_pointer(page):
    row = page.locator("figure[id^=layers] [data-tip^='block3.project ·']").first
    row.scroll_into_view_if_needed()
    row.hover(force=True)
    tip = page.locator("#tip")
    assert tip.is_visible()
    text = tip.inner_text()
    assert text.startswith("block3.project\n")
    assert "Rice " in text
    box, size = tip.bounding_box(), page.viewport_size
    assert 0 <= box["x"] <= size["width"] - box["width"]
    assert 0 <= box["y"] <= size["height"] - box["height"]


def test_a_link_opens_a_folded_section(page):
    link = page.locator("nav a", has_text="DRAM energy")
    section = page.locator(f"details{link.get_attribute('href')}")
    assert section.get_attribute("open") is None
    link.click()
    page.wait_for_function("document.querySelector('details[open]') !== null")
    assert section.get_attribute("open") is not None


def test_the_first_screen_says_what_to_build(page, page_file):
    first = page.locator("section").first
    assert first.locator("h2").inner_text() == "Conclusion"
    assert " words: build " in first.locator("p").first.inner_text()
    assert first.bounding_box()["y"] < page.viewport_size["height"] / 2
    kept = json.loads((page_file.parent / "networks.json").read_text())
    assert kept["page0"]["weights"] == {}
    assert "weights are not known" in first.inner_text()
