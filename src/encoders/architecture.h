// What the table of architectures knows of each: a file has one, and the list in registry.cpp names
// it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "encoders/encoder.h"
#include "encoders/language_head.h"

namespace sentence_transformers {

/// config.json's model_type, and what Python calls the class of its cross-encoders, of its language
/// models if rerankers of it are such, and of its masked language models.
struct ModelType {
  const char* name;
  const char* classifier;
  const char* language_model = nullptr;
  const char* masked_language_model = nullptr;
};

/// Where a head comes from.
struct HeadSource {
  const Config& config;
  const Weights& weights;  // at the checkpoint's root
  Encoder& encoder;
  int64_t num_labels;
  bool is_new;  // with new weights
};

struct Architecture {
  std::vector<ModelType> model_types;  // the same arithmetic under several names
  /// Before the encoder's names in a checkpoint that has a head too.
  const char* prefix;
  /// Another one that files have; null where there is none.
  const char* other_prefix = nullptr;
  /// A name that every checkpoint has below its prefix.
  const char* probe;
  /// Beginnings of names below the prefix that are known and not needed.
  std::vector<const char*> optional;
  /// `weights` stands at the encoder itself, behind any prefix.
  std::shared_ptr<Encoder> (*make)(const Config&, const Weights&);
  /// A name, from the root, that every checkpoint with a head has; null where there is no head.
  const char* head_probe = nullptr;
  std::shared_ptr<ClassificationHead> (*make_head)(const HeadSource&) = nullptr;
  /// The head of its masked language models; null where there are none.
  LanguageHeadConfig (*language_head)(const Config&) = nullptr;
};

extern const Architecture kAlbert;
extern const Architecture kBert;
extern const Architecture kDebertaV2;
extern const Architecture kDistilBert;
extern const Architecture kElectra;
extern const Architecture kEuroBert;
extern const Architecture kGemma3;
extern const Architecture kGte;
extern const Architecture kLlama;
extern const Architecture kMistral;
extern const Architecture kModernBert;
extern const Architecture kMpnet;
extern const Architecture kNew;
extern const Architecture kNomicBert;
extern const Architecture kQwen2;
extern const Architecture kQwen3;
extern const Architecture kRoberta;
extern const Architecture kT5;

}  // namespace sentence_transformers
