// What the tests of training share: the tiny model without dropout, a few labelled pairs.
#pragma once

#include <sentence_transformers/trainer.h>

#include "core/files.h"
#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers::test::training {

/// The pairs that training.json's runs learned from.
inline std::vector<Example> golden_pairs() {
  std::vector<Example> examples;
  const nlohmann::json file = golden_json("training.json");
  for (const auto& pair : file["pairs"]) {
    examples.push_back({{pair[0], pair[1]}, {pair[2].get<float>()}});
  }
  return examples;
}

inline std::shared_ptr<const Dataset> golden_dataset() {
  return std::make_shared<ListDataset>(golden_pairs());
}

inline SentenceTransformer tiny_model() {
  return SentenceTransformer(golden("tiny_bert").string());
}

/// Six steps of one batch each, without dropout.
inline TrainingArguments golden_arguments() {
  return {.max_steps = 6,
          .per_device_train_batch_size = 6,
          .learning_rate = 1e-3,
          .warmup_steps = 2,
          .weight_decay = 0.05,
          .max_grad_norm = 0.5,
          .dropout = 0.0,
          .show_progress_bar = false};
}

/// A key's bias moves all scores of a query alike, which softmax does not see: its gradient is
/// nothing but rounding, and AdamW scales that up to whole steps.
inline bool is_rounding_alone(const std::string& name) { return name.ends_with("self.key.bias"); }

/// The largest difference of any parameter; with `up_to_rounding`, of any that has a gradient.
template <class Model>
double parameter_difference(const Model& a, const Model& b, bool up_to_rounding = false) {
  const auto first = a.named_parameters(), second = b.named_parameters();
  EXPECT_EQ(first.size(), second.size());
  double difference = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    if (up_to_rounding && is_rounding_alone(first[i].first)) continue;
    difference = std::max(difference,
                          largest_difference(first[i].second.detach(), second[i].second.detach()));
  }
  return difference;
}

inline std::vector<nlohmann::json> read_lines(const fs::path& path) {
  std::ifstream file(path);
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

/// Calls back after every step; returning false stops.
class AfterStep : public TrainerCallback {
 public:
  explicit AfterStep(std::function<bool(const TrainingState&)> work) : work_(std::move(work)) {}
  bool on_step_end(const TrainingState& state) override { return work_(state); }

 private:
  std::function<bool(const TrainingState&)> work_;
};

}  // namespace sentence_transformers::test::training
