/// \file
/// Model files: the safetensors files of GaussianMixture.save and gmmx.load in Python.
///
/// A library built with GMMX_MODEL_FILES=OFF lacks these functions.
#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/fit.hpp"
#include "gmmx/mixture.hpp"

namespace gmmx {

/// Contents of a model file.
struct Model {
  Mixture mixture;
  int n_iter = 0;                                                    ///< iterations of the fit; 0 without a fit
  bool converged = false;                                            ///< whether the fit converged
  double lower_bound = -std::numeric_limits<double>::infinity();     ///< last mean log-likelihood per row
  std::vector<double> lower_bounds = {};                             ///< the same for each iteration
  double log_likelihood = std::numeric_limits<double>::quiet_NaN();  ///< of all rows; NaN if unknown
  std::vector<std::string> feature_names = {};                       ///< UTF-8, one per feature; empty without names
  bool single_precision = false;                                     ///< whether the file contains 32-bit numbers
  std::string params = "{}";  ///< constructor parameters of the Python class as a JSON object, unchanged
  double total_weight = std::numeric_limits<double>::quiet_NaN();  ///< of the training data; NaN if unknown
};

/// Reads and validates a model file. 32-bit numbers are widened exactly; covariances and factors are bitwise those of
/// the file. May be called from several threads at once.
///
/// Files whose header is larger than 16 MiB are rejected. Needs memory for a few times the numbers and at most 25 times
/// the header.
///
/// \throws FileError if the file does not exist, cannot be read, is a folder, pipe or device, or does not fit in memory
/// \throws ModelFileError if the file is not a model, truncated, damaged (the checksum differs) or in a newer format.
/// Python's gmmx.load rejects the same files
GMMX_EXPORT Model load(const std::filesystem::path& path);

/// Writes a model file atomically. An existing file is replaced, or kept if anything fails. Symbolic links are
/// followed. The new file keeps the mode, owner and group of the old one. Numbers are rounded if `single_precision` is
/// set. May be called from several threads at once; if several write to one path, the last file remains.
///
/// \throws FileError if the folder does not exist or is not writable, the path is not a regular file, or the existing
/// file is read-only or its owner cannot be kept \throws InvalidArgument if load() would reject the model: invalid
/// entries or names, or numbers that are not a mixture after rounding
GMMX_EXPORT void save(const Model& model, const std::filesystem::path& path);

/// The same for the result of fit(): the mixture and the record of its fit.
GMMX_EXPORT void save(const FitResult& fit, const std::filesystem::path& path);

/// The same for a mixture without a record, in double precision.
GMMX_EXPORT void save(const Mixture& mixture, const std::filesystem::path& path);

}  // namespace gmmx
