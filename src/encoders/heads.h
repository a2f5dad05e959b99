// Sequence-classification heads: one token or the mean, perhaps a dense layer, then the classifier.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "encoders/architecture.h"

namespace sentence_transformers {

struct HeadConfig {
  /// last: the last token that is not of id `padding_id`, if that is given;
  /// late: the mean of each token's logits.
  enum class Pooling { first, mean, last, late };
  Pooling pooling = Pooling::first;
  std::optional<int64_t> padding_id = std::nullopt;
  double dropout = 0;
  double pooled_dropout = 0;  // before the dense layer
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

/// BERT's: the encoder's pooler over the first token, tanh, `classifier`. Throws LoadError where a
/// checkpoint has a classifier and no pooler.
std::shared_ptr<ClassificationHead> make_pooler_head(const HeadSource& source, double dropout);

/// RoBERTa's: `classifier.dense` over the first token, `activation`, `classifier.out_proj`, and
/// dropout before both.
std::shared_ptr<ClassificationHead> make_dense_head(const HeadSource& source, Activation activation,
                                                    double dropout);

/// RoBERTa's scores of words: `lm_head`, with the norm that bert_layer reads.
LanguageHeadConfig roberta_language_head(const Config& config);

/// classifier_dropout, or else hidden_dropout_prob, or else `fallback`.
double read_head_dropout(const Config& config, double fallback = 0.1);

}  // namespace sentence_transformers
