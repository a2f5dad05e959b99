// A user's program: compares two vectors and, with a model's folder in SENTENCE_TRANSFORMERS_MODEL,
// two sentences.
#include <ATen/Functions.h>
#include <sentence_transformers/sentence_transformers.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace st = sentence_transformers;

int main() try {
  const float values[] = {3, 4};
  const at::Tensor a = at::tensor(at::ArrayRef<float>(values));
  const float score = st::util::cos_sim(a, a.mul(2)).item<float>();
  std::printf("sentence_transformers %s: cos_sim %.4f\n", SENTENCE_TRANSFORMERS_VERSION, score);
  if (std::abs(score - 1) > 1e-6f) return 1;

  if (const char* folder = std::getenv("SENTENCE_TRANSFORMERS_MODEL")) {
    const st::SentenceTransformer model(folder);
    const at::Tensor embeddings = model.encode({"A man is eating food.", "A man is eating pasta."});
    const float alike = model.similarity(embeddings[0], embeddings[1]).item<float>();
    std::printf("two sentences: %.4f\n", alike);
    if (std::abs(alike - 0.7035f) > 1e-4f) return 1;
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
