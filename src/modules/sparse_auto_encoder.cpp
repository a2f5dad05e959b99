#include "modules/sparse_auto_encoder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <sentence_transformers/error.h>

#include <algorithm>

#include "core/checkpoint.h"
#include "core/config.h"
#include "core/safetensors.h"
#include "modules/module_config.h"

namespace sentence_transformers {
namespace {

// The names of a checkpoint. The decoder is the encoder transposed: its weight is the same tensor,
// and files may have it under either name.
constexpr const char* kEncoder = "encoder";
constexpr const char* kDecoder = "decoder.linear";
constexpr const char* kCounts = "stats_last_nonzero";

SparseAutoEncoderConfig read_auto_encoder(const Config& config, const FeatureSizes& sizes) {
  check_input_size(config, "input_dim", sizes.sentence_embedding, "SparseAutoEncoder");
  SparseAutoEncoderConfig result{.input_dim = sizes.sentence_embedding};
  result.hidden_dim = config.get_at_least("hidden_dim", result.hidden_dim, 1);
  result.k = config.get_at_least("k", result.k, 1);
  result.k_aux = config.get_at_least("k_aux", result.k_aux, 0);
  result.normalize = config.get<bool>("normalize", result.normalize);
  result.dead_threshold = config.get_at_least("dead_threshold", result.dead_threshold, 0);
  return result;
}

/// [latents] float32 of a file that may have any type.
at::Tensor read_counts(const CheckpointFiles& files, int64_t latents) {
  const at::Tensor counts = find_tensor(files, kCounts);
  if (!counts.defined() || counts.dim() != 1 || counts.size(0) != latents) {
    throw LoadError("[SparseAutoEncoder] " + files[0]->path().string() + ": tensor \"" + kCounts +
                    "\": expected " + std::to_string(latents) + " numbers, found " +
                    (counts.defined() ? std::to_string(counts.numel()) : "no such tensor"));
  }
  return counts.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
}

}  // namespace

SparseAutoEncoder::SparseAutoEncoder(const std::filesystem::path& folder, const FeatureSizes& sizes)
    : config_(read_auto_encoder(Config::read(folder / "config.json"), sizes)) {
  const CheckpointFiles files = open_checkpoint(folder, "SparseAutoEncoder");
  const Weights weights(files);
  pre_bias_ = weights.get("pre_bias", {config_.input_dim});
  latent_bias_ = weights.get("latent_bias", {config_.hidden_dim});
  encoder_ =
      std::make_shared<Projection>(weights / (weights.contains(kDecoder) ? kDecoder : kEncoder),
                                   config_.input_dim, config_.hidden_dim, /*with_bias=*/false);
  batches_since_active_ = read_counts(files, config_.hidden_dim);
  register_parts();
}

SparseAutoEncoder::SparseAutoEncoder(const SparseAutoEncoderConfig& config) : config_(config) {
  pre_bias_ = at::zeros({config.input_dim}, at::kFloat);
  latent_bias_ = at::zeros({config.hidden_dim}, at::kFloat);
  encoder_ = new_projection(config.input_dim, config.hidden_dim, /*with_bias=*/false);
  batches_since_active_ = at::zeros({config.hidden_dim}, at::kFloat);
  register_parts();
}

void SparseAutoEncoder::register_parts() {
  register_parameter("pre_bias", pre_bias_);
  register_parameter("latent_bias", latent_bias_);
  register_parameter(kCounts, batches_since_active_, /*requires_grad=*/false);
  register_module(kEncoder, encoder_);
  product_ = register_module("product", std::make_shared<Linear>(std::make_shared<Projection>(
                                            encoder_->weight, latent_bias_)));
}

at::Tensor SparseAutoEncoder::keep_largest(const at::Tensor& latents, int64_t k) const {
  const auto [values, places] = latents.topk(std::min(k, latents.size(1)), 1);
  if (is_training() && at::GradMode::is_enabled()) {
    const at::NoGradGuard no_gradients;
    const at::Tensor active =
        at::zeros_like(batches_since_active_)
            .scatter_add_(0, places.flatten(), (values > 1e-5).to(at::kFloat).flatten())
            .clamp_max_(1);
    batches_since_active_.mul_(1 - active).add_(1);
  }
  return at::zeros_like(latents).scatter(1, places, values).relu();
}

at::Tensor SparseAutoEncoder::decode(const at::Tensor& latents) const {
  return at::matmul(latents, encoder_->weight.to(latents.scalar_type())) + pre_bias_;
}

void SparseAutoEncoder::forward(Features& features) const {
  const at::Tensor embeddings = features.sentence_embedding;
  at::Tensor x = embeddings, mean, deviation;
  if (config_.normalize) {
    mean = x.mean(1, /*keepdim=*/true);
    x = x - mean;
    deviation = x.std(1, /*unbiased=*/true, /*keepdim=*/true);
    x = x / (deviation + 1e-5);
  }
  const at::Tensor latents = product_->forward(x - pre_bias_);
  const int64_t k = features.max_active_dims.value_or(config_.k);
  features.sentence_embedding = keep_largest(latents, k);
  if (!features.auto_encoder) return;

  // Python takes the dead latents before the 4k largest are counted.
  at::Tensor auxiliary;
  if (config_.k_aux > 0) {
    const at::Tensor dead = latents * (batches_since_active_ > config_.dead_threshold);
    const auto [values, places] = dead.topk(std::min(config_.k_aux, dead.size(1)), 1);
    auxiliary = decode(at::zeros_like(latents).scatter(1, places, values).relu());
  }
  at::Tensor kept = decode(features.sentence_embedding),
             most = decode(keep_largest(latents, 4 * k));
  at::Tensor bias = pre_bias_;
  if (config_.normalize) {
    bias = bias * deviation;
    kept = kept * deviation + mean;
    most = most * deviation + mean;
    if (auxiliary.defined()) auxiliary = auxiliary * deviation;
  }
  *features.auto_encoder = {.sentence_embedding = features.sentence_embedding,
                            .sentence_embedding_backbone = embeddings,
                            .decoded_embedding_k = kept,
                            .decoded_embedding_4k = most,
                            .decoded_embedding_aux = auxiliary,
                            .decoded_embedding_k_pre_bias = kept - bias};
}

std::string SparseAutoEncoder::python_path() const {
  return "sentence_transformers.sparse_encoder.models.SparseAutoEncoder";
}

void SparseAutoEncoder::write(const std::filesystem::path& folder) const {
  write_json(folder / "config.json", {{"input_dim", config_.input_dim},
                                      {"hidden_dim", config_.hidden_dim},
                                      {"k", config_.k},
                                      {"k_aux", config_.k_aux},
                                      {"normalize", config_.normalize},
                                      {"dead_threshold", config_.dead_threshold}});
  auto parameters = checkpoint_parameters();
  for (auto& [name, value] : parameters) {
    value = value.detach().to(name == kCounts ? at::kLong : dtype());
  }
  write_safetensors(folder / "model.safetensors", parameters, {{"format", "pt"}});
}

}  // namespace sentence_transformers
