// Sequence-classification heads: one token or the mean, perhaps a dense layer, then the classifier.
#pragma once

#include <memory>
#include <string>

#include "encoders/architecture.h"

namespace sentence_transformers {

struct HeadConfig {
  enum class Pooling { first, mean, last };
  Pooling pooling = Pooling::first;
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

std::shared_ptr<ClassificationHead> make_head(const HeadSource& source, HeadConfig config);

}  // namespace sentence_transformers
