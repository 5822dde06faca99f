"""Inference about fitted mixtures: the bootstrap and tests of the number of components."""
