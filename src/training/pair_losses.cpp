// Losses of text pairs with a label. Ports of sentence_transformers/sentence_transformer/losses
// (6.2.0): cosine_similarity.py, cosent.py, angle.py, contrastive.py, online_contrastive.py,
// softmax.py.
#include <ATen/ATen.h>
#include <sentence_transformers/pair_losses.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "training/batch.h"

namespace sentence_transformers {
namespace {

/// [N, D], [N, D] -> [N], with the small constants that the contrastive losses have.
at::Tensor siamese_distance(DistanceMetric metric, const at::Tensor& a, const at::Tensor& b) {
  switch (metric) {
    case DistanceMetric::cosine:
      return 1 - at::cosine_similarity(a, b);
    case DistanceMetric::euclidean:
      return at::pairwise_distance(a, b, 2);
    case DistanceMetric::manhattan:
      return at::pairwise_distance(a, b, 1);
  }
  throw std::invalid_argument("[ContrastiveLoss] no distance");
}

/// log(1 + sum exp(s_i - s_j)) over all i, j with label i < label j, in N log N: sorted by label,
/// what lies behind the end of a score's label is higher.
at::Tensor rank_by_label(const at::Tensor& scores, const at::Tensor& labels) {
  const auto [sorted, order] = labels.sort();
  const at::Tensor ranked = scores.index_select(0, order);
  // [N + 1]: log of the sum of exp(-s) from each place on; nothing is higher than the last.
  const at::Tensor from_here =
      at::cat({at::logcumsumexp(-ranked.flip(0), 0).flip(0),
               ranked.new_full({1}, -std::numeric_limits<float>::infinity())});
  const at::Tensor higher = at::searchsorted(sorted, sorted, /*out_int32=*/false, /*right=*/true);
  const at::Tensor pairs = ranked + from_here.index_select(0, higher);
  return at::logsumexp(at::cat({ranked.new_zeros({1}), pairs}), 0);
}

}  // namespace

at::Tensor CosineSimilarityLoss::compute(const std::vector<at::Tensor>& embeddings,
                                         const Batch& batch) {
  expect_texts(name(), embeddings.size(), 2, 2);
  const at::Tensor labels = single_labels(name(), batch, embeddings[0]);
  return at::mse_loss(at::cosine_similarity(embeddings[0], embeddings[1]), labels);
}

CoSENTLoss::CoSENTLoss(double scale, util::ScoreFunction similarity)
    : scale_(scale), similarity_(std::move(similarity)) {}

at::Tensor CoSENTLoss::compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) {
  expect_texts(name(), embeddings.size(), 2, 2);
  const at::Tensor labels = single_labels(name(), batch, embeddings[0]);
  at::Tensor scores = similarity_(embeddings[0], embeddings[1]);
  if (scores.element_size() < 4) scores = scores.to(at::kFloat);
  return rank_by_label(scores * scale_, labels);
}

AnglELoss::AnglELoss(double scale) : CoSENTLoss(scale, util::pairwise_angle_sim) {}

at::Tensor AnglELoss::compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) {
  expect_texts(name(), embeddings.size(), 2, -1);
  if (embeddings.size() == 2) return CoSENTLoss::compute(embeddings, batch);
  Batch pairs;  // the anchor with each other text
  const bool labelled = !batch.examples.empty() && !batch.examples[0].labels.empty();
  expect_rows(name(), batch, embeddings[0].size(0));
  const at::Tensor labels = labelled ? single_labels(name(), batch, embeddings[0]).cpu()
                                     : at::ones({embeddings[0].size(0)}, at::kFloat);
  for (size_t c = 1; c < embeddings.size(); ++c) {
    for (int64_t i = 0; i < labels.size(0); ++i) {
      const float label = labels.data_ptr<float>()[i];
      pairs.examples.push_back({.texts = {}, .labels = {c == 1 ? label : 1 - label}});
    }
  }
  const auto others = static_cast<int64_t>(embeddings.size()) - 1;
  const std::vector<at::Tensor> rest(embeddings.begin() + 1, embeddings.end());
  return CoSENTLoss::compute({embeddings[0].repeat({others, 1}), at::cat(rest)}, pairs);
}

ContrastiveLoss::ContrastiveLoss(DistanceMetric distance, double margin, bool size_average)
    : distance_(distance), margin_(margin), size_average_(size_average) {}

at::Tensor ContrastiveLoss::compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) {
  expect_texts(name(), embeddings.size(), 2, 2);
  const at::Tensor labels = single_labels(name(), batch, embeddings[0]);
  const at::Tensor d = siamese_distance(distance_, embeddings[0], embeddings[1]);
  const at::Tensor losses =
      0.5 * (labels * d.square() + (1 - labels) * at::relu(margin_ - d).square());
  return size_average_ ? losses.mean() : losses.sum();
}

OnlineContrastiveLoss::OnlineContrastiveLoss(DistanceMetric distance, double margin)
    : distance_(distance), margin_(margin) {}

at::Tensor OnlineContrastiveLoss::compute(const std::vector<at::Tensor>& embeddings,
                                          const Batch& batch) {
  expect_texts(name(), embeddings.size(), 2, 2);
  const at::Tensor labels = single_labels(name(), batch, embeddings[0]);
  const at::Tensor distances = siamese_distance(distance_, embeddings[0], embeddings[1]);
  const at::Tensor negatives = distances.masked_select(labels == 0);
  const at::Tensor positives = distances.masked_select(labels == 1);
  // Without the other kind, a pair is hard if it is beyond the mean of its own.
  const at::Tensor close = positives.numel() ? positives.max() : negatives.mean();
  const at::Tensor far = negatives.numel() ? negatives.min() : positives.mean();
  const at::Tensor hard_negatives = negatives.masked_select(negatives < close);
  const at::Tensor hard_positives = positives.masked_select(positives > far);
  return hard_positives.square().sum() + at::relu(margin_ - hard_negatives).square().sum();
}

SoftmaxLoss::SoftmaxLoss(int64_t embedding_dimension, const SoftmaxLossOptions& options)
    : options_(options) {
  const int64_t vectors = 2 * options.concatenation_sent_rep +
                          options.concatenation_sent_difference +
                          options.concatenation_sent_multiplication;
  if (vectors == 0) {
    throw std::invalid_argument(
        "[SoftmaxLoss] expected at least one of concatenation_sent_rep, "
        "concatenation_sent_difference and concatenation_sent_multiplication");
  }
  if (embedding_dimension < 1 || options.num_labels < 1) {
    throw std::invalid_argument(
        "[SoftmaxLoss] expected an embedding_dimension and num_labels of at "
        "least 1, found " +
        std::to_string(embedding_dimension) + " and " + std::to_string(options.num_labels));
  }
  const int64_t inputs = vectors * embedding_dimension;
  // Kaiming's uniform distribution with slope sqrt(5), as torch.nn.Linear starts.
  const double bound = 1 / std::sqrt(static_cast<double>(inputs));
  weight_ =
      at::empty({options.num_labels, inputs}, at::kFloat).uniform_(-bound, bound).requires_grad_();
  bias_ = at::empty({options.num_labels}, at::kFloat).uniform_(-bound, bound).requires_grad_();
}

NamedTensors SoftmaxLoss::named_parameters() const {
  return {{"classifier.weight", weight_}, {"classifier.bias", bias_}};
}

at::Tensor SoftmaxLoss::logits(const at::Tensor& u, const at::Tensor& v) const {
  std::vector<at::Tensor> parts;
  if (options_.concatenation_sent_rep) parts = {u, v};
  if (options_.concatenation_sent_difference) parts.push_back((u - v).abs());
  if (options_.concatenation_sent_multiplication) parts.push_back(u * v);
  const at::Tensor features = at::cat(parts, 1).to(weight_.scalar_type());
  if (features.size(1) != weight_.size(1)) {
    throw std::invalid_argument("[SoftmaxLoss] expected " + std::to_string(weight_.size(1)) +
                                " numbers of a pair, found " + std::to_string(features.size(1)) +
                                "; is embedding_dimension the model's?");
  }
  return at::linear(features, weight_.to(u.device()), bias_.to(u.device()));
}

at::Tensor SoftmaxLoss::compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) {
  expect_texts(name(), embeddings.size(), 2, 2);
  expect_rows(name(), batch, embeddings[0].size(0));
  at::Tensor labels = label_matrix(name(), batch);
  if (labels.size(1) == 1) {
    labels = class_labels(name(), labels, options_.num_labels);
  } else if (labels.size(1) != options_.num_labels) {
    throw std::invalid_argument("[SoftmaxLoss] expected 1 label an example, or " +
                                std::to_string(options_.num_labels) + " probabilities, found " +
                                std::to_string(labels.size(1)));
  }
  const at::Tensor output = logits(embeddings[0], embeddings[1]);
  return at::cross_entropy_loss(output, labels.to(output.device()));
}

}  // namespace sentence_transformers
