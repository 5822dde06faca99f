// SufficientStatistics as bytes: a fixed header, then the arrays; symmetric matrices as their upper triangles.
#include <cstring>
#include <limits>
#include <utility>

#include "gmmx/errors.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "little_endian.hpp"
#include "statistics/check_statistics.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

constexpr char magic[8] = {'G', 'M', 'M', 'X', 'S', 'S', '0', '1'};

void put(std::string& out, std::uint64_t value) { put_bits(out, value); }

void put(std::string& out, double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  put(out, bits);
}

void put(std::string& out, const std::vector<double>& values) {
  for (const double value : values) put(out, value);
}

[[noreturn]] void refuse(const std::string& why) {
  throw InvalidArgument("these bytes are not sufficient statistics: " + why +
                        "; give what SufficientStatistics::to_bytes() returned, unchanged");
}

class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}

  std::uint64_t integer() {
    if (bytes_.size() - at_ < 8) refuse("they end too early, after " + std::to_string(bytes_.size()) + " bytes");
    const auto value = bits_at<std::uint64_t>(bytes_, at_);
    at_ += 8;
    return value;
  }
  double real() {
    const std::uint64_t bits = integer();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  void read(std::vector<double>& into) {
    for (double& value : into) value = real();
  }
  std::size_t left() const { return bytes_.size() - at_; }

 private:
  const std::string& bytes_;
  std::size_t at_ = 0;
};

// Calls visit(upper element, lower element) for each pair of each symmetric matrix.
template <class Values, class Visit>
void for_upper_triangles(Values& matrices, std::size_t d, Visit visit) {
  for (std::size_t start = 0; start < matrices.size(); start += d * d) {
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = i; j < d; ++j) visit(matrices[start + i * d + j], matrices[start + j * d + i]);
    }
  }
}

// Sizes that no file reaches, below which sums of them do not overflow.
constexpr std::uint64_t absurd = std::uint64_t{1} << 60;

std::uint64_t product(std::uint64_t a, std::uint64_t b) { return b != 0 && a > absurd / b ? absurd : a * b; }

// Numbers that follow the header, or 0 where the sizes are absurd.
std::uint64_t numbers_expected(std::uint64_t k, std::uint64_t d, SecondMoments form) {
  if (k == 0 || d == 0 || k >= absurd || d >= absurd) return 0;
  const SecondMomentTraits& traits = traits_of(form);
  const std::uint64_t each = traits.has_matrices() ? product(d, d + 1) / 2 : traits.n_feature_axes == 1 ? d : 1;
  const std::uint64_t numbers = 2 * product(k, d) + k + product(traits.by_component ? k : 1, each);
  return numbers < absurd / 2 ? numbers : 0;
}

}  // namespace

std::string SufficientStatistics::to_bytes() const {
  check_sizes(*this);
  std::string out(magic, sizeof(magic));
  put(out, static_cast<std::uint64_t>(form));
  put(out, static_cast<std::uint64_t>(n_components));
  put(out, static_cast<std::uint64_t>(n_features));
  put(out, static_cast<std::uint64_t>(n_samples));
  put(out, mixture_fingerprint);
  put(out, log_likelihood);
  put(out, total_weight);
  put(out, shifts);
  put(out, counts);
  put(out, first_moments);
  if (traits_of(form).has_matrices()) {
    for_upper_triangles(second_moments, static_cast<std::size_t>(n_features),
                        [&](double upper, double) { put(out, upper); });
  } else {
    put(out, second_moments);
  }
  return out;
}

SufficientStatistics SufficientStatistics::from_bytes(const std::string& bytes) {
  if (bytes.size() < sizeof(magic) || std::memcmp(bytes.data(), magic, sizeof(magic)) != 0) {
    refuse("they do not begin with the mark GMMXSS01");
  }
  Reader reader(bytes);
  reader.integer();  // the mark
  const std::uint64_t form_number = reader.integer();
  if (!is_second_moments(form_number)) refuse("unknown form of second moments");
  const auto form = static_cast<SecondMoments>(form_number);
  const std::uint64_t k = reader.integer();
  const std::uint64_t d = reader.integer();
  const std::uint64_t n_samples = reader.integer();
  if (n_samples > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    refuse("n_samples is " + std::to_string(n_samples) + ", but must be less than 2^63");
  }
  const std::uint64_t fingerprint = reader.integer();
  const double log_likelihood = reader.real();
  const double total_weight = reader.real();
  const std::uint64_t numbers = numbers_expected(k, d, form);
  if (numbers == 0 || reader.left() % 8 != 0 || reader.left() / 8 != numbers) {
    refuse("the header promises " + std::to_string(numbers) + " numbers, but " + std::to_string(reader.left()) +
           " bytes follow it");
  }
  std::vector<double> shifts(static_cast<std::size_t>(k * d));
  reader.read(shifts);
  SufficientStatistics result(form, static_cast<Index>(k), static_cast<Index>(d), std::move(shifts), fingerprint);
  result.n_samples = static_cast<std::int64_t>(n_samples);
  result.log_likelihood = log_likelihood;
  result.total_weight = total_weight;
  reader.read(result.counts);
  reader.read(result.first_moments);
  if (traits_of(form).has_matrices()) {
    for_upper_triangles(result.second_moments, static_cast<std::size_t>(d),
                        [&](double& upper, double& lower) { upper = lower = reader.real(); });
  } else {
    reader.read(result.second_moments);
  }
  const std::string flaw = impossible_value(result);
  if (!flaw.empty()) refuse(flaw);
  return result;
}

}  // namespace gmmx
