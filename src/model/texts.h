// What calls do with their texts before the first pass: views, prompts, the task's options.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "model/batching.h"
#include "model/model_files.h"

namespace sentence_transformers {

using Texts = std::vector<std::string_view>;

inline Texts views(const std::vector<std::string>& sentences) {
  return Texts(sentences.begin(), sentences.end());
}

/// The i-th text behind the prompt, in tokens. All must outlive the result.
inline Tokenize tokenize(const Texts& texts, const std::string& prompt, const InputModule& input) {
  return [&texts, &prompt, &input](size_t i) {
    return prompt.empty() ? input.tokenize(texts[i])
                          : input.tokenize(prompt + std::string(texts[i]));
  };
}

/// Options with a task, and the first of `names` that the model has as prompt, unless the caller
/// chose others.
template <class Options>
Options with_task(Options options, const ModelFolder& model, const char* task,
                  std::initializer_list<const char*> names) {
  if (!options.task) options.task = task;
  if (options.prompt || options.prompt_name) return options;
  for (const char* name : names) {
    if (!model.prompts.count(name)) continue;
    options.prompt_name = name;
    break;
  }
  return options;
}

template <class Options>
Options for_query(const Options& options, const ModelFolder& model) {
  return with_task(options, model, "query", {"query"});
}

template <class Options>
Options for_document(const Options& options, const ModelFolder& model) {
  return with_task(options, model, "document", {"document", "passage", "corpus"});
}

}  // namespace sentence_transformers
