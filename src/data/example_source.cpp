#include "data/example_source.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

class TableSource final : public ExampleSource {
 public:
  TableSource(const fs::path& file, const FileDatasetOptions& options, size_t buffer)
      : rows_(file, options.format == FileFormat::csv ? RowReader::Kind::csv : RowReader::Kind::tsv,
              buffer) {
    if (options.header) {
      RowReader::Result result;
      do {
        result = rows_.next();
      } while (result == RowReader::Result::empty);
      if (result == RowReader::Result::bad) {
        throw LoadError("[FileDataset] " + file.string() + ": the header " + rows_.problem());
      }
      if (result == RowReader::Result::end) {
        throw LoadError("[FileDataset] " + file.string() + ": is empty; expected a header");
      }
    }
    mapper_.emplace(options, file, options.header ? &rows_.fields() : nullptr);
  }

  std::optional<RowResult> next(Example& example, std::string& problem) override {
    switch (rows_.next()) {
      case RowReader::Result::row:
        return mapper_->map(rows_.fields(), example, problem);
      case RowReader::Result::empty:
        return RowResult::skipped;
      case RowReader::Result::bad:
        problem = rows_.problem();
        return RowResult::bad;
      case RowReader::Result::end:
        break;
    }
    return std::nullopt;
  }
  int64_t line() const override { return rows_.line(); }
  int64_t place() const override { return rows_.place(); }
  bool seek(int64_t place) override { return rows_.seek(place); }

 private:
  RowReader rows_;
  std::optional<FieldMapper> mapper_;
};

class LineSource final : public ExampleSource {
 public:
  LineSource(const fs::path& file, const FileDatasetOptions& options, size_t buffer)
      : lines_(file, buffer), options_(options) {}

  std::optional<RowResult> next(Example& example, std::string& problem) override {
    std::string_view line;
    const LineReader::Result result = lines_.next(line);
    if (result == LineReader::Result::end) return std::nullopt;
    if (result == LineReader::Result::too_long) {
      problem = kTooLong;
      return RowResult::bad;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return RowResult::skipped;
    if (options_.format == FileFormat::jsonl) return map_json(options_, line, example, problem);
    example.labels.clear();
    example.texts.resize(1);
    example.texts[0] = line;
    return RowResult::example;
  }
  int64_t line() const override { return lines_.number(); }
  int64_t place() const override { return lines_.place(); }
  bool seek(int64_t place) override { return lines_.seek(place); }

 private:
  LineReader lines_;
  const FileDatasetOptions& options_;
};

/// Whether the file's first line that is not empty opens an array of rows, instead of being a row.
bool is_json_array(const fs::path& file) {
  constexpr const char* kSpace = " \t\r";
  LineReader lines(file);
  std::string_view line;
  size_t begin = std::string_view::npos;
  while (begin == std::string_view::npos) {
    if (lines.next(line) == LineReader::Result::end) return false;
    begin = line.find_first_not_of(kSpace);
  }
  if (line[begin] != '[') return false;
  const auto row = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (row.is_discarded()) {  // it goes on in the next line
    const size_t second = line.find_first_not_of(kSpace, begin + 1);
    return second == std::string_view::npos || line[second] == '{' || line[second] == '[';
  }
  return std::any_of(row.begin(), row.end(), [](const auto& value) { return value.is_object(); });
}

}  // namespace

std::unique_ptr<ExampleSource> open_examples(const fs::path& file,
                                             const FileDatasetOptions& options, bool check,
                                             size_t buffer) {
  if (options.format == FileFormat::csv || options.format == FileFormat::tsv) {
    return std::make_unique<TableSource>(file, options, buffer);
  }
  if (options.format == FileFormat::jsonl && check && is_json_array(file)) {
    throw LoadError("[FileDataset] " + file.string() +
                    ": is one JSON array; expected a JSON object or list a line (jq -c '.[]' "
                    "writes an array so)");
  }
  return std::make_unique<LineSource>(file, options, buffer);
}

}  // namespace sentence_transformers
