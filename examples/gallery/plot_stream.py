"""
A stream of rows that drifts
============================

``OnlineGaussianMixture.partial_fit`` updates the mixture with one batch and discards
the rows. Earlier batches count less and less, so the mixture follows clusters that
move.
"""

import matplotlib.pyplot as plt
import numpy as np

import gmmx

rng = np.random.default_rng(0)
model = gmmx.OnlineGaussianMixture(2, random_state=0, learning_decay=0.51)

# %%
# Sixty batches
# -------------
#
# One cluster circles the other. Its estimated mean lags behind. The lag grows with the
# length of the stream, because each new batch counts less than the one before.

centres, means, sampled = [], [], []
for angle in np.linspace(0.0, 1.5 * np.pi, 60):
    centre = 4 * np.array([np.cos(angle), np.sin(angle)])
    moving = centre + 0.5 * rng.normal(size=(200, 2))
    resting = 0.7 * rng.normal(size=(200, 2))
    model.partial_fit(rng.permutation(np.vstack([moving, resting])))
    centres.append(centre)
    sampled.append(moving[:10])
    means.append(model.means_[np.argmin(np.linalg.norm(model.means_ - centre, axis=1))])

lag = np.linalg.norm(np.array(centres) - np.array(means), axis=1)
print(f"distance between the mean and the cluster at the end: {lag[-1]:.2f}")

figure, ax = plt.subplots(figsize=(6, 5), layout="constrained")
ax.plot(*np.vstack(sampled).T, ".", color="0.75", label="rows of the moving cluster")
ax.plot(*np.array(centres).T, "k--", lw=2, label="its centre")
ax.plot(*np.array(means).T, "C1o-", lw=2, ms=5, label="estimated mean")
ax.set_aspect("equal")
ax.legend()
