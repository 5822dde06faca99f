// Models as files: what comes back, what is refused and why, and that no half file ever stands there.
#include "gmmx/model_file.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <set>

#include "atomic_write.hpp"
#include "gmmx/factors.hpp"
#include "hex.hpp"
#include "little_endian.hpp"
#include "model_bytes.hpp"
#include "problem.hpp"
#include "safetensors.hpp"

#ifndef _WIN32
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#endif

using namespace gmmx;
using doctest::Contains;
using gmmx::testing::make_problem;

namespace {

namespace fs = std::filesystem;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

// A new folder that goes with the test.
class Folder {
 public:
  Folder() {
    for (int i = 0; path_.empty(); ++i) {
      const fs::path candidate = fs::temp_directory_path() / ("gmmx_model_file_test_" + std::to_string(i));
      if (fs::create_directory(candidate)) path_ = candidate;
    }
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  fs::path operator/(const std::string& name) const { return path_ / name; }
  std::set<std::string> names() const {
    std::set<std::string> all;
    for (const auto& entry : fs::directory_iterator(path_)) all.insert(entry.path().filename().string());
    return all;
  }

 private:
  fs::path path_;
};

void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool same_bits(const std::vector<double>& left, const std::vector<double>& right) {
  return left.size() == right.size() &&
         (left.empty() || std::memcmp(left.data(), right.data(), left.size() * sizeof(double)) == 0);
}

std::vector<double> rounded(std::vector<double> numbers, bool single_precision) {
  if (single_precision) {
    for (double& number : numbers) number = static_cast<double>(static_cast<float>(number));
  }
  return numbers;
}

Model model_of_kind(CovarianceType type, bool single_precision = false) {
  Model model{make_problem(200, 3, 2).mixture(type)};
  model.n_iter = 17;
  model.converged = true;
  model.lower_bound = -1.0 / 3;
  model.lower_bounds = {-infinity, -0.1, -1e-310, 1e308, quiet_nan, infinity, -0.0};
  model.log_likelihood = -1234.5678901234567;
  model.feature_names = {"l\xc3\xa4nge", "NaN", "\"\\\n"};
  model.single_precision = single_precision;
  model.params =
      R"({"tol": 1e-2, "of_a_later_version": "-Infinity \" NaN", "weights_init": null, "a": Infinity, "b": [1]})";
  model.total_weight = 150.5;
  model.params.replace(model.params.find("[1]"), 3, "-Infinity");
  return model;
}

// A small valid file in parts that tests change.
struct Parts {
  Parts() : Parts(model_of_kind(CovarianceType::full)) {}
  explicit Parts(const Model& model) : bytes(to_bytes(model)) {
    const Safetensors content = parse_safetensors(bytes);
    metadata = content.metadata;
    for (const auto& [name, tensor] : content.tensors) {
      types[name] = tensor.type;
      shapes[name] = tensor.shape;
      numbers[name] = numbers_of(tensor);
    }
  }

  std::string file() const {
    Safetensors content{metadata, {}};
    std::map<std::string, std::string> stored;
    for (const auto& [name, values] : numbers) {
      stored[name] = bytes_of(values, types.at(name));
      content.tensors[name] = {types.at(name), shapes.at(name), stored[name]};
    }
    return to_bytes(content);
  }

  std::string bytes;
  std::map<std::string, std::string> metadata;
  std::map<std::string, NumberType> types;
  std::map<std::string, std::vector<Index>> shapes;
  std::map<std::string, std::vector<double>> numbers;
};

std::string with_header(const std::string& header, const std::string& data = "") {
  std::string file;
  put_bits(file, std::uint64_t{header.size()});
  return file + header + data;
}

std::string message_of(const std::string& bytes) {
  try {
    from_bytes(bytes, "some/model");
  } catch (const ModelFileError& error) {
    return error.what();
  }
  return "accepted";
}

void check_refused(const std::string& bytes, const std::string& problem) {
  const std::string message = message_of(bytes);
  CAPTURE(message);
  CHECK(message.rfind("some/model cannot be loaded as a gmmx model: ", 0) == 0);
  CHECK(message.find(problem) != std::string::npos);
  const bool has_remedy = message.find("Write it again") != std::string::npos ||
                          message.find("Only files written") != std::string::npos ||
                          message.find("Upgrade") != std::string::npos;
  CHECK(has_remedy);
}

void check_damage(const std::function<void(Parts&)>& damage, const std::string& problem) {
  Parts parts;
  damage(parts);
  check_refused(parts.file(), problem);
}

// The container's refusal of one tensor, "x", beside four bytes of numbers.
void check_tensor_refused(const std::string& entry, const std::string& problem) {
  check_refused(with_header("{\"x\":" + entry + "}", "abcd"), "not a whole safetensors file");
  check_refused(with_header("{\"x\":" + entry + "}", "abcd"), problem);
}

}  // namespace

// Round trips --------------------------------------------------------------------------------------------------------

TEST_CASE("model files: what is saved comes back bit for bit") {
  const Folder folder;
  for (const CovarianceType type : gmmx::testing::models()) {
    for (const bool single_precision : {false, true}) {
      CAPTURE(to_string(type));
      CAPTURE(single_precision);
      const Model model = model_of_kind(type, single_precision);
      save(model, folder / "model");
      const Model loaded = load(folder / "model");
      const Mixture& mixture = model.mixture;
      CHECK(loaded.mixture.covariance_type() == type);
      CHECK(loaded.mixture.n_features() == 3);
      CHECK(same_bits(loaded.mixture.weights(), rounded(mixture.weights(), single_precision)));
      CHECK(same_bits(loaded.mixture.means(), rounded(mixture.means(), single_precision)));
      CHECK(same_bits(loaded.mixture.covariances(), rounded(mixture.covariances(), single_precision)));
      CHECK(same_bits(loaded.mixture.precisions_cholesky(), rounded(mixture.precisions_cholesky(), single_precision)));
      CHECK(loaded.n_iter == 17);
      CHECK(loaded.converged);
      CHECK(loaded.lower_bound == model.lower_bound);
      CHECK(same_bits(loaded.lower_bounds, model.lower_bounds));
      CHECK(loaded.log_likelihood == model.log_likelihood);
      CHECK(loaded.feature_names == model.feature_names);
      CHECK(loaded.single_precision == single_precision);
      CHECK(loaded.params == model.params);
      CHECK(loaded.total_weight == 150.5);
      CHECK(to_bytes(loaded) == contents(folder / "model"));
    }
  }
}

TEST_CASE("model files: every type of a single feature") {
  const Folder folder;
  for (const CovarianceType type : covariance_types()) {
    for (const bool single_precision : {false, true}) {
      CAPTURE(to_string(type));
      CAPTURE(single_precision);
      Model model{make_problem(200, 1, 2).mixture(type)};
      model.single_precision = single_precision;
      save(model, folder / "model");
      const Model loaded = load(folder / "model");
      CHECK(loaded.mixture.covariance_type() == type);
      CHECK(same_bits(loaded.mixture.covariances(), rounded(model.mixture.covariances(), single_precision)));
      CHECK(to_bytes(loaded) == contents(folder / "model"));
    }
  }
}

TEST_CASE("model files: types of a single feature with several") {
  for (const char* name : {"E", "V"}) {
    Parts parts(model_of_kind(CovarianceType::spherical));
    parts.metadata["covariance_type"] = name;
    check_refused(parts.file(), "covariance_type 'E' and 'V' are for data of one feature, but there are 3");
  }
}

TEST_CASE("model files: a mixture alone") {
  const Folder folder;
  const Mixture mixture(CovarianceType::spherical, 1, {0.5, 0.5}, {0, 1}, {1, 2});
  save(mixture, folder / "model");
  const Model loaded = load(folder / "model");
  CHECK(loaded.mixture.fingerprint() == mixture.fingerprint());
  CHECK(loaded.n_iter == 0);
  CHECK(!loaded.converged);
  CHECK(loaded.lower_bound == -infinity);
  CHECK(loaded.lower_bounds.empty());
  CHECK(std::isnan(loaded.log_likelihood));
  CHECK(loaded.feature_names.empty());
  CHECK(loaded.params == "{}");
  CHECK(std::isnan(loaded.total_weight));
}

TEST_CASE("model files: the numbers begin at a multiple of eight bytes") {
  for (const char* params : {"{}", "{ }", "{  }", "{   }", "{    }", "{     }", "{      }", "{       }"}) {
    Model model = model_of_kind(CovarianceType::diag);
    model.params = params;
    const std::string bytes = to_bytes(model);
    CHECK((bytes.size() - (2 + 3 * 6) * sizeof(double)) % 8 == 0);
    CHECK(from_bytes(bytes, "model").params == params);
  }
}

TEST_CASE("model files: the bytes are the same on every machine") {
  const auto check_bytes = [](bool single_precision, const std::string& checksum, const std::string& tensors,
                              const std::string& numbers) {
    Model model{Mixture(CovarianceType::spherical, 1, {1}, {3.141592653589793}, {4})};
    model.single_precision = single_precision;
    std::string header = R"({"__metadata__":{"checksum":")" + checksum +
                         R"(","class":"GaussianMixture","converged":"false","covariance_type":"spherical",)"
                         R"("feature_names":"null","format":"gmmx","format_version":"1","gmmx_version":")" GMMX_VERSION
                         R"(","log_likelihood":"NaN","lower_bound":"-Infinity","lower_bounds":"[]","n_iter":"0",)"
                         R"("params":"{}"},)" +
                         tensors + "}";
    header.resize((header.size() + 7) / 8 * 8, ' ');
    CHECK(to_bytes(model) == with_header(header, gmmx::testing::from_hex(numbers)));
  };
  check_bytes(false, "crc32:863ba7a4",
              R"("covariances":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},)"
              R"("means":{"dtype":"F64","shape":[1,1],"data_offsets":[8,16]},)"
              R"("precisions_cholesky":{"dtype":"F64","shape":[1],"data_offsets":[16,24]},)"
              R"("weights":{"dtype":"F64","shape":[1],"data_offsets":[24,32]})",
              "0000000000001040 182d4454fb210940 000000000000e03f 000000000000f03f");
  check_bytes(true, "crc32:110cecc9",
              R"("covariances":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
              R"("means":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]},)"
              R"("precisions_cholesky":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
              R"("weights":{"dtype":"F32","shape":[1],"data_offsets":[12,16]})",
              "00008040 db0f4940 0000003f 0000803f");
}

TEST_CASE("model files: what later versions may add is accepted") {
  Parts parts;
  parts.metadata["note"] = "mine";
  parts.metadata.erase("gmmx_version");
  CHECK(message_of(parts.file()) == "accepted");
}

// Refusals -----------------------------------------------------------------------------------------------------------

TEST_CASE("model files: files that are not safetensors") {
  check_refused("", "it has 0 bytes");
  check_refused("1234567", "it has 7 bytes");
  check_refused(std::string("\0\0\0\0\0\0\0\0", 8), "does not begin with {");
  check_refused(std::string("\0\0\0\0\0\0\0\x40", 8), "4611686018427387904 bytes, but may have at most 16777216");
  check_refused(std::string(100, '\xff'), "18446744073709551615 bytes");
  check_refused(std::string("\3\0\0\0\0\0\0\0{}", 10), "its header has 3 bytes, but the file ends after 2 of them");
  check_refused(with_header("[]"), "does not begin with {");
  check_refused(with_header(" {}"), "does not begin with {");
  check_refused(with_header("{}\n"), "does not end with } and spaces");
  check_refused(with_header("{"), "does not end with }");
  check_refused(with_header("{}}"), "is not JSON (error at byte 3)");
  check_refused(with_header("{}{}"), "is not JSON (error at byte 3)");
  check_refused(with_header(std::string("{}\0{}", 5)), "zero byte");
  check_refused(with_header("{\"\xff\": {}}"), "is not JSON (error at byte 3)");
  check_refused(with_header("{\"a\": 1e999}"), "a number is too large");
  check_refused(with_header("{\"a\":" + std::string(100'000, '[') + "}"), "nested more than 8 deep");
  check_refused(with_header("{}   ", "abcd"), "4 bytes after the last tensor belong to none");
}

TEST_CASE("model files: keys that stand twice") {
  const std::string entry = R"({"dtype":"F32","shape":[],"data_offsets":[0,4]})";
  check_refused(with_header("{\"x\":" + entry + ",\"x\":" + entry + "}", "abcd"), "the key 'x' stands twice");
  check_refused(with_header(R"({"__metadata__":{"format":"gmmx","format":"gmmx"}})"), "the key 'format' stands twice");
  check_refused(with_header(R"({"__metadata__":{},"__metadata__":{}})"), "the key '__metadata__' stands twice");
  check_tensor_refused(R"({"dtype":"F32","shape":[],"data_offsets":[0,4],"shape":[]})", "the key 'shape' stands twice");
  check_damage([](Parts& p) { p.metadata["params"] = R"({"tol":1,"tol":2})"; }, "the key 'tol' stands twice");
}

TEST_CASE("model files: metadata that is not text") {
  check_refused(with_header(R"({"__metadata__":[]})"), "__metadata__ is not an object");
  check_refused(with_header(R"({"__metadata__":{"format":1}})"), "metadata entry 'format' is not a string");
}

TEST_CASE("model files: tensors that are none") {
  check_tensor_refused("1", "does not have exactly dtype, shape and data_offsets");
  check_tensor_refused("{}", "does not have exactly dtype, shape and data_offsets");
  check_tensor_refused(R"({"dtype":"F32","shape":[],"data_offsets":[0,4],"more":1})", "does not have exactly");
  check_tensor_refused(R"({"dtype":"F32","shape":[],"offsets":[0,4]})", "does not have exactly");
  check_tensor_refused(R"({"dtype":"F16","shape":[2],"data_offsets":[0,4]})", "the type 'F16', but all must be F32");
  check_tensor_refused(R"({"dtype":4,"shape":[1],"data_offsets":[0,4]})", "but all must be F32 or all F64");
  check_tensor_refused(R"({"dtype":"F32","shape":1,"data_offsets":[0,4]})", "a shape that is not an array");
  check_tensor_refused(R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]})", "more than 8 dimensions");
  check_tensor_refused(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", "something else than whole numbers");
  check_tensor_refused(R"({"dtype":"F32","shape":[1.0],"data_offsets":[0,4]})", "something else than whole numbers");
  check_tensor_refused(R"({"dtype":"F32","shape":["1"],"data_offsets":[0,4]})", "something else than whole numbers");
  check_tensor_refused(R"({"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]})",
                       "something else than whole numbers");
  check_tensor_refused(R"({"dtype":"F32","shape":[18446744073709551617],"data_offsets":[0,4]})",
                       "something else than whole numbers");
  // 4 * 2^31 * 2^31 * 2 and, of the product's lowest 64 bits, 4: both are more than there is. An index of 32 bits does
  // not even hold the sizes.
  const std::string too_large = sizeof(Index) < 8 ? "something else than whole numbers" : "more than 2^64";
  check_tensor_refused(R"({"dtype":"F32","shape":[2147483648,2147483648,2],"data_offsets":[0,4]})", too_large);
  check_tensor_refused(R"({"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]})", too_large);
  check_tensor_refused(R"({"dtype":"F32","shape":[2147483648,2147483648,2,0],"data_offsets":[0,0]})", too_large);
  check_tensor_refused(R"({"dtype":"F32","shape":[1],"data_offsets":4})", "data_offsets that are not two whole");
  check_tensor_refused(R"({"dtype":"F32","shape":[1],"data_offsets":[0]})", "data_offsets that are not two whole");
  check_tensor_refused(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,4]})", "data_offsets that are not two whole");
  check_tensor_refused(R"({"dtype":"F32","shape":[1],"data_offsets":[-4,0]})", "data_offsets that are not two whole");
  check_tensor_refused(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})",
                       "data_offsets [4, 0], but the file has 4");
  check_tensor_refused(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})",
                       "data_offsets [0, 8], but the file has 4");
  check_tensor_refused(R"({"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551615]})",
                       "but the file has 4 bytes");
  check_tensor_refused(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", "its shape and type take 8 bytes");
  check_tensor_refused(R"({"dtype":"F64","shape":[],"data_offsets":[0,4]})", "its shape and type take 8 bytes");
}

TEST_CASE("model files: tensors that overlap or leave gaps") {
  const auto two = [](const std::string& first, const std::string& second) {
    return with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
                           R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}",
                       "abcdefgh");
  };
  check_refused(two("[0,4]", "[4,8]"), "names the format none");  // the container is right
  check_refused(two("[4,8]", "[0,4]"), "names the format none");
  check_refused(two("[0,4]", "[2,6]"), "the tensor 'b' overlaps the one before it");
  check_refused(two("[0,4]", "[0,4]"), "overlaps the one before it");
  check_refused(two("[1,5]", "[4,8]"), "1 bytes before the tensor 'a' belong to none");
  check_refused(two("[4,8]", "[4,8]"), "4 bytes before the tensor 'a' belong to none");
  check_refused(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "abcdefgh"),
                "4 bytes after the last tensor belong to none");
}

TEST_CASE("model files: a file that is cut off anywhere or longer") {
  const std::string bytes = to_bytes(Model{Mixture(CovarianceType::diag, 1, {1}, {0}, {1})});
  for (std::size_t keep = 0; keep < bytes.size(); ++keep) {
    CAPTURE(keep);
    CHECK(message_of(bytes.substr(0, keep)).find("not a whole safetensors file") != std::string::npos);
  }
  check_refused(bytes + '\0', "1 bytes after the last tensor belong to none");
}

TEST_CASE("model files: no changed byte does harm") {
  for (const CovarianceType type : {CovarianceType::full, CovarianceType::spherical}) {
    const std::string bytes = to_bytes(Model{Mixture(type, 1, {1}, {0}, {1})});
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const unsigned flip : {1U, 2U, 16U, 32U, 128U, 255U}) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ flip);
        const std::string message = message_of(damaged);
        const bool right = message == "accepted" || message.rfind("some/model cannot be loaded", 0) == 0;
        CHECK(right);
      }
    }
  }
}

TEST_CASE("model files: metadata that is not that of a model") {
  const auto check = [](const std::string& name, const std::string& value, const std::string& problem) {
    check_damage([&](Parts& p) { p.metadata[name] = value; }, problem);
  };
  check("format", "pt", "names the format 'pt', not 'gmmx'. Only files written by");
  check("format_version", "2", "format_version is '2', but this gmmx " GMMX_VERSION " reads up to 1. Upgrade gmmx to");
  check("format_version", "18446744073709551617", "reads up to 1. Upgrade");
  for (const char* version : {"one", "0", "000", "", "-1", "1.0", " 1", "\xc2\xb2"}) {
    check("format_version", version, "not a number from 1 on");
  }
  check("class", "Bayesian\x1b[2J", "names the class 'Bayesian\\x1b[2J', not a 'GaussianMixture'");
  check("covariance_type", "ful", "covariance_type is 'ful', but must be one of 'full', 'tied', 'diag', 'spherical'");
  check("covariance_type", "diag", "covariances has shape (2, 3, 3), but covariance type 'diag'");
  for (const char* name : {"format", "format_version", "class", "covariance_type", "params", "feature_names", "n_iter",
                           "converged", "lower_bound", "lower_bounds", "log_likelihood"}) {
    check_damage([&](Parts& p) { p.metadata.erase(name); }, name);
  }
  check_damage([](Parts& p) { p.metadata.erase("n_iter"); }, "its metadata lacks 'n_iter'");

  check("n_iter", "{", "metadata entry n_iter is '{', which is not JSON");
  check("n_iter", std::string(100'000, '['), "[[[...', which is not JSON of a model (it is nested more than 8 deep)");
  for (const char* count : {"-1", "1.5", "1e2", "true", "null", "[1]", "NaN", "2147483648", "99999999999999999999"}) {
    check("n_iter", count, "which is not a whole number from 0 to 2147483647");
  }
  check("n_iter", std::string("1\0", 2), "zero byte");
  check("n_iter", "1 2", "is not JSON");
  check("converged", "1", "neither true nor false");
  for (const char* number : {"null", "true", "[1]", "{}"}) check("lower_bound", number, "which is not a number");
  for (const char* number :
       {"1NaN", "NaN1", "--Infinity", "+Infinity", "nan", "inf", "NaN NaN", ".5", "0x1", "1e999"}) {
    check("log_likelihood", number, "is not JSON");
  }
  check("log_likelihood", "\"NaN\"", "not of the right kind");
  for (const char* list : {"1", "null", "[null]", "[[1]]", "{}", "NaN"}) {
    check("lower_bounds", list, "which is not a list of numbers");
  }
  for (const char* list : {"[1,]", "[1 2]", "[1", "[NaN 1]", "[,]", "[1] 2"}) check("lower_bounds", list, "not JSON");
  for (const char* names : {"[\"a\"]", "[1, 2, 3]", "[]", "{}", "\"abc\"", "1", "[NaN, NaN, NaN]"}) {
    check("feature_names", names, "is neither null nor 3 strings");
  }
  for (const char* params : {"[]", "1", "null", R"({"callback": {}})", R"({"a": [NaN]})"}) {
    check("params", params, "does not map names to numbers, strings, truth values or null");
  }
  for (const char* params : {"{NaN: 1}", R"({"a": NaN1})", R"({"a": 1Infinity})", R"({"a": "\)", "{\"a\": \"\\"}) {
    check("params", params, "is not JSON");
  }
}

TEST_CASE("model files: tensors that are not a mixture") {
  const auto number = [](const char* name, std::size_t at, double value, const std::string& problem) {
    check_damage([&](Parts& p) { p.numbers[name].at(at) = value; }, problem);
  };
  const auto reshaped = [](const char* name, const std::vector<Index>& shape, const std::string& problem) {
    check_damage(
        [&](Parts& p) {
          p.shapes[name] = shape;
          std::size_t size = 1;
          for (const Index n : shape) size *= static_cast<std::size_t>(n);
          p.numbers[name].resize(size);
        },
        problem);
  };
  check_damage(
      [](Parts& p) {
        p.numbers["log_weights"] = {0};
        p.shapes["log_weights"] = {1};
        p.types["log_weights"] = NumberType::f64;
      },
      "it holds the tensors 'covariances', 'log_weights', 'means', 'precisions_cholesky', 'weights', but must hold");
  check_damage([](Parts& p) { p.numbers.erase("means"); }, "none missing and none more");
  check_damage([](Parts& p) { p.numbers.clear(); }, "it holds no tensors, but must hold 'covariances', 'means'");
  check_damage([](Parts& p) { p.types["means"] = NumberType::f32; },
               "the types covariances F64, means F32, precisions_cholesky F64, weights F64, but all must be F32 or");

  reshaped("weights", {1}, "weights has shape (1,), but covariance type 'full' and means of shape (2, 3)");
  reshaped("means", {6}, "means has shape (6,), but must have shape (n_components, n_features)");
  reshaped("means", {0, 3}, "means has shape (0, 3), but must have shape");
  reshaped("means", {2, 0}, "means has shape (2, 0), but must have shape");
  reshaped("means", {0, std::numeric_limits<Index>::max() / 16}, "means has shape (0,");
  reshaped("means", {3, 2}, "require shape (3,)");
  reshaped("covariances", {18}, "covariances has shape (18,)");
  reshaped("precisions_cholesky", {2, 3, 2}, "precisions_cholesky has shape (2, 3, 2)");

  for (const char* name : {"covariances", "means", "precisions_cholesky", "weights"}) {
    for (const double value : {quiet_nan, infinity, -infinity}) {
      number(name, 0, value, std::string(name) + " holds numbers that are not finite");
    }
  }
  number("weights", 0, 0.25, "weights must sum to one, but the sum differs from it by -0.25");
  number("weights", 0, -0.5, "weights holds a negative number");
  number("covariances", 1, 9, "covariances holds a matrix that is not symmetric");
  number("covariances", 4, -1, "covariances holds a variance that is not positive");
  number("covariances", 17, 0, "covariances holds a variance that is not positive");
  number("precisions_cholesky", 9 + 6, 0.1, "precisions_cholesky[1] is not upper triangular");
  number("precisions_cholesky", 4, 0, "precisions_cholesky[0] has a diagonal element that is not positive");
}

TEST_CASE("model files: parameters that Python refuses") {
  const auto check = [](const std::string& params, const char* problem) {
    check_damage([&](Parts& p) { p.metadata["params"] = params; }, problem);
  };
  check(R"({"tol": -1})", "which has a tol that is not a number of at least 0");
  check(R"({"tol": NaN})", "a tol that is not");
  check(R"({"reg_covar": Infinity})", "a reg_covar that is not");
  check(R"({"max_iter": 1.0})", "a max_iter that is not a whole number");
  check(R"({"max_iter": 18446744073709551616})", "a max_iter that is not a whole number");
  check(R"({"n_jobs": 0})", "a n_jobs that is not null or a whole number other than 0");
  check(R"({"n_jobs": false})", "a n_jobs that is not");
  check(R"({"random_state": 4294967296})", "a random_state that is not");
  check(R"({"warm_start": 1})", "a warm_start that is not true or false");
  check(R"({"init_params": "kmean"})", "a init_params that is not 'kmeans'");
  check(R"({"learning_decay": 0.5})", "a learning_decay that is not");
  check(R"({"means_init": 1})", "a means_init that is not null");
  for (const char* params :
       {R"({"tol": 0, "max_iter": true, "n_jobs": -1, "random_state": 4294967295, "learning_decay": 1})",
        R"({"n_components": -7, "covariance_type": NaN, "later": Infinity, "callback": null, "prior": "default"})"}) {
    Model model = model_of_kind(CovarianceType::diag);
    model.params = params;
    CHECK(message_of(to_bytes(model)) == "accepted");
  }
}

TEST_CASE("model files: weights and checkpoints that are none") {
  const auto check = [](const char* name, const std::string& value, const char* problem) {
    check_damage([&](Parts& p) { p.metadata[name] = value; }, problem);
  };
  for (const char* weight : {"0", "-1", "NaN", "Infinity"}) check("total_weight", weight, "is not a positive number");
  for (const char* weight : {"true", "null", "[1]"}) check("total_weight", weight, "is not a number");
  check("total_weight", "1" + std::string(400, '0'), "a number is too large");
  for (const char* checkpoint : {"[]", "1", "NaN", "null"}) check("checkpoint", checkpoint, "does not map names");
  check("checkpoint", "{", "is not JSON");
  check("n_iter",
        "\xef\xbb\xbf"
        "1",
        "begins with a byte-order mark");
  Parts parts;
  parts.metadata.erase("checksum");
  parts.metadata["n_iter"] = "-0";
  parts.metadata["checkpoint"] = R"({"sums": [NaN]})";
  CHECK(message_of(parts.file()) == "accepted");
}

// The checksum -------------------------------------------------------------------------------------------------------

TEST_CASE("model files: a flipped bit of any number or fact is found") {
  Model model = model_of_kind(CovarianceType::full);
  model.lower_bounds = {-1.5, -0.25};
  const std::string bytes = to_bytes(model);
  const Parts parts(model);
  const std::size_t n_numbers = (2 + 6 + 2 * 18) * sizeof(double);
  for (std::size_t at = bytes.size() - n_numbers; at < bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << bit));
      CHECK(message_of(damaged) != "accepted");
    }
  }
  const auto changed = [&](const char* name, const std::string& value) {
    Parts other = parts;
    other.metadata[name] = value;
    return message_of(other.file());
  };
  for (const auto& entry : std::map<std::string, std::string>{{"n_iter", "18"},
                                                              {"converged", "false"},
                                                              {"lower_bound", "-1.25"},
                                                              {"lower_bounds", "[-1.5, -0.5]"},
                                                              {"log_likelihood", "1"},
                                                              {"feature_names", "null"},
                                                              {"params", "{}"},
                                                              {"total_weight", "150.25"},
                                                              {"checkpoint", "{}"}}) {
    CAPTURE(entry.first);
    CHECK(changed(entry.first.c_str(), entry.second).find("a byte was changed after it was written. Restore it") !=
          std::string::npos);
  }
  CHECK(changed("checksum", "crc32:0").find("its checksum is 'crc32:0', but") != std::string::npos);
  CHECK(changed("gmmx_version", "0.0.1") == "accepted");
  CHECK(changed("note", "mine") == "accepted");
}

TEST_CASE("model files: files without a checksum are read") {
  Parts parts;
  REQUIRE(parts.metadata.at("checksum").size() == 14);
  parts.metadata.erase("checksum");
  parts.metadata["n_iter"] = "18";
  CHECK(message_of(parts.file()) == "accepted");
}

TEST_CASE("model files: a changed name of the checksum does not switch it off") {
  const std::string bytes = to_bytes(model_of_kind(CovarianceType::full));
  const std::size_t name = bytes.find("checksum");
  REQUIRE(name != std::string::npos);
  for (std::size_t at = name; at < name + 8; ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << bit));
      CHECK(message_of(damaged) != "accepted");
    }
  }
  std::string damaged = bytes;
  damaged[name] = 'b';
  CHECK(message_of(damaged).find("has no entry checksum, but the entry 'bhecksum' holds one") != std::string::npos);
}

TEST_CASE("model files: covariances and factors that contradict each other") {
  for (const CovarianceType type : covariance_types()) {
    const Index d = type == CovarianceType::E || type == CovarianceType::V ? 1 : 3;
    for (const bool single_precision : {false, true}) {
      CAPTURE(to_string(type));
      CAPTURE(single_precision);
      Model model{make_problem(200, d, 2).mixture(type)};
      model.single_precision = single_precision;
      Parts parts(model);
      parts.metadata.erase("checksum");
      CHECK(message_of(parts.file()) == "accepted");
      parts.numbers["covariances"].back() *= single_precision ? 1.001 : 1 + 1e-9;
      check_refused(parts.file(), "is not the factor of the inverse of covariances");
    }
  }
}

TEST_CASE("mixture: factors belong to covariances as far as rounding lets them") {
  // Features on scales from 1e-30 to 1e30, and correlations whose condition is 1e12.
  const double r = 1 - 1e-12;
  std::vector<double> covariance{1e-60, r, r, 1e60};
  const Mixture sound(CovarianceType::full, 2, {1}, {0, 0}, covariance);
  check_factors(sound);
  std::vector<double> factors = sound.precisions_cholesky();
  factors[3] *= 1.5;
  const Mixture broken(CovarianceType::full, 2, {1}, {0, 0}, covariance, factors);
  CHECK_THROWS_WITH_AS(check_factors(broken),
                       Contains("precisions_cholesky[0] is not the factor of the inverse of covariances[0]"),
                       InvalidArgument);
  const Mixture tied(CovarianceType::tied, 1, {0.5, 0.5}, {0, 1}, {4}, {0.25});
  CHECK_THROWS_WITH_AS(check_factors(tied),
                       Contains("precisions_cholesky is not the factor of the inverse of covariances;"),
                       InvalidArgument);
  check_factors(Mixture(CovarianceType::diag, 1, {1}, {0}, {static_cast<double>(1e-40F)}, {1e20}), true);
}

TEST_CASE("model files: variances that are none") {
  for (const CovarianceType type : {CovarianceType::diag, CovarianceType::spherical, CovarianceType::tied}) {
    Parts parts(model_of_kind(type));
    parts.numbers["covariances"][0] = 0;
    check_refused(parts.file(), "covariances holds a variance that is not positive");
    parts = Parts(model_of_kind(type));
    parts.numbers["precisions_cholesky"][0] = -1;
    check_refused(parts.file(), "that is not positive");
  }
}

// Files --------------------------------------------------------------------------------------------------------------

TEST_CASE("model files: files that cannot be read") {
  const Folder folder;
  CHECK_THROWS_WITH_AS(load(folder / "nowhere"), Contains("nowhere cannot be read: there is no such file"), FileError);
  CHECK_THROWS_WITH_AS(load(folder / ""), Contains("it is a folder"), FileError);
  write(folder / "text", "not a model at all");
  CHECK_THROWS_WITH_AS(load(folder / "text"), Contains((folder / "text").string().c_str()), ModelFileError);
#ifndef _WIN32
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(load(folder / "pipe"), Contains("it is not a regular file"), FileError);
#endif
}

TEST_CASE("model files: names in any language") {
  const Folder folder;
  const fs::path name(u"Gem\u00e4lde \u6a21\u578b \u2211.safetensors");
  const fs::path path = folder / "" / name;
  const Model model = model_of_kind(CovarianceType::full);
  save(model, path);
  save(model, path);  // which replaces the first
  CHECK(contents(path) == to_bytes(model));
  CHECK(load(path).mixture.covariance_type() == CovarianceType::full);
  write(path, "not a model at all");
  const char* const in_utf8 = "Gem\xc3\xa4lde \xe6\xa8\xa1\xe5\x9e\x8b \xe2\x88\x91.safetensors";
  CHECK_THROWS_WITH_AS(load(path), Contains(in_utf8), ModelFileError);
  CHECK_THROWS_WITH_AS(save(model, path / "below"), Contains(in_utf8), FileError);
}

TEST_CASE("model files: a huge file that is not a model is not read") {
  const Folder folder;
  write(folder / "huge", "a,b\n1,2\n3,4\n");
  std::error_code error;
  fs::resize_file(folder / "huge", std::uintmax_t{1} << 42, error);
  if (error) return;  // no sparse files here
  CHECK_THROWS_WITH_AS(load(folder / "huge"), Contains("bytes, but may have at most 16777216"), ModelFileError);
}

TEST_CASE("model files: sizes do not wrap around in 32 bits") {
  if (sizeof(std::size_t) > sizeof(std::uint32_t)) return;  // where so large a file would be read
  const Folder folder;
  write(folder / "large", with_header("{}"));
  constexpr std::uintmax_t size = (std::uintmax_t{1} << 32) + 5;
  std::error_code error;
  fs::resize_file(folder / "large", size, error);
  if (error || fs::file_size(folder / "large") != size) return;  // no files of that size here
  CHECK_THROWS_WITH_AS(load(folder / "large"), Contains("do not fit into memory"), FileError);
}

TEST_CASE("model files: a model that would not be read is not written") {
  const Folder folder;
  const auto check = [&](const std::function<void(Model&)>& change, const char* problem) {
    Model model = model_of_kind(CovarianceType::full);
    change(model);
    CHECK_THROWS_WITH_AS(save(model, folder / "model"), Contains(problem), InvalidArgument);
    CHECK(folder.names().empty());
  };
  check([](Model& m) { m.n_iter = -1; }, "The model cannot be saved: its metadata entry n_iter is '-1'");
  check([](Model& m) { m.feature_names = {"a"}; }, "is neither null nor 3 strings");
  check([](Model& m) { m.feature_names = {"a", "b", "\xff"}; }, "feature_names holds a name that is not UTF-8");
  check([](Model& m) { m.params = "[]"; }, "params is '[]', which does not map names");
  check([](Model& m) { m.params = "{\"\xff\": 1}"; }, "is not JSON");
  check([](Model& m) { m.params = "{\"a\": \"" + std::string(std::size_t{1} << 24, 'a') + "\"}"; },
        "at most 16777216 can be read again");
  check(
      [](Model& m) {
        m = Model{Mixture(CovarianceType::full, 2, {1}, {0, 0}, {1, 0.5, -0.5, 1}, {1, 0, 0, 1})};
      },
      "not symmetric");
  check(
      [](Model& m) {
        m = Model{Mixture(CovarianceType::diag, 1, {1}, {1e300}, {1})};
        m.single_precision = true;
      },
      "means holds numbers that are not finite. Correct that member of gmmx::Model, or save it in double precision");
}

TEST_CASE("model files: save replaces a file") {
  const Folder folder;
  write(folder / "model", "old");
  save(model_of_kind(CovarianceType::diag), folder / "model");
  CHECK(load(folder / "model").mixture.covariance_type() == CovarianceType::diag);
  CHECK(folder.names() == std::set<std::string>{"model"});
}

TEST_CASE("model files: a relative path") {
  const Folder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder / "");
  save(model_of_kind(CovarianceType::tied), "model");
  CHECK(load("model").mixture.covariance_type() == CovarianceType::tied);
  fs::current_path(before);
}

TEST_CASE("model files: paths that are not regular files are not replaced") {
  const Folder folder;
  const Model model = model_of_kind(CovarianceType::diag);
  CHECK_THROWS_WITH_AS(save(model, folder / ""), Contains("not a regular file"), FileError);
  CHECK_THROWS_WITH_AS(save(model, ""), Contains("not a regular file"), FileError);
  CHECK_THROWS_WITH_AS(save(model, folder / "none/model"), Contains("none does not exist"), FileError);
#ifndef _WIN32
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(save(model, folder / "pipe"), Contains("not a regular file"), FileError);
  CHECK(fs::is_fifo(folder / "pipe"));
#endif
}

TEST_CASE("model files: symbolic links are followed") {
  const Folder folder;
  fs::create_directory(folder / "other");
  std::error_code error;
  fs::create_symlink("other/model", folder / "link", error);
  if (error) return;  // no symbolic links here
  const Model model = model_of_kind(CovarianceType::diag);
  save(model, folder / "link");  // leads to nothing yet
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(contents(folder / "other/model") == to_bytes(model));
  save(model_of_kind(CovarianceType::full), folder / "link");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(load(folder / "link").mixture.covariance_type() == CovarianceType::full);
  fs::create_symlink("circle", folder / "circle");
  CHECK_THROWS_WITH_AS(save(model, folder / "circle"), Contains("circle"), FileError);
}

#ifndef _WIN32
TEST_CASE("model files: a failed save leaves the old file and nothing else") {
  const Folder folder;
  write(folder / "model", "old");
  // The system refuses files of more than 100 bytes.
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 100;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string message;
  try {
    save(model_of_kind(CovarianceType::full), folder / "model");
  } catch (const FileError& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(message.find("what stood there is unchanged") != std::string::npos);
  CHECK(contents(folder / "model") == "old");
  CHECK(folder.names() == std::set<std::string>{"model"});
}

TEST_CASE("model files: the longest name there may be") {
  const Folder folder;
  const Model model = model_of_kind(CovarianceType::diag);
  save(model, folder / std::string(255, 'a'));
  CHECK(contents(folder / std::string(255, 'a')) == to_bytes(model));
  CHECK_THROWS_WITH_AS(save(model, folder / std::string(256, 'a')), Contains("File name too long"), FileError);
  CHECK(folder.names().size() == 1);
}

TEST_CASE("model files: the usual permissions") {
  const Folder folder;
  write(folder / "other", "");
  save(model_of_kind(CovarianceType::diag), folder / "model");
  CHECK(fs::status(folder / "model").permissions() == fs::status(folder / "other").permissions());
}

TEST_CASE("model files: a file that is replaced keeps its permissions") {
  const Folder folder;
  const Model model = model_of_kind(CovarianceType::diag);
  fs::create_symlink("model", folder / "link");
  for (const unsigned mode : {0600U, 0640U, 0664U}) {
    write(folder / "model", "old");
    REQUIRE(chmod((folder / "model").c_str(), static_cast<mode_t>(mode)) == 0);
    save(model, folder / "link");
    CHECK(contents(folder / "model") == to_bytes(model));
    CHECK(static_cast<unsigned>(fs::status(folder / "model").permissions()) == mode);
  }
  if (geteuid() == 0) {  // only a superuser gives files away
    REQUIRE(chown((folder / "model").c_str(), 12345, 54321) == 0);
    save(model, folder / "model");
    struct stat status {};
    REQUIRE(stat((folder / "model").c_str(), &status) == 0);
    CHECK(status.st_uid == 12345);
    CHECK(status.st_gid == 54321);
    CHECK((status.st_mode & 07777) == 0664);
  }
}

TEST_CASE("model files: a read-only file is not replaced") {
  const Folder folder;
  write(folder / "model", "old");
  REQUIRE(chmod((folder / "model").c_str(), 0444) == 0);
  CHECK_THROWS_WITH_AS(save(model_of_kind(CovarianceType::diag), folder / "model"), Contains("it is read-only"),
                       FileError);
  CHECK(contents(folder / "model") == "old");
  CHECK(folder.names() == std::set<std::string>{"model"});
}
#endif
