"""
Faster convergence by acceleration
==================================

If clusters overlap, EM takes thousands of small steps. Anderson acceleration and
SQUAREM extrapolate, and undo every extrapolation that lowers the likelihood.
"""

import matplotlib.pyplot as plt
import numpy as np

import gmmx

rng = np.random.default_rng(0)
centres = rng.normal(0.0, 0.8, (4, 2))
X = centres[rng.integers(4, size=5_000)] + rng.normal(size=(5_000, 2))

# %%
# Three algorithms, one initialization
# ------------------------------------
#
# All fits start from the same k-means and end when an iteration gains less than 1e-9.

fits = {}
for name in (None, "squarem", "anderson"):
    fits[name or "plain EM"] = gmmx.GaussianMixture(
        4, random_state=0, tol=1e-9, max_iter=20_000, acceleration=name
    ).fit(X)

for name, model in fits.items():
    print(
        f"{name:8}  {model.n_iter_:5} iterations, log-likelihood {model.score(X):.7f}"
    )

# %%
# Distance from the optimum
# -------------------------

best = max(model.lower_bounds_[-1] for model in fits.values())
figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
for name, model in fits.items():
    gap = np.maximum(best - np.asarray(model.lower_bounds_), 1e-12)
    ax.loglog(np.arange(1, len(gap) + 1), gap, lw=3, label=name)
ax.set(xlabel="iterations", ylabel="log-likelihood per row, below the best")
ax.legend()
