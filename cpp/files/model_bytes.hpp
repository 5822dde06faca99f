// A model as the bytes of its file.
#pragma once

#include <string>
#include <string_view>

#include "gmmx/model_file.hpp"

namespace gmmx {

// \throws InvalidArgument where from_bytes() would refuse them
std::string to_bytes(const Model& model);

// name: of the file, for messages. \throws ModelFileError
Model from_bytes(std::string_view bytes, const std::string& name);

}  // namespace gmmx
