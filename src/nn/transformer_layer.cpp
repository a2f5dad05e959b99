#include "nn/transformer_layer.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "nn/gradient_checkpointing.h"

namespace sentence_transformers {

TransformerLayer::TransformerLayer(const LayerConfig& config, const Weights& weights)
    : config_(config),
      attention_dropout_(add_dropout("attention_dropout", config.attention_dropout)),
      attention_output_dropout_(
          add_dropout("attention_output_dropout", config.attention_output_dropout)),
      intermediate_dropout_(add_dropout("intermediate_dropout", config.intermediate_dropout)),
      output_dropout_(add_dropout("output_dropout", config.output_dropout)) {
  make_attention(weights);
  make_feed_forward(weights);
  const auto norm = [&](const std::string& name) {
    return name.empty() ? nullptr : add_norm(name, weights, config_.hidden_size, config_.norm);
  };
  attention_norm_ = norm(config_.names.attention_norm);
  second_attention_norm_ = norm(config_.names.second_attention_norm);
  output_norm_ = norm(config_.names.output_norm);
  post_attention_norm_ = norm(config_.names.post_attention_norm);
  post_output_norm_ = norm(config_.names.post_output_norm);
}

void TransformerLayer::make_attention(const Weights& weights) {
  const AttentionConfig& a = config_.attention;
  const LayerNames& names = config_.names;
  const int64_t size = config_.hidden_size;
  const int64_t outputs[] = {a.heads * a.head_size, a.key_value_heads * a.head_size,
                             a.key_value_heads * a.head_size};
  std::vector<ProjectionRows> rows;
  if (names.query_key_value.size() == 1) {
    const int64_t all = outputs[0] + outputs[1] + outputs[2];
    rows.push_back(
        {add_projection(names.query_key_value[0], weights, size, all, config_.query_key_value_bias),
         0, all});
  } else {
    for (size_t i = 0; i < 3; ++i) {
      rows.push_back({add_projection(names.query_key_value[i], weights, size, outputs[i],
                                     config_.query_key_value_bias),
                      0, outputs[i]});
    }
  }
  if (config_.relative_positions) make_disentangled_bias(rows, weights);
  query_key_value_ = add_product(std::make_shared<Linear>(std::move(rows)));
  attention_output_ =
      add_linear(names.attention_output, weights, outputs[0], size, config_.attention_output_bias);
  if (!names.query_norm.empty()) {
    const bool all = config_.norms_all_heads;
    query_norm_ = add_norm(names.query_norm, weights, all ? outputs[0] : a.head_size, config_.norm);
    key_norm_ = add_norm(names.key_norm, weights, all ? outputs[1] : a.head_size, config_.norm);
  }
}

/// `rows` are the projections of queries, keys and values.
void TransformerLayer::make_disentangled_bias(const std::vector<ProjectionRows>& rows,
                                              const Weights& weights) {
  const AttentionConfig& a = config_.attention;
  const auto projection = [&](const std::string& name, const ProjectionRows& shared) {
    return name.empty() ? shared.projection
                        : add_projection(name, weights, config_.hidden_size, a.heads * a.head_size);
  };
  const LayerNames& names = config_.names;
  const auto keys = projection(names.position_key, rows[1]);
  const auto queries = projection(names.position_query, rows[0]);
  disentangled_bias_ = register_module(
      "disentangled_bias", std::make_shared<DisentangledBias>(config_.relative_positions, keys,
                                                              queries, a.heads, a.scale));
}

void TransformerLayer::make_feed_forward(const Weights& weights) {
  const LayerNames& names = config_.names;
  const int64_t size = config_.hidden_size, inner = config_.intermediate_size;
  const auto project = [&](const std::string& name, int64_t out) {
    return add_projection(name, weights, size, out, config_.intermediate_bias);
  };
  std::vector<ProjectionRows> rows;
  if (!config_.gated) {
    rows = {{project(names.intermediate[0], inner), 0, inner}};
  } else if (names.intermediate.size() == 2) {
    rows = {{project(names.intermediate[0], inner), 0, inner},
            {project(names.intermediate[1], inner), 0, inner}};
  } else {
    const auto both = project(names.intermediate[0], 2 * inner);
    rows = {{both, 0, inner}, {both, inner, inner}};
    if (config_.gate_is_second) std::swap(rows[0], rows[1]);
  }
  intermediate_ = add_product(std::make_shared<Linear>(std::move(rows), config_.gated));
  output_ = add_linear(names.output, weights, inner, size, config_.output_bias);
}

AttentionExtras TransformerLayer::make_extras(const at::Tensor& queries, const at::Tensor& keys,
                                              const TokenBatch& batch, bool first_alone) const {
  AttentionExtras extras{.dropout = is_training() ? attention_dropout_->probability : 0.0,
                         .fast = query_key_value_->is_int8(),
                         .attended = batch.attended,
                         .first_alone = first_alone};
  if (config_.distance_bias) {
    int64_t longest = 0;
    for (const LengthGroup& g : batch.groups) longest = std::max(longest, g.length);
    extras.distance_bias = config_.distance_bias->table(longest);
  }
  if (disentangled_bias_) {
    extras.dense_bias = disentangled_bias_->forward(queries, keys, batch.groups);
  }
  return extras;
}

at::Tensor TransformerLayer::attention(const at::Tensor& x, const TokenBatch& batch,
                                       bool first_alone) const {
  const AttentionConfig& a = config_.attention;
  const int64_t queries = a.heads * a.head_size, keys = a.key_value_heads * a.head_size;
  const at::Tensor all = query_key_value_->forward(x);  // [T, queries + 2 * keys]
  at::Tensor q = all.narrow(1, 0, queries), k = all.narrow(1, queries, keys);
  const at::Tensor v = all.narrow(1, queries + keys, keys);
  if (query_norm_) {
    const bool all_heads = config_.norms_all_heads;
    q = query_norm_->forward_heads(q, all_heads ? 1 : a.heads);
    k = key_norm_->forward_heads(k, all_heads ? 1 : a.key_value_heads);
  }
  if (config_.rotary) {
    q = config_.rotary->rotate(q, a.heads, batch);
    k = config_.rotary->rotate(k, a.key_value_heads, batch);
  }
  const AttentionExtras extras = make_extras(q, k, batch, first_alone);
  return attention_output_dropout_->forward(
      attention_output_->forward(attend(q, k, v, a, batch.groups, extras)));
}

at::Tensor TransformerLayer::feed_forward(const at::Tensor& x) const {
  const at::Tensor inner = intermediate_->forward(x, config_.activation);
  return output_dropout_->forward(output_->forward(intermediate_dropout_->forward(inner)));
}

/// norm(the hidden states), whose sum is then complete; without a norm the hidden states
/// themselves.
at::Tensor TransformerLayer::normalize(const std::shared_ptr<Norm>& norm,
                                       Residual& residual) const {
  if (!residual.pending.defined()) return norm ? norm->forward(residual.x) : residual.x;
  if (!norm) return residual.x = residual.sum();
  const at::Tensor normalized = norm->forward_sum(residual.pending, residual.x);
  residual.pending = at::Tensor();
  return normalized;
}

Residual TransformerLayer::forward(Residual residual, const TokenBatch& batch,
                                   bool first_alone) const {
  const auto wanted = [&](const at::Tensor& x) {
    return first_alone ? first_tokens(x, batch.groups) : x;
  };
  if (config_.norm_place == NormPlace::after) {
    const at::Tensor x = wanted(residual.x);
    at::Tensor attended =
        attention_norm_->forward_add(attention(residual.x, batch, first_alone), x);
    if (second_attention_norm_) attended = second_attention_norm_->forward_add(attended, x);
    const at::Tensor out = output_norm_->forward_add(feed_forward(attended), attended);
    return {config_.convolution ? config_.convolution->forward(x, out, batch) : out};
  }
  const auto after = [](const std::shared_ptr<Norm>& norm, const at::Tensor& x) {
    return norm ? norm->forward(x) : x;
  };
  const at::Tensor before_attention = normalize(attention_norm_, residual);
  residual.pending = after(post_attention_norm_, attention(before_attention, batch, first_alone));
  residual.x = wanted(residual.x);
  const at::Tensor before_feed_forward = normalize(output_norm_, residual);
  residual.pending = after(post_output_norm_, feed_forward(before_feed_forward));
  return residual;
}

Residual run_layers(const std::vector<std::shared_ptr<TransformerLayer>>& layers, at::Tensor x,
                    const TokenBatch& batch, bool gradient_checkpointing,
                    std::vector<at::Tensor>* hidden_states, bool first_alone) {
  if (hidden_states) hidden_states->push_back(x);
  Residual residual{x};
  for (const auto& layer : layers) {
    if (gradient_checkpointing && layer->is_training()) {
      const auto run = [&layer = *layer, batch](const at::Tensor& input) {
        return layer.forward({input}, batch).sum();
      };
      residual = {gradient_checkpoint(run, residual.sum())};
    } else {
      residual = layer->forward(std::move(residual), batch, first_alone && layer == layers.back());
    }
    if (hidden_states) hidden_states->push_back(residual.sum());
  }
  return residual;
}

}  // namespace sentence_transformers
