"""Open every page of the built documentation in a headless Chromium and tell what is wrong with it.

    python docs/check_pages.py build/docs

Broken links within the site, pictures that are not there, equations that are not rendered, errors in the console,
requests to other hosts, pages that are wider than a phone. Exit code 1 if there is anything; links to other sites are
listed, not followed. CHROMIUM names the browser, if it is not found by its usual names.
"""

import argparse
import contextlib
import functools
import http.server
import os
import shutil
import sys
import threading
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

PATIENCE = 60.0  # seconds for pictures and equations of one page
INSPECT = r"""
async (patience) => {
  document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; });
  const ready = Promise.all([
    ...[...document.images].map(image => image.decode().catch(() => {})),
    window.MathJax && MathJax.startup && MathJax.startup.promise,
  ]);
  const late = new Promise(resolve => setTimeout(() => resolve('late'), 1000 * patience));
  const isLate = await Promise.race([ready, late]) === 'late';
  const equations = [...document.querySelectorAll('.math')];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const raw = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest('pre, code, script, style, textarea, mjx-container, svg')) continue;
    if (/\\\(|\\\[|\$[^$]*\$|\\tag\{|\\frac|\\Sigma/.test(node.data)) raw.push(node.data.trim().slice(0, 80));
  }
  return {
    links: [...document.querySelectorAll('a[href]')].map(link => link.href),
    ids: [...document.querySelectorAll('[id], a[name]')].map(node => node.id || node.name),
    title: document.title,
    badImages: [...document.images].filter(image => !image.naturalWidth).map(image => image.src),
    images: document.images.length,
    equations: equations.length,
    unrendered: equations.filter(node => !node.querySelector('mjx-container')).map(node => node.textContent),
    mathErrors: [...document.querySelectorAll('mjx-merror')].map(
      node => node.getAttribute('data-mjx-error') || node.textContent),
    raw: raw,
    isLate: isLate,
  };
}
"""
TOO_WIDE = """
() => {
  const width = document.documentElement.clientWidth;
  return document.documentElement.scrollWidth > width + 1 ? document.documentElement.scrollWidth : 0;
}
"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each, also to pages that are closed before they have all."""

    def log_message(self, *_):
        pass

    def copyfile(self, source, outputfile):
        with contextlib.suppress(ConnectionError):
            super().copyfile(source, outputfile)


def served(folder):
    """Serve a folder on this machine; the address."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def browser_path():
    """The browser that is installed."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit(f"no browser: none of {', '.join(BROWSERS)} is on PATH. Install chromium, or let CHROMIUM name one.")
    return found


def look_at(page, address, site):
    """Open a page; return its content and what is wrong with it, except for links."""
    troubles = []
    page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    page.on("console", lambda told: told.type == "error" and troubles.append(f"console: {told.text}"))
    page.on("requestfailed", lambda request: troubles.append(f"not loaded: {request.url}"))
    page.on("response", lambda answer: answer.status >= 400 and troubles.append(f"{answer.status}: {answer.url}"))
    page.on(
        "request",
        lambda request: (
            request.url.startswith(("http:", "https:"))
            and not request.url.startswith(site)
            and troubles.append(f"asks another host: {request.url}")
        ),
    )
    page.set_viewport_size(DESKTOP)
    page.goto(address, wait_until="load")
    content = page.evaluate(INSPECT, PATIENCE)
    if content["isLate"]:
        troubles.append(f"pictures or equations are not ready after {PATIENCE:g} s")
    troubles += [f"picture missing: {source}" for source in content["badImages"]]
    troubles += [f"equation not rendered: {text}" for text in content["unrendered"]]
    troubles += [f"equation with an error: {text}" for text in content["mathErrors"]]
    troubles += [f"raw TeX in the text: {text}" for text in content["raw"]]
    page.set_viewport_size(PHONE)
    if width := page.evaluate(TOO_WIDE):
        troubles.append(f"{width} pixels wide on a phone of {PHONE['width']}")
    return content, troubles


def broken_links(seen, site, folder):
    """Yield (page, trouble) of links within the site that lead nowhere."""
    ids = {address: set(content["ids"]) for address, content in seen.items()}
    for address, content in seen.items():
        for link in dict.fromkeys(content["links"]):
            target, anchor = urldefrag(urljoin(address, link))
            if not target.startswith(site):
                continue
            if target.endswith("/"):
                target += "index.html"
            if not (folder / unquote(urlsplit(target).path).lstrip("/")).is_file():
                yield address, f"link leads nowhere: {link}"
            elif anchor and target in ids and unquote(anchor) not in ids[target]:
                yield address, f"link to a place that is not there: {link}"


def take_pictures(page, address, name, folder):
    """Save what a page looks like at both widths."""
    for kind, size in (("desktop", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(size)
        page.goto(address, wait_until="load")
        page.evaluate(INSPECT, PATIENCE)
        page.screenshot(path=folder / f"{name.replace('/', '-')}-{kind}.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, help="folder that sphinx-build wrote")
    parser.add_argument("--screenshots", type=Path, help="folder for pictures of the pages, at two widths")
    parser.add_argument("--only", help="look at pages with this in their names alone; links are not checked then")
    arguments = parser.parse_args()
    folder = arguments.site.resolve()
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    names = [name for name in names if not name.startswith("_") and (arguments.only or "") in name]
    if not names:
        sys.exit(f"{folder} holds no pages: build them first, by sphinx-build -W -b html docs {arguments.site}")

    site = served(folder)
    seen, troubles = {}, defaultdict(list)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        for name in names:
            page = browser.new_page()
            seen[site + name], troubles[site + name] = look_at(page, site + name, site)
            if arguments.screenshots:
                arguments.screenshots.mkdir(parents=True, exist_ok=True)
                take_pictures(page, site + name, name.removesuffix(".html"), arguments.screenshots)
            page.close()
        browser.close()
    if not arguments.only:
        for address, trouble in broken_links(seen, site, folder):
            troubles[address].append(trouble)

    external = sorted({link for content in seen.values() for link in content["links"] if not link.startswith(site)})
    print(f"{len(names)} pages, {sum(content['images'] for content in seen.values())} pictures, ", end="")
    print(f"{sum(content['equations'] for content in seen.values())} equations")
    print(f"links to other sites, not followed: {' '.join(external) or 'none'}")
    found = 0
    for address, listed in troubles.items():
        for trouble in dict.fromkeys(listed):
            found += 1
            print(f"{address.removeprefix(site)}: {trouble}")
    print(f"{found} troubles" if found else "all is well")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
