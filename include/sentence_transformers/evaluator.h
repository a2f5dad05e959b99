// What every evaluator is: a judge of a model, with Python's keys and csv files.
#pragma once

#include <sentence_transformers/cross_encoder.h>
#include <sentence_transformers/quantization.h>
#include <sentence_transformers/sentence_transformer.h>
#include <sentence_transformers/similarity.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Values by Python's keys, such as "sts-dev_spearman_cosine".
using Metrics = std::map<std::string, double>;

/// Where a training run stands that asks for an evaluation, and where csv files go.
struct EvaluationContext {
  std::filesystem::path output_path = {};  ///< folder of the csv file; "" writes none
  double epoch = -1;                       ///< -1: not in training
  int64_t steps = -1;                      ///< made so far; -1: not in training
};

/// Judges a model. Constructors throw std::invalid_argument where inputs are empty, differ in
/// length or do not fit together.
template <class Model>
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Adds a line to a csv file in context.output_path, if that is set, and throws Error where the
  /// disk refuses. Throws std::invalid_argument for scores that are no numbers, where a metric
  /// needs some.
  virtual Metrics operator()(const Model& model, const EvaluationContext& context = {}) const = 0;
  /// The key of `results` by which a training run keeps its best model; larger is better. A run
  /// asks once, with its first results.
  virtual std::string primary_metric(const Metrics& results) const = 0;
};

/// Judges a SentenceTransformer.
using SentenceEvaluator = Evaluator<SentenceTransformer>;
/// Judges a CrossEncoder.
using CrossEncoderEvaluator = Evaluator<CrossEncoder>;

/// What evaluators have in common; each reads what applies to it.
struct EvaluatorOptions {
  std::string name = "";           ///< before each key, with a "_", and in the csv file's name
  int64_t batch_size = 32;         ///< texts or pairs a forward pass at most
  bool show_progress_bar = false;  ///< on stderr
  bool write_csv = true;           ///< where EvaluationContext::output_path is set
  std::optional<int64_t> truncate_dim = std::nullopt;  ///< as EncodeOptions::truncate_dim
  /// Sparse encoders: SparseEncodeOptions::max_active_dims.
  std::optional<int64_t> max_active_dims = std::nullopt;
  /// Which similarities to report; empty: main_similarity, else the model's own.
  std::vector<SimilarityFunction> similarities = {};
  /// The one of the primary metric; else the best of several.
  std::optional<SimilarityFunction> main_similarity = std::nullopt;
  /// EmbeddingSimilarityEvaluator: embeddings are normalized and quantized to it.
  std::optional<Precision> precision = std::nullopt;
  /// Cross-encoders: PredictOptions::prompt_name.
  std::optional<std::string> prompt_name = std::nullopt;
};

/// Ids and their texts; an id may come once.
using TextsById = std::vector<std::pair<std::string, std::string>>;

/// A query, what should come first and what should not.
struct RerankingSample {
  std::string query;                       ///< what is asked
  std::vector<std::string> positive;       ///< texts that answer it
  std::vector<std::string> negative = {};  ///< texts that do not
  /// CrossEncoderRerankingEvaluator: the documents in their first ranking, instead of `negative`.
  std::vector<std::string> documents = {};
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
