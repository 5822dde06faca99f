"""Estimators: mixtures that users fit, select and convert."""
