// Which tokens of a text are compared with those of others.
#pragma once

#include <sentence_transformers/tokenizer.h>

#include <optional>
#include <vector>

#include "core/config.h"
#include "modules/module.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's multi_vector_encoder/modules/multi_vector_mask.py: for some tasks
/// tokens of a list, such as punctuation, are left out. Their rows are taken out of
/// token_embeddings.
class MultiVectorMask : public Module {
 public:
  /// Leaves out these words of documents.
  explicit MultiVectorMask(std::vector<std::string> skiplist_words);
  /// Reads "skiplist_words", "skiplist_tasks" and "keep_only_token_ids". Throws LoadError where a
  /// module before it already took tokens away.
  MultiVectorMask(const Config& config, const FeatureSizes& sizes);

  /// Finds the words in the model's vocabulary; those that are no single token of it are ignored,
  /// as in Python. Comes before forward().
  void find_words(const Tokenizer& tokenizer);

  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes sizes) const override {
    sizes.some_tokens = true;
    return sizes;
  }
  std::string type() const override { return "MultiVectorMask"; }
  std::string python_path() const override;
  void write(const std::filesystem::path& folder) const override;

 private:
  std::vector<std::string> words_, tasks_ = {"document"};
  std::optional<std::vector<int64_t>> keep_only_;
  std::vector<int64_t> skipped_;  // ids, sorted
};

}  // namespace sentence_transformers
