// Checks with their messages, and the order of choice among similarities.
#include "evaluation/common.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "evaluation/report.h"

namespace sentence_transformers {
namespace {

[[noreturn]] void fail(const char* evaluator, const std::string& text) {
  throw std::invalid_argument("[" + std::string(evaluator) + "] " + text);
}

}  // namespace

void check_sizes(const char* evaluator, const std::vector<NamedSize>& lists) {
  for (const auto& [name, size] : lists) {
    if (size == 0) fail(evaluator, std::string(name) + " is empty");
    if (size != lists[0].size) {
      fail(evaluator, "expected lists of the same length, found " + std::to_string(lists[0].size) +
                          " " + lists[0].name + " and " + std::to_string(size) + " " + name);
    }
  }
}

void check_correlation(const char* evaluator, size_t pairs) {
  if (pairs < 2) fail(evaluator, "expected at least 2 pairs, for a correlation; found 1");
}

void check_similarities(const char* evaluator, const EvaluatorOptions& options) {
  const auto& known = options.similarities;
  if (!options.main_similarity || known.empty()) return;
  if (std::find(known.begin(), known.end(), *options.main_similarity) == known.end()) {
    fail(evaluator, "main_similarity is " + std::string(to_string(*options.main_similarity)) +
                        "; expected one of similarities");
  }
}

void check_k(const char* evaluator, const char* name, int64_t k) {
  if (k < 1)
    fail(evaluator, std::string(name) + " is " + std::to_string(k) + "; expected 1 or more");
}

void check_binary(const char* evaluator, const std::vector<int>& labels) {
  for (const int label : labels) {
    if (label != 0 && label != 1) {
      fail(evaluator, "expected labels 0 and 1, found " + std::to_string(label));
    }
  }
}

LabelledPairs read_pairs(const char* evaluator, const Dataset& dataset) {
  LabelledPairs pairs;
  const auto reader = dataset.read();
  for (Example example; reader->next(example);) {
    if (example.texts.size() != 2 || example.labels.size() != 1) {
      fail(evaluator, "expected examples of 2 texts and 1 label, found one of " +
                          std::to_string(example.texts.size()) + " and " +
                          std::to_string(example.labels.size()));
    }
    pairs.sentences1.push_back(std::move(example.texts[0]));
    pairs.sentences2.push_back(std::move(example.texts[1]));
    pairs.labels.push_back(example.labels[0]);
  }
  return pairs;
}

std::vector<SimilarityFunction> reported_similarities(const EvaluatorOptions& options,
                                                      SimilarityFunction own) {
  if (!options.similarities.empty()) return options.similarities;
  return {options.main_similarity.value_or(own)};
}

std::vector<std::string> reported_keys(const EvaluatorOptions& options, const Metrics& results,
                                       const std::function<std::string(const std::string&)>& key) {
  std::vector<std::string> keys;
  for (const auto* similarity :
       {"cosine", "dot", "euclidean", "manhattan", "maxsim", "meanmaxsim"}) {
    const std::string found = prefixed(options.name, key(similarity));
    if (results.count(found)) keys.push_back(found);
  }
  if (keys.empty()) {
    throw std::invalid_argument(
        "[Evaluator::primary_metric] expected results with a key such as \"" +
        prefixed(options.name, key("cosine")) + "\"");
  }
  return keys;
}

std::string primary_key(const EvaluatorOptions& options, const Metrics& results,
                        const std::function<std::string(const std::string&)>& key,
                        const std::string& max_key) {
  if (options.main_similarity) {
    return prefixed(options.name, key(std::string(to_string(*options.main_similarity))));
  }
  if (options.similarities.size() > 1) return prefixed(options.name, max_key);
  return reported_keys(options, results, key)[0];
}

std::vector<float> to_floats(const at::Tensor& values) {
  const at::Tensor flat = values.detach().to(at::kCPU, at::kFloat).contiguous();
  const float* data = flat.const_data_ptr<float>();
  return {data, data + flat.numel()};
}

std::vector<double> to_doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

}  // namespace sentence_transformers
