"""
Densities and anomalies
=======================

A mixture can approximate any density. Rows where the density is low are anomalies.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import expon, norm

import gmmx

rng = np.random.default_rng(0)

# %%
# A density in one dimension
# --------------------------
#
# These waiting times have a peak and a long tail, and are not Gaussian. The BIC selects
# the number of components.

x = np.where(
    rng.random(2_000) < 0.7,
    expon.rvs(scale=2.0, size=2_000, random_state=rng),
    rng.normal(9.0, 0.8, 2_000),
)
choice = gmmx.GaussianMixtureIC(random_state=0).fit(x[:, np.newaxis])
best = choice.best_estimator_
print(f"{best.covariance_type}, {best.n_components} components")

grid = np.linspace(-1.0, 14.0, 500)
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.hist(x, 60, density=True, color="0.85", label="rows")
ax.plot(
    grid,
    0.7 * expon.pdf(grid, scale=2.0) + 0.3 * norm.pdf(grid, 9.0, 0.8),
    "k--",
    lw=1,
    label="true density",
)
ax.plot(grid, np.exp(best.score_samples(grid[:, np.newaxis])), label="mixture")
ax.set(xlabel="x", ylabel="density", xlim=(-1, 14))
ax.legend()

# %%
# Anomalies in the plane
# ----------------------
#
# The data are 1,500 ordinary rows along an arc and in a cluster, and 30 anomalies that
# are scattered uniformly. The mixture is fitted to all rows, because in practice the
# anomalies are not known. The 2 % of rows with the lowest density are flagged.

angle = rng.uniform(0.2, 2.6, 1_000)
arc = 4 * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(
    0.0, 0.25, (1_000, 2)
)
cluster = rng.multivariate_normal([0.0, 0.5], [[0.3, 0.2], [0.2, 0.4]], 500)
anomalies = rng.uniform([-6.0, -2.0], [6.0, 6.0], (30, 2))
X = np.vstack([arc, cluster, anomalies])
is_anomaly = np.arange(len(X)) >= len(X) - len(anomalies)

choice = gmmx.GaussianMixtureIC(max_components=12, random_state=0, prior="default").fit(
    X
)
model = choice.best_estimator_
log_density = model.score_samples(X)
threshold = np.quantile(log_density, 0.02)
flagged = log_density < threshold
print(f"{model.covariance_type}, {model.n_components} components")
print(
    f"{np.count_nonzero(flagged & is_anomaly)} of {flagged.sum()} flagged are anomalies"
)

figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
side = np.linspace(-6.5, 6.5, 200), np.linspace(-2.5, 6.5, 200)
plane = np.stack(np.meshgrid(*side), axis=-1)
heights = model.score_samples(plane.reshape(-1, 2)).reshape(200, 200)
ax.contourf(
    *side,
    heights,
    levels=np.linspace(-12, heights.max(), 12),
    cmap="Blues",
    extend="min",
)
ax.contour(*side, heights, levels=[threshold], colors="C1", linestyles="--")
ax.plot(*X[~flagged].T, ".", ms=2, color="0.3", label="ordinary")
ax.plot(*X[flagged].T, "o", ms=5, mfc="none", color="C1", label="flagged")
ax.plot(*X[is_anomaly].T, "x", ms=4, color="C3", label="anomaly")
ax.legend(loc="lower left")
ax.set_title("log-density and threshold")

# %%
# No density can find anomalies among ordinary rows. Some of the others form a wide
# component with a small weight. It does the job of a uniform noise component, which
# mclust has and gmmx lacks.

for weight, volume in sorted(zip(model.weights_, model.volumes_, strict=True)):
    print(f"weight {weight:.3f}, volume {volume:.2f}")
