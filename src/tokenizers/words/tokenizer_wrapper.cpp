// TransformersTokenizerWrapper: Hugging Face's tokenizer in the place of a list of words.
#include "tokenizers/tokenizer_copies.h"
#include "tokenizers/words/makers.h"

namespace sentence_transformers {
namespace {

class TokenizerWrapper : public WordTokenizer {
 public:
  explicit TokenizerWrapper(const std::filesystem::path& folder)
      : folder_(folder), tokenizer_(Tokenizer::from_pretrained(folder)) {}

  /// Special tokens stay, as in Python.
  std::vector<int64_t> ids(std::string_view text) const override {
    return tokenizer_.encode(text).ids;
  }
  int64_t vocab_size() const override { return tokenizer_.vocab_size(); }
  const Tokenizer* tokenizer() const override { return &tokenizer_; }
  std::string type() const override { return "TransformersTokenizerWrapper"; }
  void save(const std::filesystem::path& folder) const override {
    copy_tokenizer_files(folder_, folder);
  }

 private:
  std::filesystem::path folder_;
  Tokenizer tokenizer_;
};

}  // namespace

std::unique_ptr<WordTokenizer> make_tokenizer_wrapper(const std::filesystem::path& folder) {
  return std::make_unique<TokenizerWrapper>(folder);
}

}  // namespace sentence_transformers
