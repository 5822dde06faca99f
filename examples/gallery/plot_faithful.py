"""
Old Faithful
============

The geyser erupts for some minutes and then rests for an hour or more. 272 eruptions,
each a row of two numbers: how long it lasted, and how long the wait for the next one
was.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import gmmx

here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
data = here.parent / "data" / "faithful.csv"
names = [name.strip('"') for name in data.read_text().splitlines()[0].split(",")]
X = np.loadtxt(data, delimiter=",", skiprows=1)

# %%
# Two kinds of eruptions
# ----------------------
#
# A mixture of two components finds the short eruptions and the long ones. The ellipses
# hold half and nine tenths of each component.

model = gmmx.GaussianMixture(n_components=2, random_state=0).fit(X)
print("weights", model.weights_.round(3))
print("means\n", model.means_.round(2))

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
gmmx.plot.classification(model, X, feature_names=names, ax=ax)

# %%
# Which rows are in doubt
# -----------------------
#
# The uncertainty of a row is the probability that its most probable component is not
# the one it came from. Here the clusters lie so far apart that only a few rows between
# them are in doubt at all.

doubt = model.uncertainty(X)
print(f"above 0.01: {np.count_nonzero(doubt > 0.01)} of {len(X)} rows")
print(f"largest: {doubt.max():.3f}")

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
gmmx.plot.uncertainty(model, X, feature_names=names, ax=ax)

# %%
# The density
# -----------
#
# The regions hold 50, 75 and 95 % of the mixture.

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
gmmx.plot.density(model, X, feature_names=names, ax=ax)
