#include "modules/pooling.h"

#include <sentence_transformers/error.h>

#include <limits>

namespace sentence_transformers {
namespace {

struct ModeName {
  const char* name;
  const char* old_key;  // the boolean that sentence-transformers before 6 wrote
  PoolingMode mode;
};

// In the order in which the booleans concatenate.
constexpr ModeName kModes[] = {
    {"cls", "pooling_mode_cls_token", PoolingMode::cls},
    {"max", "pooling_mode_max_tokens", PoolingMode::max},
    {"mean", "pooling_mode_mean_tokens", PoolingMode::mean},
    {"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens",
     PoolingMode::mean_sqrt_len_tokens},
    {"weightedmean", "pooling_mode_weightedmean_tokens", PoolingMode::weightedmean},
    {"lasttoken", "pooling_mode_lasttoken", PoolingMode::lasttoken},
};

PoolingMode parse_mode(const nlohmann::json& name, const Config& config) {
  std::string known;
  for (const ModeName& row : kModes) {
    if (name == row.name) return row.mode;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw LoadError("[Pooling] " + config.name("pooling_mode") + " is " + shown(name) +
                  "; known: " + known);
}

std::vector<PoolingMode> read_modes(const Config& config) {
  std::vector<PoolingMode> modes;
  if (config.has("pooling_mode")) {
    const nlohmann::json& value = config.json()["pooling_mode"];
    if (!value.is_array()) return {parse_mode(value, config)};
    for (const auto& name : value) modes.push_back(parse_mode(name, config));
    if (modes.empty()) {
      throw LoadError("[Pooling] " + config.name("pooling_mode") + ": expected at least one mode");
    }
    return modes;
  }
  for (const ModeName& row : kModes) {
    if (config.get<bool>(row.old_key, false)) modes.push_back(row.mode);
  }
  if (modes.empty()) modes.push_back(PoolingMode::mean);
  return modes;
}

/// An unknown key may ask for something else than what would be computed.
void check_pooling_keys(const Config& config) {
  for (const auto& [key, value] : config.json().items()) {
    const bool known =
        key == "embedding_dimension" || key == "word_embedding_dimension" ||
        key == "pooling_mode" || key == "include_prompt" ||
        std::any_of(std::begin(kModes), std::end(kModes),
                    [&key = key](const ModeName& row) { return key == row.old_key; });
    if (!known) throw UnsupportedError("[Pooling] " + config.name(key) + " is not known");
  }
}

}  // namespace

Pooling::Pooling(int64_t size, std::vector<PoolingMode> modes, bool include_prompt)
    : size_(size), modes_(std::move(modes)), include_prompt_(include_prompt) {}

std::shared_ptr<Pooling> Pooling::from_config(const Config& config, int64_t input_size) {
  check_pooling_keys(config);
  const char* key =
      config.has("embedding_dimension") ? "embedding_dimension" : "word_embedding_dimension";
  const auto size = config.require<int64_t>(key);
  if (size != input_size) {
    throw LoadError("[Pooling] " + config.name(key) + ": expected " + std::to_string(input_size) +
                    ", as the module before it gives, found " + std::to_string(size));
  }
  return std::make_shared<Pooling>(size, read_modes(config),
                                   config.get<bool>("include_prompt", true));
}

void Pooling::write(const std::filesystem::path& folder) const {
  nlohmann::ordered_json config = {{"word_embedding_dimension", size_}};
  for (const ModeName& row : kModes) {
    config[row.old_key] = std::find(modes_.begin(), modes_.end(), row.mode) != modes_.end();
  }
  config["include_prompt"] = include_prompt_;
  // The booleans cannot tell an order; Python before 6 ignores these keys.
  nlohmann::ordered_json names = nlohmann::ordered_json::array();
  for (const PoolingMode mode : modes_) {
    for (const ModeName& row : kModes) {
      if (row.mode == mode) names.push_back(row.name);
    }
  }
  config["embedding_dimension"] = size_;
  config["pooling_mode"] = names.size() == 1 ? names[0] : names;
  write_json(folder / "config.json", config);
}

void Pooling::forward(Features& features) const {
  const int64_t skip = include_prompt_ ? 0 : features.prompt_tokens;
  std::vector<at::Tensor> groups;
  int64_t texts = 0;
  for (const LengthGroup& g : features.batch.groups) {
    const at::Tensor& sums = features.token_weights_sum;
    const at::Tensor weights_sum = sums.defined() ? sums.narrow(0, texts, g.count) : at::Tensor();
    texts += g.count;
    const at::Tensor tokens = features.token_embeddings.narrow(0, g.offset, g.count * g.length)
                                  .view({g.count, g.length, size_});
    std::vector<at::Tensor> parts;
    for (const PoolingMode mode : modes_) parts.push_back(pool(tokens, mode, skip, weights_sum));
    groups.push_back(parts.size() == 1 ? parts[0] : at::cat(parts, 1));
  }
  features.sentence_embedding = groups.size() == 1 ? groups[0] : at::cat(groups);
}

/// tokens [count, length, D] -> [count, D], over the tokens behind the first `skip` ones; a length
/// of 0 are texts without tokens. weights_sum [count] takes the place of the number of tokens, if
/// it is defined. Half-precision sums are taken in float32.
at::Tensor Pooling::pool(const at::Tensor& tokens, PoolingMode mode, int64_t skip,
                         const at::Tensor& weights_sum) const {
  constexpr double kLeastDivisor = 1e-9;
  const int64_t count = tokens.size(0), length = tokens.size(1);
  const int64_t left = std::max<int64_t>(length - skip, 0);
  const auto type = tokens.scalar_type();
  const auto sum_type = at::isReducedFloatingType(type) ? at::kFloat : type;
  const auto kept = [&] { return tokens.narrow(1, length - left, left); };
  const auto divided_by_weights = [&](const at::Tensor& sum, bool root) {
    const at::Tensor divisor = weights_sum.to(sum_type).clamp_min(kLeastDivisor).unsqueeze(1);
    return (sum / (root ? divisor.sqrt() : divisor)).to(type);
  };

  switch (mode) {
    case PoolingMode::cls:
      if (length == 0) break;
      return tokens.select(1, left > 0 ? skip : 0);
    case PoolingMode::lasttoken:
      if (left == 0) break;
      return tokens.select(1, length - 1);
    case PoolingMode::max:
      return left > 0 ? kept().amax(1)
                      : at::full({count, size_}, -std::numeric_limits<float>::infinity(),
                                 tokens.options());
    case PoolingMode::mean:
    case PoolingMode::mean_sqrt_len_tokens: {
      const bool root = mode == PoolingMode::mean_sqrt_len_tokens;
      const at::Tensor sum = at::sum(kept(), {1}, false, sum_type);
      if (weights_sum.defined()) return divided_by_weights(sum, root);
      double divisor = std::max(static_cast<double>(left), kLeastDivisor);
      if (root) divisor = std::sqrt(divisor);
      return (sum / divisor).to(type);
    }
    case PoolingMode::weightedmean: {  // a token's weight is its place in the whole text, from 1
      const at::Tensor weights =
          at::arange(length - left + 1, length + 1, tokens.options().dtype(sum_type));
      const at::Tensor sum = (kept().to(sum_type) * weights.view({1, left, 1})).sum(1);
      if (weights_sum.defined()) return divided_by_weights(sum, false);
      const double divisor =
          std::max(static_cast<double>(left) * static_cast<double>(2 * length - left + 1) / 2,
                   kLeastDivisor);
      return (sum / divisor).to(type);
    }
  }
  return at::zeros({count, size_}, tokens.options());
}

}  // namespace sentence_transformers
