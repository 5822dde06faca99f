"""EM around the native loop: how it begins, restarts, what it returns, criteria, stepwise EM."""
