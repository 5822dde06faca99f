/// \file
/// Exceptions. Every message names the argument, its value, what is allowed and a remedy.
#pragma once

#include <stdexcept>
#include <string>

#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Base class of all exceptions of the library.
class GMMX_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An argument is invalid.
class GMMX_EXPORT InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A row is not finite, or its log-density exceeds the range of the floating-point type.
class GMMX_EXPORT RowOutOfRange : public InvalidArgument {
 public:
  /// what() names the argument `rows`. \param complaint the rest of the message
  RowOutOfRange(Index row, const std::string& complaint)
      : InvalidArgument("rows " + complaint), row_(row), complaint_(complaint) {}
  /// Index of the first such row.
  Index row() const { return row_; }
  /// The message without the name of the argument, for callers that use another name.
  const std::string& complaint() const { return complaint_; }

 private:
  Index row_;
  std::string complaint_;
};

/// A covariance is not positive definite, so the density does not exist.
class GMMX_EXPORT CollapsedComponent : public Error {
 public:
  CollapsedComponent(Index component, const std::string& what) : Error(what), component_(component) {}
  /// Index of the component, or -1 for a shared covariance.
  Index component() const { return component_; }

 private:
  Index component_;
};

/// A file cannot be read or written; the message contains the reason of the system.
class GMMX_EXPORT FileError : public Error {
 public:
  using Error::Error;
};

/// A file is not a complete gmmx model; the message names the file, the defect and a remedy.
class GMMX_EXPORT ModelFileError : public Error {
 public:
  using Error::Error;
};

}  // namespace gmmx
