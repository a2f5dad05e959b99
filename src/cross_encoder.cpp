// The public class: pairs, prompts, activations, rankings, over a transformer with a head.
#include <sentence_transformers/cross_encoder.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "hub/resolve.h"
#include "model/batching.h"
#include "model/cross_encoder_files.h"
#include "model/internals.h"

namespace sentence_transformers {
namespace {

using Pairs = std::vector<TextPairView>;

const std::string kPredict = "CrossEncoder::predict";
const std::string kForward = "CrossEncoder::forward";

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

struct CrossEncoder::Impl final : BaseModel::Internals {
  Impl(const std::string& name, const CrossEncoderOptions& options)
      : Internals({"CrossEncoder", options.device, options.dtype, options.quantization},
                  resolve_model(name, hub_options(options), "cross-encoder", "CrossEncoder"),
                  parts),
        parts(read_cross_encoder(path, options)) {
    placement.place(parts.modules);
  }

  /// The i-th pair with the prompt in tokens. The pairs must outlive the result.
  Tokenize tokenize(const Pairs& pairs, const std::string& prompt) const {
    return [&pairs, tokens = parts.transformer->pair_tokens(prompt)](size_t i) {
      return tokens(pairs[i].first, pairs[i].second);
    };
  }

  /// [N], or [N, labels]
  at::Tensor predict(const Pairs& pairs, const PredictOptions& options) const {
    const std::string prompt = prompt_text(kPredict, options.prompt, options.prompt_name,
                                           parts.default_prompt_name, parts.prompts);
    const PassOptions passes{.function = kPredict,
                             .title = "Predicting",
                             .unit = "pair",
                             .device = placement.device(),
                             .batch_size = options.batch_size,
                             .tokens_a_pass = placement.tokens_a_pass(),
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
    return with_own_errors(kForward, [&] { return run_once(pairs); });
  }
  at::Tensor run_once(const Pairs& pairs) const {
    const std::string no_prompt;
    const SinglePass pass = single_pass(
        pairs.size(), tokenize(pairs, no_prompt),
        {.function = kForward, .title = "", .unit = "pair", .device = placement.device()});
    Features features{.batch = pass.batch};
    const Autocast scope = placement.autocast_scope();
    parts.transformer->forward(features);
    return features.logits.index_select(0, pass.rows).to(at::kFloat);
  }

  CrossEncoderParts parts;
};

CrossEncoder::Impl& CrossEncoder::impl() const { return static_cast<Impl&>(*internals_); }

CrossEncoder::CrossEncoder(const std::string& model_name_or_path,
                           const CrossEncoderOptions& options)
    : BaseModel(std::make_unique<Impl>(model_name_or_path, options)) {}
CrossEncoder::CrossEncoder(CrossEncoder&&) noexcept = default;
CrossEncoder& CrossEncoder::operator=(CrossEncoder&&) noexcept = default;
CrossEncoder::~CrossEncoder() = default;

at::Tensor CrossEncoder::predict(const std::vector<TextPair>& pairs,
                                 const PredictOptions& options) const {
  return impl().predict(views(pairs), options);
}
at::Tensor CrossEncoder::predict(std::initializer_list<TextPairView> pairs,
                                 const PredictOptions& options) const {
  return impl().predict(pairs, options);
}
at::Tensor CrossEncoder::predict(const TextPair& pair, const PredictOptions& options) const {
  return impl().predict({pair}, options)[0];
}

at::Tensor CrossEncoder::predict(const char* const (&pair)[2],
                                 const PredictOptions& options) const {
  return predict(TextPair(pair[0], pair[1]), options);
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
  const at::Tensor scores = impl().predict(pairs, options.predict);
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

int64_t CrossEncoder::num_labels() const { return impl().parts.transformer->num_labels(); }
ScoreActivation CrossEncoder::activation() const { return impl().parts.activation; }
int64_t CrossEncoder::max_length() const { return impl().parts.transformer->max_seq_length(); }
void CrossEncoder::set_max_length(int64_t length) {
  impl().parts.transformer->set_max_seq_length(length, "CrossEncoder::set_max_length");
}

void CrossEncoder::save_pretrained(const std::filesystem::path& folder) const {
  write_cross_encoder(impl().parts, folder);
}

at::Tensor CrossEncoder::forward(const std::vector<TextPairView>& pairs) const {
  return impl().forward(pairs);
}

}  // namespace sentence_transformers
