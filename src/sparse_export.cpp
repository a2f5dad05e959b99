// Lines of JSON for search engines, and a sort of more postings than memory holds.
#include <ATen/ATen.h>
#include <sentence_transformers/sparse_export.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <queue>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "core/files.h"
#include "core/sparse_rows.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The fewest digits that give the number back.
std::string json_number(float value) {
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, result.ptr};
}

/// A file that is written some lines at a time.
class TextFile {
 public:
  explicit TextFile(FileWriter& file) : file_(file) {}
  void add(std::string_view text) {
    constexpr size_t kBytesAtOnce = 1 << 16;
    text_ += text;
    if (text_.size() >= kBytesAtOnce) flush();
  }
  void flush() {
    file_.write(text_.data(), text_.size());
    text_.clear();
  }

 private:
  FileWriter& file_;
  std::string text_;
};

template <class Fill>
void write_text(const fs::path& path, const Fill& fill) {
  write_atomically(path, [&](FileWriter& file) {
    TextFile text(file);
    fill(text);
    text.flush();
  });
}

/// Calls use(id, rows, row) for each document.
template <class Use>
void for_each_document(const std::string& function, const NextDocuments& next, const Use& use) {
  while (const std::optional<SparseDocuments> documents = next()) {
    const SparseRows rows = SparseRows::of(documents->embeddings, function);
    if (rows.rows() != static_cast<int64_t>(documents->ids.size())) {
      throw std::invalid_argument("[" + function + "] expected an id for each of " +
                                  std::to_string(rows.rows()) + " embeddings, found " +
                                  std::to_string(documents->ids.size()));
    }
    if (!std::all_of(rows.values.begin(), rows.values.end(),
                     [](float value) { return std::isfinite(value); })) {
      throw std::invalid_argument("[" + function +
                                  "] expected finite weights, found an infinity or NaN");
    }
    for (int64_t row = 0; row < rows.rows(); ++row) {
      use(documents->ids[static_cast<size_t>(row)], rows, row);
    }
  }
}

std::string dimension_name(const std::string& function, const Tokenizer* tokens,
                           int64_t dimension) {
  if (!tokens) return std::to_string(dimension);
  if (dimension < tokens->vocab_size()) return tokens->id_to_token(dimension);
  throw std::invalid_argument(
      "[" + function + "] expected embeddings of at most " + std::to_string(tokens->vocab_size()) +
      " dimensions, as there are tokens, found one of dimension " + std::to_string(dimension));
}

/// Removed at the end of its scope; what is mapped of it stays.
struct PassingFile {
  fs::path path;
  ~PassingFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

struct Posting {
  uint32_t dimension, document;
  float weight;
};
bool stands_before(const Posting& a, const Posting& b) {
  return std::pair(a.dimension, a.document) < std::pair(b.dimension, b.document);
}

/// Postings in their order, in as much memory as is allowed; beyond that sorted runs of them are
/// mapped from files beside `path`, which are gone as soon as they are mapped.
class PostingSorter {
 public:
  PostingSorter(fs::path path, size_t memory)
      : path_(std::move(path)), most_(std::max<size_t>(memory / sizeof(Posting), 1)) {}

  void add(const Posting& posting) {
    if (postings_.size() == most_) spill();
    postings_.push_back(posting);
  }

  /// Calls use(posting) for all.
  template <class Use>
  void for_each(const Use& use) {
    std::sort(postings_.begin(), postings_.end(), stands_before);
    using Rest = std::span<const Posting>;
    const auto later = [](Rest a, Rest b) { return stands_before(b[0], a[0]); };
    std::priority_queue<Rest, std::vector<Rest>, decltype(later)> runs(later);
    if (!postings_.empty()) runs.push(postings_);
    for (const auto& run : runs_) {
      runs.push({reinterpret_cast<const Posting*>(run->data()), run->size() / sizeof(Posting)});
    }
    while (!runs.empty()) {
      const Rest run = runs.top();
      runs.pop();
      use(run[0]);
      if (run.size() > 1) runs.push(run.subspan(1));
    }
  }

 private:
  void spill() {
    std::sort(postings_.begin(), postings_.end(), stands_before);
    const PassingFile run{path_.string() + ".postings"};
    write_atomically(run.path, [&](FileWriter& file) {
      file.write(postings_.data(), postings_.size() * sizeof(Posting));
    });
    runs_.push_back(MappedFile::open(run.path));
    postings_.clear();
  }

  fs::path path_;
  size_t most_;
  std::vector<Posting> postings_;
  std::vector<std::shared_ptr<const MappedFile>> runs_;
};

}  // namespace

NextDocuments encoded_documents(const SparseEncoder& model, std::vector<std::string> ids,
                                std::vector<std::string> texts, const SparseEncodeOptions& options,
                                int64_t chunk_size) {
  const std::string start = "[encoded_documents] expected ";
  if (ids.size() != texts.size()) {
    throw std::invalid_argument(start + "an id for each of " + std::to_string(texts.size()) +
                                " texts, found " + std::to_string(ids.size()));
  }
  if (chunk_size < 1) {
    throw std::invalid_argument(start + "a chunk_size of at least 1, found " +
                                std::to_string(chunk_size));
  }
  return [&model, ids = std::move(ids), texts = std::move(texts), options,
          size = static_cast<size_t>(chunk_size),
          at = size_t{0}]() mutable -> std::optional<SparseDocuments> {
    const size_t begin = at, end = std::min(texts.size() - begin, size) + begin;
    if (begin == end) return std::nullopt;
    at = end;
    const auto part = [&](const std::vector<std::string>& of) {
      return std::vector<std::string>(of.begin() + static_cast<std::ptrdiff_t>(begin),
                                      of.begin() + static_cast<std::ptrdiff_t>(end));
    };
    return SparseDocuments{part(ids), model.encode_document(part(texts), options)};
  };
}

void write_impact_documents(const fs::path& path, const NextDocuments& next,
                            const Tokenizer* tokens, double quantization_factor) {
  const std::string function = "write_impact_documents";
  if (!(quantization_factor > 0)) {
    throw std::invalid_argument("[" + function + "] quantization_factor is " +
                                std::to_string(quantization_factor) +
                                "; expected a positive number");
  }
  write_text(path, [&](TextFile& file) {
    for_each_document(
        function, next, [&](const std::string& id, const SparseRows& rows, int64_t row) {
          std::string line = "{\"id\": " + json_text(id) + ", \"contents\": \"\", \"vector\": {";
          const char* separator = "";
          for (int64_t i = rows.starts[row]; i < rows.starts[row + 1]; ++i) {
            const auto impact = std::llround(double{rows.values[i]} * quantization_factor);
            if (impact < 1) continue;
            line += separator + json_text(dimension_name(function, tokens, rows.columns[i])) +
                    ": " + std::to_string(impact);
            separator = ", ";
          }
          file.add(line + "}}\n");
        });
  });
}

void write_qdrant_points(const fs::path& path, const NextDocuments& next,
                         const std::string& vector_name) {
  const std::string name = json_text(vector_name);
  write_text(path, [&](TextFile& file) {
    int64_t number = 0;
    for_each_document("write_qdrant_points", next,
                      [&](const std::string& id, const SparseRows& rows, int64_t row) {
                        std::string indices, values;
                        for (int64_t i = rows.starts[row]; i < rows.starts[row + 1]; ++i) {
                          const char* separator = indices.empty() ? "" : ", ";
                          indices += separator + std::to_string(rows.columns[i]);
                          values += separator + json_number(rows.values[i]);
                        }
                        file.add("{\"id\": " + std::to_string(number++) + ", \"vector\": {" + name +
                                 ": {\"indices\": [" + indices + "], \"values\": [" + values +
                                 "]}}, \"payload\": {\"id\": " + json_text(id) + "}}\n");
                      });
  });
}

void write_inverted_list(const fs::path& path, const NextDocuments& next, const Tokenizer* tokens,
                         size_t memory) {
  const std::string function = "write_inverted_list";
  std::vector<std::string> ids;
  PostingSorter sorter(path, memory);
  for_each_document(function, next,
                    [&](const std::string& id, const SparseRows& rows, int64_t row) {
                      for (int64_t i = rows.starts[row]; i < rows.starts[row + 1]; ++i) {
                        sorter.add({static_cast<uint32_t>(rows.columns[i]),
                                    static_cast<uint32_t>(ids.size()), rows.values[i]});
                      }
                      ids.push_back(json_text(id));
                    });
  write_text(path, [&](TextFile& file) {
    std::optional<uint32_t> open;
    sorter.for_each([&](const Posting& posting) {
      if (open != posting.dimension) {
        file.add(std::string(open ? "]}\n" : "") +
                 "{\"token\": " + json_text(dimension_name(function, tokens, posting.dimension)) +
                 ", \"postings\": [");
      } else {
        file.add(", ");
      }
      open = posting.dimension;
      file.add("[" + ids[posting.document] + ", " + json_number(posting.weight) + "]");
    });
    if (open) file.add("]}\n");
  });
}

}  // namespace sentence_transformers
