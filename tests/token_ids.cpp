// Prints the token ids of each line of standard input, special tokens included, uncut: token_ids
// MODEL_FOLDER [--escaped] < texts > ids. Escaped lines have \n, \r and \\ for line ends and the
// backslash.
#include <sentence_transformers/tokenizer.h>

#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace {

std::string unescaped(std::string_view line) {
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      text += line[i];
    } else {
      ++i;
      text += line[i] == 'n' ? '\n' : line[i] == 'r' ? '\r' : line[i];
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const bool escaped = argc == 3 && argv[2] == std::string_view("--escaped");
  if (argc != 2 && !escaped) {
    std::cerr << "usage: token_ids MODEL_FOLDER [--escaped] < texts > ids\n";
    return 2;
  }
  try {
    std::ios::sync_with_stdio(false);
    const auto tokenizer = sentence_transformers::Tokenizer::from_pretrained(argv[1]);
    for (std::string line; std::getline(std::cin, line);) {
      std::string ids;
      for (const int64_t id : tokenizer.encode(escaped ? unescaped(line) : line).ids) {
        ids += (ids.empty() ? "" : " ") + std::to_string(id);
      }
      std::cout << ids << '\n';
    }
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
