// A first module that counts words: a text's vector has a number for each word of a list.
#pragma once

#include <vector>

#include "core/config.h"
#include "modules/input_module.h"
#include "tokenizers/words/word_tokenizer.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sentence_transformer/modules/bow.py. It has no parameters.
class BoW : public InputModule {
 public:
  explicit BoW(const std::filesystem::path& folder);

  /// batch -> sentence_embedding
  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes) const override { return {0, size()}; }
  Encoding tokenize(std::string_view text) const override;

  std::string type() const override { return "BoW"; }
  void write(const std::filesystem::path& folder) const override;
  bool saves_in_root() const override { return false; }

 private:
  int64_t size() const { return static_cast<int64_t>(words_.words().size()); }

  Config config_;
  WordList words_;
  std::vector<float> weights_;  // of each word
  bool cumulative_;             // does a word count as often as it is there?
};

}  // namespace sentence_transformers
