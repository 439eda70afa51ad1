"""What the documentation says is so: its links lead somewhere, its commands exist, its examples run."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import whence
from whence.cli import whence as command_line

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])
EXAMPLES = sorted((CHECKOUT / "examples").glob("*.py"))

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def fences(text: str) -> Iterator[tuple[str, str]]:
    """Language and content of every fenced block."""
    for match in _FENCE.finditer(text):
        yield match["language"], match["body"]


def without_fences(text: str) -> str:
    return _FENCE.sub("", text)


# ---- links


def anchors(page: Path) -> set[str]:
    """Anchors of a page: headings as Python-Markdown turns them, and what the reference documents."""
    text = without_fences(page.read_text("utf-8"))
    titles = (re.sub(r"[`*]", "", match["title"]) for match in _HEADING.finditer(text))
    slugs = {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}
    return slugs | {line[4:].strip() for line in text.splitlines() if line.startswith("::: ")}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for match in _LINK.finditer(without_fences(page.read_text("utf-8"))):
        target, _, anchor = match["target"].partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), f"{name_of(page)} links to {target}"
        if anchor and there.suffix == ".md":
            known = anchors(there)
            assert any(anchor == one or anchor.startswith(f"{one}.") for one in known), f"{target}#{anchor}"


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", (CHECKOUT / "mkdocs.yml").read_text("utf-8")))
    pages = {path.relative_to(CHECKOUT / "docs").as_posix() for path in (CHECKOUT / "docs").rglob("*.md")}
    assert listed == pages


# ---- commands


def quoted_commands(text: str) -> Iterator[str]:
    """Commands of whence in blocks without a language, of a shell or a transcript, and between backquotes."""
    for language, body in fences(text):
        if language in {"", "bash", "sh", "console", "text"}:
            lines = re.sub(r"\\\n", " ", body).splitlines()
            yield from (found for line in lines for found in _in_line(line, transcript=language == "text"))
    for quote in re.findall(r"`([^`\n]+)`", without_fences(text)):
        if quote.startswith("whence "):
            yield quote


def _in_line(line: str, *, transcript: bool) -> Iterator[str]:
    line = re.sub(r"\s{2,}#.*|^\s*#.*", "", line).strip()
    if transcript and not line.startswith("$ "):
        return
    for part in re.split(r"&&|;|\||\bdo\b", line.removeprefix("$ ")):
        if part.strip().startswith("whence "):
            yield part.strip()


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Follow the words of a command through its groups; what is left are its arguments."""
    command: click.Command = command_line
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        context = click.Context(command)
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]!r} in {command.name!r}"
        command, words = found, words[1:]
    return command, words


def check_quote(quote: str) -> None:
    """Check one quoted command; dots stand for what a reader fills in."""
    command, words = command_of([word for word in shlex.split(quote)[1:] if word not in {"…", "..."}])
    options = {name: option for option in command.params for name in option.opts if name.startswith("-")}
    known = {*options, "--help", "-h", *(("--version",) if command is command_line else ())}
    for position, word in enumerate(words):
        if not word.startswith("-"):
            continue
        assert word in known, f"{quote}: {command.name} has no option {word}"
        option = options.get(word)
        if isinstance(option, click.Option) and not option.is_flag and position + 1 < len(words):
            check_value(word, words[position + 1])


def check_value(option: str, value: str) -> None:
    """Check values that are names out of the house's tables."""
    from whence.learn.encoders import ENCODERS, NAMED
    from whence.photos.evidence.sources import SOURCES
    from whence.photos.protocols import PROTOCOLS

    assert not value.startswith("-"), f"{option} lacks its value"
    if option == "--protocol":
        assert value in PROTOCOLS
    elif option in {"--sources", "--without"}:
        assert set(value.split(",")) <= set(SOURCES)
    elif option == "--encoder":
        assert value.partition(":")[0] in {*ENCODERS, *NAMED} or value.endswith("/encoder")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_quoted_commands_exist(page: Path) -> None:
    for quote in quoted_commands(page.read_text("utf-8")):
        check_quote(quote)


def test_wrong_quotes_are_found() -> None:
    """The check above would see a command, an option or a protocol that does not exist."""
    for wrong in ("whence locat a.jpg", "whence locate --tabel t.csv", "whence evaluate r.csv --protocol x"):
        with pytest.raises(AssertionError):
            check_quote(wrong)


def all_commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from all_commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_help_texts_quote_commands_that_exist() -> None:
    for path, command in all_commands(command_line):
        quotes = [
            line.strip() for line in (command.help or "").splitlines() if line.strip().startswith("whence ")
        ]
        assert quotes, f"the help of {' '.join(path)} shows no example"
        for quote in quotes:
            check_quote(re.sub(r"\s{2,}.*", "", quote))


def test_every_command_is_documented() -> None:
    quotes = [quote for page in PAGES for quote in quoted_commands(page.read_text("utf-8"))]
    for path, _ in all_commands(command_line):
        wanted = f"whence {' '.join(path)}"
        assert any(quote == wanted or quote.startswith(f"{wanted} ") for quote in quotes), wanted


def commands_in_messages() -> list[str]:
    """Commands that the errors of the library tell the user to run."""
    texts = "".join(path.read_text("utf-8") for path in (CHECKOUT / "src").rglob("*.py"))
    return sorted(
        set(re.findall(r"whence (?:index|exif|locate|evaluate|demo)(?: [a-z]+)?(?= |:|`|\"|$)", texts))
    )


def test_errors_name_commands_that_exist() -> None:
    groups = {"index", "exif"}
    for quote in commands_in_messages():
        words = quote.split()
        if words[1] in groups and len(words) > 2:
            command_of(words[1:])


def test_quoted_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        for body in (body for _, body in fences(page.read_text("utf-8"))):
            assert set(re.findall(r"^make ([a-z][\w-]*)", body, re.MULTILINE)) <= targets


# ---- Python


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_on_a_page_is_right(page: Path) -> None:
    """What has prompts is run; of the rest, every name imported from whence exists."""
    text = page.read_text("utf-8")
    runner = doctest.DocTestRunner(verbose=False)
    test = doctest.DocTestParser().get_doctest(text, {}, name_of(page), str(page), 0)
    runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    for language, body in fences(text):
        if language == "python":
            check_imports(body)


def check_imports(code: str) -> None:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("whence"):
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                assert hasattr(module, alias.name), f"{node.module} has no {alias.name}"


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_example_runs(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out.strip(), "an example shows something"


def documented_modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(whence.__path__, "whence."):
        spec = importlib.util.find_spec(module.name)
        if spec is not None and spec.origin and ">>>" in Path(spec.origin).read_text("utf-8"):
            yield module.name


@pytest.mark.parametrize("name", list(documented_modules()))
def test_docstring_examples_hold(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(importlib.import_module(name)).failed == 0


# ---- numbers


def quoted_constants() -> Iterator[tuple[str, str]]:
    """Pages, and what they must say: phrases made from the constants of the code."""
    from whence.earth.belief import MAX_PATCHES
    from whence.learn.encoders.classic.description import PARTS
    from whence.learn.encoders.classic.encoder import ClassicEncoder
    from whence.photos.estimate import LEAST_SAID
    from whence.photos.evidence import camera, exif, time
    from whence.photos.evidence.text import currency, distances, domains, nations, phones, source
    from whence.photos.index.approximate import FEWEST, MANY
    from whence.photos.index.calibration import ELSEWHERE
    from whence.photos.index.consensus import ASSERT_FROM, NEIGHBOUR_TEMPERATURE
    from whence.photos.index.questions import FEWEST_TRIALS
    from whence.photos.protocols import PROTOCOLS
    from whence.places.region import TOWN_RADIUS_M

    yield "methods/belief.md", f"A product keeps at most {MAX_PATCHES} patches"
    for part in PARTS.values():
        yield "methods/classic-encoder.md", f"| {part.axes} | {part.weight} |"
    yield "methods/classic-encoder.md", f"at most {ClassicEncoder.useful_photos} of them"
    yield "methods/evidence.md", f"| one narrow patch | {exif.BACKGROUND} |"
    yield "methods/evidence.md", f"Without a stated error σ is {exif.TYPICAL_SPREAD_M:g} m"
    yield "methods/evidence.md", f"| the inhabited land of those time zones | {time.BACKGROUND} |"
    yield "methods/evidence.md", f"| at least {source.LEAST_BACKGROUND} |"
    yield "methods/evidence.md", f"| {camera.FIXED_BACKGROUND} fixed, {camera.CARRIED_BACKGROUND} carried |"
    yield "methods/evidence.md", f"lie within {camera.FIXED_WITHIN_M:g} m of their middle"
    yield "methods/evidence.md", f"the odds of a hint by at most {source.COINCIDENCE:g}"
    yield "methods/evidence.md", f"| {distances.TRUST} for two or more with a unit, {distances.TRUST_SINGLE}"
    yield "methods/evidence.md", f"for one, {distances.TRUST_WITHOUT_UNIT} without units |"
    yield (
        "methods/evidence.md",
        f"| {phones.TRUST_INTERNATIONAL} with a calling code; {phones.TRUST_NATIONAL}",
    )
    yield "methods/evidence.md", f"in a country that other hints name; {phones.TRUST_ANYWHERE} otherwise |"
    yield "methods/evidence.md", f"| {domains.TRUST} with www, http or @; bare addresses {domains.TRUST_BARE}"
    yield "methods/evidence.md", f"| {nations.TRUST}; {nations.TRUST_ABROAD} beside words of streets"
    yield "methods/evidence.md", f"| {currency.TRUST}; {currency.TRUST_SHARED} for signs of several"
    yield "methods/evidence.md", f"leaves more than {100 * (1 - LEAST_SAID):.0f} % to the background"
    yield "methods/place-index.md", f"From {MANY:,} photographs on"
    yield "methods/place-index.md", f"asks for it from {FEWEST:,} photographs on"
    yield "methods/place-index.md", f"wᵢ = exp((sᵢ − s₁) / {NEIGHBOUR_TEMPERATURE})"
    yield "methods/place-index.md", f"Below p = {ASSERT_FROM} no spot is put forward"
    yield "methods/place-index.md", f"the prior of {ELSEWHERE} for"
    yield "methods/place-index.md", f"With fewer than {FEWEST_TRIALS} questions"
    for protocol in PROTOCOLS.values():
        yield "methods/evaluation.md", f"| `{protocol.name}` |"
        yield "methods/evaluation.md", f"scale {protocol.score_scale_km} km"
    yield "howto/restrict-to-a-region.md", f"a circle of {TOWN_RADIUS_M / 1000:g} km"
    yield "limits.md", f"a spread of {exif.TYPICAL_SPREAD_M:g} m"


def test_quoted_numbers_are_those_of_the_code() -> None:
    for page, phrase in quoted_constants():
        text = " ".join((CHECKOUT / "docs" / page).read_text("utf-8").split())
        assert phrase in text, f"docs/{page} does not say: {phrase}"


# ---- the built pages


@pytest.mark.slow
def test_the_pages_build_and_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    """A browser that opens a page asks no other host: no script, style or picture has a full address."""
    pytest.importorskip("mkdocs")
    site = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)],
        cwd=CHECKOUT, check=True, capture_output=True,
    )  # fmt: skip
    loaded = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//|<link\b[^>]*>")
    for page in site.rglob("*.html"):
        for match in loaded.finditer(page.read_text("utf-8")):
            assert match[0].startswith("<link"), f"{page.name}: {match[0]}"
            is_asset = re.search(r"rel=\"?(?:stylesheet|preconnect|icon|preload)", match[0])
            assert not (is_asset and re.search(r"href=\"?(?:https?:)?//", match[0])), (
                f"{page.name}: {match[0]}"
            )
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(\"?(?:https?:)?//", style.read_text("utf-8")), style.name
