/// \file
/// Mixtures as files: the safetensors files that GaussianMixture.save and gmmx.load of the Python package use too.
///
/// A library that was built with GMMX_MODEL_FILES=OFF has none of these functions.
#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/fit.hpp"
#include "gmmx/mixture.hpp"

namespace gmmx {

/// All that a model file holds.
struct Model {
  Mixture mixture;
  int n_iter = 0;                                                    ///< iterations of the fit; 0 without one
  bool converged = false;                                            ///< whether the fit did
  double lower_bound = -std::numeric_limits<double>::infinity();     ///< mean log-likelihood a row, the last
  std::vector<double> lower_bounds = {};                             ///< the same, one an iteration
  double log_likelihood = std::numeric_limits<double>::quiet_NaN();  ///< of all rows; NaN: not known
  std::vector<std::string> feature_names = {};                       ///< UTF-8, one a feature; empty: no names
  bool single_precision = false;                                     ///< whether the file has 32-bit numbers
  std::string params = "{}";  ///< constructor parameters of the Python class: a JSON object, kept as it is
  double total_weight = std::numeric_limits<double>::quiet_NaN();  ///< of the rows fitted to; NaN: not known
};

/// Reads a model file, trusting nothing in it. 32-bit numbers are widened exactly; the mixture has the covariances and
/// the factors of the file, bit for bit. May be called from several threads at once.
///
/// Files whose header is larger than 16 MiB are refused. Memory: a few times the size of the numbers and
/// at most some 25 times that of the header.
///
/// \throws FileError where there is no such file, it may not be read, is a folder, pipe or device, or does not fit into
/// memory
/// \throws ModelFileError where the file is no model, is cut off, damaged (its checksum is compared) or of a newer
/// format. Python's gmmx.load refuses the same files
GMMX_EXPORT Model load(const std::filesystem::path& path);

/// Writes a model file, whole or not at all: a file that is there is replaced by a complete one, and stays as it is if
/// anything fails. A symbolic link is followed. The new file keeps mode, owner and group of the old one. Numbers are
/// rounded where `single_precision` is set.
/// May be called from several threads at once; of several that write to one path, the last one's file stays.
///
/// \throws FileError where the folder does not exist or cannot be written to, something that is no file is there, or a
/// file that is read-only or whose owner cannot be kept
/// \throws InvalidArgument where load() would refuse the model: a fact or name that is none, or numbers that are no
/// mixture once they are rounded
GMMX_EXPORT void save(const Model& model, const std::filesystem::path& path);

/// The same for what fit() returned: the mixture and the facts of its fit.
GMMX_EXPORT void save(const FitResult& fit, const std::filesystem::path& path);

/// The same for a mixture of which nothing else is known, in double precision.
GMMX_EXPORT void save(const Mixture& mixture, const std::filesystem::path& path);

}  // namespace gmmx
