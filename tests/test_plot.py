"""Pictures: their geometry, their texts, and that they leave pyplot alone."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from gmmx import GaussianMixture
from gmmx.plots import MAX_PANELS, PALETTE, coverage_radius, plot_mixture

FloatArray = npt.NDArray[np.float64]

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")


def blobs(n_features: int = 2, n_components: int = 2, n_samples: int = 120) -> FloatArray:
    """Rows of well separated, correlated clusters."""
    rng = np.random.default_rng(n_features + 10 * n_components)
    mixing = rng.normal(size=(n_features, n_features)) + 2 * np.eye(n_features)
    rows = rng.normal(size=(n_samples, n_features)) @ mixing
    return rows + 20 * (np.arange(n_samples) % n_components)[:, np.newaxis]


def fitted(X: FloatArray, n_components: int = 2, covariance_type: str = "full") -> Any:
    return GaussianMixture(n_components, covariance_type=covariance_type, random_state=0).fit(X)


def ellipses(ax: Axes) -> list[Ellipse]:
    return [patch for patch in ax.patches if isinstance(patch, Ellipse)]


def outline(ellipse: Ellipse) -> FloatArray:
    """Points on an ellipse, in the coordinates of the data."""
    angles = np.linspace(0, 2 * np.pi, 60)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return np.asarray(ellipse.get_patch_transform().transform(circle))


def full_covariances(model: Any) -> FloatArray:
    """Covariance matrix of each component, by way of its precision's Cholesky factor."""
    n_features = model.means_.shape[1]
    factors = model.precisions_cholesky_
    if model.covariance_type == "tied":
        factors = np.repeat(factors[np.newaxis], len(model.weights_), axis=0)
    elif factors.ndim < 3:
        factors = factors.reshape(len(factors), -1, 1) * np.eye(n_features)
    return np.array([np.linalg.inv(factor @ factor.T) for factor in factors])


class TestEllipses:
    @pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
    def test_outline_is_the_line_of_equal_density(self, covariance_type: str) -> None:
        X = blobs()
        model = fitted(X, covariance_type=covariance_type)
        drawn = ellipses(plot_mixture(model, X, coverage=(0.5, 0.9)))
        assert len(drawn) == 4
        covariances = full_covariances(model)
        for index, ellipse in enumerate(drawn):
            component, coverage = index // 2, (0.5, 0.9)[index % 2]
            offset = outline(ellipse) - model.means_[component]
            distance = np.einsum("ni,ij,nj->n", offset, np.linalg.inv(covariances[component]), offset)
            np.testing.assert_allclose(distance, coverage_radius(coverage) ** 2, rtol=1e-9)

    @pytest.mark.parametrize("coverage", [0.3, 0.5, 0.9, 0.99])
    def test_holds_the_stated_mass(self, coverage: float) -> None:
        X = blobs()
        model = fitted(X)
        ellipse = ellipses(plot_mixture(model, X, coverage=[coverage]))[0]
        rng = np.random.default_rng(1)
        draws = rng.multivariate_normal(model.means_[0], model.covariances_[0], size=40_000)
        unit = ellipse.get_patch_transform().inverted().transform(draws)
        inside = ((unit**2).sum(axis=1) <= 1).mean()
        assert inside == pytest.approx(coverage, abs=5 * np.sqrt(coverage * (1 - coverage) / 40_000))

    def test_radius_is_the_chi_square_quantile(self) -> None:
        # scipy.stats.chi2(2).ppf([0.5, 0.9, 0.95]) ** 0.5
        radii = [coverage_radius(part) for part in (0.5, 0.9, 0.95)]
        np.testing.assert_allclose(radii, [1.177410022515, 2.145966026289, 2.447746830681])

    def test_none_drawn_for_no_coverage(self) -> None:
        X = blobs()
        ax = plot_mixture(fitted(X), X, coverage=())
        assert ellipses(ax) == []

    @pytest.mark.parametrize("coverage", [0.0, 1.0, 90.0])
    def test_coverage_is_a_part(self, coverage: float) -> None:
        X = blobs()
        with pytest.raises(ValueError, match="coverage must lie between 0 and 1"):
            plot_mixture(fitted(X), X, coverage=[coverage])

    def test_axes_show_rows_and_ellipses(self) -> None:
        X = blobs()
        ax = plot_mixture(fitted(X), X, coverage=[0.999])
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        for ellipse in ellipses(ax):
            edge = outline(ellipse)
            assert ((edge > [left, bottom]) & (edge < [right, top])).all()
        assert ((X > [left, bottom]) & (X < [right, top])).all()


class TestScatter:
    def test_points_wear_the_colour_of_their_component(self) -> None:
        X = blobs()
        model = fitted(X)
        ax = plot_mixture(model, X)
        (points,) = ax.collections
        np.testing.assert_array_equal(points.get_offsets(), X)
        drawn = [to_hex(colour).upper() for colour in np.asarray(points.get_facecolors())]
        assert drawn == [PALETTE[k] for k in model.predict(X)]

    def test_many_rows_are_thinned_and_the_caption_says_so(self) -> None:
        X = blobs(n_samples=3_000)
        model = fitted(X)
        ax = plot_mixture(model, X, max_points=500)
        (points,) = ax.collections
        assert len(points.get_offsets()) == 500
        assert "500 of 3,000 rows drawn" in ax.texts[0].get_text()
        again = plot_mixture(model, X, max_points=500).collections[0]
        np.testing.assert_array_equal(points.get_offsets(), again.get_offsets())

    def test_rows_of_weight_zero_are_not_drawn(self) -> None:
        X = blobs()
        weights = (np.arange(len(X)) < 100).astype(float)
        (points,) = plot_mixture(fitted(X), X, sample_weight=weights).collections
        np.testing.assert_array_equal(points.get_offsets(), X[:100])

    def test_more_components_than_colours_differ_by_marker(self) -> None:
        X = blobs(n_components=12, n_samples=240)
        ax = plot_mixture(fitted(X, 12), X)
        assert len(ax.collections) == 2
        paths = [collection.get_paths()[0] for collection in ax.collections]
        assert paths[0].vertices.shape != paths[1].vertices.shape
        assert ax.get_legend() is None
        assert {str(k) for k in range(12)} <= {text.get_text() for text in ax.texts}

    def test_contours_hold_the_stated_mass(self) -> None:
        X = blobs()
        model = fitted(X)
        before = len(plot_mixture(model, X).collections)
        ax = plot_mixture(model, X, contours=True, coverage=(0.5, 0.9))
        contours = ax.collections[before:]
        assert contours
        density = np.exp(model.score_samples(model.sample(20_000)[0]))
        levels = sorted(np.ravel([contour.levels for contour in contours]))
        inside = [(density >= level).mean() for level in levels]
        assert inside == pytest.approx([0.9, 0.5], abs=0.03)


class TestHistogram:
    def test_densities_are_the_models(self) -> None:
        X = blobs(n_features=1)
        model = fitted(X)
        ax = plot_mixture(model, X)
        *parts, mixture = ax.lines
        grid = np.asarray(mixture.get_xdata())
        density = np.exp(model.score_samples(grid[:, np.newaxis]))
        np.testing.assert_allclose(np.asarray(mixture.get_ydata()), density, rtol=1e-8)
        np.testing.assert_allclose(sum(np.asarray(part.get_ydata()) for part in parts), density, rtol=1e-8)
        assert len(parts) == 2

    def test_weighted_histogram_has_area_one(self) -> None:
        X = blobs(n_features=1)
        ax = plot_mixture(fitted(X), X, sample_weight=np.arange(len(X)))
        values, edges, _ = ax.patches[0].get_data()
        assert (values * np.diff(edges)).sum() == pytest.approx(1.0)

    def test_one_column_of_many_is_the_marginal(self) -> None:
        X = blobs()
        model = fitted(X)
        ax = plot_mixture(model, X, columns=[1])
        x, y = (np.asarray(values) for values in ax.lines[-1].get_data())
        area = (np.diff(x) * (y[1:] + y[:-1]) / 2).sum()
        assert area == pytest.approx(1.0, abs=0.03)
        assert ax.get_xlabel() == "feature 1"


class TestGrid:
    def test_panels(self) -> None:
        X = blobs(n_features=4)
        axes = plot_mixture(fitted(X), X, feature_names=list("abcd"))
        assert axes.shape == (4, 4)
        for i, j in np.ndindex(4, 4):
            assert axes[i, j].axison == (j <= i)
            if j < i:
                np.testing.assert_array_equal(axes[i, j].collections[0].get_offsets(), X[:, [j, i]])
                assert axes[i, j].get_xlim() == axes[j, j].get_xlim()
                assert axes[i, j].get_ylim() == axes[i, 0].get_ylim()
        assert [ax.get_xlabel() for ax in axes[3]] == list("abcd")
        assert [ax.get_ylabel() for ax in axes[1:, 0]] == list("bcd")

    def test_marginal_covariance(self) -> None:
        X = blobs(n_features=3)
        model = fitted(X)
        axes = plot_mixture(model, X, coverage=[0.5])
        ellipse = ellipses(axes[2, 1])[0]
        corner = coverage_radius(0.5) ** 2 * model.covariances_[0][1:, 1:]
        half = np.array([ellipse.width, ellipse.height]) / 2
        assert np.sort(half**2) == pytest.approx(np.linalg.eigvalsh(corner))

    def test_too_many_columns_draw_the_first(self) -> None:
        X = blobs(n_features=MAX_PANELS + 1)
        axes = plot_mixture(fitted(X), X)
        assert axes.shape == (MAX_PANELS, MAX_PANELS)
        assert f"first {MAX_PANELS} of {MAX_PANELS + 1} columns" in axes[0, 0].figure.get_supxlabel()

    def test_columns_by_name_and_position(self) -> None:
        X = blobs(n_features=4)
        ax = plot_mixture(fitted(X), X, columns=["d", 0], feature_names=list("abcd"))
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("d", "a")


class TestAxes:
    def test_given_axes_are_used(self) -> None:
        X = blobs()
        ax = Figure().subplots()
        assert plot_mixture(fitted(X), X, ax=ax) is ax
        grid = Figure().subplots(3, 3)
        X = blobs(n_features=3)
        returned = plot_mixture(fitted(X), X, ax=grid)
        assert all(mine is theirs for mine, theirs in zip(returned.flat, grid.flat, strict=True))

    def test_wrong_number_of_axes(self) -> None:
        X = blobs(n_features=3)
        with pytest.raises(ValueError, match="3 columns need an array of 3 x 3 Axes"):
            plot_mixture(fitted(X), X, ax=Figure().subplots())

    def test_pyplot_is_left_alone(self) -> None:
        pyplot = sys.modules.get("matplotlib.pyplot")
        before = None if pyplot is None else pyplot.get_fignums()
        X = blobs()
        plot_mixture(fitted(X), X)
        assert sys.modules.get("matplotlib.pyplot") is pyplot
        assert (None if pyplot is None else pyplot.get_fignums()) == before

    def test_title_names_model_and_size(self) -> None:
        X = blobs()
        model = fitted(X, covariance_type="tied")
        assert plot_mixture(model, X).get_title(loc="left") == "Gaussian mixture: tied covariance, K = 2"
        assert plot_mixture(model, X, title="Geyser").get_title(loc="left") == "Geyser"

    def test_names_come_from_a_data_frame(self) -> None:
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame(blobs(), columns=["length [mm]", "width [mm]"])
        ax = plot_mixture(fitted(frame), frame)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("length [mm]", "width [mm]")

    @pytest.mark.parametrize(
        ("keywords", "words"),
        [
            ({"columns": ["z"]}, "columns holds 'z'"),
            ({"columns": [2]}, "X has the columns 0 to 1"),
            ({"columns": []}, "columns is empty"),
            ({"feature_names": ["a"]}, "feature_names has 1 names; X has 2 columns"),
            ({"sample_weight": [1.0]}, "sample_weight has shape"),
        ],
    )
    def test_unusable_arguments_are_named(self, keywords: dict[str, Any], words: str) -> None:
        X = blobs()
        with pytest.raises(ValueError, match=words):
            plot_mixture(fitted(X), X, **keywords)

    def test_rows_must_fit_the_model(self) -> None:
        X = blobs()
        with pytest.raises(ValueError, match="fitted to 2 features"):
            plot_mixture(fitted(X), X[:, :1])
