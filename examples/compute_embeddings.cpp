// Turns three sentences into embeddings and prints them as NumPy would.
#include <sentence_transformers/sentence_transformers.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  const sentence_transformers::SentenceTransformer model(argc > 1 ? argv[1] : "all-MiniLM-L6-v2",
                                                         {.show_progress_bar = true});

  const std::vector<std::string> sentences = {
      "This framework generates embeddings for each input sentence",
      "Sentences are passed as a list of string.",
      "The quick brown fox jumps over the lazy dog.",
  };
  const at::Tensor embeddings = model.encode(sentences);  // [3, 384]

  for (size_t i = 0; i < sentences.size(); ++i) {
    const at::Tensor row = embeddings[static_cast<int64_t>(i)];
    std::printf("Sentence: %s\nEmbedding: [", sentences[i].c_str());
    for (int64_t j = 0; j < row.size(0); ++j) {
      if (j > 0) std::printf(j % 4 == 0 ? "\n " : " ");
      std::printf("% .8e", row.const_data_ptr<float>()[j]);
    }
    std::printf("]\n\n");
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
