// One file's rows as examples, front to back or from a place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "data/records.h"
#include "data/rows.h"

namespace sentence_transformers {

class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  /// What the next row is; nothing at the end.
  virtual std::optional<RowResult> next(Example& example, std::string& problem) = 0;
  /// The line where the row last read begins, from 1, and its place in bytes.
  virtual int64_t line() const = 0;
  virtual int64_t place() const = 0;
  /// Goes on with the row at a place; false where the file is gzip.
  virtual bool seek(int64_t place) = 0;
};

/// Opens a file; the options must outlive the source. Throws LoadError for a header without the
/// columns and, if `check`, for a jsonl file that is one array. `buffer` bytes are read at a time.
std::unique_ptr<ExampleSource> open_examples(const std::filesystem::path& file,
                                             const FileDatasetOptions& options, bool check = true,
                                             size_t buffer = LineReader::kBuffer);

}  // namespace sentence_transformers
