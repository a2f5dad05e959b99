// How far embeddings are from a teacher's. Port of sentence_transformer/evaluation/mse.py (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/sparse_evaluators.h>

#include <sstream>
#include <stdexcept>

#include "evaluation/common.h"
#include "evaluation/compared.h"
#include "evaluation/report.h"
#include "evaluation/sparsity.h"

namespace sentence_transformers {
namespace {

template <class Model>
constexpr const char* kMseName = "MSEEvaluator";
template <>
constexpr const char* kMseName<SparseEncoder> = "SparseMSEEvaluator";

at::Tensor mean_square(const at::Tensor& x) {
  if (!x.is_sparse()) return x.square().mean();
  return x.coalesce().values().square().sum() / static_cast<double>(x.numel());
}

}  // namespace

template <class Model>
BasicMSEEvaluator<Model>::BasicMSEEvaluator(const std::vector<std::string>& source_sentences,
                                            std::vector<std::string> target_sentences,
                                            const Model& teacher, EvaluatorOptions options)
    : target_sentences_(std::move(target_sentences)), options_(std::move(options)) {
  check_sizes(kMseName<Model>, {{"source_sentences", source_sentences.size()},
                                {"target_sentences", target_sentences_.size()}});
  source_embeddings_ = teacher.encode(source_sentences, encode_options(options_, teacher));
}

template <class Model>
Metrics BasicMSEEvaluator<Model>::operator()(const Model& model,
                                             const EvaluationContext& context) const {
  const at::Tensor embeddings = model.encode(target_sentences_, encode_options(options_, model));
  if (embeddings.sizes() != source_embeddings_.sizes()) {
    std::ostringstream text;
    text << "[" << kMseName<Model> << "] expected embeddings as the teacher's, "
         << source_embeddings_.sizes() << "; found " << embeddings.sizes();
    throw std::invalid_argument(text.str());
  }
  const at::Tensor mse = mean_square(source_embeddings_ - embeddings) * 100;
  const double value = mse.item<float>();
  Report report;
  report.add_column("MSE", value);
  report.add_metric("negative_mse", -value);
  SparsityReport sparsity;
  sparsity.add("", embeddings);
  sparsity.finish(report);
  return report.finish(options_, context, "mse_evaluation_" + options_.name + "_results.csv");
}

template <class Model>
std::string BasicMSEEvaluator<Model>::primary_metric(const Metrics&) const {
  return prefixed(options_.name, "negative_mse");
}

template class BasicMSEEvaluator<SentenceTransformer>;
template class BasicMSEEvaluator<SparseEncoder>;

}  // namespace sentence_transformers
