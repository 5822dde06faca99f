# Partitions of mclust 6.0.0 (R 4.2.2): hclass(hc(X, modelName, use = "SVD"), 1:9) on the data sets of this folder.
# Rscript mclust_trees.R, in this folder, writes mclust_trees.csv: one line for each data set, criterion and number of
# clusters, with one digit a row of the data.
suppressMessages(library(mclust))
lines <- "dataset,criterion,n_clusters,labels"
for (name in c("faithful", "iris", "diabetes", "thyroid")) {
  data <- read.csv(paste0(name, ".csv"))
  X <- data.matrix(data[, sapply(data, is.numeric)])
  for (criterion in c("VVV", "EEE")) {
    labels <- hclass(hc(X, modelName = criterion, use = "SVD"), 1:9)
    for (k in 1:9) lines <- c(lines, paste(name, criterion, k, paste(labels[, k], collapse = ""), sep = ","))
  }
}
writeLines(lines, "mclust_trees.csv")
