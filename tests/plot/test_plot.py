"""Pictures: what is drawn, its geometry, its texts, and that pyplot is left alone."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from sklearn import mixture as sklearn_mixture
from sklearn.exceptions import NotFittedError

from gmmx import GaussianMixture, plot
from gmmx._covariance_shapes import as_matrices
from gmmx.plot import MARKERS, PALETTE, coverage_radius
from gmmx.plot._mixtures import FullMixture, region_log_levels, separating_columns, separations
from gmmx.plot._view import MAX_COLUMNS

FloatArray = npt.NDArray[np.float64]

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
OF_ROWS = (plot.classification, plot.uncertainty, plot.density, plot.pairs)
"""The pictures that take a model and rows."""


def blobs(n_features: int = 2, n_components: int = 2, n_samples: int = 120) -> FloatArray:
    """Rows of well separated, correlated clusters."""
    rng = np.random.default_rng(n_features + 10 * n_components)
    mixing = rng.normal(size=(n_features, n_features)) + 2 * np.eye(n_features)
    rows = rng.normal(size=(n_samples, n_features)) @ mixing
    return rows + 20 * (np.arange(n_samples) % n_components)[:, np.newaxis]


def overlapping(n_features: int = 2) -> tuple[Any, FloatArray]:
    """A mixture whose components overlap, and rows of it."""
    means = np.zeros((3, n_features))
    means[1], means[2] = 2.0, [3.0] + [-1.0] * (n_features - 1)
    model = GaussianMixture.from_parameters([0.5, 0.3, 0.2], means, [1.0, 0.6, 0.4], "spherical")
    return model, np.random.default_rng(0).normal(1.0, 1.8, size=(200, n_features))


def fitted(X: FloatArray, n_components: int = 2, covariance_type: str = "full") -> Any:
    return GaussianMixture(n_components, covariance_type=covariance_type, random_state=0).fit(X)


def ellipses(ax: Axes) -> list[Ellipse]:
    return [patch for patch in ax.patches if isinstance(patch, Ellipse)]


def outline(ellipse: Ellipse) -> FloatArray:
    """Points on an ellipse, in the coordinates of the data."""
    angles = np.linspace(0, 2 * np.pi, 60)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return np.asarray(ellipse.get_patch_transform().transform(circle))


def covariances_of(model: Any) -> FloatArray:
    """Covariance matrix of each component, by way of its precision's Cholesky factor."""
    n_features = model.means_.shape[1]
    factors = model.precisions_cholesky_
    if model.covariance_type == "tied":
        factors = np.repeat(factors[np.newaxis], len(model.weights_), axis=0)
    elif factors.ndim < 3:
        factors = factors.reshape(len(factors), -1, 1) * np.eye(n_features)
    return np.array([np.linalg.inv(factor @ factor.T) for factor in factors])


def points_of(ax: Axes, n_components: int) -> list[FloatArray]:
    """The points of each component that a scatter draws."""
    return [np.asarray(collection.get_offsets()) for collection in ax.collections[:n_components]]


def legend_of(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


class TestEllipses:
    @pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
    def test_outline_is_the_line_of_equal_density(self, covariance_type: str) -> None:
        X = blobs()
        model = fitted(X, covariance_type=covariance_type)
        drawn = ellipses(plot.classification(model, X, coverage=(0.5, 0.9)))
        assert len(drawn) == 4
        covariances = covariances_of(model)
        for index, ellipse in enumerate(drawn):
            component, coverage = index // 2, (0.5, 0.9)[index % 2]
            offset = outline(ellipse) - model.means_[component]
            distance = np.einsum("ni,ij,nj->n", offset, np.linalg.inv(covariances[component]), offset)
            np.testing.assert_allclose(distance, coverage_radius(coverage) ** 2, rtol=1e-9)

    @pytest.mark.parametrize("coverage", [0.3, 0.5, 0.9, 0.99])
    def test_holds_the_stated_mass(self, coverage: float) -> None:
        X = blobs()
        model = fitted(X)
        ellipse = ellipses(plot.classification(model, X, coverage=coverage))[0]
        rng = np.random.default_rng(1)
        draws = rng.multivariate_normal(model.means_[0], model.covariances_[0], size=40_000)
        unit = ellipse.get_patch_transform().inverted().transform(draws)
        inside = ((unit**2).sum(axis=1) <= 1).mean()
        assert inside == pytest.approx(coverage, abs=5 * np.sqrt(coverage * (1 - coverage) / 40_000))

    def test_radius_is_the_chi_square_quantile(self) -> None:
        # scipy.stats.chi2(2).ppf([0.5, 0.9, 0.95]) ** 0.5
        radii = [coverage_radius(part) for part in (0.5, 0.9, 0.95)]
        np.testing.assert_allclose(radii, [1.177410022515, 2.145966026289, 2.447746830681])
        for bad in (1.0, -0.1, 95, np.nan, "0.9"):
            with pytest.raises(ValueError, match=r"^coverage is .*, but must be a number from 0 to less than 1\. Give"):
                coverage_radius(bad)  # type: ignore[arg-type]

    @pytest.mark.parametrize("draw", [plot.classification, plot.uncertainty])
    def test_none_drawn_for_no_coverage(self, draw: Callable[..., Axes]) -> None:
        X = blobs()
        ax = draw(fitted(X), X, coverage=())
        assert ellipses(ax) == []
        assert "ellipses" not in ax.texts[0].get_text()

    def test_axes_show_rows_and_ellipses(self) -> None:
        X = blobs()
        ax = plot.classification(fitted(X), X, coverage=[0.999])
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        for ellipse in ellipses(ax):
            edge = outline(ellipse)
            assert ((edge > [left, bottom]) & (edge < [right, top])).all()
        assert ((X > [left, bottom]) & (X < [right, top])).all()

    def test_component_of_weight_zero_has_none(self) -> None:
        model = GaussianMixture.from_parameters([0.0, 1.0], [[9.0, 9.0], [0.0, 0.0]], [1.0, 1.0], "spherical")
        ax = plot.classification(model, [[0.0, 1.0], [1.0, 0.0]], coverage=0.5)
        assert [ellipse.center for ellipse in ellipses(ax)] == [(0.0, 0.0)]

    @pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
    @pytest.mark.parametrize(("n_components", "n_features"), [(2, 2), (3, 2), (1, 1)])
    def test_covariances_of_each_type_become_matrices(
        self, covariance_type: str, n_components: int, n_features: int
    ) -> None:
        model = fitted(blobs(n_features, n_components), n_components, covariance_type)
        full = as_matrices(model.covariances_, covariance_type, n_components, n_features)
        np.testing.assert_allclose(full, covariances_of(model), rtol=1e-9, atol=1e-12)


class TestClassification:
    def test_points_wear_colour_and_marker_of_their_component(self) -> None:
        model, X = overlapping()
        ax = plot.classification(model, X)
        labels = model.predict(X)
        for k, points in enumerate(points_of(ax, 3)):
            np.testing.assert_array_equal(points, X[labels == k])
            assert to_hex(ax.collections[k].get_facecolor()[0]).upper() == PALETTE[k]
        handles = ax.get_legend().legend_handles
        assert [handle.get_marker() for handle in handles] == list(MARKERS[:3])
        assert [to_hex(handle.get_color()).upper() for handle in handles] == list(PALETTE[:3])
        assert legend_of(ax) == ["component 0 (50.0 %)", "component 1 (30.0 %)", "component 2 (20.0 %)"]

    def test_means_are_marked(self) -> None:
        model, X = overlapping()
        (cross,) = plot.classification(model, X).lines
        np.testing.assert_array_equal(np.transpose(cross.get_data()), model.means_)

    def test_many_rows_are_thinned_and_the_caption_says_so(self) -> None:
        X = blobs(n_samples=3_000)
        model = fitted(X)
        ax = plot.classification(model, X, max_points=500)
        points = np.concatenate(points_of(ax, 2))
        assert len(points) == 500
        assert "500 of 3,000 rows drawn" in ax.texts[0].get_text()
        again = np.concatenate(points_of(plot.classification(model, X, max_points=500), 2))
        np.testing.assert_array_equal(points, again)

    def test_rows_of_weight_zero_are_not_drawn(self) -> None:
        X = blobs()
        weights = (np.arange(len(X)) < 100).astype(float)
        ax = plot.classification(fitted(X), X, sample_weight=weights)
        points = np.concatenate(points_of(ax, 2))
        np.testing.assert_array_equal(points[np.lexsort(points.T)], X[:100][np.lexsort(X[:100].T)])
        assert "100 rows" in ax.texts[0].get_text()

    def test_colours_and_markers_tell_42_components_apart(self) -> None:
        looks = {(PALETTE[k % len(PALETTE)], MARKERS[k % len(MARKERS)]) for k in range(42)}
        assert len(looks) == 42

    def test_many_components_carry_numbers_in_place_of_a_legend(self) -> None:
        X = blobs(n_components=12, n_samples=240)
        ax = plot.classification(fitted(X, 12), X)
        assert ax.get_legend() is None
        assert {str(k) for k in range(12)} <= {text.get_text() for text in ax.texts}

    def test_long_legend_stands_beside_the_panel(self) -> None:
        X = blobs(n_components=8, n_samples=240)
        ax = plot.classification(fitted(X, 8), X)
        FigureCanvasAgg(ax.figure).draw()
        assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1

    def test_takes_models_of_scikit_learn(self) -> None:
        X = blobs()
        model = sklearn_mixture.GaussianMixture(2, covariance_type="tied", random_state=0).fit(X)
        ours, theirs = (plot.classification(each, X) for each in (GaussianMixture.from_sklearn(model), model))
        for mine, other in zip(ellipses(ours), ellipses(theirs), strict=True):
            np.testing.assert_allclose(outline(mine), outline(other))

    def test_densities_of_one_column_are_the_models(self) -> None:
        X = blobs(n_features=1)
        model = fitted(X)
        *parts, mixture = plot.classification(model, X).lines
        grid = np.asarray(mixture.get_xdata())
        density = np.exp(model.score_samples(grid[:, np.newaxis]))
        np.testing.assert_allclose(np.asarray(mixture.get_ydata()), density, rtol=1e-8)
        np.testing.assert_allclose(sum(np.asarray(part.get_ydata()) for part in parts), density, rtol=1e-8)
        assert len(parts) == 2

    def test_rug_of_one_column_shows_each_row_in_its_colour(self) -> None:
        X = blobs(n_features=1)
        model = fitted(X)
        rug = plot.classification(model, X).collections[-2:]
        for k, lines in enumerate(rug):
            np.testing.assert_array_equal(
                [segment[0, 0] for segment in lines.get_segments()], X[model.predict(X) == k, 0]
            )
            assert to_hex(lines.get_color()[0]).upper() == PALETTE[k]

    def test_weighted_histogram_has_area_one(self) -> None:
        X = blobs(n_features=1)
        ax = plot.classification(fitted(X), X, sample_weight=np.arange(len(X)))
        values, edges, _ = ax.patches[0].get_data()
        assert (values * np.diff(edges)).sum() == pytest.approx(1.0)

    def test_one_column_of_many_is_the_marginal(self) -> None:
        X = blobs()
        ax = plot.classification(fitted(X), X, columns=[1])
        x, y = (np.asarray(values) for values in ax.lines[-1].get_data())
        area = (np.diff(x) * (y[1:] + y[:-1]) / 2).sum()
        assert area == pytest.approx(1.0, abs=0.03)
        assert ax.get_xlabel() == "feature 1"


class TestUncertainty:
    def test_points_grow_and_darken_with_uncertainty(self) -> None:
        model, X = overlapping()
        ax = plot.uncertainty(model, X)
        resp = model.predict_proba(X)
        for k in range(3):
            expected = 1 - resp.max(axis=1)[resp.argmax(axis=1) == k]
            sizes = np.asarray(ax.collections[k].get_sizes())
            opacities = np.asarray(ax.collections[k].get_facecolor())[:, 3]
            order = np.argsort(expected)
            assert (np.diff(sizes[order]) >= 0).all() and (np.diff(opacities[order]) >= 0).all()
            part = np.minimum(expected / 0.5, 1.0)
            np.testing.assert_allclose((sizes - sizes.min()) / np.ptp(sizes), (part - part.min()) / np.ptp(part))

    def test_caption_and_legend_give_the_scale(self) -> None:
        model, X = overlapping()
        ax = plot.uncertainty(model, X)
        largest = (1 - model.predict_proba(X).max(axis=1)).max()
        assert f"largest uncertainty {largest:.2g}" in ax.texts[0].get_text()
        assert legend_of(ax)[3:] == ["uncertainty 0", "uncertainty 0.25", "uncertainty 0.5 or more"]

    def test_one_column_lies_on_its_curve(self) -> None:
        model, X = overlapping(1)
        ax = plot.uncertainty(model, X)
        (curve,) = ax.lines
        x, y = (np.asarray(values) for values in curve.get_data())
        np.testing.assert_allclose(y, 1 - model.predict_proba(x[:, np.newaxis]).max(axis=1), atol=1e-12)
        points = np.concatenate(
            [np.asarray(each.get_offsets()) for each in ax.collections if len(each.get_offsets()) > 1]
        )
        points = points[np.argsort(points[:, 0], kind="stable")]
        order = np.argsort(X[:, 0], kind="stable")
        np.testing.assert_allclose(points[:, 0], X[order, 0])
        np.testing.assert_allclose(points[:, 1], 1 - model.predict_proba(X[order]).max(axis=1), atol=1e-12)

    def test_one_column_of_many_has_no_curve(self) -> None:
        model, X = overlapping()
        assert not plot.uncertainty(model, X, columns=[0]).lines

    def test_one_component_leaves_no_doubt(self) -> None:
        X = blobs(n_features=1, n_components=1)
        ax = plot.uncertainty(fitted(X, 1), X)
        assert "largest uncertainty 0;" in ax.texts[0].get_text()


class TestRegions:
    @given(st.integers(0, 2**32 - 1), st.integers(1, 5))
    @settings(max_examples=15, deadline=None)
    def test_hold_the_stated_mass(self, seed: int, n_components: int) -> None:
        rng = np.random.default_rng(seed)
        factors = np.tril(rng.normal(size=(n_components, 2, 2))) + np.diag([1.5, 1.5])
        weights = rng.dirichlet(np.full(n_components, 3.0))
        mixture = FullMixture(weights, 3 * rng.normal(size=(n_components, 2)), factors @ np.swapaxes(factors, 1, 2))
        chosen = rng.choice(n_components, size=40_000, p=weights)
        draws = mixture.means[chosen] + np.einsum("nij,nj->ni", factors[chosen], rng.normal(size=(40_000, 2)))
        density = mixture.log_density(draws)
        levels = region_log_levels(mixture, [0.5, 0.9])
        assert [(density >= level).mean() for level in levels] == pytest.approx([0.5, 0.9], abs=0.015)

    def test_of_one_component_are_its_ellipses(self) -> None:
        covariance = np.array([[2.0, 0.7], [0.7, 0.5]])
        mixture = FullMixture(np.ones(1), np.ones((1, 2)), covariance[np.newaxis])
        parts = np.array([0.1, 0.5, 0.95])
        exact = np.log(1 - parts) - np.log(2 * np.pi) - 0.5 * np.log(np.linalg.det(covariance))
        np.testing.assert_allclose(region_log_levels(mixture, parts), exact, atol=0.01)


class TestDensity:
    def test_log_density_is_the_models(self) -> None:
        X = blobs()
        model = fitted(X)
        np.testing.assert_allclose(FullMixture.of(model).log_density(X), model.score_samples(X), rtol=1e-9)

    @pytest.mark.parametrize(("kind", "n_shown"), [("filled", 3), ("contour", 0)])
    def test_contours_bound_the_stated_regions(self, kind: str, n_shown: int) -> None:
        model, X = overlapping()
        ax = plot.density(model, X, kind=kind)
        (points, contours) = ax.collections
        np.testing.assert_array_equal(points.get_offsets(), X)
        expected = region_log_levels(FullMixture.of(model), [0.95, 0.75, 0.5])
        np.testing.assert_allclose(contours.levels[:3], expected)
        assert legend_of(ax) == ["holds 50 %", "holds 75 %", "holds 95 %"][:n_shown]

    def test_lines_carry_their_labels(self) -> None:
        model, _ = overlapping()
        ax = plot.density(model, kind="contour", coverage=[0.5, 0.9])
        assert {text.get_text() for text in ax.texts} >= {"50 %", "90 %"}

    def test_levels_are_densities(self) -> None:
        model, _ = overlapping()
        ax = plot.density(model, levels=[0.05, 0.01])
        np.testing.assert_allclose(np.exp(ax.collections[0].levels[:2]), [0.01, 0.05])
        assert legend_of(ax) == ["density above 0.05", "density above 0.01"]

    def test_narrow_component_is_not_lost_between_the_points_of_the_grid(self) -> None:
        model = GaussianMixture.from_parameters([0.5, 0.5], [[0.0, 0.0], [50.123, 70.456]], [400.0, 1e-4], "spherical")
        contours = plot.density(model, kind="contour", coverage=[0.3]).collections[-1]
        vertices = np.concatenate([path.vertices for path in contours.get_paths()])
        near = vertices[np.abs(vertices - [50.123, 70.456]).max(axis=1) < 0.1]
        assert len(near) > 10

    @pytest.mark.parametrize("log", [False, True])
    def test_image_shows_the_density_and_its_scale(self, log: bool) -> None:
        model, X = overlapping()
        ax = plot.density(model, X, kind="image", log=log)
        (image,) = ax.images
        shown = np.asarray(image.get_array())
        left, right, bottom, top = image.get_extent()
        n_rows, n_columns = shown.shape
        x = left + (right - left) * (np.arange(n_columns) + 0.5) / n_columns
        y = bottom + (top - bottom) * (np.arange(n_rows) + 0.5) / n_rows
        density = np.exp(model.score_samples(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))).reshape(shown.shape)
        np.testing.assert_allclose(shown, np.maximum(density, shown.min()) if log else density, rtol=1e-8)
        assert (ax.get_xlim(), ax.get_ylim()) == ((left, right), (bottom, top))
        assert image.colorbar.ax.get_ylabel() == "density"
        assert type(image.norm).__name__ == ("LogNorm" if log else "Normalize")

    def test_surface_is_three_dimensional(self) -> None:
        model, _ = overlapping()
        ax = plot.density(model, kind="surface", log=True)
        assert ax.name == "3d"
        assert ax.get_zlabel() == "log10 of density"
        with pytest.raises(ValueError, match="this picture needs '3d'"):
            plot.density(model, kind="surface", ax=Figure().subplots())

    def test_one_column_needs_no_rows(self) -> None:
        model, _ = overlapping(1)
        ax = plot.density(model)
        assert not ax.patches
        assert len(ax.lines) == 4
        assert not ax.texts

    def test_logarithmic_axis(self) -> None:
        model, X = overlapping(1)
        ax = plot.density(model, X, log=True)
        assert ax.get_yscale() == "log"
        low, high = ax.get_ylim()
        assert low < 1e-4 * np.exp(model.score_samples(X)).max() < high

    def test_contours_go_over_a_scatter(self) -> None:
        model, X = overlapping()
        ax = plot.classification(model, X, feature_names=["a", "b"], coverage=0.5)
        before = ax.get_xlim(), ax.get_ylim(), legend_of(ax), ax.get_title(loc="left")
        assert plot.density(model, kind="contour", title="", ax=ax).ax is ax.ax
        assert (legend_of(ax), ax.get_title(loc="left")) == before[2:]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")
        for (low, high), (old_low, old_high) in zip((ax.get_xlim(), ax.get_ylim()), before[:2], strict=True):
            assert low <= old_low and high >= old_high

    @pytest.mark.parametrize(
        ("keywords", "words"),
        [
            ({"kind": "heat"}, "kind is 'heat', but must be one of 'filled', 'contour', 'image', 'surface'"),
            ({"levels": [0.0]}, "levels must hold densities above 0"),
            ({"levels": []}, "levels must hold densities above 0"),
            ({"coverage": []}, "coverage is empty"),
        ],
    )
    def test_unusable_arguments_are_named(self, keywords: dict[str, Any], words: str) -> None:
        model, X = overlapping()
        with pytest.raises(ValueError, match=words):
            plot.density(model, X, **keywords)


class TestPairs:
    @pytest.mark.parametrize("what", ["classification", "uncertainty"])
    def test_panels(self, what: str) -> None:
        X = blobs(n_features=4)
        model = fitted(X)
        axes = plot.pairs(model, X, what, feature_names=list("abcd"))
        assert axes.shape == (4, 4)
        labels = model.predict(X)
        for i, j in np.ndindex(4, 4):
            assert axes[i, j].axison == (j <= i)
            if j < i:
                for k, points in enumerate(points_of(axes[i, j], 2)):
                    np.testing.assert_array_equal(points, X[labels == k][:, [j, i]])
                assert axes[i, j].get_xlim() == axes[j, j].get_xlim()
                assert axes[i, j].get_ylim() == axes[i, 0].get_ylim()
        assert [ax.get_xlabel() for ax in axes[3]] == list("abcd")
        assert [ax.get_ylabel() for ax in axes[1:, 0]] == list("bcd")
        assert [axes[i, j].get_ylabel() for i in range(4) for j in range(1, i + 1)] == [""] * 6

    def test_density_panels(self) -> None:
        X = blobs(n_features=3)
        model = fitted(X)
        axes = plot.pairs(model, X, "density", coverage=0.8)
        for i, j in [(1, 0), (2, 0), (2, 1)]:
            expected = region_log_levels(FullMixture.of(model).marginal([j, i]), [0.8])
            np.testing.assert_allclose(axes[i, j].collections[-1].levels[:1], expected)
            assert axes[i, j].get_xlim() == axes[j, j].get_xlim()
        assert legend_of(axes[0, 1])[-2:] == ["mixture", "holds 80 %"]

    def test_legend_stands_above_the_diagonal_with_markers(self) -> None:
        X = blobs(n_features=3)
        axes = plot.pairs(fitted(X), X)
        handles = axes[0, 1].get_legend().legend_handles
        assert [handle.get_marker() for handle in handles[:2]] == list(MARKERS[:2])
        assert legend_of(axes[0, 1])[2] == "mixture"

    def test_ellipses_are_those_of_the_marginal(self) -> None:
        X = blobs(n_features=3)
        model = fitted(X)
        axes = plot.pairs(model, X, coverage=[0.5])
        ellipse = ellipses(axes[2, 1])[0]
        corner = coverage_radius(0.5) ** 2 * model.covariances_[0][1:, 1:]
        half = np.array([ellipse.width, ellipse.height]) / 2
        assert np.sort(half**2) == pytest.approx(np.linalg.eigvalsh(corner))

    def test_too_many_columns_draw_those_that_separate_most(self) -> None:
        X = blobs(n_features=MAX_COLUMNS + 1)
        X[:, 1] = np.sin(np.arange(len(X)))  # the components are alike in it
        picture = plot.pairs(fitted(X), X)
        assert picture.shape == (MAX_COLUMNS, MAX_COLUMNS)
        assert f"{MAX_COLUMNS} of {MAX_COLUMNS + 1} columns: those that sep" in picture.figure.get_supxlabel()
        names = [f"feature {index}" for index in range(MAX_COLUMNS + 1) if index != 1]
        assert [ax.get_xlabel() for ax in picture[-1]] == names

    def test_one_column_is_a_grid_of_one(self) -> None:
        X = blobs(n_features=3)
        axes = plot.pairs(fitted(X), X, columns=["feature 2"])
        assert axes.shape == (1, 1)
        assert legend_of(axes[0, 0])[-1] == "mixture"

    def test_unknown_picture(self) -> None:
        X = blobs(n_features=3)
        with pytest.raises(ValueError, match="what is 'x', but must be one of 'classification', 'uncertainty'"):
            plot.pairs(fitted(X), X, "x")

    def test_given_axes(self) -> None:
        X = blobs(n_features=3)
        grid = Figure().subplots(3, 3)
        returned = plot.pairs(fitted(X), X, ax=grid)
        assert all(mine is theirs for mine, theirs in zip(returned.flat, grid.flat, strict=True))
        for wrong in (Figure().subplots(), Figure().subplots(1, 9), Figure().subplots(2, 3)):
            with pytest.raises(ValueError, match="this picture needs an array of 3 x 3 Axes"):
                plot.pairs(fitted(X), X, ax=wrong)


CODES = ("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV")


def selection(codes: tuple[str, ...] = CODES, most: int = 9, criterion: str = "bic") -> Any:
    """A stand-in for a GaussianMixtureIC: criteria of a made-up choice, with fits missing and degenerate."""
    kinds, sizes = np.repeat(codes, most), np.tile(np.arange(1, most + 1), len(codes))
    complexity = np.repeat(np.arange(len(codes)), most)
    bic = 600.0 + 8 * (sizes - 3.2) ** 2 + 3 * np.abs(complexity - 6.3) + complexity * sizes
    degenerate = (complexity > 9) & (sizes == 8)
    bic[degenerate] = 0.0 if len(codes) < 5 else bic[degenerate]
    bic[(complexity > 10) & (sizes == 9)] = np.nan
    results = {
        "covariance_type": kinds,
        "n_components": sizes,
        "bic": bic,
        "icl": bic + 30 * np.abs(sizes - 2),
        "aic": bic - 5 * sizes,
        "degenerate": degenerate,
    }
    best = int(np.nanargmin(np.where(degenerate, np.nan, results[criterion])))
    return SimpleNamespace(results_=results, best_index_=best, criterion=criterion)


class TestCriterion:
    def test_a_few_bad_values_do_not_squeeze_the_others(self) -> None:
        chosen = selection()
        bad = chosen.results_["n_components"] == 1
        chosen.results_["bic"][bad] += 10_000
        values = chosen.results_["bic"][~chosen.results_["degenerate"] & np.isfinite(chosen.results_["bic"])]
        picture = plot.criterion(chosen)
        low, high = picture.get_ylim()
        drawn = chosen.results_["bic"][np.isfinite(chosen.results_["bic"])]
        n_outside = ((drawn < low) | (drawn > high)).sum()
        assert n_outside > 1
        assert [text.get_text() for text in picture.texts] == [f"{n_outside} values outside of the panel"]
        assert low < values.min()
        assert np.percentile(values, 75) < high < 10_000
        whole = plot.criterion(chosen, whole=True)
        assert whole.get_ylim()[1] > values.max()
        assert not whole.texts

    def test_each_covariance_type_has_its_line(self) -> None:
        chosen = selection()
        ax = plot.criterion(chosen)
        results = chosen.results_
        lines = {line.get_label(): line for line in ax.lines}
        for code in CODES:
            mine = results["covariance_type"] == code
            np.testing.assert_array_equal(lines[code].get_xdata(), results["n_components"][mine])
            np.testing.assert_array_equal(lines[code].get_ydata(), results["bic"][mine])
        looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in map(lines.get, CODES)}
        assert len(looks) == 14
        assert legend_of(ax)[:14] == list(CODES)

    def test_order_of_the_rows_does_not_matter(self) -> None:
        chosen, mixed = selection(), selection()
        order = np.argsort(mixed.results_["n_components"][::-1], kind="stable")[::-1]
        order = np.random.default_rng(0).permutation(len(order))
        mixed.results_ = {name: values[order] for name, values in mixed.results_.items()}
        mixed.best_index_ = int(np.flatnonzero(order == chosen.best_index_)[0])
        lines = {line.get_label(): line for line in plot.criterion(mixed).lines}
        for line in plot.criterion(chosen).lines[: len(CODES)]:
            if line.get_label() in CODES:
                np.testing.assert_array_equal(lines[line.get_label()].get_data(), line.get_data())

    @pytest.mark.parametrize("name", ["bic", "icl", "aic"])
    def test_best_wears_a_ring(self, name: str) -> None:
        chosen = selection()
        results = chosen.results_
        ax = plot.criterion(chosen, name)
        sound = np.where(results["degenerate"], np.nan, results[name])
        best = int(np.nanargmin(sound))
        words = f"{results['covariance_type'][best]}, K = {results['n_components'][best]}"
        (ring,) = [line for line in ax.lines if line.get_label() == f"best: {words}"]
        assert np.ravel(ring.get_data()) == pytest.approx([results["n_components"][best], results[name][best]])
        assert ax.get_title(loc="left") == f"Best by {name.upper()}: {words}"
        assert ax.get_ylabel().startswith(name.upper())

    def test_by_its_own_criterion_the_ring_marks_what_was_chosen(self) -> None:
        chosen = selection()
        chosen.best_index_ = 4
        (ring,) = [line for line in plot.criterion(chosen).lines if str(line.get_label()).startswith("best")]
        assert np.ravel(ring.get_data()) == pytest.approx([5, chosen.results_["bic"][4]])

    def test_gaps_and_degenerate_fits_show(self) -> None:
        chosen = selection()
        ax = plot.criterion(chosen)
        results = chosen.results_
        crosses = [line for line in ax.lines if line.get_marker() == "x"]
        assert len(crosses) == np.isnan(results["bic"]).sum() == 3
        assert {float(line.get_xdata()[0]) for line in crosses} == {9.0}
        assert len({float(line.get_ydata()[0]) for line in crosses}) == 3
        hollow = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
        assert sum(len(line.get_xdata()) for line in hollow) == results["degenerate"].sum() == 4
        assert legend_of(ax)[-2:] == ["degenerate", "no fit"]
        # The crosses do not lie over the lines.
        highest = max(float(line.get_ydata()[0]) for line in crosses)
        low, high = ax.get_ylim()
        assert (np.nanmin(results["bic"]) - low) / (high - low) > highest

    def test_legend_of_sound_fits_has_no_exceptions(self) -> None:
        assert legend_of(plot.criterion(selection(("EEE", "VVV"))))[-1].startswith("best")

    def test_errors(self) -> None:
        with pytest.raises(ValueError, match="criterion is 'dic', but must be one of 'bic', 'icl', 'aic'"):
            plot.criterion(selection(), "dic")
        with pytest.raises(TypeError, match=r"selection must be a fitted GaussianMixtureIC.*Call its fit first"):
            plot.criterion(SimpleNamespace())
        nothing = selection()
        nothing.results_["bic"][:] = np.nan
        with pytest.raises(ValueError, match="selection has no finite bic"):
            plot.criterion(nothing)


@dataclass
class Resamples:
    """A stand-in for a BootstrapResult: parameters scattered about a model's."""

    model: Any
    kind: str = "nonparametric"

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        self.weights = rng.dirichlet(100 * self.model.weights_, size=200)
        self.means = self.model.means_ + 0.1 * rng.normal(size=(200, *self.model.means_.shape))
        scale = 1 + 0.1 * rng.uniform(size=(200, *[1] * np.ndim(self.model.covariances_)))
        self.covariances = self.model.covariances_ * scale

    def interval(self, level: float = 0.95) -> dict[str, Any]:
        tail = (1 - level) / 2
        names = ("weights", "means", "covariances")
        return {name: tuple(np.quantile(getattr(self, name), [tail, 1 - tail], axis=0)) for name in names}


def band_of(ax: Axes) -> FloatArray:
    """The ends of the interval that a panel shades."""
    corners = ax.transData.inverted().transform(ax.patches[1].get_window_extent().get_points())
    return np.asarray(corners[:, 0])


class TestBootstrap:
    def test_weights(self) -> None:
        result = Resamples(overlapping()[0])
        axes = plot.bootstrap(result, level=0.8)
        assert axes.shape == (1, 3)
        low, high = result.interval(0.8)["weights"]
        for k, ax in enumerate(axes[0]):
            counts, edges, _ = ax.patches[0].get_data()
            assert counts.sum() == 200
            assert (edges[0], edges[-1]) == pytest.approx((result.weights[:, k].min(), result.weights[:, k].max()))
            assert list(ax.lines[0].get_xdata()) == [result.model.weights_[k]] * 2
            np.testing.assert_allclose(band_of(ax), [low[k], high[k]])
            assert to_hex(ax.patches[0].get_facecolor()).upper() == PALETTE[k]
            assert ax.get_xlabel() == f"weight of component {k}"
        assert "band: 80 % interval" in axes[0, 0].figure.get_supxlabel()
        assert axes[0, 0].figure.get_suptitle() == "Weights of 200 resamples (nonparametric)"

    def test_means(self) -> None:
        result = Resamples(fitted(blobs(n_features=3)))
        axes = plot.bootstrap(result, "means", columns=["c", "a"], feature_names=["a", "b", "c"])
        assert axes.shape == (2, 2)
        for k, place in np.ndindex(2, 2):
            column = (2, 0)[place]
            assert axes[k, place].lines[0].get_xdata()[0] == result.model.means_[k, column]
            assert axes[k, place].patches[0].get_data().edges[0] == pytest.approx(result.means[:, k, column].min())
        assert [ax.get_xlabel() for ax in axes[1]] == ["mean of c", "mean of a"]
        assert [ax.get_ylabel() for ax in axes[:, 0]] == ["component 0", "component 1"]

    @pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
    def test_variances(self, covariance_type: str) -> None:
        result = Resamples(fitted(blobs(), covariance_type=covariance_type))
        axes = plot.bootstrap(result, "covariances")
        assert axes.shape == ((1, 2) if covariance_type == "tied" else (2, 2))
        variances = np.diagonal(covariances_of(result.model), axis1=1, axis2=2)
        for (k, j), ax in np.ndenumerate(axes):
            assert ax.lines[0].get_xdata()[0] == pytest.approx(variances[k, j])
            low, high = band_of(ax)
            assert variances[k, j] < low < high < 1.1 * variances[k, j]
        assert axes[0, 0].get_ylabel() == ("all components" if covariance_type == "tied" else "component 0")

    def test_failed_resamples_are_left_out(self) -> None:
        result = Resamples(overlapping()[0])
        ends = result.interval()
        result.weights[:20] = np.nan
        result.interval = lambda level=0.95: ends  # type: ignore[method-assign]
        assert plot.bootstrap(result)[0, 0].patches[0].get_data().values.sum() == 180

    def test_many_panels_draw_the_first(self) -> None:
        X = blobs(n_features=7, n_components=8, n_samples=400)
        result = Resamples(fitted(X, 8, "spherical"))
        axes = plot.bootstrap(result, "means")
        assert axes.shape == (6, 6)
        assert "6 x 6 of 8 x 7 panels" in axes[0, 0].figure.get_supxlabel()
        assert plot.bootstrap(result, "means", components=[7], columns=[6]).shape == (1, 1)

    @pytest.mark.parametrize(
        ("keywords", "words"),
        [
            (
                {"parameter": "precisions"},
                "parameter is 'precisions', but must be one of 'weights', 'means'",
            ),
            ({"level": 95}, "level must lie between 0 and 1"),
            ({"components": [3]}, "components must hold numbers from 0 to 2"),
            ({"parameter": "means", "columns": ["z"]}, "columns holds 'z'"),
            ({"ax": Figure().subplots(2, 2)}, "this picture needs an array of 1 x 3 Axes"),
        ],
    )
    def test_unusable_arguments_are_named(self, keywords: dict[str, Any], words: str) -> None:
        with pytest.raises(ValueError, match=words):
            plot.bootstrap(Resamples(overlapping()[0]), **keywords)

    def test_not_a_result(self) -> None:
        with pytest.raises(TypeError, match=r"result must be what gmmx\.bootstrap returns; got SimpleNamespace"):
            plot.bootstrap(SimpleNamespace(model=None))


class TestArguments:
    """What the pictures of a model and rows have in common."""

    @pytest.mark.parametrize("draw", OF_ROWS)
    def test_names_come_from_a_data_frame(self, draw: Callable[..., Any]) -> None:
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame(blobs(), columns=["length [mm]", "width [mm]"])
        axes = np.asarray(draw(fitted(frame), frame), dtype=object)
        ax = axes.reshape(-1)[0] if axes.size == 1 else axes[1, 0]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("length [mm]", "width [mm]")

    def test_names_come_from_a_polars_frame(self) -> None:
        polars = pytest.importorskip("polars")
        frame = polars.DataFrame(blobs(), schema=["a", "b"])
        ax = plot.classification(fitted(frame), frame, max_points=50)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")

    def test_columns_by_name_and_position(self) -> None:
        X = blobs(n_features=4)
        ax = plot.classification(fitted(X), X, columns=["d", 0], feature_names=list("abcd"))
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("d", "a")
        np.testing.assert_array_equal(np.sort(np.concatenate(points_of(ax, 2)), axis=0), np.sort(X[:, [3, 0]], axis=0))

    @pytest.mark.filterwarnings("ignore:Column 2 of X is constant")
    @pytest.mark.parametrize("draw", OF_ROWS[:3])
    def test_more_than_two_columns_are_drawn_in_pairs(self, draw: Callable[..., Any]) -> None:
        X = blobs(n_features=4)
        X[:, 2] = 5.0  # constant
        model = fitted(X)
        picture = draw(model, X)
        assert [ax.get_xlabel() for ax in picture[-1]] == ["feature 0", "feature 1", "feature 3"]
        assert "3 of 4 columns: those that separate the components most" in picture.figure.get_supxlabel()
        picture = draw(model, X, columns=[3, 2, 0])
        assert [ax.get_xlabel() for ax in picture[-1]] == ["feature 3", "feature 2", "feature 0"]
        assert "separate" not in picture.figure.get_supxlabel()
        grid = Figure().subplots(3, 3)
        assert draw(model, X, ax=grid)[2, 0] is grid[2, 0]
        with pytest.raises(ValueError, match="this picture needs an array of 3 x 3 Axes"):
            draw(model, X, ax=Figure().subplots())

    @pytest.mark.filterwarnings("ignore:Column 1 of X is constant")
    @pytest.mark.parametrize("draw", OF_ROWS[:3])
    def test_a_constant_column_leaves_the_picture_of_two(self, draw: Callable[..., Any]) -> None:
        X = np.insert(blobs(), 1, 5.0, axis=1)
        picture = draw(fitted(X), X)
        assert picture.shape == (1, 1)
        assert (picture.get_xlabel(), picture.get_ylabel()) == ("feature 0", "feature 2")

    @pytest.mark.parametrize("draw", OF_ROWS)
    @pytest.mark.parametrize(
        ("keywords", "words"),
        [
            ({"columns": ["z"]}, "columns holds 'z'"),
            ({"columns": [2]}, "the model has the columns 0 to 1"),
            ({"columns": [0, -2]}, "columns holds -2 twice"),
            ({"columns": []}, "columns is empty"),
            ({"feature_names": ["a"]}, "feature_names has 1 names; the model has 2 features"),
            ({"sample_weight": [1.0]}, "sample_weight"),
            ({"sample_weight": np.full(120, -1.0)}, "sample_weight"),
            ({"coverage": [0.0]}, "coverage must lie between 0 and 1"),
            ({"coverage": 90}, "coverage must lie between 0 and 1"),
            ({"max_points": 0}, "max_points must be a whole number of at least 1"),
        ],
    )
    def test_unusable_arguments_are_named(self, draw: Callable[..., Any], keywords: dict[str, Any], words: str) -> None:
        X = blobs()
        with pytest.raises(ValueError, match=words):
            draw(fitted(X), X, **keywords)

    @pytest.mark.parametrize("draw", OF_ROWS)
    def test_rows_must_be_usable(self, draw: Callable[..., Any]) -> None:
        X = blobs()
        model = fitted(X)
        with pytest.raises(ValueError, match="fitted to 2 features"):
            draw(model, X[:, :1])
        with pytest.raises(ValueError, match="X contains NaN"):
            draw(model, np.where(np.arange(len(X))[:, np.newaxis] == 3, np.nan, X))
        with pytest.raises(ValueError, match="2D array"):
            draw(model, X[:, 0])

    @pytest.mark.parametrize("draw", OF_ROWS)
    def test_model_must_be_a_fitted_mixture(self, draw: Callable[..., Any]) -> None:
        X = blobs()
        with pytest.raises(NotFittedError):
            draw(GaussianMixture(2), X)
        with pytest.raises(TypeError, match="The model comes first, then X"):
            draw(X, fitted(X))

    @pytest.mark.parametrize("draw", OF_ROWS)
    def test_matplotlib_may_be_missing(self, draw: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        X = blobs()
        with pytest.raises(ImportError, match=r'pip install "gmmx-native\[plot\]"'):
            draw(fitted(X), X)


class TestColumns:
    """Which columns show the components apart."""

    def test_separations_are_hellinger_distances(self) -> None:
        model = GaussianMixture.from_parameters([0.3, 0.7], [[0.0, 1.0], [2.0, 1.0]], [[1.0, 1.0], [4.0, 9.0]], "diag")
        grid = np.linspace(-60, 60, 200_001)
        for column, found in enumerate(separations(FullMixture.of(model))):
            one, two = (
                np.exp(-((grid - m[column]) ** 2) / (2 * v[column])) / np.sqrt(2 * np.pi * v[column])
                for m, v in zip(model.means_, model.covariances_, strict=True)
            )
            assert found == pytest.approx(1 - np.sqrt(one * two).sum() * (grid[1] - grid[0]), abs=1e-8)

    def test_weights_of_zero_and_single_components(self) -> None:
        mixture = FullMixture.of(GaussianMixture.from_parameters([1.0, 0.0], np.eye(2), [1.0, 1.0], "spherical"))
        assert separations(mixture).tolist() == [0.0, 0.0]

    def test_the_best_columns_are_found_in_ascending_order(self) -> None:
        means = np.array([[0.0, 0, 0, 0], [1, 9, 0, 5]])
        mixture = FullMixture.of(GaussianMixture.from_parameters([0.5, 0.5], means, [1.0, 1.0], "spherical"))
        assert separating_columns(mixture, np.empty((0, 4)), 2) == [1, 3]
        rows = np.array([[0.0, 7, 0, 0], [1, 7, 1, 1]])
        assert separating_columns(mixture, rows, 2) == [0, 3]
        assert separating_columns(mixture, rows[:1], 2) == [0, 1]  # all are constant


class TestPicture:
    """All functions return one type."""

    def test_all_are_pictures(self) -> None:
        X = blobs(n_features=3)
        model = fitted(X)
        drawn = [draw(model, X) for draw in OF_ROWS]
        assert {type(picture) for picture in [*drawn, plot.criterion(selection())]} == {plot.Picture}

    def test_one_panel_has_what_its_axes_has(self) -> None:
        model, X = overlapping()
        picture = plot.classification(model, X)
        assert picture.ax is picture[0, 0] is next(iter(picture.flat))
        assert picture.get_title(loc="left") == picture.ax.get_title(loc="left")
        assert picture.figure is picture.ax.figure
        assert (len(picture), picture.shape, repr(picture)) == (1, (1, 1), "Picture of 1 x 1 panels")
        assert not hasattr(picture, "nothing")

    def test_many_panels(self) -> None:
        X = blobs(n_features=3)
        picture = plot.pairs(fitted(X), X)
        with pytest.raises(ValueError, match=r"has 3 x 3 panels, but ax .* picture\[1, 0\]"):
            _ = picture.ax
        with pytest.raises(AttributeError, match="Picture has no attribute 'get_xlabel'"):
            picture.get_xlabel()
        assert [row.shape for row in picture] == [(3,)] * 3
        assert np.asarray(picture)[1, 0] is picture[1, 0]

    def test_it_is_saved_and_shown(self, tmp_path: Path) -> None:
        model, X = overlapping()
        picture = plot.classification(model, X)
        picture.save(tmp_path / "a.svg")
        assert "<svg" in (tmp_path / "a.svg").read_text()
        assert picture._repr_png_().startswith(b"\x89PNG")
        with pytest.raises(FileNotFoundError, match=r"^path is '.*', but the folder '.*none' does not exist: make it"):
            picture.save(tmp_path / "none" / "a.svg")

    @pytest.mark.parametrize("kind", ["image", "surface"])
    def test_kinds_of_density_for_two_columns_alone(self, kind: str) -> None:
        X = blobs(n_features=3)
        with pytest.raises(ValueError, match=f"kind='{kind}' draws one or two columns, but here are 3: name two"):
            plot.density(fitted(X), kind=kind)

    def test_density_of_pairs_without_rows(self) -> None:
        picture = plot.density(fitted(blobs(n_features=3)), kind="contour", levels=[1e-3])
        assert picture.shape == (3, 3)
        assert "row" not in picture.figure.get_supxlabel()


class TestAxes:
    @pytest.mark.parametrize("draw", OF_ROWS[:3])
    def test_given_axes_are_used_and_get_no_caption(self, draw: Callable[..., Any]) -> None:
        X = blobs()
        ax = Figure().subplots()
        assert draw(fitted(X), X, ax=ax).ax is ax
        assert not ax.texts
        assert ax.get_title(loc="left").endswith(": full covariance, K = 2")

    @pytest.mark.parametrize("draw", OF_ROWS[:3])
    def test_ax_must_be_one_axes(self, draw: Callable[..., Any]) -> None:
        X = blobs()
        with pytest.raises(ValueError, match="ax holds 4 Axes; this picture needs one"):
            draw(fitted(X), X, ax=Figure().subplots(2, 2))
        with pytest.raises(TypeError, match="ax must hold matplotlib Axes; got Figure"):
            draw(fitted(X), X, ax=Figure())

    def test_pyplot_and_settings_are_left_alone(self) -> None:
        pyplot = sys.modules.get("matplotlib.pyplot")
        figures = None if pyplot is None else pyplot.get_fignums()
        settings_before = matplotlib.rcParams.copy()  # not dict(...): that asks for a backend, hence for pyplot
        X = blobs(n_features=3)
        plot.pairs(fitted(X), X, "density")
        plot.criterion(selection())
        assert sys.modules.get("matplotlib.pyplot") is pyplot
        assert (None if pyplot is None else pyplot.get_fignums()) == figures
        assert matplotlib.rcParams.copy() == settings_before

    def test_title_names_model_and_size(self) -> None:
        X = blobs()
        model = fitted(X, covariance_type="tied")
        title = plot.classification(model, X).get_title(loc="left")
        assert title == "Gaussian mixture: tied covariance, K = 2"
        assert plot.classification(model, X, title="Geyser").get_title(loc="left") == "Geyser"
        assert plot.classification(model, X, title="").get_title(loc="left") == ""


PICTURES: dict[str, Callable[[], Any]] = {
    "classification": lambda: plot.classification(*overlapping()),
    "classification of one column": lambda: plot.classification(*overlapping(1)),
    "uncertainty": lambda: plot.uncertainty(*overlapping()),
    "density": lambda: plot.density(*overlapping()),
    "image": lambda: plot.density(*overlapping(), kind="image", log=True),
    "surface": lambda: plot.density(*overlapping(), kind="surface"),
    "pairs": lambda: plot.pairs(*overlapping(4), "uncertainty"),
    "criterion": lambda: plot.criterion(selection()),
    "weights": lambda: plot.bootstrap(Resamples(overlapping()[0])),
    "means": lambda: plot.bootstrap(Resamples(overlapping(4)[0]), "means"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_words_lie_inside_the_figure_and_apart(name: str) -> None:
    figure = np.asarray(PICTURES[name](), dtype=object).flat[0].figure
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FigureCanvasAgg(figure).draw()
    whole = figure.bbox.padded(1.0)
    titles = [*figure.texts]
    for ax in figure.axes:
        titles += [ax.xaxis.label, ax.yaxis.label, ax._left_title, *([ax.get_legend()] if ax.get_legend() else [])]
        titles += [text for text in ax.texts if text.get_text().endswith("rows")]
    boxes = [
        words.get_window_extent()
        for words in titles
        if not hasattr(words, "get_text") or (words.get_visible() and words.get_text())
    ]
    assert len(boxes) >= 3
    for number, box in enumerate(boxes):
        assert whole.x0 <= box.x0 and box.x1 <= whole.x1, titles[number]
        assert whole.y0 <= box.y0 and box.y1 <= whole.y1, titles[number]
        for other in boxes[:number]:
            assert not box.padded(-1.0).overlaps(other.padded(-1.0))
