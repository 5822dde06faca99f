"""
Old Faithful
============

The geyser erupts for a few minutes and then rests for up to an hour and a half. Each of
the 272 rows contains the duration of an eruption and the waiting time until the next.
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
# A mixture of two components separates short eruptions from long ones. The ellipses
# contain 50 % and 90 % of each component.

model = gmmx.GaussianMixture(n_components=2, random_state=0).fit(X)
print("weights", model.weights_.round(3))
print("means\n", model.means_.round(2))

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
gmmx.plot.classification(model, X, feature_names=names, ax=ax)

# %%
# Uncertain rows
# --------------
#
# The uncertainty of a row is the probability that it does not come from its most
# probable component. These clusters are so well separated that only a few rows between
# them are uncertain.

uncertainty = model.uncertainty(X)
print(f"above 0.01: {np.count_nonzero(uncertainty > 0.01)} of {len(X)} rows")
print(f"largest: {uncertainty.max():.3f}")

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
gmmx.plot.uncertainty(model, X, feature_names=names, ax=ax)

# %%
# The density
# -----------
#
# The regions contain 50, 75 and 95 % of the probability mass.

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
gmmx.plot.density(model, X, feature_names=names, ax=ax)
