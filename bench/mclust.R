# Seconds that mclust takes, beside which bench/hierarchical.py measures gmmx, and its log-likelihoods.
# Rscript bench/mclust.R rows.csv n_rows_of_tree
suppressMessages(library(mclust))
arguments <- commandArgs(TRUE)
X <- data.matrix(read.csv(arguments[1], header = FALSE))
some <- X[seq_len(as.integer(arguments[2])), ]
seconds <- function(f) system.time(f())[["elapsed"]]
tree <- seconds(function() hc(some, "VVV", use = "SVD"))
bic <- NULL
fits <- seconds(function() bic <<- mclustBIC(X, 1:5, "VVV", verbose = FALSE))
n_parameters <- sapply(1:5, function(k) nMclustParams("VVV", ncol(X), k))
log_likelihoods <- (bic[, "VVV"] + n_parameters * log(nrow(X))) / 2
cat(as.character(packageVersion("mclust")), tree, fits, format(log_likelihoods, digits = 15), "\n")
