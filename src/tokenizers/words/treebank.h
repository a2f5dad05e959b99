// NLTK's word_tokenize of one line, which follows the Penn Treebank's conventions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sentence_transformers {

/// The words as NLTK 3.10's NLTKWordTokenizer gives them (nltk/tokenize/destructive.py): a chain of
/// substitutions that put spaces around what is a word of its own. Straight quotes come out as ``
/// and ''. Linear in the text.
std::vector<std::string> treebank_words(std::string_view text);

}  // namespace sentence_transformers
