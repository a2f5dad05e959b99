// What calls do with their texts before the first pass: views, prompts, the task's options.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/batching.h"
#include "model/model_files.h"
#include "model/placement.h"

namespace sentence_transformers {

using Texts = std::vector<std::string_view>;

inline Texts views(const std::vector<std::string>& sentences) {
  return Texts(sentences.begin(), sentences.end());
}

/// The i-th text behind the prompt, in tokens. All must outlive the result.
inline Tokenize tokenize(const Texts& texts, const std::string& prompt, const Way& way) {
  return [&texts, &prompt, &way](size_t i) {
    return prompt.empty() ? way.input->tokenize_for(way.task, texts[i])
                          : way.input->tokenize_for(way.task, prompt + std::string(texts[i]));
  };
}

/// Runs all texts through the modules of a way and calls done(features, places), see run_passes.
/// Options are those of an encode call.
template <class Options, class Done>
void run_way(const Texts& texts, const Options& options, const Way& way, const ModelFolder& model,
             const Placement& placement, const std::string& function, const Done& done) {
  const std::string prompt = prompt_text(function, options.prompt, options.prompt_name,
                                         model.default_prompt_name, model.prompts);
  const int64_t prompt_tokens = way.input->prompt_tokens(prompt);
  const PassOptions passes{.function = function,
                           .title = "Encoding",
                           .device = placement.device(),
                           .batch_size = options.batch_size,
                           .tokens_a_pass = placement.tokens_a_pass(),
                           .takes_no_tokens = way.input->takes_no_tokens(),
                           .show_progress_bar = options.show_progress_bar,
                           .report = options.report};
  run_passes(texts.size(), tokenize(texts, prompt, way), passes,
             [&](TokenBatch batch, const std::vector<Place>& places) {
               batch.first_alone = way.first_alone;
               std::vector<at::Tensor> layers;
               Features features{.batch = std::move(batch),
                                 .prompt_tokens = prompt_tokens,
                                 .layers = way.keeps_layers ? &layers : nullptr,
                                 .task = way.task};
               if constexpr (requires { options.max_active_dims; }) {
                 features.max_active_dims = options.max_active_dims;
               }
               for (const Module* module : way.modules) module->forward(features);
               done(features, places);
             });
}

/// All texts in one pass, for gradients; `prompt` must outlive the call alone.
inline SinglePass single_pass(const Texts& texts, const std::string& prompt, const Way& way,
                              const Placement& placement, const std::string& function) {
  return single_pass(texts.size(), tokenize(texts, prompt, way),
                     {.function = function,
                      .title = "",
                      .device = placement.device(),
                      .takes_no_tokens = way.input->takes_no_tokens()});
}

/// Runs one pass through a way, for gradients. `features` may ask modules for more than embeddings.
inline void run_once(const SinglePass& pass, const std::string& prompt, const Way& way,
                     const Placement& placement, Features& features) {
  std::vector<at::Tensor> layers;
  features.batch = pass.batch;
  features.prompt_tokens = way.input->prompt_tokens(prompt);
  features.layers = way.keeps_layers ? &layers : nullptr;
  features.task = way.task;
  const Autocast scope = placement.autocast_scope();
  for (const Module* module : way.modules) module->forward(features);
  features.layers = nullptr;
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
