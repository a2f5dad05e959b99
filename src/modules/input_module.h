// What a model begins with: a module that owns how texts become tokens.
#pragma once

#include <sentence_transformers/tokenizer.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/module.h"

namespace sentence_transformers {

/// The tokens of one input of a pass.
struct InputTokens {
  InputTokens(Encoding own) : encoding(std::move(own)) {}

  Encoding encoding;
  int64_t unattended = 0;  // of the last tokens: attend, but are not attended to
};

class InputModule : public Module {
 public:
  /// The tokens of one text, cut to max_seq_length. From several threads at once.
  virtual Encoding tokenize(std::string_view text) const = 0;
  /// The same as texts of a task ("query", "document", ...) have them, if that is different.
  virtual InputTokens tokenize_for(const std::string& /*task*/, std::string_view text) const {
    return tokenize(text);
  }
  /// How many tokens at the start of tokenize(prompt + text) a Pooling without prompt leaves out.
  virtual int64_t prompt_tokens(const std::string& /*prompt*/) const { return 0; }
  /// May a text have no tokens? Its batch has an empty list for it then.
  virtual bool takes_no_tokens() const { return true; }

  /// Hugging Face's, or nothing where the module has words of its own.
  virtual const Tokenizer* tokenizer() const { return nullptr; }
  /// In tokens; Tokenizer::kNoLimit where nothing is cut.
  virtual int64_t max_seq_length() const { return Tokenizer::kNoLimit; }
  /// Throws std::invalid_argument, begun by `function`, for a length that the module cannot have.
  virtual void set_max_seq_length(int64_t length, const std::string& function);

  /// Does it put its layers into Features::layers, also for modules that read them?
  virtual bool gives_layers() const { return false; }

  void add_inputs(std::vector<InputModule*>& inputs) override { inputs.push_back(this); }
};

}  // namespace sentence_transformers
