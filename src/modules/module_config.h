// What modules ask of their configuration files beside single keys.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "modules/module.h"

namespace sentence_transformers {

/// A key's name today, or its older one where only that is there.
std::string present_key(const Config& config, const char* today, const char* before);

/// Throws UnsupportedError, begun by the module's name, for a key that is none of `known`: it may
/// ask for something else than what would be computed.
void check_keys(const Config& config, std::initializer_list<std::string_view> known,
                const std::string& module);

/// Throws LoadError unless the size under a key is that which the module before it gives.
void check_input_size(const Config& config, const std::string& key, int64_t given,
                      const std::string& module);

/// Does a module that works on embeddings of sentences or of tokens read and write those of tokens,
/// by "module_input_name" and "module_output_name"? Throws UnsupportedError for other names, and
/// for two that differ.
bool works_on_tokens(const Config& config, const std::string& module);

/// Throws LoadError if no module before it gives the embeddings that the module of a folder reads.
void check_embeddings(const std::filesystem::path& folder, const FeatureSizes& sizes,
                      bool of_tokens, const std::string& module);

/// The words' weights as WordWeights and BoW have them: of each word of a vocabulary that of
/// "word_weights", by its exact or its lowercase spelling, else "unknown_word_weight" (1).
std::vector<float> word_weights(const Config& config, const std::vector<std::string>& vocabulary);

}  // namespace sentence_transformers
