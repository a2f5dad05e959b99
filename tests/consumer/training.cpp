// A user's program that trains: needs the component for training to link.
#include <ATen/ATen.h>
#include <sentence_transformers/training.h>

#include <cstdio>
#include <exception>

namespace st = sentence_transformers;

int main() try {
  const st::ListDataset dataset({{.texts = {"a", "b"}, .labels = {1.0f}}});
  const st::CosineSimilarityLoss loss;
  std::printf("training: %lld example, %s\n", static_cast<long long>(dataset.size()),
              loss.name().c_str());
  return dataset.size() == 1 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
