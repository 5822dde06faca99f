// What a model file tells as text: what it is, what is known of the fit, names, parameters.
#pragma once

#include <map>
#include <string>

#include "gmmx/model_file.hpp"

namespace gmmx {

using Metadata = std::map<std::string, std::string>;

// \throws MalformedFile where a name of a feature is not UTF-8
Metadata metadata_of(const Model& model);

// Checks that a file says that it is a model of a format known here, and returns the type it names. \throws
// MalformedFile
CovarianceType covariance_type_in(const Metadata& metadata);

// Everything but the mixture, which the model has. \throws MalformedFile
void read_facts(const Metadata& metadata, Model& model);

}  // namespace gmmx
