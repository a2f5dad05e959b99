// A dataset over files: read front to back, or by the place where each example begins.
#include <sentence_transformers/dataset.h>
#include <sentence_transformers/error.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "data/example_source.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

/// Where the examples of plain files begin, and by what it is seen that a file has changed.
struct Index {
  struct Stamp {
    std::uintmax_t size;
    fs::file_time_type time;
    bool operator==(const Stamp&) const = default;
  };
  std::vector<Stamp> stamps;
  std::vector<int64_t> places;  // of all files, one behind the other
  std::vector<size_t> ends;     // how many places each file and those before it have
};

std::vector<Index::Stamp> stamps_of(const std::vector<fs::path>& files) {
  std::vector<Index::Stamp> stamps;
  std::error_code none;  // what is missing is told when it is opened
  for (const fs::path& file : files) {
    stamps.push_back({fs::file_size(file, none), fs::last_write_time(file, none)});
  }
  return stamps;
}

}  // namespace

/// What a dataset, its copies and its readers have in common.
struct FileDataset::Shared {
  std::vector<fs::path> files;
  FileDatasetOptions options;
  bool seekable = true;  // none of the files is gzip
  std::mutex mutex;
  std::optional<ReadReport> report;
  std::shared_ptr<const Index> index;  // none before the files were counted, or of gzip
};

class FileDataset::Stream final : public Dataset::Reader {
 public:
  /// With an index, fills it in.
  explicit Stream(std::shared_ptr<Shared> shared, Index* index = nullptr)
      : shared_(std::move(shared)), index_(index) {}

  bool next(Example& example) override {
    std::string problem;
    while (source_ || open_next()) {
      const std::optional<RowResult> result = source_->next(example, problem);
      if (!result) {
        source_.reset();
        if (index_) index_->ends.push_back(index_->places.size());
      } else if (*result == RowResult::example) {
        ++report_.examples;
        if (index_) index_->places.push_back(source_->place());
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
      source_ = open_examples(shared_->files[file_++], shared_->options, /*check=*/false);
      return true;
    }
    if (!std::exchange(finished_, true)) {
      refuse_too_many();
      const std::lock_guard lock(shared_->mutex);
      shared_->report = std::move(report_);
    }
    return false;
  }

  void refuse_too_many() const {
    const auto bad = static_cast<double>(report_.bad_lines);
    const double share = shared_->options.max_bad_share;
    if (bad <= share * (bad + static_cast<double>(report_.examples))) return;
    throw LoadError("[FileDataset] " + std::to_string(report_.bad_lines) + " of " +
                    std::to_string(report_.bad_lines + report_.examples) +
                    " lines are bad, more than the share of " + std::to_string(share) +
                    " that max_bad_share allows; the first: " + report_.messages[0]);
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
  Index* index_;
  std::unique_ptr<ExampleSource> source_;
  size_t file_ = 0;  // the next one
  ReadReport report_;
  bool finished_ = false;
};

/// Reads an example at its place.
class FileDataset::Places final : public Dataset::Access {
 public:
  Places(std::shared_ptr<Shared> shared, std::shared_ptr<const Index> index)
      : shared_(std::move(shared)), index_(std::move(index)), sources_(shared_->files.size()) {}

  int64_t size() const override { return static_cast<int64_t>(index_->places.size()); }

  void get(int64_t index, Example& example) override {
    const auto place = static_cast<size_t>(index);
    const size_t file = static_cast<size_t>(
        std::upper_bound(index_->ends.begin(), index_->ends.end(), place) - index_->ends.begin());
    std::string problem;
    ExampleSource& source = open(file);
    if (!source.seek(index_->places.at(place)) ||
        source.next(example, problem) != RowResult::example) {
      throw LoadError("[FileDataset] " + shared_->files[file].string() + ": byte " +
                      std::to_string(index_->places[place]) +
                      ": expected an example, as when they were counted; the file has changed");
    }
  }

 private:
  ExampleSource& open(size_t file) {
    constexpr size_t kOpen = 64, kBuffer = 4096;
    if (!sources_[file]) {
      if (open_ == kOpen) {
        for (auto& source : sources_) source.reset();
        open_ = 0;
      }
      sources_[file] =
          open_examples(shared_->files[file], shared_->options, /*check=*/false, kBuffer);
      ++open_;
    }
    return *sources_[file];
  }

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<const Index> index_;
  std::vector<std::unique_ptr<ExampleSource>> sources_;
  size_t open_ = 0;
};

FileDataset::FileDataset(std::vector<fs::path> files, FileDatasetOptions options)
    : shared_(std::make_shared<Shared>()) {
  check_options(options);
  if (files.empty()) throw std::invalid_argument("[FileDataset] there are no files");
  shared_->files = std::move(files);
  shared_->options = std::move(options);
  for (const fs::path& file : shared_->files) {
    open_examples(file, shared_->options);
    shared_->seekable = shared_->seekable && open_bytes(file)->seek(0);
  }
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
  make_index();
  const std::lock_guard lock(shared_->mutex);
  return *shared_->report;
}

std::unique_ptr<Dataset::Access> FileDataset::access() const {
  if (!shared_->seekable) return nullptr;
  std::shared_ptr<const Index> index;
  {
    const std::lock_guard lock(shared_->mutex);
    index = shared_->index;
  }
  if (!index || index->stamps != stamps_of(shared_->files)) {
    make_index();
    const std::lock_guard lock(shared_->mutex);
    index = shared_->index;
  }
  return std::make_unique<Places>(shared_, std::move(index));
}

/// Reads the files from front to end.
void FileDataset::make_index() const {
  const auto index = std::make_shared<Index>();
  index->stamps = stamps_of(shared_->files);
  Stream stream(shared_, shared_->seekable ? index.get() : nullptr);
  for (Example example; stream.next(example);) {
  }
  index->places.shrink_to_fit();
  const std::lock_guard lock(shared_->mutex);
  shared_->index = index;
}

}  // namespace sentence_transformers
