// What Python's str does with letter case, white space and punctuation, for the tokenizers that
// split texts into whole words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sentence_transformers::python {

/// str.isspace of one character, and so `\s` of a regular expression.
bool is_space(char32_t c);
/// `\w` of a regular expression.
bool is_word(char32_t c);
/// `\d` of a regular expression.
bool is_digit(char32_t c);

/// str.lower(), with the final sigma that a word in capitals ends with. Invalid UTF-8 becomes
/// U+FFFD.
std::string lower(std::string_view text);

/// str.split(): the parts between white space, none of them empty.
std::vector<std::string_view> split(std::string_view text);

/// str.strip(string.punctuation): without ASCII punctuation at either end.
std::string_view strip_punctuation(std::string_view text);

}  // namespace sentence_transformers::python
