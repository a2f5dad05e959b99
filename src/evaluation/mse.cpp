// How far embeddings are from a teacher's. Port of sentence_transformer/evaluation/mse.py (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/loss_evaluators.h>

#include <sstream>
#include <stdexcept>

#include "evaluation/common.h"
#include "evaluation/report.h"

namespace sentence_transformers {
namespace {

constexpr const char* kMseName = "MSEEvaluator";

}  // namespace

MSEEvaluator::MSEEvaluator(const std::vector<std::string>& source_sentences,
                           std::vector<std::string> target_sentences,
                           const SentenceTransformer& teacher, EvaluatorOptions options)
    : target_sentences_(std::move(target_sentences)), options_(std::move(options)) {
  check_sizes(kMseName, {{"source_sentences", source_sentences.size()},
                         {"target_sentences", target_sentences_.size()}});
  source_embeddings_ = teacher.encode(source_sentences, encode_options(options_));
}

Metrics MSEEvaluator::operator()(const SentenceTransformer& model,
                                 const EvaluationContext& context) const {
  const at::Tensor embeddings = model.encode(target_sentences_, encode_options(options_));
  if (embeddings.sizes() != source_embeddings_.sizes()) {
    std::ostringstream text;
    text << "[" << kMseName << "] expected embeddings as the teacher's, "
         << source_embeddings_.sizes() << "; found " << embeddings.sizes();
    throw std::invalid_argument(text.str());
  }
  const at::Tensor mse = (source_embeddings_ - embeddings).square().mean() * 100;
  const double value = mse.item<float>();
  Report report;
  report.add_column("MSE", value);
  report.add_metric("negative_mse", -value);
  return report.finish(options_, context, "mse_evaluation_" + options_.name + "_results.csv");
}

std::string MSEEvaluator::primary_metric(const Metrics&) const {
  return prefixed(options_.name, "negative_mse");
}

}  // namespace sentence_transformers
