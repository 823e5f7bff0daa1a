"""Builds the documentation site into one folder: python docs/make_site.py

    pip install ".[docs]"                  # once: Sphinx, MyST-NB, the theme, JupyterLite
    npm ci --prefix docs/playground        # once: Python and Graphviz in WebAssembly
    python docs/make_site.py               # writes docs/site
    python -m http.server -d docs/site

Nothing is fetched while it builds, a warning is an error, and every link and anchor within the site
is followed at the end. `--out DIR` writes elsewhere. `--without-playground` leaves that out, and
JupyterLite, which takes Python from it (and the links to them unchecked), for those who have no
Node.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS)]  # this checkout is what is documented

LANGUAGES = {"en": "", "zh": "zh"}  # and the folder of each within the site


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=DOCS / "site", help="the folder to write")
    parser.add_argument("--without-playground", action="store_true", help="for want of Node")
    options = parser.parse_args()
    check_prerequisites(with_playground=not options.without_playground)
    build(options.out.resolve(), with_playground=not options.without_playground)


def check_prerequisites(*, with_playground: bool) -> None:
    """Ends here, with the remedies, if something is not installed."""
    from playground.build import node_modules
    from website.prerequisites import complaint

    said = [complaint(sys.executable)]
    if with_playground:
        try:
            node_modules()
        except SystemExit as error:
            said.append(str(error))
    if any(said):
        raise SystemExit("the site can't be built\n" + "\n".join(filter(None, said)))


def build(out: Path, *, with_playground: bool) -> None:
    """Write the whole site; what was in the folder before is replaced."""
    if out.exists():
        shutil.rmtree(out)
    begun = time.process_time()
    with TemporaryDirectory(prefix="site-") as folder:
        for language, place in LANGUAGES.items():
            staged = Path(folder, language)
            stage(staged, language)
            built = Path(folder, f"{language}-site")  # beside which MyST-NB leaves pictures, too
            run_sphinx(staged, built, language)
            shutil.copytree(built, out / place)
    if with_playground:
        from playground.build import build as build_playground

        build_playground(out / "playground")
        show_the_way_back(out / "playground" / "index.html")
        from website.lite import FOLDER, build_jupyterlite

        build_jupyterlite(out / FOLDER)
    from website.links import PROGRAMS, broken_links

    found = broken_links(out, unchecked=() if with_playground else PROGRAMS)
    if found:
        raise SystemExit("\n".join(found))
    pages = sum(1 for _ in out.rglob("*.html"))
    print(f"{out}: {pages} pages in {time.process_time() - begun:.0f} s of processor time")


def show_the_way_back(page: Path) -> None:
    """The link from the playground to the site, which a playground by itself hides."""
    text = page.read_text("utf-8")
    shown = text.replace('data-w="documentation" hidden>', 'data-w="documentation">')
    if shown == text:
        raise SystemExit(f"{page} has no hidden link to the documentation")
    page.write_text(shown, "utf-8")


def stage(folder: Path, language: str) -> None:
    """Put what Sphinx reads into a folder."""
    from website.staging import Staging

    staging = Staging(folder, language)
    staging.write()
    if language == "en":
        from website.reference import write_reference

        write_reference(folder / "reference")


def run_sphinx(source: Path, out: Path, language: str) -> None:
    from sphinx.cmd.build import build_main

    os.environ["CHAINRULE_SITE_LANGUAGE"] = language
    doctrees = f"-d{source}.doctrees"
    warnings = ["--fail-on-warning", "--keep-going", "--quiet"]
    if build_main([*warnings, doctrees, str(source), str(out)]):
        raise SystemExit("Sphinx warned, above")
    for left in (".buildinfo", "objects.inv.bak"):
        (out / left).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
