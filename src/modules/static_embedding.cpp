#include "modules/static_embedding.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include "tokenizers/tokenizer_copies.h"

namespace sentence_transformers {
namespace {

const std::string kTable = "embedding.weight";

at::Tensor get_table(const CheckpointFiles& files, const Weights& weights,
                     const std::string& name) {
  return weights.get(name, table_shape(files, name, "StaticEmbedding"));
}

/// model2vec's table: row i is embeddings[mapping[i]] * weights[i].
at::Tensor fold(const CheckpointFiles& files, const Weights& weights) {
  at::Tensor table = get_table(files, weights, "embeddings");
  const at::Tensor mapping = find_tensor(files, "mapping");
  if (mapping.defined()) {
    const bool is_list = mapping.dim() == 1 && mapping.numel() > 0 &&
                         at::isIntegralType(mapping.scalar_type(), /*includeBool=*/false);
    if (!is_list || mapping.min().item<int64_t>() < 0 ||
        mapping.max().item<int64_t>() >= table.size(0)) {
      throw LoadError("[StaticEmbedding] " + weights.file().string() +
                      ": tensor \"mapping\": expected a list of rows from 0 to below " +
                      std::to_string(table.size(0)));
    }
    table = table.index_select(0, mapping.to(at::kLong));
  }
  if (weights.contains("weights")) {
    const at::Tensor scale = weights.get("weights", {table.size(0)});
    // Not rounded to the file's type, as in Python.
    table = (table.to(at::kFloat) * scale.unsqueeze(1)).to(at::kFloat);
  }
  return table;
}

at::Tensor read_table(const CheckpointFiles& files, const Weights& weights) {
  const bool from_model2vec = !weights.contains(kTable) && weights.contains("embeddings");
  return from_model2vec ? fold(files, weights) : get_table(files, weights, kTable);
}

}  // namespace

struct StaticEmbedding::Table : torch::nn::Module {
  explicit Table(const at::Tensor& rows) : weight(register_parameter("weight", rows)) {}
  at::Tensor weight;  // [tokens, D]
};

StaticEmbedding::StaticEmbedding(const std::filesystem::path& folder)
    : StaticEmbedding(folder, open_checkpoint(folder, "StaticEmbedding")) {}

StaticEmbedding::StaticEmbedding(const std::filesystem::path& folder, const CheckpointFiles& files)
    : folder_(folder),
      tokenizer_(Tokenizer::from_file(folder / "tokenizer.json")),
      most_tokens_(tokenizer_.model_max_length().value_or(Tokenizer::kNoLimit)),
      weights_(Weights(files)),
      table_(register_module("embedding", std::make_shared<Table>(read_table(files, *weights_)))) {
  const int64_t rows = table_->weight.size(0);
  if (tokenizer_.vocab_size() > rows) {
    throw LoadError("[StaticEmbedding] " + folder.string() + ": the tokenizer has " +
                    std::to_string(tokenizer_.vocab_size()) + " tokens, the table " +
                    std::to_string(rows) + " rows");
  }
}

FeatureSizes StaticEmbedding::output_sizes(FeatureSizes) const {
  return {0, table_->weight.size(1)};
}

Encoding StaticEmbedding::tokenize(std::string_view text) const {
  return tokenizer_.encode_content(text, most_tokens_);
}

void StaticEmbedding::forward(Features& features) const {
  weights_.check_unchanged();
  constexpr int64_t kMean = 1;
  const TokenBatch& batch = features.batch;
  at::Tensor offsets = at::empty({batch.texts()}, at::kLong);
  auto* offset = offsets.data_ptr<int64_t>();
  for (const LengthGroup& g : batch.groups) {
    for (int64_t i = 0; i < g.count; ++i) *offset++ = g.offset + i * g.length;
  }
  features.sentence_embedding = std::get<0>(
      at::embedding_bag(table_->weight, batch.ids, offsets.to(batch.ids.device()), false, kMean));
}

void StaticEmbedding::write(const std::filesystem::path& folder) const {
  save_parameters(folder);
  copy_whole(folder_ / "tokenizer.json", folder / "tokenizer.json");
}

}  // namespace sentence_transformers
