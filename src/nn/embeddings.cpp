#include "nn/embeddings.h"

#include <ATen/ATen.h>

namespace sentence_transformers {

at::Tensor positions_behind_padding(const TokenBatch& batch, int64_t padding_id) {
  const at::Tensor counts = batch.ids.ne(padding_id);
  if (counts.all().item<bool>()) return batch.positions + (padding_id + 1);
  std::vector<at::Tensor> positions;
  for (const LengthGroup& g : batch.groups) {
    const at::Tensor kept =
        counts.narrow(0, g.offset, g.count * g.length).view({g.count, g.length}).to(at::kLong);
    positions.push_back((kept.cumsum(1) * kept + padding_id).flatten());
  }
  return at::cat(positions);
}

Embeddings::Embeddings(const EmbeddingsConfig& config, const Weights& weights, Block& owner)
    : config_(config) {
  const auto table = [&](const std::string& name, int64_t count) {
    return name.empty()
               ? nullptr
               : owner.add(name, std::make_shared<Embedding>(weights / name, count, config.size));
  };
  words_ = table(config.words, config.vocab_size);
  positions_ = table(config.positions, config.position_count);
  token_types_ = table(config.token_types, config.token_type_count);
  if (!config.norm.empty()) {
    norm_ = owner.add_norm(config.norm, weights,
                           config.projects_first ? config.hidden_size : config.size,
                           config.norm_config);
  }
  dropout_ = owner.add_dropout("embeddings_dropout", config.dropout);
  if (!config.projection.empty()) {
    projection_ = owner.add_linear(config.projection, weights, config.size, config.hidden_size,
                                   !config.projects_first);
  }
}

at::Tensor Embeddings::project(const at::Tensor& x) const {
  return projection_ ? projection_->forward(x) : x;
}

at::Tensor Embeddings::forward(const TokenBatch& batch) const {
  at::Tensor x = words_->forward(batch.ids);
  if (config_.scale != 1) {  // rounded to the type of the numbers, as in Python
    x = x * at::scalar_tensor(config_.scale, x.options());
  }
  if (token_types_) x = x + token_types_->forward(batch.type_ids);
  if (positions_) {
    const at::Tensor rows = positions_->forward(
        config_.padding_id ? positions_behind_padding(batch, *config_.padding_id)
                           : batch.positions);
    if (norm_ && !config_.projects_first) {
      return project(dropout_->forward(norm_->forward_add(x, rows)));
    }
    x = x + rows;
  }
  if (config_.projects_first) x = project(x);
  if (norm_) x = norm_->forward(x);
  x = dropout_->forward(x);
  return config_.projects_first ? x : project(x);
}

}  // namespace sentence_transformers
