// Rows and JSON lines to examples, as FileDatasetOptions ask for.
#pragma once

#include <sentence_transformers/dataset.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sentence_transformers {

enum class RowResult { example, skipped, bad };

/// Throws std::invalid_argument for options that do not fit together.
void check_options(const FileDatasetOptions& options);

/// Turns the fields of one file's rows into examples.
class FieldMapper {
 public:
  /// `header` names the columns; without one they are "0", "1", ... Throws LoadError, naming the
  /// file, for a column that the header lacks.
  FieldMapper(const FileDatasetOptions& options, const std::filesystem::path& file,
              const std::vector<std::string_view>* header);
  /// Fills in the example; for a bad row, `problem` instead.
  RowResult map(const std::vector<std::string_view>& fields, Example& example,
                std::string& problem) const;

 private:
  struct Column {
    std::string name;
    size_t index;
  };

  const FileDatasetOptions& options_;
  std::vector<Column> texts_, labels_;
  std::optional<Column> only_;
  size_t columns_ = 0;  // at least that many there must be
  size_t header_ = 0;   // columns of the header, or 0
};

/// The same of a line of JSON.
RowResult map_json(const FileDatasetOptions& options, std::string_view line, Example& example,
                   std::string& problem);

}  // namespace sentence_transformers
