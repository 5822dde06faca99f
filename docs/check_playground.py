"""Use the playground of the built documentation in a headless Chromium, and compare its fits with the Python package.

    python docs/check_playground.py build/wasm/site

Points are drawn by the mouse and by the keyboard. The log-likelihood must never fall, and after any number of steps the
parameters must agree with those of `gmmx.GaussianMixture` from the same start, for every covariance model of the page.
The exit code is 1 if something is wrong.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
from check_pages import DESKTOP, browser_path, served
from playwright.sync_api import sync_playwright

import gmmx

# The jitter of drags, the same each time.
RANDOM = "{ let state = 1; Math.random = () => (state = state * 16807 % 2147483647) / 2147483647; }"
TOLERANCE = 1e-9  # relative
STEPS = 25
MOUSE_POINTS = [(0.2, 0.3), (0.22, 0.34), (0.18, 0.27), (0.7, 0.7), (0.72, 0.75), (0.66, 0.71), (0.69, 0.66)]
DRAGS = [((0.25, 0.2), (0.4, 0.5)), ((0.6, 0.8), (0.9, 0.5)), ((0.5, 0.2), (0.9, 0.25))]


# What the attributes of scikit-learn's types hold of K matrices, and the way back. Others hold the matrices.
FROM_MATRICES = {
    "tied": lambda matrices: matrices[0],
    "diag": lambda matrices: np.diagonal(matrices, axis1=1, axis2=2),
    "spherical": lambda matrices: matrices[:, 0, 0],
}
TO_MATRICES = {
    "tied": lambda matrix: matrix[None],
    "diag": lambda variances: variances[:, :, None] * np.eye(2),
    "spherical": lambda variances: variances[:, None, None] * np.eye(2),
}


def require(condition, complaint):
    if not condition:
        sys.exit(complaint)


class Playground:
    """The page, used as a reader uses it."""

    def __init__(self, page):
        self.page = page
        self.plane = page.locator(".gp-plane")

    def state(self):
        return self.page.evaluate("gmmxPlayground.state()")

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).press("Enter")

    def step(self, times):
        """Press the button once as a reader does, then without waiting for pictures."""
        self.press("One step")
        button = self.page.get_by_role("button", name="One step")
        button.evaluate("(button, times) => { while (times-- > 0) button.click(); }", times - 1)

    def choose(self, label, value):
        self.page.get_by_label(label).select_option(value)

    def place(self, share):
        box = self.plane.bounding_box()
        return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]

    def click(self, share):
        self.page.mouse.click(*self.place(share))

    def drag(self, start, end):
        self.page.mouse.move(*self.place(start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(end), steps=40)
        self.page.mouse.up()


def check_against_python(start, end):
    """Fit from the same start by as many iterations; return the largest relative difference."""
    k, covariance_type, X = len(start["weights"]), start["model"], np.array(end["points"])
    precisions = np.linalg.inv(np.reshape(start["covariances"], (k, 2, 2)))
    model = gmmx.GaussianMixture(
        k,
        covariance_type=covariance_type,
        tol=0.0,
        max_iter=len(end["history"]) - 1,
        weights_init=start["weights"],
        means_init=start["means"],
        precisions_init=FROM_MATRICES.get(covariance_type, np.asarray)(precisions),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged, which tol=0 does not allow
        model.fit(X)
    covariances = TO_MATRICES.get(covariance_type, np.asarray)(model.covariances_)
    pairs = [
        (end["weights"], model.weights_),
        (end["means"], model.means_),
        (np.reshape(end["covariances"], (k, 2, 2)), covariances),
        (end["responsibilities"], model.predict_proba(X)),
        (end["logLikelihood"], len(X) * model.score(X)),
    ]
    return max(np.abs(np.asarray(a) - b).max() / np.abs(b).max() for a, b in pairs)


def never_falls(history):
    """Return whether log-likelihoods rise, up to rounding and what reg_covar costs."""
    values = np.array(history)
    return bool((np.diff(values) >= -1e-9 * np.abs(values[1:])).all())


def draw_points(playground):
    playground.press("Clear")
    require(playground.state()["points"] == [], "Clear leaves points")
    for share in MOUSE_POINTS:
        playground.click(share)
    require(len(playground.state()["points"]) == len(MOUSE_POINTS), "a click does not add one point")
    for start, end in DRAGS:
        playground.drag(start, end)
    after_drags = len(playground.state()["points"])
    require(after_drags > len(MOUSE_POINTS) + 30, f"drags add too few points: {after_drags} in all")
    playground.plane.focus()
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowLeft", "Enter"):
        playground.plane.press(key)
    points = playground.state()["points"]
    require(len(points) == after_drags + 1, "Enter does not add a point")
    require(np.allclose(points[-1], [4.6, 3.1]), f"arrow keys lead to {points[-1]}, not [4.6, 3.1]")


def check_models(playground):
    options = playground.page.get_by_label("Covariances").locator("option")
    for name in options.evaluate_all("options => options.map(option => option.value)"):
        for n_components in ("1", "3", "8"):
            playground.choose("Components", n_components)
            playground.choose("Covariances", name)
            start = playground.state()
            require(len(start["history"]) == 1, f"{name}: a new model does not start again")
            playground.step(STEPS)
            end = playground.state()
            require(len(end["history"]) == STEPS + 1, f"{name}: {STEPS} steps are {len(end['history']) - 1} iterations")
            require(never_falls(end["history"]), f"{name}: the log-likelihood falls: {end['history']}")
            difference = check_against_python(start, end)
            print(f"{name}, {n_components} components: differs from Python by {difference:.1e}")
            require(difference < TOLERANCE, f"{name}: differs from Python by more than {TOLERANCE}")


def check_run(playground):
    """Run to convergence, restart, and load the sample data."""
    playground.choose("Components", "2")
    playground.choose("Covariances", "full")
    playground.choose("Speed", "fast")
    first = playground.state()["means"]
    playground.press("Run")
    playground.page.wait_for_function("gmmxPlayground.state().hasConverged && !gmmxPlayground.state().isRunning")
    require(never_falls(playground.state()["history"]), "the log-likelihood falls in a run")
    playground.press("Restart")
    require(playground.state()["means"] != first, "Restart begins where the last start began")
    playground.press("Sample data")
    require(len(playground.state()["points"]) == 140, "the second sample does not have 140 points")


def check_drawing(playground):
    """See that what is drawn belongs to the fit."""
    state = playground.state()
    counts = playground.page.evaluate(
        "['circle', 'ellipse'].map(tag => document.querySelectorAll(`.gp-plane ${tag}`).length)"
    )
    require(counts == [len(state["points"]), 2 * len(state["weights"])], f"{counts} points and ellipses are drawn")
    for step in ("e", "m"):
        rows = playground.page.locator(f"#gp-{step}-step tbody tr").count()
        require(rows == len(state["weights"]), f"{rows} rows of numbers stand beside the {step.upper()}-step")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, help="folder that sphinx-build wrote, after .ci/wasm.sh build")
    arguments = parser.parse_args()
    address = served(arguments.site.resolve()) + "playground.html"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        page = browser.new_page(viewport=DESKTOP)
        troubles = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.add_init_script(RANDOM)
        page.goto(address)
        page.wait_for_function("window.gmmxPlayground")
        playground = Playground(page)
        check_drawing(playground)
        draw_points(playground)
        check_models(playground)
        check_run(playground)
        check_drawing(playground)
        require(not troubles, f"errors on the page: {troubles}")
        browser.close()
    print("all is well")


if __name__ == "__main__":
    main()
