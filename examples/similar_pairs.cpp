// Compares every sentence of a list with every other and prints the most similar pairs.
#include <sentence_transformers/sentence_transformers.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  const sentence_transformers::SentenceTransformer model(argc > 1 ? argv[1] : "all-MiniLM-L6-v2",
                                                         {.show_progress_bar = true});

  const std::vector<std::string> sentences = {
      "A woman is cooking dinner.",
      "A child is eating a slice of pizza.",
      "The boy is holding a puppy.",
      "A girl is riding a bicycle.",
      "A man is playing the guitar.",
      "Three friends are hiking in the mountains.",
      "A woman is riding a black horse in an open field.",
      "A parrot is singing on a perch.",
      "Someone in a superhero costume is playing a keyboard.",
      "A group of friends is having a barbecue by the beach.",
  };
  const at::Tensor embeddings = model.encode(sentences);
  const at::Tensor scores = sentence_transformers::util::cos_sim(embeddings, embeddings);  // [N, N]

  struct Pair {
    float score;
    size_t i, j;
  };
  std::vector<Pair> pairs;
  for (size_t i = 0; i < sentences.size(); ++i) {
    for (size_t j = i + 1; j < sentences.size(); ++j) {
      pairs.push_back({scores.const_data_ptr<float>()[i * sentences.size() + j], i, j});
    }
  }
  std::sort(pairs.begin(), pairs.end(),
            [](const Pair& a, const Pair& b) { return a.score > b.score; });

  std::printf("Top-5 most similar pairs:\n");
  for (size_t k = 0; k < 5; ++k) {
    std::printf("%s \t %s \t %.4f\n", sentences[pairs[k].i].c_str(), sentences[pairs[k].j].c_str(),
                pairs[k].score);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
