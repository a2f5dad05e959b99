#include "training/golden_losses.h"

#include <map>
#include <stdexcept>

namespace sentence_transformers::test {
namespace {

using nlohmann::json;

DistanceMetric distance_of(const json& options, DistanceMetric by_default) {
  const std::string name = options.value("distance", "");
  if (name == "cosine") return DistanceMetric::cosine;
  if (name == "euclidean") return DistanceMetric::euclidean;
  if (name == "manhattan") return DistanceMetric::manhattan;
  return by_default;
}

MultipleNegativesRankingOptions ranking_options(const json& options) {
  MultipleNegativesRankingOptions result;
  result.scale = options.value("scale", result.scale);
  if (options.contains("similarity")) result.similarity = util::dot_score;
  result.symmetric = options.value("symmetric", false);
  result.query_to_query = options.value("query_to_query", false);
  result.doc_to_query = options.value("doc_to_query", false);
  result.doc_to_doc = options.value("doc_to_doc", false);
  const std::map<std::string, HardnessMode> modes = {
      {"in_batch_negatives", HardnessMode::in_batch_negatives},
      {"hard_negatives", HardnessMode::hard_negatives},
      {"all_negatives", HardnessMode::all_negatives}};
  if (options.contains("hardness_mode")) {
    result.hardness_mode = modes.at(options.at("hardness_mode").get<std::string>());
  }
  result.hardness_strength = options.value("hardness_strength", 0.0);
  return result;
}

AdaptiveLayerOptions layer_options(const json& options) {
  AdaptiveLayerOptions result;
  result.n_layers_per_step = options.value("n_layers_per_step", result.n_layers_per_step);
  result.last_layer_weight = options.value("last_layer_weight", result.last_layer_weight);
  result.prior_layers_weight = options.value("prior_layers_weight", result.prior_layers_weight);
  result.kl_div_weight = options.value("kl_div_weight", result.kl_div_weight);
  result.kl_temperature = options.value("kl_temperature", result.kl_temperature);
  const std::string weighting = options.value("layer_weighting", "uniform");
  if (weighting == "log") result.layer_weighting = LayerWeighting::log;
  if (weighting == "linear") result.layer_weighting = LayerWeighting::linear;
  return result;
}

std::shared_ptr<EmbeddingLoss> batch_triplets(const std::string& name, const json& options) {
  const DistanceMetric distance = distance_of(options, DistanceMetric::euclidean);
  const double margin = options.value("margin", 5.0);
  if (name == "BatchAllTripletLoss") return std::make_shared<BatchAllTripletLoss>(distance, margin);
  if (name == "BatchHardTripletLoss") {
    return std::make_shared<BatchHardTripletLoss>(distance, margin);
  }
  if (name == "BatchSemiHardTripletLoss") {
    return std::make_shared<BatchSemiHardTripletLoss>(distance, margin);
  }
  return std::make_shared<BatchHardSoftMarginTripletLoss>(distance);
}

std::shared_ptr<EmbeddingLoss> embedding_loss(const std::string& name, const json& options,
                                              int64_t dimension) {
  const double scale = options.value("scale", 20.0);
  const bool similarity = options.contains("similarity");
  if (name == "CosineSimilarityLoss") return std::make_shared<CosineSimilarityLoss>();
  if (name == "CoSENTLoss" && similarity) {
    return std::make_shared<CoSENTLoss>(scale, util::pairwise_dot_score);
  }
  if (name == "CoSENTLoss") return std::make_shared<CoSENTLoss>(scale);
  if (name == "AnglELoss") return std::make_shared<AnglELoss>(scale);
  if (name == "ContrastiveLoss") {
    return std::make_shared<ContrastiveLoss>(distance_of(options, DistanceMetric::cosine),
                                             options.value("margin", 0.5),
                                             options.value("size_average", true));
  }
  if (name == "OnlineContrastiveLoss") {
    return std::make_shared<OnlineContrastiveLoss>(distance_of(options, DistanceMetric::cosine),
                                                   options.value("margin", 0.5));
  }
  if (name == "SoftmaxLoss") {
    SoftmaxLossOptions softmax;
    softmax.num_labels = options.value("num_labels", softmax.num_labels);
    softmax.concatenation_sent_rep = options.value("rep", true);
    softmax.concatenation_sent_difference = options.value("difference", true);
    softmax.concatenation_sent_multiplication = options.value("multiplication", false);
    return std::make_shared<SoftmaxLoss>(dimension, softmax);
  }
  if (name == "MultipleNegativesRankingLoss") {
    return std::make_shared<MultipleNegativesRankingLoss>(ranking_options(options));
  }
  if (name == "MultipleNegativesSymmetricRankingLoss") {
    return std::make_shared<MultipleNegativesSymmetricRankingLoss>(ranking_options(options));
  }
  if (name == "CachedMultipleNegativesRankingLoss") {
    return std::make_shared<CachedMultipleNegativesRankingLoss>(
        ranking_options(options), options.at("mini_batch_size").get<int64_t>());
  }
  if (name == "TripletLoss") {
    return std::make_shared<TripletLoss>(distance_of(options, DistanceMetric::euclidean),
                                         options.value("margin", 5.0));
  }
  if (name.rfind("Batch", 0) == 0) return batch_triplets(name, options);
  if (name == "MSELoss") return std::make_shared<MSELoss>();
  if (name == "MarginMSELoss" && similarity) {
    return std::make_shared<MarginMSELoss>(util::pairwise_cos_sim);
  }
  if (name == "MarginMSELoss") return std::make_shared<MarginMSELoss>();
  if (name == "GISTEmbedLoss") {
    return std::make_shared<GISTEmbedLoss>(
        std::make_shared<SentenceTransformer>(golden("tiny_bert").string()),
        golden_guide_options(options));
  }
  if (name == "MatryoshkaLoss") {
    return std::make_shared<MatryoshkaLoss>(
        embedding_loss(options.at("inner"), options.value("inner_options", json::object()),
                       dimension),
        options.at("dims").get<std::vector<int64_t>>(),
        options.value("weights", std::vector<double>()));
  }
  throw std::invalid_argument("losses.json: no loss " + name);
}

}  // namespace

GISTEmbedOptions golden_guide_options(const json& options) {
  GISTEmbedOptions result;
  result.temperature = options.value("temperature", result.temperature);
  result.margin = options.value("margin", result.margin);
  result.relative_margin = options.value("relative_margin", false);
  result.contrast_anchors = options.value("contrast_anchors", true);
  result.contrast_positives = options.value("contrast_positives", true);
  return result;
}

std::shared_ptr<Loss> make_golden_loss(const std::string& name, const json& options,
                                       int64_t dimension) {
  if (name != "AdaptiveLayerLoss" && name != "Matryoshka2dLoss") {
    return embedding_loss(name, options, dimension);
  }
  const auto inner = embedding_loss(options.at("inner"), json::object(), dimension);
  if (name == "AdaptiveLayerLoss") {
    return std::make_shared<AdaptiveLayerLoss>(inner, layer_options(options));
  }
  return std::make_shared<Matryoshka2dLoss>(
      inner, options.at("dims").get<std::vector<int64_t>>(), std::vector<double>(),
      options.at("n_dims_per_step").get<int64_t>(), layer_options(options));
}

}  // namespace sentence_transformers::test
