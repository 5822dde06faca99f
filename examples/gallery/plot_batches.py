"""
Fitting a file in batches
=========================

``fit_batches`` reads a file in each iteration and keeps one batch in memory. The
sufficient statistics of the batches add up, so the result equals that of one fit to
all rows.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import gmmx

rng = np.random.default_rng(0)
angle = rng.uniform(0, 2 * np.pi, 100_000)
X = np.column_stack([np.cos(angle), np.sin(2 * angle)])
X += 0.08 * rng.normal(size=X.shape)

# %%
# From a file and from memory
# ---------------------------

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "rows.npy"
    np.save(path, X)
    source = gmmx.data.from_npy(path)
    model = gmmx.GaussianMixture(16, random_state=0, tol=1e-4)
    model.fit_batches(source, batch_size=10_000)

in_memory = gmmx.GaussianMixture.from_parameters(
    model.weights_, model.means_, model.covariances_
)
parts = [gmmx.e_step(batch, in_memory) for batch in np.array_split(X, 10)]
total = sum(parts[1:], parts[0])
whole = gmmx.e_step(X, in_memory)
print(f"{model.n_iter_} iterations")
print(f"log-likelihood in batches {total.log_likelihood:.6f}")
print(f"log-likelihood at once    {whole.log_likelihood:.6f}")

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
gmmx.plot.density(model, X[::100], ax=ax)
