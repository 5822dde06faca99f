#include "gmmx/model_file.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "gmmx/errors.hpp"
#include "model_bytes.hpp"
#include "replacing.hpp"

namespace gmmx {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_read(const fs::path& path, const std::string& why) {
  throw FileError(path.string() + " cannot be read: " + why +
                  ". Give the path of a file that gmmx::save or Python's GaussianMixture.save wrote.");
}

std::string whole_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) cannot_read(path, "there is no such file");
  if (error) cannot_read(path, error.message());
  // A pipe would block and a device never end.
  if (!fs::is_regular_file(status)) cannot_read(path, fs::is_directory(status) ? "it is a folder" : "it is no file");
  const auto size = fs::file_size(path, error);
  if (error) cannot_read(path, error.message());

  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.string().c_str(), "rb"), std::fclose);
  if (!file) cannot_read(path, std::generic_category().message(errno));
  std::string bytes(static_cast<std::size_t>(size), '\0');
  const std::size_t read = std::fread(bytes.data(), 1, bytes.size(), file.get());
  if (read != bytes.size()) {
    cannot_read(path, "it ended after " + std::to_string(read) + " of " + std::to_string(size) + " bytes");
  }
  return bytes;
}

}  // namespace

Model load(const std::filesystem::path& path) { return from_bytes(whole_file(path), path.string()); }

void save(const Model& model, const std::filesystem::path& path) { replace_file(path, to_bytes(model)); }

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
