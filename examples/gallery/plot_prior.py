"""
A prior against collapsing components
=====================================

The likelihood is unbounded: it grows without limit if a component shrinks onto a few
rows. A prior on the covariances prevents this.
"""

import matplotlib.pyplot as plt
import numpy as np

import gmmx

rng = np.random.default_rng(3)
X = np.vstack(
    [rng.normal([0, 0], 1.0, (30, 2)), rng.normal([5, 1], [0.4, 1.5], (30, 2))]
)

# %%
# Five components for sixty rows
# ------------------------------

fits = {
    "maximum likelihood": gmmx.GaussianMixture(5, random_state=0, n_init=20).fit(X),
    "with a prior": gmmx.GaussianMixture(
        5, random_state=0, n_init=20, prior="default"
    ).fit(X),
}

figure, axes = plt.subplots(
    1, 2, figsize=(9, 4.5), layout="constrained", sharex=True, sharey=True
)
for ax, (name, model) in zip(axes, fits.items(), strict=True):
    smallest = np.linalg.eigvalsh(model.covariances_).min()
    print(f"{name}: the narrowest component is {np.sqrt(smallest):.3f} wide")
    gmmx.plot.classification(model, X, ax=ax)
    ax.set_title("", loc="left")
    ax.set_title(name)
