"""
Image segmentation
==================

Each pixel is a row with three features: red, green and blue. A mixture of colours
segments the image without using the positions of the pixels.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import gmmx

image = load_sample_image("china.jpg")  # comes with scikit-learn
height, width, _ = image.shape
X = image.reshape(-1, 3).astype(np.float32) / 255
print(f"{len(X):,} rows")

# %%
# Six components
# --------------
#
# float32 rows are fitted in float32. Each component has its own covariance matrix: a
# sky that fades from white to blue is long and thin in colour space.

begin = time.perf_counter()
model = gmmx.GaussianMixture(6, random_state=0, tol=1e-4).fit(X)
print(f"fitted in {time.perf_counter() - begin:.2f} s, {model.n_iter_} iterations")
labels = model.predict(X)
print("weights", model.weights_.round(3))

figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
axes[0].imshow(image)
axes[0].set_title("image")
axes[1].imshow(np.clip(model.means_, 0, 1)[labels].reshape(height, width, 3))
axes[1].set_title("each pixel in the colour of its component")
for ax in axes:
    ax.set_axis_off()

# %%
# Uncertain pixels
# ----------------
#
# Edges and haze lie between components.

figure, ax = plt.subplots(figsize=(6.2, 4.2), layout="constrained")
shown = ax.imshow(model.uncertainty(X).reshape(height, width), cmap="magma")
ax.set_axis_off()
figure.colorbar(shown, label="uncertainty")

# %%
# A single region
# ---------------
#
# The responsibilities of a component form a soft mask, here for the component with the
# bluest mean.

blue = np.argmax(model.means_[:, 2] - model.means_[:, 0])
mask = model.predict_proba(X)[:, blue].reshape(height, width, 1)

figure, ax = plt.subplots(figsize=(6.2, 4.2), layout="constrained")
ax.imshow(1 - mask * (1 - X.reshape(height, width, 3)))
ax.set_axis_off()
ax.set_title(f"component {blue}")
