// The usual first module: a tokenizer and an encoder from one Hugging Face folder.
#pragma once

#include <optional>

#include "encoders/encoder.h"
#include "modules/input_module.h"
#include "modules/mapped_weights.h"
#include "modules/pair_tokens.h"
#include "modules/query_expansion.h"

namespace sentence_transformers {

class Transformer : public InputModule {
 public:
  /// Reads config.json, the weights, the tokenizer, and sentence-transformers' own settings
  /// (sentence_bert_config.json or an older name) if they are there.
  explicit Transformer(const std::filesystem::path& folder);
  /// The same with scores of words.
  static std::shared_ptr<Transformer> with_words(const std::filesystem::path& folder);
  /// As modules.json has it: with scores of words if the settings' transformer_task, or else
  /// `task`, is "fill-mask".
  static std::shared_ptr<Transformer> saved(const std::filesystem::path& folder,
                                            const std::string& task);
  /// The same with its classification head, see make_classifier; if there is a `score`, with the
  /// head of a language model, see make_logit_scorer. Without modules.json the settings are none of
  /// it, as in Python. Throws UnsupportedError for settings of another task.
  static std::shared_ptr<Transformer> with_head(
      const std::filesystem::path& folder, std::optional<int64_t> num_labels, bool with_settings,
      const std::optional<LogitScoreConfig>& score = std::nullopt);

  void release_pages() const override { weights_.release_pages(); }
  void forget_checkpoint() override { weights_.forget(); }

  /// batch -> token_embeddings, and logits or words if there is a head. Throws LoadError if a file
  /// that parameters are still mapped from was written to since it was opened.
  void forward(Features& features) const override;
  std::string type() const override { return "Transformer"; }
  /// config.json, the weights, and copies of the tokenizer's files.
  void write(const std::filesystem::path& folder) const override;
  std::vector<std::pair<std::string, at::Tensor>> checkpoint_parameters() const override;
  FeatureSizes output_sizes(FeatureSizes) const override;

  Encoding tokenize(std::string_view text) const override {
    return tokenizer_.encode(text, max_seq_length_);
  }
  /// Queries and documents by their own lengths, queries expanded, if the settings say so.
  InputTokens tokenize_for(const std::string& task, std::string_view text) const override;
  int64_t prompt_tokens(const std::string& prompt) const override;
  bool takes_no_tokens() const override { return false; }
  const Tokenizer* tokenizer() const override { return &tokenizer_; }
  /// If config.json has output_hidden_states, as in Python.
  bool gives_layers() const override { return gives_layers_; }

  /// How pairs become tokens, with a prompt. It refers to this object and its present length.
  PairTokens pair_tokens(const std::string& prompt) const {
    return {tokenizer_, chat_ ? &*chat_ : nullptr, prompt, max_seq_length_};
  }
  const Encoder& encoder() const { return *encoder_; }
  Encoder& encoder() { return *encoder_; }
  /// 0 without a head.
  int64_t num_labels() const { return head_ ? head_->num_labels() : 0; }
  const Config& config() const { return config_; }
  int64_t max_seq_length() const override { return max_seq_length_; }
  /// Throws std::invalid_argument, begun by `function`, outside what the tokenizer's template and
  /// the encoder's positions allow.
  void set_max_seq_length(int64_t length, const std::string& function) override;
  /// How long queries and documents are where the settings do not say so. Throws LoadError for
  /// lengths that the model cannot have or a token that its vocabulary lacks, UnsupportedError for
  /// an expansion that the architecture or the tokenizer does otherwise.
  void set_task_lengths(const TaskLengths& fallback);
  bool expands_queries() const { return task_lengths_.expansion.has_value(); }
  /// Makes special tokens of prompts that the vocabulary has as one word, and of their first words,
  /// if the tokenizer splits them; for models that were trained with such words put in as ids.
  void keep_whole(const std::vector<std::string>& prompts);
  /// Writes a key over config.json's for write(); null removes it.
  void set_config(const std::string& key, const nlohmann::json& value);

 private:
  struct Head {  // wanted, with so many labels
    std::optional<int64_t> num_labels;
    std::optional<LogitScoreConfig> score;
    bool chats;  // pairs go through the chat template
  };
  Transformer(const std::filesystem::path& folder, const Config& settings,
              const std::optional<Head>& head, bool scores_words = false);
  void make(const std::optional<Head>& head);
  void make_words();
  int64_t special_tokens(bool pair) const;
  void check_template(bool pair) const;
  std::string range_text() const;
  int64_t expansion_token() const;
  void check_expansion() const;
  bool in_range(int64_t length) const;

  std::filesystem::path folder_;
  Config config_, settings_;
  bool do_lower_case_, gives_layers_;
  Tokenizer tokenizer_;
  MappedWeights weights_;
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<ClassificationHead> head_;
  std::shared_ptr<LanguageHead> words_;
  std::string task_ = "";  // that head_ or words_ are for
  std::optional<ChatTemplate> chat_;
  std::string prefix_, architecture_;  // of a checkpoint with a head
  int64_t special_tokens_;             // of what it is for: one text, or with a head a pair
  int64_t max_seq_length_;
  TaskLengths task_lengths_;
  int64_t expansion_id_ = 0;
  std::vector<std::string> kept_whole_;
};

}  // namespace sentence_transformers
