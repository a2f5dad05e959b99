// Sequence-classification heads: one token or the mean, perhaps a dense layer, then the classifier.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "encoders/architecture.h"

namespace sentence_transformers {

struct HeadConfig {
  /// last: the last token that is not of id `padding_id`, if that is given.
  enum class Pooling { first, mean, last };
  Pooling pooling = Pooling::first;
  std::optional<int64_t> padding_id = std::nullopt;
  double dropout = 0;
  bool drop_pooled = false;  // also before the dense layer
  /// The dense layer by its name from the root; empty if there is none, or it is `pooler`.
  std::string dense = "";
  std::shared_ptr<Projection> pooler = nullptr;  // registered with the encoder
  bool dense_bias = true;
  Activation activation = Activation::tanh;
  std::string norm = "";  // behind the activation
  NormConfig norm_config = {};
  std::string classifier = "classifier";
  bool classifier_bias = true;
};

/// Throws LoadError, naming the tensor, where the checkpoint has no such head.
std::shared_ptr<ClassificationHead> make_head(const HeadSource& source, HeadConfig config);

}  // namespace sentence_transformers
