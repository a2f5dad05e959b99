// Losses of sparse encoders. Ports of sentence_transformers/sparse_encoder (6.2.0):
// losses/splade.py, cached_splade.py, flops.py, csr.py, sparse_mse.py and
// callbacks/splade_callbacks.py.
#include <ATen/ATen.h>
#include <sentence_transformers/sparse_trainer.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "training/batch.h"
#include "training/gradient_cache.h"

namespace sentence_transformers {
namespace {

void check_weight(const char* name, double weight) {
  if (weight >= 0) return;
  throw std::invalid_argument(std::string("[SpladeLoss] ") + name + " is " +
                              std::to_string(weight) + "; expected at least 0");
}

/// [N, D] x [N, D] -> scalar: in units of the variance of `expected`, if it has one.
at::Tensor normalized_mse(const at::Tensor& found, const at::Tensor& expected) {
  const at::Tensor variance =
      at::mse_loss(expected.mean(0, /*keepdim=*/true).expand_as(expected), expected);
  const at::Tensor constant = at::logical_or(variance == 0, (expected == expected[0]).all());
  return at::mse_loss(found, expected) / at::where(constant, at::ones_like(variance), variance);
}

}  // namespace

at::Tensor FlopsLoss::compute(const at::Tensor& embeddings) const {
  at::Tensor counted = embeddings;
  if (threshold_) {
    const at::Tensor active = (embeddings != 0).sum(1, /*keepdim=*/true);  // [N, 1]
    counted = embeddings * (active > *threshold_).to(embeddings.scalar_type());
  }
  return counted.mean(0).square().sum();
}

SpladeLoss::SpladeLoss(std::shared_ptr<EmbeddingLoss> loss, const SpladeLossOptions& options)
    : loss_(std::move(loss)), options_(options) {
  if (!loss_) throw std::invalid_argument("[SpladeLoss] expected a loss, found none");
  check_weight("document_regularizer_weight", options_.document_regularizer_weight);
  if (options_.use_document_regularizer_only) options_.query_regularizer_weight.reset();
  check_weight("query_regularizer_weight", options_.query_regularizer_weight.value_or(0));
}

void SpladeLoss::set_weights(double document, double query) {
  check_weight("document_regularizer_weight", document);
  check_weight("query_regularizer_weight", query);
  options_.document_regularizer_weight = document;
  if (options_.query_regularizer_weight) options_.query_regularizer_weight = query;
}

at::Tensor SpladeLoss::forward(const SparseEncoder& model, const Batch& batch) {
  return compute(embed_columns(model, batch), batch);
}

at::Tensor SpladeLoss::compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) {
  const bool all = options_.use_document_regularizer_only;
  expect_texts(name(), embeddings.size(), all ? 1 : 2, -1);
  const at::Tensor documents =
      at::cat(at::TensorList(embeddings).slice(all ? 0 : 1));  // [documents, V]
  at::Tensor loss = loss_->compute(embeddings, batch) +
                    FlopsLoss(options_.document_regularizer_threshold).compute(documents) *
                        options_.document_regularizer_weight;
  if (options_.query_regularizer_weight) {
    loss = loss + FlopsLoss(options_.query_regularizer_threshold).compute(embeddings[0]) *
                      *options_.query_regularizer_weight;
  }
  return loss;
}

CachedSpladeLoss::CachedSpladeLoss(std::shared_ptr<EmbeddingLoss> loss,
                                   const SpladeLossOptions& options, int64_t mini_batch_size)
    : SpladeLoss(std::move(loss), options), mini_batch_size_(mini_batch_size) {
  if (mini_batch_size >= 1) return;
  throw std::invalid_argument("[CachedSpladeLoss] mini_batch_size is " +
                              std::to_string(mini_batch_size) + "; expected at least 1");
}

at::Tensor CachedSpladeLoss::forward(const SparseEncoder& model, const Batch& batch) {
  return forward_with_gradient_cache(*this, model, batch, mini_batch_size_);
}

at::Tensor CSRReconstructionLoss::compute(const std::vector<AutoEncoderOutputs>& columns) const {
  expect_texts("CSRReconstructionLoss", columns.size(), 1, -1);
  constexpr double kWeightOf4k = 1.0 / 8;
  at::Tensor sum;
  for (const AutoEncoderOutputs& column : columns) {
    const at::Tensor& x = column.sentence_embedding_backbone;
    at::Tensor loss = at::mse_loss(x, column.decoded_embedding_k) +
                      at::mse_loss(x, column.decoded_embedding_4k) * kWeightOf4k;
    if (column.decoded_embedding_aux.defined()) {
      const at::Tensor rest = x - column.decoded_embedding_k_pre_bias.detach();
      loss = loss + normalized_mse(column.decoded_embedding_aux, rest) * beta_;
    }
    sum = sum.defined() ? sum + loss : loss;
  }
  return sum / static_cast<double>(columns.size());
}

CSRLoss::CSRLoss(std::shared_ptr<EmbeddingLoss> loss, const CSRLossOptions& options)
    : loss_(loss ? std::move(loss) : std::make_shared<SparseMultipleNegativesRankingLoss>()),
      options_(options) {}

at::Tensor CSRLoss::forward(const SparseEncoder& model, const Batch& batch) {
  std::vector<AutoEncoderOutputs> columns;
  std::vector<at::Tensor> embeddings;
  for (const Segment& column : column_segments(batch)) {
    columns.push_back(model.forward_auto_encoder(column.texts, column.prompt, column.task));
    embeddings.push_back(columns.back().sentence_embedding);
  }
  return CSRReconstructionLoss(options_.beta).compute(columns) +
         loss_->compute(embeddings, batch) * options_.gamma;
}

at::Tensor SparseMSELoss::forward(const SparseEncoder& model, const Batch& batch) {
  return MSELoss().compute(embed_columns(model, batch), batch);
}

SpladeRegularizerWeightSchedulerCallback::SpladeRegularizerWeightSchedulerCallback(
    std::shared_ptr<SpladeLoss> loss, RegularizerSchedule schedule, double warmup_ratio)
    : loss_(std::move(loss)), schedule_(schedule), warmup_ratio_(warmup_ratio) {
  const std::string start = "[SpladeRegularizerWeightSchedulerCallback] ";
  if (!loss_) throw std::invalid_argument(start + "expected a SpladeLoss, found none");
  if (!(warmup_ratio > 0 && warmup_ratio <= 1)) {
    throw std::invalid_argument(start + "warmup_ratio is " + std::to_string(warmup_ratio) +
                                "; expected above 0 to 1");
  }
  most_document_ = loss_->options().document_regularizer_weight;
  most_query_ = loss_->options().query_regularizer_weight.value_or(0);
}

void SpladeRegularizerWeightSchedulerCallback::set_weights(const TrainingState& state) {
  const auto warmup = std::max<int64_t>(
      1, static_cast<int64_t>(static_cast<double>(state.max_steps) * warmup_ratio_));
  double share = std::min(1.0, static_cast<double>(state.step) / static_cast<double>(warmup));
  if (schedule_ == RegularizerSchedule::quadratic) share *= share;
  loss_->set_weights(most_document_ * share, most_query_ * share);
}

}  // namespace sentence_transformers
