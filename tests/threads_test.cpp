// const members from many threads at once give the bits that one thread gives.
#include <sentence_transformers/sentence_transformers.h>

#include <thread>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

TEST(Threads, EncodeGivesTheSameBits) {
  const SentenceTransformer model(golden("tiny_bert").string(), {.device = "cpu"});
  const std::vector<std::string> words = {"the",   "dog", "cat",  "sun",
                                          "woman", "is",  "good", "café"};
  std::vector<std::vector<std::string>> inputs(8);
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (size_t j = 0; j < 40; ++j) {
      std::string text;
      for (size_t k = 0; k < (i * 7 + j * 3) % 23; ++k)
        text += words[(i + j * k) % words.size()] + " ";
      inputs[i].push_back(text);
    }
  }
  std::vector<at::Tensor> expected;
  for (const auto& input : inputs) expected.push_back(model.encode(input));

  std::vector<std::thread> threads;
  std::vector<int> wrong(inputs.size(), 0);
  for (size_t i = 0; i < inputs.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        const size_t which = (i + round) % inputs.size();
        if (!at::equal(model.encode(inputs[which]), expected[which])) ++wrong[i];
        if (model.tokenizer().count_tokens(inputs[which][0]) < 2) ++wrong[i];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(inputs.size(), 0));
}

}  // namespace
}  // namespace sentence_transformers
