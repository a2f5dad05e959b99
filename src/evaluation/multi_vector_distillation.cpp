// Port of multi_vector_encoder/evaluation/distillation.py (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/multi_vector_evaluators.h>

#include <cmath>
#include <stdexcept>

#include "evaluation/common.h"
#include "evaluation/compared.h"
#include "evaluation/metrics.h"
#include "evaluation/report.h"

namespace sentence_transformers {
namespace {

constexpr const char* kDistillationName = "MultiVectorDistillationEvaluator";

double checked_temperature(double value) {
  if (value > 0 && std::isfinite(value)) return value;
  throw std::invalid_argument("[" + std::string(kDistillationName) + "] a temperature is " +
                              std::to_string(value) + "; expected a finite number above 0");
}

}  // namespace

MultiVectorDistillationEvaluator::MultiVectorDistillationEvaluator(
    std::vector<std::string> queries, std::vector<std::vector<std::string>> documents,
    std::vector<std::vector<double>> scores, const DistillationTemperatures& temperatures,
    EvaluatorOptions options)
    : queries_(std::move(queries)),
      scores_(std::move(scores)),
      student_(checked_temperature(temperatures.student.value_or(temperatures.both))),
      teacher_(checked_temperature(temperatures.teacher.value_or(temperatures.both))),
      options_(std::move(options)) {
  check_sizes(
      kDistillationName,
      {{"queries", queries_.size()}, {"documents", documents.size()}, {"scores", scores_.size()}});
  check_multi_vector(kDistillationName, options_);
  const size_t ways = documents[0].size();
  for (size_t i = 0; i < queries_.size(); ++i) {
    if (ways == 0 || documents[i].size() != ways || scores_[i].size() != ways) {
      throw std::invalid_argument("[" + std::string(kDistillationName) + "] query " +
                                  std::to_string(i) + " has " +
                                  std::to_string(documents[i].size()) + " documents and " +
                                  std::to_string(scores_[i].size()) + " scores; expected " +
                                  std::to_string(std::max<size_t>(ways, 1)) + " of both");
    }
    documents_.insert(documents_.end(), documents[i].begin(), documents[i].end());
  }
}

Metrics MultiVectorDistillationEvaluator::operator()(const MultiVectorEncoder& model,
                                                     const EvaluationContext& context) const {
  const auto encode = encode_options(options_, model);
  const std::vector<at::Tensor> queries = model.encode_query(queries_, encode);
  const std::vector<at::Tensor> documents = model.encode_document(documents_, encode);
  const size_t ways = scores_[0].size();
  std::vector<at::Tensor> asked;  // a query for each of its documents
  std::vector<float> given;
  for (size_t i = 0; i < queries.size(); ++i) {
    asked.insert(asked.end(), ways, queries[i]);
    given.insert(given.end(), scores_[i].begin(), scores_[i].end());
  }
  // One distribution a row; with one document a query there is one of all.
  const bool flat = ways == 1;
  const auto shape = std::vector<int64_t>{flat ? 1 : count_of(queries), -1};
  const at::Tensor ours = model.similarity_pairwise(asked, documents).view(shape);
  const at::Tensor theirs = at::tensor(given).view(shape);
  const at::Tensor teacher = at::log_softmax(theirs / teacher_, 1);
  const at::Tensor student = at::log_softmax(ours / student_, 1);
  const double divergence = (teacher.exp() * (teacher - student)).sum().item<float>() /
                            static_cast<double>(shape[0]) * (student_ * student_);
  double sum = 0;
  int64_t rows = 0;
  for (int64_t i = 0; i < shape[0]; ++i) {
    const double correlation =
        spearman(to_doubles(to_floats(theirs[i])), to_doubles(to_floats(ours[i])));
    if (std::isnan(correlation)) continue;  // one side is constant
    sum += correlation;
    ++rows;
  }
  Report report;
  report.add("kl_divergence", "kl_divergence", divergence);
  report.add("spearman", "spearman", rows == 0 ? 0 : sum / static_cast<double>(rows));
  return report.finish(options_, context,
                       "distillation_evaluation" + suffix(options_.name) + "_results.csv");
}

std::string MultiVectorDistillationEvaluator::primary_metric(const Metrics& /*results*/) const {
  return prefixed(options_.name, "spearman");
}

}  // namespace sentence_transformers
