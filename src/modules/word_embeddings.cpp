#include "modules/word_embeddings.h"

#include <sentence_transformers/error.h>

#include <stdexcept>

#include "modules/module_config.h"

namespace sentence_transformers {
namespace {

constexpr const char* kEmbeddingsFile = "wordembedding_config.json";
constexpr int64_t kUsualLength = 1'000'000;

}  // namespace

WordEmbeddings::WordEmbeddings(const std::filesystem::path& folder)
    : WordEmbeddings(folder, open_checkpoint(folder, "WordEmbeddings")) {}

WordEmbeddings::WordEmbeddings(const std::filesystem::path& folder, const CheckpointFiles& files)
    : weights_(Weights(files)) {
  const Config config = Config::read(folder / kEmbeddingsFile);
  check_keys(config, {"tokenizer_class", "update_embeddings", "max_seq_length"}, "WordEmbeddings");
  tokenizer_ = make_word_tokenizer(config.require<std::string>("tokenizer_class"), folder);
  update_embeddings_ = config.get<bool>("update_embeddings", false);
  max_seq_length_ = config.get_at_least("max_seq_length", kUsualLength, 1);
  const std::vector<int64_t> shape = table_shape(files, "emb_layer.weight", "WordEmbeddings");
  table_ = register_module(
      "emb_layer", std::make_shared<Embedding>(*weights_ / "emb_layer", shape[0], shape[1]));
  table_->weight.set_requires_grad(update_embeddings_);
  if (tokenizer_->vocab_size() > table_->weight.size(0)) {
    throw LoadError("[WordEmbeddings] " + folder.string() + ": the tokenizer has " +
                    std::to_string(tokenizer_->vocab_size()) + " words, the table " +
                    std::to_string(table_->weight.size(0)) + " rows");
  }
}

Encoding WordEmbeddings::tokenize(std::string_view text) const {
  Encoding encoding;
  encoding.ids = tokenizer_->ids(text);
  encoding.untruncated_length = static_cast<int64_t>(encoding.ids.size());
  encoding.ids.resize(static_cast<size_t>(std::min(encoding.untruncated_length, max_seq_length_)));
  encoding.type_ids.resize(encoding.ids.size());
  return encoding;
}

void WordEmbeddings::set_max_seq_length(int64_t length, const std::string& function) {
  if (length < 1) {
    throw std::invalid_argument("[" + function + "] expected at least 1, found " +
                                std::to_string(length));
  }
  max_seq_length_ = length;
}

void WordEmbeddings::forward(Features& features) const {
  weights_.check_unchanged();
  features.token_embeddings = table_->forward(features.batch.ids);
}

void WordEmbeddings::write(const std::filesystem::path& folder) const {
  write_json(folder / kEmbeddingsFile,
             {{"tokenizer_class", "sentence_transformers.models.tokenizer." + tokenizer_->type()},
              {"update_embeddings", update_embeddings_},
              {"max_seq_length", max_seq_length_}});
  save_parameters(folder);
  tokenizer_->save(folder);
}

}  // namespace sentence_transformers
