// Prints the token ids of each line of standard input, special tokens included, uncut: token_ids
// MODEL_FOLDER < texts > ids.
#include <sentence_transformers/tokenizer.h>

#include <exception>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: token_ids MODEL_FOLDER < texts > ids\n";
    return 2;
  }
  try {
    std::ios::sync_with_stdio(false);
    const auto tokenizer = sentence_transformers::Tokenizer::from_pretrained(argv[1]);
    for (std::string line; std::getline(std::cin, line);) {
      std::string ids;
      for (const int64_t id : tokenizer.encode(line).ids) {
        ids += (ids.empty() ? "" : " ") + std::to_string(id);
      }
      std::cout << ids << '\n';
    }
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
