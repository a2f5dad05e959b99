// Do sentences find their translations? Port of sentence_transformer/evaluation/translation.py
// (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/sparse_evaluators.h>

#include "evaluation/common.h"
#include "evaluation/compared.h"
#include "evaluation/report.h"
#include "evaluation/sparsity.h"

namespace sentence_transformers {
namespace {

template <class Model>
constexpr const char* kTranslationName = "TranslationEvaluator";
template <>
constexpr const char* kTranslationName<SparseEncoder> = "SparseTranslationEvaluator";

/// Of scores [N, N]: how many rows have their largest score where the text is their own.
double share_found(const at::Tensor& scores, const std::vector<std::string>& texts) {
  const at::Tensor best = scores.argmax(1).contiguous();
  const auto* found = best.const_data_ptr<int64_t>();
  size_t right = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    right += texts[static_cast<size_t>(found[i])] == texts[i];
  }
  return static_cast<double>(right) / static_cast<double>(texts.size());
}

}  // namespace

template <class Model>
BasicTranslationEvaluator<Model>::BasicTranslationEvaluator(
    std::vector<std::string> source_sentences, std::vector<std::string> target_sentences,
    EvaluatorOptions options)
    : source_sentences_(std::move(source_sentences)),
      target_sentences_(std::move(target_sentences)),
      options_(std::move(options)) {
  check_sizes(kTranslationName<Model>, {{"source_sentences", source_sentences_.size()},
                                        {"target_sentences", target_sentences_.size()}});
}

template <class Model>
Metrics BasicTranslationEvaluator<Model>::operator()(const Model& model,
                                                     const EvaluationContext& context) const {
  const auto encode = encode_options(options_, model);
  const at::Tensor source = model.encode(source_sentences_, encode);
  const at::Tensor target = model.encode(target_sentences_, encode);
  const at::Tensor scores = util::cos_sim(source, target);
  const double to_target = share_found(scores, target_sentences_);
  const double to_source = share_found(scores.t(), source_sentences_);

  Report report;
  report.add("src2trg", "src2trg_accuracy", to_target);
  report.add("trg2src", "trg2src_accuracy", to_source);
  report.add_metric("mean_accuracy", (to_target + to_source) / 2);
  SparsityReport sparsity;
  sparsity.add("", source);
  sparsity.add("", target);
  sparsity.finish(report);
  return report.finish(options_, context,
                       "translation_evaluation" + suffix(options_.name) + "_results.csv");
}

template <class Model>
std::string BasicTranslationEvaluator<Model>::primary_metric(const Metrics&) const {
  return prefixed(options_.name, "mean_accuracy");
}

template class BasicTranslationEvaluator<SentenceTransformer>;
template class BasicTranslationEvaluator<SparseEncoder>;

}  // namespace sentence_transformers
