// Losses that follow a teacher. Ports of sentence_transformers/sentence_transformer/losses (6.2.0):
// mse.py with embed_distill.py, margin_mse.py, distill_kl_div.py.
#include <ATen/ATen.h>
#include <sentence_transformers/distillation_losses.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "training/batch.h"
#include "training/margins.h"

namespace sentence_transformers {

at::Tensor MSELoss::compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) {
  expect_texts(name(), embeddings.size(), 1, -1);
  const int64_t size = embeddings[0].size(1);
  const auto columns = static_cast<int64_t>(embeddings.size());
  expect_rows(name(), batch, embeddings[0].size(0));
  const at::Tensor labels = label_matrix(name(), batch).to(embeddings[0].device());  // [N, K]
  if (labels.size(1) != size && labels.size(1) != columns * size) {
    throw std::invalid_argument(
        "[MSELoss] expected a teacher's embedding of " + std::to_string(size) +
        " numbers as labels, or one for each text, found " + std::to_string(labels.size(1)));
  }
  at::Tensor sum;
  for (int64_t c = 0; c < columns; ++c) {
    const int64_t begin = labels.size(1) == size ? 0 : c * size;
    const at::Tensor loss = at::mse_loss(embeddings[c], labels.narrow(1, begin, size));
    sum = sum.defined() ? sum + loss : loss;
  }
  return sum / columns;
}

MarginMSELoss::MarginMSELoss(util::ScoreFunction similarity) : similarity_(std::move(similarity)) {}

at::Tensor MarginMSELoss::compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) {
  expect_texts(name(), embeddings.size(), 3, -1);
  expect_rows(name(), batch, embeddings[0].size(0));
  const auto negatives = static_cast<int64_t>(embeddings.size()) - 2;
  const at::Tensor margins = teacher_margins(name(), label_matrix(name(), batch), negatives);
  const at::Tensor positive = similarity_(embeddings[0], embeddings[1]);
  std::vector<at::Tensor> found;
  for (size_t c = 2; c < embeddings.size(); ++c) {
    found.push_back(positive - similarity_(embeddings[0], embeddings[c]));
  }
  return at::mse_loss(at::stack(found, 1), margins.to(positive.device()));
}

DistillKLDivLoss::DistillKLDivLoss(const DistillKLDivOptions& options) : options_(options) {
  const auto check = [](const char* name, double value) {
    if (value > 0 && std::isfinite(value)) return;
    throw std::invalid_argument(std::string("[DistillKLDivLoss] ") + name + " is " +
                                std::to_string(value) + "; expected a positive number");
  };
  check("temperature", options_.temperature);
  check("student_temperature", options_.student_temperature.value_or(options_.temperature));
  check("teacher_temperature", options_.teacher_temperature.value_or(options_.temperature));
}

at::Tensor DistillKLDivLoss::compute(const std::vector<at::Tensor>& embeddings,
                                     const Batch& batch) {
  expect_texts(name(), embeddings.size(), 3, -1);
  expect_rows(name(), batch, embeddings[0].size(0));
  const auto passages = static_cast<int64_t>(embeddings.size()) - 1;
  const at::Tensor labels = label_matrix(name(), batch);
  if (labels.size(1) != passages) {
    throw std::invalid_argument("[" + name() + "] expected a teacher's score of each of " +
                                std::to_string(passages) + " passages as labels, found " +
                                std::to_string(labels.size(1)));
  }
  std::vector<at::Tensor> scores;
  for (int64_t c = 1; c <= passages; ++c) {
    scores.push_back(options_.similarity(embeddings[0], embeddings[static_cast<size_t>(c)]));
  }
  const double student = options_.student_temperature.value_or(options_.temperature);
  const double teacher = options_.teacher_temperature.value_or(options_.temperature);
  const at::Tensor wanted = at::softmax(labels.to(scores[0].device()) / teacher, 1);
  const at::Tensor found = at::log_softmax(at::stack(scores, 1) / student, 1);
  return at::kl_div(found, wanted, at::Reduction::Sum) / labels.size(0) * (student * student);
}

at::Tensor teacher_margins(const std::string& loss, const at::Tensor& labels, int64_t negatives) {
  if (labels.size(1) == negatives) return labels;
  if (labels.size(1) == negatives + 1) {
    return labels.narrow(1, 0, 1) - labels.narrow(1, 1, negatives);
  }
  throw std::invalid_argument("[" + loss + "] expected the margins of " +
                              std::to_string(negatives) + " negatives as labels, or " +
                              std::to_string(negatives + 1) + " scores, found " +
                              std::to_string(labels.size(1)));
}

}  // namespace sentence_transformers
