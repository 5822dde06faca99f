"""
Correcting a biased sample with weights
=======================================

A survey reached one group of people four times as often as another. Weighting each row
by the inverse of its sampling probability removes the bias.
"""

import matplotlib.pyplot as plt
import numpy as np

import gmmx

rng = np.random.default_rng(0)
reached_often = rng.normal(-2.0, 0.8, 800)
reached_seldom = rng.normal(2.0, 1.2, 200)
X = np.concatenate([reached_often, reached_seldom])[:, np.newaxis]
weight = np.repeat([1.0, 4.0], [800, 200])

# %%
# Fits with and without weights
# -----------------------------

biased = gmmx.GaussianMixture(2, random_state=0).fit(X)
weighted = gmmx.GaussianMixture(2, random_state=0).fit(X, sample_weight=weight)
print("without weights", np.sort(biased.weights_).round(2))
print("with weights   ", np.sort(weighted.weights_).round(2))

x = np.linspace(-6.0, 7.0, 400)[:, np.newaxis]
figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
ax.hist(X, 50, weights=weight, density=True, color="0.85", label="rows, weighted")
ax.plot(x, np.exp(biased.score_samples(x)), "--", lw=3, label="without weights")
ax.plot(x, np.exp(weighted.score_samples(x)), lw=3, label="with weights")
ax.set(xlabel="x", ylabel="density")
ax.legend()
