"""How Sphinx builds the documentation: ``sphinx-build -W --keep-going -b html docs build/docs``."""

import importlib.util
import posixpath
import re
import shutil
import sys
from pathlib import Path

from docutils import nodes

import gmmx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the performance page draws by bench/pictures.py

project = "gmmx"
author = "The gmmx developers"
copyright = author
release = version = gmmx.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["gallery/GALLERY_HEADER.rst"]
templates_path = ["_templates"]

# Pages: Markdown that a code host shows as it is
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

# Looks
html_theme = "furo"
html_title = f"gmmx {release}"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
PLAYGROUND = ROOT / "build" / "playground"  # written by .ci/wasm.sh; without it the page shows a picture
has_playground = (PLAYGROUND / "gmmx_playground.js").is_file()
if has_playground:
    html_static_path += ["playground", str(PLAYGROUND)]
html_css_files = ["gmmx.css"]
html_show_sphinx = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# API reference
default_role = "py:obj"
add_module_names = False
autodoc_member_order = "groupwise"
autodoc_typehints = "none"
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_mock_imports = [] if importlib.util.find_spec("pyspark") else ["pyspark"]  # half a gigabyte, for one page
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False

# Pictures of pages, drawn while the site is built
plot_formats = [("png", 144)]
plot_html_show_formats = False
plot_html_show_source_link = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/\w+\.py$",
    "within_subsection_order": "FileNameSortKey",
    "write_computation_times": False,  # that page would ask other hosts for scripts
    "abort_on_example_error": True,
    "capture_repr": (),
    "copyfile_regex": r"",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "thumbnail_size": (560, 392),
}

# Equations: MathJax with its fonts lies beside the pages, no other host is asked
MATHJAX = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
mathjax_path = "mathjax/tex-chtml-full.js"
mathjax3_config = {"options": {"enableMenu": False}, "chtml": {"displayAlign": "center"}}


# Files outside this folder that are pages of the site
PAGES_ELSEWHERE = {"bench/README.md": "benchmarks", "CHANGELOG.md": "changelog", "CONTRIBUTING.md": "contributing"}


def bring_in_pages(app, docname, source):
    """Let the pages that lie elsewhere in the repository stand in place of those that point to them."""
    here = f"docs/{docname}.md"
    for path, page in PAGES_ELSEWHERE.items():
        if docname == page:
            here, source[0] = path, (ROOT / path).read_text(encoding="utf-8")
    folder = posixpath.dirname(here)
    source[0] = re.sub(
        r"(?<=\]\()(?!https?:|[#/])[^)\s#]+",
        lambda target: target_on_the_site(posixpath.normpath(posixpath.join(folder, target[0]))),
        source[0],
    )


def target_on_the_site(path):
    """Return what a link to a file of the repository leads to: a page, or the file."""
    if path in PAGES_ELSEWHERE:
        return f"/{PAGES_ELSEWHERE[path]}.md"
    return "/" + (path.removeprefix("docs/") if path.startswith("docs/") else f"../{path}")


def keep_equations_whole(app, doctree):
    """Hand displayed equations to MathJax as they are: Sphinx would put those of several lines where no tag may be."""
    for equation in doctree.findall(nodes.math_block):
        if not equation.get("no-wrap"):
            equation["no-wrap"] = True
            equation.children = [nodes.Text(rf"\[{equation.astext()}\]")]


def name_the_core(app, what, name, thing, options, signature, returned):
    """Show native classes by their public names, not by the module that this machine's processor runs."""
    return tuple(text and re.sub(r"gmmx\._core_\w+\.", "", text) for text in (signature, returned))


def link_to_pages(app, what, name, thing, options, lines):
    """Turn a docstring's paths of pages, which are right in a terminal, into links."""
    for number, line in enumerate(lines):
        lines[number] = re.sub(
            r"(`{0,2})\b((?:docs|bench)/[\w/]+\.md|CHANGELOG\.md|CONTRIBUTING\.md)\1",
            lambda path: f":doc:`{target_on_the_site(path[2]).removesuffix('.md')}`",
            line,
        )


def add_playground(app, pagename, templatename, context, doctree):
    """Load the programs of the playground on its page alone, if they were built."""
    if pagename == "playground" and has_playground:
        app.add_css_file("playground.css")
        for name in ("gmmx_playground.js", "engine.js", "plot.js", "samples.js", "playground.js"):
            app.add_js_file(name, loading_method="defer")


def copy_mathjax(app, exception):
    """Copy the one component that the pages load, and its fonts."""
    if exception is None and app.builder.format == "html":
        target = Path(app.outdir) / "_static" / "mathjax"
        fonts = Path("output/chtml/fonts/woff-v2")
        shutil.copytree(MATHJAX / fonts, target / fonts, dirs_exist_ok=True)
        shutil.copy2(MATHJAX / "tex-chtml-full.js", target)


def setup(app):
    app.connect("source-read", bring_in_pages)
    app.connect("autodoc-process-signature", name_the_core)
    app.connect("autodoc-process-docstring", link_to_pages)
    app.connect("doctree-read", keep_equations_whole)
    app.add_config_value("has_playground", False, "html")  # pages are written again once it is there
    app.connect("html-page-context", add_playground)
    app.connect("build-finished", copy_mathjax)
