// The exceptions this library throws. Texts begin with the function in brackets, name the file and
// the key, and say what was expected and what was found. A caller's own mistake (batch_size 0, a
// wrong shape) is a std::invalid_argument.
#pragma once

#include <stdexcept>

#pragma GCC visibility push(default)
/// Everything of the library. What `util` holds knows no model, or takes one as an argument.
namespace sentence_transformers {

/// Base of everything the library throws by itself: disk full, no CUDA, ...
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file is missing or malformed, or a tensor in it has the wrong name, type or shape.
class LoadError : public Error {
 public:
  using Error::Error;
};

/// The files are well formed but ask for something this library does not have.
class UnsupportedError : public Error {
 public:
  using Error::Error;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
