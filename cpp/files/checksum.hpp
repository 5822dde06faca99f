// A checksum of what a model file says.
#pragma once

#include <string>

#include "safetensors.hpp"

namespace gmmx {

constexpr const char* checksum_entry = "checksum";

// "crc32:" and eight hexadecimal digits: the CRC-32 (of zlib, PNG and IEEE 802.3) of the entries of the metadata that
// gmmx reads, and of name, type, shape and bytes of each tensor. What other tools add to the metadata does not count,
// nor do the order of the entries, spaces in the header and the place of the tensors in the file. Python's is
// _checksum.py.
std::string checksum_of(const Safetensors& content);

}  // namespace gmmx
