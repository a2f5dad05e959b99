#include "modules/splade_pooling.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <sentence_transformers/error.h>

#include <algorithm>

#include "core/quoted.h"
#include "encoders/encoder.h"

namespace sentence_transformers {
namespace {

constexpr int64_t kTokensAtOnce = 256;

[[noreturn]] void refuse(const Config& config, const std::string& key, const std::string& value,
                         const char* known) {
  throw LoadError("[SpladePooling] " + config.name(key) + " is " + in_quotes(value) +
                  "; known: " + known);
}

}  // namespace

SpladePooling::SpladePooling(const Config& config, int64_t words)
    : words_(words), strategy_(Strategy::max) {
  const auto strategy = config.get<std::string>("pooling_strategy", "max");
  if (strategy != "max" && strategy != "sum") {
    refuse(config, "pooling_strategy", strategy, "max, sum");
  }
  if (strategy == "sum") strategy_ = Strategy::sum;
  const auto activation = config.get<std::string>("activation_function", "relu");
  if (activation != "relu" && activation != "log1p_relu") {
    refuse(config, "activation_function", activation, "relu, log1p_relu");
  }
  twice_ = activation == "log1p_relu";
}

at::Tensor SpladePooling::activate(const at::Tensor& scores) const {
  const at::Tensor once = at::log1p(at::relu(scores.to(at::kFloat)));
  return twice_ ? at::log1p(once) : once;
}

/// Over that dimension. The activation rises with the score, so that the largest may be taken
/// first.
at::Tensor SpladePooling::pool(const at::Tensor& scores, int64_t dim) const {
  if (strategy_ == Strategy::sum) return activate(scores).sum(dim);
  // The gradient goes to one of equal scores, as in Python.
  return activate(at::GradMode::is_enabled() ? std::get<0>(scores.max(dim)) : scores.amax(dim));
}

void SpladePooling::forward(Features& features) const {
  const at::Tensor& x = features.token_embeddings;
  const auto scores = [&](int64_t begin, int64_t count) {
    return features.words->forward(x.narrow(0, begin, count));
  };
  std::vector<at::Tensor> pooled;
  for (const auto& [offset, count, length] : features.batch.groups) {
    if (length <= kTokensAtOnce) {  // several whole texts
      const int64_t most = std::max<int64_t>(1, kTokensAtOnce / length);
      for (int64_t text = 0; text < count; text += most) {
        const int64_t texts = std::min(most, count - text);
        const at::Tensor some = scores(offset + text * length, texts * length);
        pooled.push_back(pool(some.view({texts, length, words_}), 1));
      }
      continue;
    }
    for (int64_t text = 0; text < count; ++text) {
      std::vector<at::Tensor> parts;
      for (int64_t token = 0; token < length; token += kTokensAtOnce) {
        const int64_t tokens = std::min(kTokensAtOnce, length - token);
        parts.push_back(pool(scores(offset + text * length + token, tokens), 0));
      }
      const at::Tensor all = at::stack(parts);
      pooled.push_back((strategy_ == Strategy::sum ? all.sum(0) : all.amax(0)).unsqueeze(0));
    }
  }
  features.sentence_embedding = at::cat(pooled);
}

std::string SpladePooling::python_path() const {
  return "sentence_transformers.sparse_encoder.models.SpladePooling";
}

void SpladePooling::write(const std::filesystem::path& folder) const {
  write_json(folder / "config.json",
             {{"pooling_strategy", strategy_ == Strategy::max ? "max" : "sum"},
              {"activation_function", twice_ ? "log1p_relu" : "relu"},
              {"embedding_dimension", words_}});
}

}  // namespace sentence_transformers
