"""The page: one file that loads nothing, shows everything, and cannot be broken by what it shows."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from whence import report
from whence.errors import InputError
from whence.photos.estimate import Estimate
from whence.photos.evaluate import evaluate
from whence.report.page import write_map

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


class _Tags(HTMLParser):
    """Start tags in order, and the texts of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self.open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open = tag

    def handle_data(self, data: str) -> None:
        if self.open in self.texts:
            self.texts[self.open].append(data)

    def handle_endtag(self, tag: str) -> None:
        self.open = ""


def _data(html: str) -> dict[str, Any]:
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert text is not None
    return dict(json.loads(text[1]))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, estimates: list[Estimate]) -> Path:
    path = tmp_path_factory.mktemp("page") / "map.html"
    evaluation = evaluate([estimate.to_row() for estimate in estimates])
    write_map(path, estimates, title='Summer <b>&</b> "walk"', evaluation=evaluation, place_names=False)
    return path


@pytest.fixture(scope="module")
def html(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_every_photograph_is_there(html: str, estimates: list[Estimate]) -> None:
    photos = _data(html)["photos"]
    assert [len(photo["hypotheses"]) for photo in photos] == [len(e.hypotheses) for e in estimates]
    assert [photo["status"] for photo in photos] == [estimate.status for estimate in estimates]
    best = photos[0]["hypotheses"][0]
    assert (best["longitude"], best["latitude"]) == pytest.approx((13.19, 55.7), abs=1e-6)
    assert photos[0]["error_m"] == pytest.approx(estimates[0].error_m, abs=0.06)


def test_names_cannot_break_out_of_the_page(html: str) -> None:
    tags = _Tags(html).tags
    assert [tag for tag, _ in tags].count("script") == 2
    assert not [tag for tag, _ in tags if tag in {"img", "b"}]
    nasty = _data(html)["photos"][3]
    assert nasty["path"].startswith("a </script><script>alert(1)</script> \"b\" & 'c'")
    assert nasty["evidence"][0]["sentence"].startswith("</script><img src=x onerror=alert(1)>")
    assert "Summer &lt;b&gt;&amp;&lt;/b&gt; &#34;walk&#34;" in html


def test_nothing_is_loaded_from_elsewhere(html: str) -> None:
    for tag, attributes in _Tags(html).tags:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert (attributes.get(name) or "data:").startswith("data:"), tag
    assert "@import" not in html
    assert "url(" not in html
    assert set(re.findall(r"https?://[\w.]+", html)) == {
        "https://www.openstreetmap.org",  # a link that is followed only when it is clicked
        "http://www.w3.org",  # the name space of SVG, which is not an address
    }


def test_the_policy_forbids_the_network_and_allows_only_the_files_of_the_package(html: str) -> None:
    parsed = _Tags(html)
    policy = next(a["content"] for _, a in parsed.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for kind, text in [("style", parsed.texts["style"][0]), ("script", parsed.texts["script"][-1])]:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"


def test_the_land_fits_into_sixty_kilobytes_and_adds_up(html: str) -> None:
    from whence.places.country import land_outline

    land = _data(html)["land"]
    assert len(json.dumps(land, separators=(",", ":"))) < 60_000
    rings = [np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / 100 for steps in land]
    for ring, original in zip(rings, land_outline(), strict=True):
        assert ring == pytest.approx(original, abs=1e-9)


def test_thumbnails_are_small_and_within_their_budget(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in "abc":
        pixels = rng.integers(0, 255, (300, 900, 3)).astype(np.uint8)
        exif = PIL.Image.Exif()
        exif[0x010F] = "Maker of the camera"
        PIL.Image.fromarray(pixels).save(tmp_path / f"{name}.jpg", exif=exif)
    lost = [Estimate(f"{name}.jpg", "no evidence") for name in "abcd"]
    files = {f"{name}.jpg": tmp_path / f"{name}.jpg" for name in "abcd"}  # d.jpg does not exist
    write_map(tmp_path / "two.html", lost, title="t", files=files, max_thumbnails=2, place_names=False)
    html = (tmp_path / "two.html").read_text(encoding="utf-8")
    pictures = [photo["thumbnail"] for photo in _data(html)["photos"]]
    assert [bool(picture) for picture in pictures] == [True, True, False, False]
    assert "The first 2 photos have thumbnails; the other 2 do not" in html
    image = PIL.Image.open(BytesIO(base64.b64decode(pictures[0])))
    assert image.size == (160, 53)
    assert not image.getexif()
    write_map(tmp_path / "all.html", lost, title="t", files=files, place_names=False)
    pictures = [photo["thumbnail"] for photo in _data((tmp_path / "all.html").read_text("utf-8"))["photos"]]
    assert [bool(picture) for picture in pictures] == [True, True, True, False]


def test_places_are_named_where_the_answer_is_sharp_enough(tmp_path: Path, estimates: list[Estimate]) -> None:
    write_map(tmp_path / "named.html", estimates, title="t")
    data = _data((tmp_path / "named.html").read_text(encoding="utf-8"))
    assert data["photos"][0]["near"] == "Lund, Sweden"
    assert data["photos"][2]["near"] is None  # a whole country
    populations = [place[3] for place in data["places"]]
    assert populations == sorted(populations, reverse=True)
    assert "Lund" in {place[0] for place in data["places"]}


@pytest.mark.parametrize("name", ["write_map", "write_geojson"])
def test_the_package_hands_out_its_writers(name: str) -> None:
    assert callable(getattr(report, name))
    assert name in dir(report)


def test_a_page_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one photograph"):
        write_map(tmp_path / "none.html", [], title="t")


def _browse(path: Path, folder: Path) -> tuple[str, list[str]]:
    """DOM after the page has settled, and what it wrote to the console."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,900",
        f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--virtual-time-budget=4000",
        "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return result.stdout, [line for line in result.stderr.splitlines() if "CONSOLE" in line]


@needs_chromium
def test_a_browser_shows_it_without_a_complaint(page: Path, tmp_path: Path) -> None:
    dom, console = _browse(page, tmp_path)
    assert console == []  # neither errors nor refused loads
    assert 'class="ready"' in dom
    assert len(re.findall(r'class="photo"', dom)) == 7
    assert "</script><script>alert(1)</script>" not in dom
    assert "unreadable: the file is empty" in dom


# Without a screen there are no frames to animate in.
FRAMES = "<script>requestAnimationFrame = (paint) => setTimeout(() => paint(performance.now()), 16);</script>"

HANDS = """
<script>
addEventListener("load", async () => {
  const seen = {};
  const wait = () => new Promise((done) => setTimeout(done, 700));
  const canvas = document.getElementById("canvas");
  const scale = () => document.getElementById("scale-bar").textContent;
  const shown = () => document.querySelectorAll("#photos button").length;
  const press = (key, target) => target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  await wait();
  seen.world = scale();
  for (let i = 0; i < 60; i += 1) {
    canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: -300, cancelable: true }));
  }
  await wait();
  seen.street = scale();
  press("0", canvas);
  await wait();
  seen.again = scale();
  const search = document.getElementById("search");
  search.value = "rivoli";
  search.dispatchEvent(new Event("input", { bubbles: true }));
  seen.found = shown();
  document.querySelector("#photos button").click();
  await wait();
  seen.title = document.getElementById("detail-title").textContent;
  seen.focused = document.activeElement.id;
  seen.rows = document.querySelectorAll(".hypotheses tbody tr").length;
  seen.link = document.querySelector(".hypotheses a").href;
  seen.near = scale();
  document.querySelector(".evidence [aria-pressed]").click();
  seen.pressed = document.querySelector(".evidence [aria-pressed]").getAttribute("aria-pressed");
  press("Escape", document.body);
  seen.closed = document.getElementById("detail").hidden;
  search.value = "";
  document.querySelector("[name=state][value=lost]").checked = true;
  search.dispatchEvent(new Event("input", { bubbles: true }));
  seen.lost = shown();
  document.body.append(`SEEN${JSON.stringify(seen)}`);
});
</script>
"""


@needs_chromium
def test_hands_and_keys_work(page: Path, tmp_path: Path) -> None:
    """The page with its policy taken off, so that a script may press its buttons."""
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    (tmp_path / "hands.html").write_text(
        html.replace("<head>", f"<head>{FRAMES}").replace("</body>", f"{HANDS}</body>"), encoding="utf-8"
    )
    dom, console = _browse(tmp_path / "hands.html", tmp_path)
    assert console == []
    found = re.search(r"SEEN(\{[^<]*\})", dom)
    assert found is not None
    seen = json.loads(unescape(found[1]))
    assert seen["world"].endswith("000 km")
    assert seen["street"].endswith(" m")
    assert seen["again"] == seen["world"]
    assert (seen["found"], seen["title"], seen["focused"]) == (1, "paris.jpg", "detail-title")
    assert seen["rows"] >= 2
    assert seen["link"].startswith("https://www.openstreetmap.org/?mlat=48.86")
    assert (seen["pressed"], seen["closed"], seen["lost"]) == ("true", True, 2)
