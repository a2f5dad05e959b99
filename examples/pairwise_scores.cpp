// Scores all pairs of a list and picks the best ones with tensor operations alone.
#include <ATen/ops/triu_indices.h>
#include <sentence_transformers/sentence_transformers.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  const sentence_transformers::SentenceTransformer model(argc > 1 ? argv[1] : "all-MiniLM-L6-v2",
                                                         {.show_progress_bar = true});

  const std::vector<std::string> sentences = {
      "The dog runs in the park.",
      "A group of friends is having a picnic.",
      "I enjoy reading books in my free time.",
      "The sunsets are beautiful in this city.",
      "A little girl is playing with her toys.",
      "We are going to the beach this weekend.",
      "The coffee at the new cafe is delicious.",
      "Have you ever tried sushi?",
      "A man is jogging in the morning.",
      "The concert last night was incredible.",
  };
  const at::Tensor embeddings = model.encode(sentences);
  const at::Tensor scores = model.similarity(embeddings, embeddings);  // [N, N]

  // Each pair once: the places above the diagonal, [2, N * (N - 1) / 2].
  const at::Tensor pairs = at::triu_indices(scores.size(0), scores.size(1), 1);
  const auto [best, order] = scores.index({pairs[0], pairs[1]}).topk(10);

  for (int64_t k = 0; k < best.size(0); ++k) {
    const at::Tensor pair = pairs.select(1, order[k].item<int64_t>());
    std::printf("%s \t %s \t %.4f\n", sentences[pair[0].item<int64_t>()].c_str(),
                sentences[pair[1].item<int64_t>()].c_str(), best[k].item<float>());
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
