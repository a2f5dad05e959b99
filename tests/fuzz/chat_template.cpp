// A reranker's chat template, and what it makes of a pair of texts.
#include "tokenizers/chat_template.h"

#include "fuzz.h"

namespace sentence_transformers {

FUZZ_TARGET(chat_template) {
  fuzz::accepted([&] {
    const ChatTemplate chat(std::string(input), "chat_template.jinja");
    const std::string shown = chat.render("", "Q0", "D1");
    fuzz::require(shown.find("Q0") != shown.npos, "the query is shown");
    fuzz::require(shown.find("D1") != shown.npos, "the document is shown");
    fuzz::require(chat.render("", "Q0", "D1") == shown, "a pair has the same text each time");
    fuzz::require(shown.size() <= (size_t{2} << 20), "the text is of a bounded length");
  });
}

}  // namespace sentence_transformers
