// Datasets in memory and over files, and the published layouts.
#include <sentence_transformers/dataset.h>
#include <sentence_transformers/error.h>

#include <mutex>
#include <stdexcept>
#include <utility>

#include "data/records.h"
#include "data/rows.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

class ListReader final : public Dataset::Reader {
 public:
  explicit ListReader(std::shared_ptr<const std::vector<Example>> examples)
      : examples_(std::move(examples)) {}
  bool next(Example& example) override {
    if (position_ == examples_->size()) return false;
    example = (*examples_)[position_++];
    return true;
  }

 private:
  std::shared_ptr<const std::vector<Example>> examples_;
  size_t position_ = 0;
};

/// One file's rows as examples.
class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  /// Nothing at the end.
  virtual std::optional<RowResult> next(Example& example, std::string& problem) = 0;
  virtual int64_t line() const = 0;
};

class TableSource final : public ExampleSource {
 public:
  TableSource(const fs::path& file, const FileDatasetOptions& options)
      : rows_(file,
              options.format == FileFormat::csv ? RowReader::Kind::csv : RowReader::Kind::tsv) {
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

 private:
  RowReader rows_;
  std::optional<FieldMapper> mapper_;
};

class LineSource final : public ExampleSource {
 public:
  LineSource(const fs::path& file, const FileDatasetOptions& options)
      : lines_(file), options_(options) {}

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

 private:
  LineReader lines_;
  const FileDatasetOptions& options_;
};

std::unique_ptr<ExampleSource> open(const fs::path& file, const FileDatasetOptions& options) {
  if (options.format == FileFormat::csv || options.format == FileFormat::tsv) {
    return std::make_unique<TableSource>(file, options);
  }
  return std::make_unique<LineSource>(file, options);
}

}  // namespace

ListDataset::ListDataset(std::vector<Example> examples)
    : examples_(std::make_shared<const std::vector<Example>>(std::move(examples))) {}

std::unique_ptr<Dataset::Reader> ListDataset::read() const {
  return std::make_unique<ListReader>(examples_);
}

int64_t ListDataset::size() const { return static_cast<int64_t>(examples_->size()); }

/// What a dataset, its copies and its readers have in common.
struct FileDataset::Shared {
  std::vector<fs::path> files;
  FileDatasetOptions options;
  std::mutex mutex;
  std::optional<ReadReport> report;
};

class FileDataset::Stream final : public Dataset::Reader {
 public:
  explicit Stream(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  bool next(Example& example) override {
    std::string problem;
    while (source_ || open_next()) {
      const std::optional<RowResult> result = source_->next(example, problem);
      if (!result) {
        source_.reset();
      } else if (*result == RowResult::example) {
        ++report_.examples;
        return true;
      } else if (*result == RowResult::skipped) {
        ++report_.skipped;
      } else {
        note(problem);
      }
    }
    return false;
  }

 private:
  bool open_next() {
    if (file_ < shared_->files.size()) {
      source_ = open(shared_->files[file_++], shared_->options);
      return true;
    }
    if (!std::exchange(finished_, true)) {
      const std::lock_guard lock(shared_->mutex);
      shared_->report = std::move(report_);
    }
    return false;
  }

  void note(const std::string& problem) {
    constexpr size_t kMessages = 10;
    ++report_.bad_lines;
    if (!shared_->options.strict && report_.messages.size() == kMessages) return;
    const std::string message =
        shared_->files[file_ - 1].string() + ":" + std::to_string(source_->line()) + ": " + problem;
    if (shared_->options.strict) throw LoadError("[FileDataset] " + message);
    report_.messages.push_back(message);
  }

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<ExampleSource> source_;
  size_t file_ = 0;  // the next one
  ReadReport report_;
  bool finished_ = false;
};

FileDataset::FileDataset(std::vector<fs::path> files, FileDatasetOptions options)
    : shared_(std::make_shared<Shared>()) {
  check_options(options);
  if (files.empty()) throw std::invalid_argument("[FileDataset] there are no files");
  shared_->files = std::move(files);
  shared_->options = std::move(options);
  for (const fs::path& file : shared_->files) open(file, shared_->options);
}

std::unique_ptr<Dataset::Reader> FileDataset::read() const {
  return std::make_unique<Stream>(shared_);
}

int64_t FileDataset::size() const { return report().examples; }

ReadReport FileDataset::report() const {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->report) return *shared_->report;
  }
  Stream stream(shared_);
  for (Example example; stream.next(example);) {
  }
  const std::lock_guard lock(shared_->mutex);
  return *shared_->report;
}

FileDataset sts_benchmark(const fs::path& file) {
  return FileDataset({file}, {.format = FileFormat::tsv,
                              .header = false,
                              .texts = {"5", "6"},
                              .labels = {"4"},
                              .label_scale = 0.2});
}

FileDataset nli(const fs::path& file, const std::string& split) {
  FileDatasetOptions options{
      .format = FileFormat::jsonl,
      .texts = {"sentence1", "sentence2"},
      .labels = {"gold_label"},
      .label_values = {{"entailment", 0}, {"neutral", 1}, {"contradiction", 2}},
      .skipped_labels = {"-"}};
  const fs::path unpacked = file.extension() == ".gz" ? file.stem() : file.filename();
  if (unpacked.extension() == ".tsv") {
    if (split != "train" && split != "dev" && split != "test") {
      throw std::invalid_argument("[nli] split is \"" + split + "\"; known: train, dev, test");
    }
    options.format = FileFormat::tsv;
    options.labels = {"label"};
    options.only = {"split", split};
  }
  return FileDataset({file}, std::move(options));
}

}  // namespace sentence_transformers
