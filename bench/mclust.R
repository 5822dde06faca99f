# Times of mclust, beside which bench/hierarchical.py measures gmmx: Rscript bench/mclust.R rows.csv
suppressMessages(library(mclust))
X <- data.matrix(read.csv(commandArgs(trailingOnly = TRUE)[1], header = FALSE))
seconds <- function(f) system.time(f())[["elapsed"]]
cat("mclust tree of 2,000 rows", seconds(function() hc(X[1:2000, ], "VVV", use = "SVD")), "s\n")
cat("mclust VVV, K = 1..5", seconds(function() mclustBIC(X, 1:5, "VVV", verbose = FALSE)), "s\n")
