// Losses by the names and options of losses.json, and batches to go with them.
#pragma once

#include <sentence_transformers/losses.h>

#include <memory>
#include <string>
#include <vector>

#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers::test {

inline const nlohmann::json& golden_losses() {
  static const nlohmann::json cases = golden_json("losses.json");
  return cases;
}
inline const SafeTensors& golden_loss_tensors() {
  static const SafeTensors tensors = SafeTensors::open(golden("losses.safetensors"));
  return tensors;
}

/// N empty texts with labels: [[0.1], [0.2]], or null for none.
inline Batch labelled(const nlohmann::json& labels, size_t count) {
  Batch batch;
  batch.examples.resize(count);
  for (size_t i = 0; i < count && !labels.is_null(); ++i) {
    batch.examples[i].labels = labels.at(i).get<std::vector<float>>();
  }
  return batch;
}

/// The first `columns` of the file's texts.
inline Batch golden_batch(const nlohmann::json& test) {
  const nlohmann::json& texts = golden_losses().at("texts");
  Batch batch = labelled(test.at("labels"), texts.size());
  batch.prompts = test.at("prompts").get<std::vector<std::string>>();
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto row = texts[i].get<std::vector<std::string>>();
    batch.examples[i].texts.assign(row.begin(), row.begin() + test.at("columns").get<int64_t>());
  }
  return batch;
}

/// As gradients are in the file: their length, then every so many of their numbers.
inline void expect_gradient(const at::Tensor& gradient, const at::Tensor& expected,
                            const std::string& what) {
  ASSERT_TRUE(gradient.defined()) << what;
  const at::Tensor flat = gradient.flatten();
  const int64_t step = std::max<int64_t>(1, flat.numel() / 31);
  const at::Tensor found = at::cat({flat.norm().view(1), flat.slice(0, 0, {}, step)});
  const double size = std::max(1.0, expected.abs().max().item<double>());
  EXPECT_LT(largest_difference(found, expected) / size, 1e-5) << what;
}

/// The names of the file's tensors below `key`, without it.
inline std::vector<std::string> names_below(const std::string& key) {
  std::vector<std::string> names;
  for (const std::string& name : golden_loss_tensors().names()) {
    if (name.rfind(key + ".", 0) == 0) names.push_back(name.substr(key.size() + 1));
  }
  return names;
}

GISTEmbedOptions golden_guide_options(const nlohmann::json& options);

/// A loss that does not stand in the file throws.
std::shared_ptr<Loss> make_golden_loss(const std::string& name, const nlohmann::json& options,
                                       int64_t dimension);

}  // namespace sentence_transformers::test
