// LabelAccuracyEvaluator against Python's.
#include <ATen/ATen.h>

#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using test::Strings;

TEST(LabelAccuracyEvaluator, EqualsPython) {
  const auto& golden = test::golden_evaluation()["label_accuracy"];
  const auto loss = std::make_shared<SoftmaxLoss>(32);
  for (auto& [name, tensor] : loss->named_parameters()) {
    std::vector<float> values;
    for (const auto& row : golden[name]) {
      if (!row.is_array()) {
        values.push_back(row);
        continue;
      }
      for (const float value : row) values.push_back(value);
    }
    tensor.detach().copy_(at::tensor(values).view(tensor.sizes()));
  }
  std::vector<Example> examples;
  for (size_t i = 0; i < golden["labels"].size(); ++i) {
    examples.push_back(
        {{golden["sentences1"][i], golden["sentences2"][i]}, {golden["labels"][i].get<float>()}});
  }
  for (const auto& c : golden["cases"]) {
    const LabelAccuracyEvaluator evaluator(ListDataset(examples), loss,
                                           test::options_of(c["options"]));
    test::expect_case(evaluator, test::tiny_model(), c);
  }
}

TEST(LabelAccuracyEvaluator, BadInput) {
  const auto loss = std::make_shared<SoftmaxLoss>(32);
  EXPECT_THROWS(std::invalid_argument,
                LabelAccuracyEvaluator(ListDataset({{{"a", "b"}, {1}}}), nullptr),
                "[LabelAccuracyEvaluator]", "no loss");
  EXPECT_THROWS(std::invalid_argument, LabelAccuracyEvaluator(ListDataset({}), loss),
                "dataset is empty");
  EXPECT_THROWS(std::invalid_argument,
                LabelAccuracyEvaluator(ListDataset({{{"a", "b"}, {0.5f}}}), loss),
                "expected classes");
  EXPECT_THROWS(std::invalid_argument,
                LabelAccuracyEvaluator(ListDataset({{{"a", "b"}, {-1}}}), loss),
                "expected classes");
}

}  // namespace
}  // namespace sentence_transformers
