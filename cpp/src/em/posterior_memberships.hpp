// Memberships of the E-step: responsibilities under a mixture, or under several side by side, and the log-likelihood.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "density/log_density.hpp"
#include "density/posterior.hpp"
#include "density/row_terms.hpp"
#include "em/statistics_pass.hpp"

namespace gmmx {

// What the rows add to besides moments.
struct Scores {
  explicit Scores(std::size_t n_mixtures) : log_likelihoods(n_mixtures, 0.0) {}

  void note(std::string_view kernel) {
    if (std::find(kernels.begin(), kernels.end(), kernel) == kernels.end()) kernels.push_back(kernel);
  }

  // Adds other, and leaves it at zero.
  void merge(Scores& other) {
    for (std::size_t i = 0; i < log_likelihoods.size(); ++i) {
      log_likelihoods[i] += std::exchange(other.log_likelihoods[i], 0.0);
    }
    for (const std::string_view kernel : other.kernels) note(kernel);
    other.kernels.clear();
  }

  std::vector<double> log_likelihoods;  // of each mixture of the batch
  std::vector<std::string_view> kernels;
};

// What all threads of a pass read.
template <class C>
struct PosteriorModel {
  const LogDensity<C>* log_density;
  Vector<C> priors;
  std::size_t n_mixtures;  // in a batch; each has responsibilities of its own
  const RowTerms* terms;
  Index first;  // number of the first row
};

template <class C>
class PosteriorMemberships final : public Memberships<C> {
 public:
  explicit PosteriorMemberships(Index capacity) : log_prob_norm_(capacity), posterior_(capacity), scores_(0) {}

  void begin(const PosteriorModel<C>& model) {
    model_ = &model;
    scores_ = Scores(model.n_mixtures);
  }

  void fill(Block<C>& block, const RowWeights<C>& weights, Index first_row, BlockOfColumns<C> resp) override {
    model_->log_density->log_prob(block, resp);
    scores_.note(model_->log_density->name_for(block));
    auto norm = log_prob_norm_.head(resp.rows());
    const Index k = resp.cols() / static_cast<Index>(model_->n_mixtures);
    for (std::size_t i = 0; i < model_->n_mixtures; ++i) {
      const Index first = static_cast<Index>(i) * k;
      posterior_(part_of(resp, 0, first, resp.rows(), k), norm, model_->priors.segment(first, k),
                 {model_->terms, model_->first + first_row});
      scores_.log_likelihoods[i] += weights.weighted_sum(norm);
    }
  }

  Scores& scores() { return scores_; }

 private:
  Column<C> log_prob_norm_;
  Posterior<C> posterior_;
  const PosteriorModel<C>* model_ = nullptr;
  Scores scores_;
};

}  // namespace gmmx
