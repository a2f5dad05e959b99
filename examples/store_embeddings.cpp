// Stores sentences with their embeddings in one file, loads them back and prints them.
#include <sentence_transformers/sentence_transformers.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  namespace st = sentence_transformers;
  const st::SentenceTransformer model(argc > 1 ? argv[1] : "all-MiniLM-L6-v2",
                                      {.show_progress_bar = true});
  const std::string path = argc > 2 ? argv[2] : "embeddings.safetensors";

  const std::vector<std::string> sentences = {
      "This framework generates embeddings for each input sentence",
      "Sentences are passed as a list of string.",
      "The quick brown fox jumps over the lazy dog.",
  };
  st::save_embeddings(path, sentences, model.encode(sentences));

  const st::StoredEmbeddings stored = st::load_embeddings(path);
  std::printf("%zu sentences, embeddings [%lld, %lld] in %s\n", stored.sentences.size(),
              static_cast<long long>(stored.embeddings.size(0)),
              static_cast<long long>(stored.embeddings.size(1)), path.c_str());
  for (size_t i = 0; i < stored.sentences.size(); ++i) {
    const at::Tensor row = stored.embeddings[static_cast<int64_t>(i)];
    const float* values = row.const_data_ptr<float>();
    std::printf("Sentence: %s\nEmbedding: [% .8e % .8e % .8e ...]\n", stored.sentences[i].c_str(),
                values[0], values[1], values[2]);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
