// What the evaluators share: checks of their inputs, and which similarities they report.
#pragma once

#include <sentence_transformers/dataset.h>
#include <sentence_transformers/evaluator.h>

#include <functional>
#include <string>
#include <vector>

namespace sentence_transformers {

/// Throws std::invalid_argument if the named lists differ in length or are empty.
struct NamedSize {
  const char* name;
  size_t size;
};
void check_sizes(const char* evaluator, const std::vector<NamedSize>& lists);
/// Throws std::invalid_argument below 2 pairs.
void check_correlation(const char* evaluator, size_t pairs);
/// Throws std::invalid_argument for a main_similarity that is not reported.
void check_similarities(const char* evaluator, const EvaluatorOptions& options);
/// Throws std::invalid_argument for a k below 1.
void check_k(const char* evaluator, const char* name, int64_t k);
/// Throws std::invalid_argument for labels other than 0 and 1.
void check_binary(const char* evaluator, const std::vector<int>& labels);

/// A dataset's pairs, each with one label. Throws std::invalid_argument for other examples.
struct LabelledPairs {
  std::vector<std::string> sentences1, sentences2;
  std::vector<double> labels;
};
LabelledPairs read_pairs(const char* evaluator, const Dataset& dataset);

/// `own` is the model's.
std::vector<SimilarityFunction> reported_similarities(const EvaluatorOptions& options,
                                                      SimilarityFunction own);
/// key(main_similarity); or `max_key` where several are reported; or key(the only one in results).
std::string primary_key(const EvaluatorOptions& options, const Metrics& results,
                        const std::function<std::string(const std::string&)>& key,
                        const std::string& max_key);
/// The keys that `results` has, by similarity in alphabetical order.
std::vector<std::string> reported_keys(const EvaluatorOptions& options, const Metrics& results,
                                       const std::function<std::string(const std::string&)>& key);

/// Of a tensor [N].
std::vector<float> to_floats(const at::Tensor& values);
std::vector<double> to_doubles(const std::vector<float>& values);

}  // namespace sentence_transformers
