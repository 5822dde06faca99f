"""
How certain are the means?
==========================

The bootstrap refits the mixture to rows drawn from the data with replacement. The
scatter of these fits measures the uncertainty of the estimate.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import gmmx

here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
X = np.loadtxt(here.parent / "data" / "faithful.csv", delimiter=",", skiprows=1)
model = gmmx.GaussianMixture(2, random_state=0, tol=1e-6, max_iter=1000).fit(X)

# %%
# 400 resamples
# -------------

result = gmmx.bootstrap(model, X, n_resamples=400, random_state=0)
print("means\n", model.means_.round(2))
print("standard errors\n", result.standard_errors["means"].round(3))

# %%
# The means of all fits
# ---------------------
#
# The cross is the estimate, the box the 95 % interval of each feature.

low, high = result.interval(0.95)["means"]
figure, axes = plt.subplots(1, 2, figsize=(8, 4.5), layout="constrained")
for k, ax in enumerate(axes):
    ax.plot(*result.means[:, k].T, ".", color=f"C{k}", alpha=0.5)
    ax.plot(*model.means_[k], "k+", ms=20, mew=3)
    box = plt.Rectangle(low[k], *(high[k] - low[k]), fill=False, lw=2)
    ax.add_patch(box)
    ax.set(title=f"component {k}", xlabel="eruption, minutes")
axes[0].set_ylabel("waiting, minutes")
