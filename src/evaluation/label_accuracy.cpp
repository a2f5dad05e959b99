// How often a SoftmaxLoss's classifier is right. Port of
// sentence_transformer/evaluation/label_accuracy.py (6.2.0).
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sentence_transformers/loss_evaluators.h>

#include <cmath>
#include <stdexcept>

#include "evaluation/common.h"
#include "evaluation/compared.h"
#include "evaluation/report.h"

namespace sentence_transformers {
namespace {

constexpr const char* kLabelAccuracyName = "LabelAccuracyEvaluator";

}  // namespace

LabelAccuracyEvaluator::LabelAccuracyEvaluator(const Dataset& dataset,
                                               std::shared_ptr<const SoftmaxLoss> loss,
                                               EvaluatorOptions options)
    : loss_(std::move(loss)), options_(std::move(options)) {
  if (!loss_)
    throw std::invalid_argument("[" + std::string(kLabelAccuracyName) + "] there is no loss");
  LabelledPairs pairs = read_pairs(kLabelAccuracyName, dataset);
  check_sizes(kLabelAccuracyName, {{"dataset", pairs.labels.size()}});
  for (const double label : pairs.labels) {
    if (label < 0 || label != std::floor(label)) {
      throw std::invalid_argument("[" + std::string(kLabelAccuracyName) +
                                  "] expected classes as labels, found " + std::to_string(label));
    }
    labels_.push_back(static_cast<int64_t>(label));
  }
  sentences1_ = std::move(pairs.sentences1);
  sentences2_ = std::move(pairs.sentences2);
}

Metrics LabelAccuracyEvaluator::operator()(const SentenceTransformer& model,
                                           const EvaluationContext& context) const {
  const EncodeOptions encode = encode_options(options_, model);
  const at::Tensor side1 = model.encode(sentences1_, encode);
  const at::Tensor side2 = model.encode(sentences2_, encode);
  const c10::InferenceMode no_autograd;
  const at::Tensor predicted = loss_->logits(side1, side2).argmax(1);
  const auto right = predicted.eq(at::tensor(labels_)).sum().item<int64_t>();
  Report report;
  report.add("accuracy", "accuracy",
             static_cast<double>(right) / static_cast<double>(labels_.size()));
  return report.finish(options_, context,
                       "accuracy_evaluation" + suffix(options_.name) + "_results.csv");
}

std::string LabelAccuracyEvaluator::primary_metric(const Metrics&) const {
  return prefixed(options_.name, "accuracy");
}

}  // namespace sentence_transformers
