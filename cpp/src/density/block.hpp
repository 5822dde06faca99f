// A block of rows in the cache, in the forms that kernels ask for, with the scratch that they share.
#pragma once

#include <optional>
#include <utility>

#include "density/row_columns.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

// Results of a block, one column a component: room for whole packets of rows, all zero at first.
template <class T>
Array<T> block_results(Index capacity, Index n_columns) {
  return Array<T>::Zero(column_stride<T>(capacity), n_columns);
}

// Rows less the origin serve the fast formulas, where a bound says that this loses nothing. The safe ones subtract a
// component's own mean from rows as they were given: what a row near a small component loses to an origin far away
// never comes back. Each form is loaded when a kernel asks for it.
template <class T>
class Block {
 public:
  Block(Index capacity, Index n_features)
      : capacity_(capacity),
        n_features_(n_features),
        nothing_(RowVector<T>::Zero(n_features)),
        reach_(RowVector<double>::Zero(n_features)),
        about_origin_(capacity, n_features),
        as_given_(capacity, n_features) {}

  // Rows begin..end. The origin must live as long as the block is worked on.
  void load(MatrixView<const T> rows, Index begin, Index end, const RowVector<T>& origin) {
    rows_ = rows;
    begin_ = begin;
    end_ = end;
    origin_ = origin.data();
    squared_radius_.reset();
    reach_is_found_ = false;
    about_origin_.unload();
    as_given_.unload();
  }

  Index size() const { return end_ - begin_; }
  Index padded_size() const { return padded<T>(size()); }
  Index n_features() const { return n_features_; }

  RowColumns<T>& about_origin() { return loaded(about_origin_, origin_); }
  RowColumns<T>& as_given() { return loaded(as_given_, nothing_.data()); }

  // The largest squared distance of a row from the origin: what bounds the rounding of the features.
  double squared_radius() {
    if (!squared_radius_) {
      const auto [columns, origin] = either_form();
      squared_radius_ = columns.largest_squared_norm(origin);
    }
    return *squared_radius_;
  }

  // The largest distance from the origin along each feature.
  const RowVector<double>& reach() {
    if (std::exchange(reach_is_found_, true)) return reach_;
    const auto [columns, origin] = either_form();
    for (Index j = 0; j < n_features_; ++j) {
      reach_(j) = size() == 0 ? 0.0 : static_cast<double>((columns.column(j) - origin[j]).abs().maxCoeff());
    }
    return reach_;
  }

  // The features of a form (65), those that are columns as they are, then the others. A block is asked for one form
  // only.
  Panel<T> plain_monomials(SecondMoments form) {
    RowColumns<T>& columns = about_origin();
    if (traits_of(form).n_feature_axes == 0) columns.largest_squared_norm(nothing_.data());
    return columns.plain_monomials(form);
  }
  ProductPanel<T> products(SecondMoments form) { return about_origin().products(form); }

  // Scratch (size x d). A kernel may use it until it returns.
  auto differences() { return scratch(differences_).topRows(size()); }
  auto whitened() { return scratch(whitened_).topRows(size()); }
  T* panels_of_some_rows() {
    return lasting_scratch(some_panels_, padded<T>(column_stride<T>(capacity_)) * packet_size<T>,
                           n_panels_of<T>(n_features_))
        .data();
  }

 private:
  RowColumns<T>& loaded(RowColumns<T>& columns, const T* offset) {
    if (!columns.is_loaded()) columns.load(rows_, begin_, end_, offset);
    given_is_likely_ = &columns == &as_given_;
    return columns;
  }
  // Where either form would do, the one that is there, else the one that the block before needed; and what is the
  // origin to its rows.
  std::pair<RowColumns<T>&, const T*> either_form() {
    const bool given = as_given_.is_loaded() || (!about_origin_.is_loaded() && given_is_likely_);
    if (given) return {as_given(), origin_};
    return {about_origin(), nothing_.data()};
  }
  Matrix<T>& scratch(Matrix<T>& matrix) { return lasting_scratch(matrix, column_stride<T>(capacity_), n_features_); }

  Index capacity_;
  Index n_features_;
  RowVector<T> nothing_;
  RowVector<double> reach_;
  bool reach_is_found_ = false;
  RowColumns<T> about_origin_;
  RowColumns<T> as_given_;
  bool given_is_likely_ = false;
  MatrixView<const T> rows_;
  Index begin_ = 0;
  Index end_ = 0;
  const T* origin_ = nullptr;
  Matrix<T> differences_;
  Matrix<T> whitened_;
  Matrix<T> some_panels_;
  std::optional<double> squared_radius_;
};

}  // namespace gmmx
