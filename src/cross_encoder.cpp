// The public class: pairs, prompts, activations, rankings, over a transformer with a head.
#include <sentence_transformers/cross_encoder.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "compute.h"
#include "cross_encoder_files.h"
#include "hub/resolve.h"
#include "passes.h"

namespace sentence_transformers {
namespace {

using Pairs = std::vector<TextPairView>;

const std::string kPredict = "CrossEncoder::predict";

Pairs views(const std::vector<TextPair>& pairs) { return Pairs(pairs.begin(), pairs.end()); }

/// In place. Number by number, so that equal logits stay equal scores wherever they stand.
void activate(at::Tensor& logits, ScoreActivation activation) {
  if (activation == ScoreActivation::identity) return;
  auto* values = logits.data_ptr<float>();
  for (int64_t i = 0; i < logits.numel(); ++i) {
    values[i] = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(values[i]))));
  }
}

}  // namespace

struct CrossEncoder::Impl {
  Impl(const std::string& name, const CrossEncoderOptions& options)
      : compute("CrossEncoder", options.device, options.dtype, options.quantization),
        path(resolve_model(name,
                           {.cache_folder = options.cache_folder,
                            .revision = options.revision,
                            .token = options.token,
                            .local_files_only = options.local_files_only,
                            .show_progress_bar = options.show_progress_bar},
                           "cross-encoder", "CrossEncoder")),
        parts(read_cross_encoder(path, options)) {
    compute.place(parts.modules, *parts.transformer);
  }

  /// The i-th pair, the prompt before its first text, in tokens. Both must outlive the result.
  Tokenize tokenize(const Pairs& pairs, const std::string& prompt) const {
    return [&pairs, &prompt, &tokenizer = parts.transformer->tokenizer(),
            length = parts.transformer->max_seq_length()](size_t i) {
      const auto& [first, second] = pairs[i];
      return prompt.empty() ? tokenizer.encode_pair(first, second, length)
                            : tokenizer.encode_pair(prompt + std::string(first), second, length);
    };
  }

  /// [N], or [N, labels]
  at::Tensor predict(const Pairs& pairs, const PredictOptions& options) const {
    const std::string prompt = prompt_text(kPredict, options.prompt, options.prompt_name,
                                           parts.default_prompt_name, parts.prompts);
    const PassOptions passes{.function = kPredict,
                             .title = "Predicting",
                             .unit = "pair",
                             .device = compute.device(),
                             .batch_size = options.batch_size,
                             .show_progress_bar = options.show_progress_bar,
                             .report = options.report};
    at::Tensor scores = at::empty(
        {static_cast<int64_t>(pairs.size()), parts.transformer->num_labels()}, at::kFloat);
    run_passes(pairs.size(), tokenize(pairs, prompt), passes,
               [&](TokenBatch batch, const std::vector<Place>& places) {
                 Features features{.batch = std::move(batch)};
                 parts.transformer->forward(features);
                 put_rows(features.logits, places, scores);
               });
    activate(scores, options.activation.value_or(parts.activation));
    if (scores.size(1) == 1) return scores.squeeze(1);
    return options.apply_softmax ? at::softmax(scores, 1) : scores;
  }

  at::Tensor forward(const Pairs& pairs) const {
    const std::string no_prompt;
    const SinglePass pass = single_pass(pairs.size(), tokenize(pairs, no_prompt),
                                        {.function = "CrossEncoder::forward",
                                         .title = "",
                                         .unit = "pair",
                                         .device = compute.device()});
    Features features{.batch = pass.batch};
    const Autocast scope = compute.autocast_scope();
    parts.transformer->forward(features);
    return features.logits.index_select(0, pass.rows).to(at::kFloat);
  }

  Compute compute;
  std::filesystem::path path;
  CrossEncoderParts parts;
};

CrossEncoder::CrossEncoder(const std::string& model_name_or_path,
                           const CrossEncoderOptions& options)
    : impl_(std::make_unique<Impl>(model_name_or_path, options)) {}
CrossEncoder::CrossEncoder(CrossEncoder&&) noexcept = default;
CrossEncoder& CrossEncoder::operator=(CrossEncoder&&) noexcept = default;
CrossEncoder::~CrossEncoder() = default;

at::Tensor CrossEncoder::predict(const std::vector<TextPair>& pairs,
                                 const PredictOptions& options) const {
  return impl_->predict(views(pairs), options);
}
at::Tensor CrossEncoder::predict(std::initializer_list<TextPairView> pairs,
                                 const PredictOptions& options) const {
  return impl_->predict(pairs, options);
}
at::Tensor CrossEncoder::predict(const TextPair& pair, const PredictOptions& options) const {
  return impl_->predict({pair}, options)[0];
}

std::vector<RankResult> CrossEncoder::rank(std::string_view query,
                                           const std::vector<std::string>& documents,
                                           const RankOptions& options) const {
  const std::string title = "[CrossEncoder::rank] ";
  if (num_labels() != 1) {
    throw std::invalid_argument(title + "expected a model with one label, found " +
                                std::to_string(num_labels()) + "; predict() scores pairs with it");
  }
  if (options.top_k && *options.top_k < 1) {
    throw std::invalid_argument(title + "top_k is " + std::to_string(*options.top_k) +
                                "; expected at least 1");
  }
  Pairs pairs;
  for (const std::string& document : documents) pairs.emplace_back(query, document);
  const at::Tensor scores = impl_->predict(pairs, options.predict);
  std::vector<RankResult> results;
  for (size_t i = 0; i < documents.size(); ++i) {
    results.push_back({static_cast<int64_t>(i), scores.const_data_ptr<float>()[i]});
  }
  std::stable_sort(results.begin(), results.end(),
                   [](const RankResult& a, const RankResult& b) { return a.score > b.score; });
  const auto count = static_cast<int64_t>(results.size());
  results.resize(static_cast<size_t>(std::min(options.top_k.value_or(count), count)));
  if (options.return_documents) {
    for (RankResult& r : results) r.text = documents[static_cast<size_t>(r.corpus_id)];
  }
  return results;
}

int64_t CrossEncoder::num_labels() const { return impl_->parts.transformer->num_labels(); }
ScoreActivation CrossEncoder::activation() const { return impl_->parts.activation; }
int64_t CrossEncoder::max_length() const { return impl_->parts.transformer->max_seq_length(); }
void CrossEncoder::set_max_length(int64_t length) {
  impl_->parts.transformer->set_max_seq_length(length, "CrossEncoder::set_max_length");
}
const std::map<std::string, std::string>& CrossEncoder::prompts() const {
  return impl_->parts.prompts;
}
const std::optional<std::string>& CrossEncoder::default_prompt_name() const {
  return impl_->parts.default_prompt_name;
}
const Tokenizer& CrossEncoder::tokenizer() const { return impl_->parts.transformer->tokenizer(); }
c10::Device CrossEncoder::device() const { return impl_->compute.device(); }
at::ScalarType CrossEncoder::dtype() const { return impl_->compute.dtype(); }
const std::filesystem::path& CrossEncoder::path() const { return impl_->path; }

void CrossEncoder::save_pretrained(const std::filesystem::path& folder) const {
  write_cross_encoder(impl_->parts, folder);
}

at::Tensor CrossEncoder::forward(const std::vector<TextPairView>& pairs) const {
  return impl_->forward(pairs);
}
std::vector<std::pair<std::string, at::Tensor>> CrossEncoder::named_parameters() const {
  return impl_->parts.transformer->checkpoint_parameters();
}
void CrossEncoder::train(bool on) { impl_->compute.train(impl_->parts.modules, on); }
bool CrossEncoder::is_training() const { return impl_->parts.transformer->is_training(); }
void CrossEncoder::set_dropout(double probability) {
  sentence_transformers::set_dropout(impl_->parts.modules, probability);
}
void CrossEncoder::set_gradient_checkpointing(bool on) {
  impl_->parts.transformer->encoder().gradient_checkpointing = on;
}
void CrossEncoder::set_autocast(bool on) { impl_->compute.autocast = on; }

}  // namespace sentence_transformers
