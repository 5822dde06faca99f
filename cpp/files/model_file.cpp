#include "gmmx/model_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <system_error>

#ifndef _WIN32
#include <fcntl.h>
#include <sys/stat.h>
#endif

#include "atomic_write.hpp"
#include "file_names.hpp"
#include "gmmx/errors.hpp"
#include "model_bytes.hpp"
#include "safetensors.hpp"

namespace gmmx {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_read(const fs::path& path, const std::string& why) {
  throw FileError(utf8_name(path) + " cannot be read: " + why +
                  ". Give the path of a file that gmmx::save or Python's GaussianMixture.save wrote.");
}

void check_regular(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) cannot_read(path, "there is no such file");
  if (error) cannot_read(path, error.message());
  // A pipe would block and a device never end.
  if (!fs::is_regular_file(status)) {
    cannot_read(path, fs::is_directory(status) ? "it is a folder" : "it is not a regular file");
  }
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

// What was checked may be replaced before it is opened: opening does not wait for a pipe's writer, and what was opened
// is checked again.
File opened(const fs::path& path) {
#ifdef _WIN32
  File file(_wfopen(path.c_str(), L"rb"), std::fclose);
#else
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  File file(descriptor < 0 ? nullptr : fdopen(descriptor, "rb"), std::fclose);
  struct stat status {};
  if (file && (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))) {
    cannot_read(path, "it is not a regular file");
  }
#endif
  if (!file) cannot_read(path, std::generic_category().message(errno));
  return file;
}

std::string whole_file(const fs::path& path) {
  check_regular(path);
  const File file = opened(path);
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) cannot_read(path, error.message());
  std::string bytes;
  const auto read_until = [&](std::uintmax_t end) {
    const std::size_t begin = bytes.size();
    if (end > bytes.max_size()) throw std::bad_alloc();  // also where a size in 32 bits would wrap around
    bytes.resize(static_cast<std::size_t>(end));
    bytes.resize(begin + std::fread(bytes.data() + begin, 1, bytes.size() - begin, file.get()));
  };
  try {
    read_until(std::min<std::uintmax_t>(size, header_length_bytes));
    if (is_too_long_a_header(bytes)) return bytes;  // no model: the rest, however long, need not be read
    read_until(size);
  } catch (const std::bad_alloc&) {
    cannot_read(path, "its " + std::to_string(size) + " bytes do not fit into memory");
  }
  if (bytes.size() != size) {
    cannot_read(path, "it ended after " + std::to_string(bytes.size()) + " of " + std::to_string(size) + " bytes");
  }
  return bytes;
}

}  // namespace

Model load(const std::filesystem::path& path) { return from_bytes(whole_file(path), utf8_name(path)); }

void save(const Model& model, const std::filesystem::path& path) { write_atomically(path, to_bytes(model)); }

void save(const FitResult& fit, const std::filesystem::path& path) {
  Model model{fit.mixture};
  model.n_iter = fit.n_iter();
  model.converged = fit.converged;
  model.lower_bound = fit.mean_log_likelihoods.back();
  model.lower_bounds = fit.mean_log_likelihoods;
  model.log_likelihood = fit.log_likelihood;
  save(model, path);
}

void save(const Mixture& mixture, const std::filesystem::path& path) { save(Model{mixture}, path); }

}  // namespace gmmx
