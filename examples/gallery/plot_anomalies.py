"""
Densities and anomalies
=======================

A mixture is a density of any form. Rows where it is low are the strange ones.
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
# Waiting times with a peak and a long tail, no Gaussian anywhere. BIC chooses how many
# components describe them.

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
# 1,500 ordinary rows along an arc and in a cluster, and 30 strange ones scattered
# anywhere. The mixture is fitted to all of them, as one does not know which are which,
# and the 2 % of the rows with the lowest density are called anomalies.

angle = rng.uniform(0.2, 2.6, 1_000)
arc = 4 * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(
    0.0, 0.25, (1_000, 2)
)
cluster = rng.multivariate_normal([0.0, 0.5], [[0.3, 0.2], [0.2, 0.4]], 500)
strange = rng.uniform([-6.0, -2.0], [6.0, 6.0], (30, 2))
X = np.vstack([arc, cluster, strange])
is_strange = np.arange(len(X)) >= len(X) - len(strange)

choice = gmmx.GaussianMixtureIC(max_components=12, random_state=0, prior="default").fit(
    X
)
model = choice.best_estimator_
log_density = model.score_samples(X)
threshold = np.quantile(log_density, 0.02)
flagged = log_density < threshold
print(f"{model.covariance_type}, {model.n_components} components")
print(
    f"{np.count_nonzero(flagged & is_strange)} of {flagged.sum()} flagged are strange"
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
ax.plot(*X[is_strange].T, "x", ms=4, color="C3", label="strange")
ax.legend(loc="lower left")
ax.set_title("log-density, and the threshold")

# %%
# Strange rows that fall among ordinary ones cannot be found by any density. Some others
# form a component of their own: a wide and light one, a makeshift for the uniform noise
# component that mclust has and gmmx has not.

for weight, volume in sorted(zip(model.weights_, model.volumes_, strict=True)):
    print(f"weight {weight:.3f}, volume {volume:.2f}")
