#include "modules/pair_tokens.h"

#include <algorithm>

namespace sentence_transformers {

PairTokens::PairTokens(const Tokenizer& tokenizer, const ChatTemplate* chat, std::string prompt,
                       int64_t max_length)
    : tokenizer_(tokenizer), chat_(chat), prompt_(std::move(prompt)), max_length_(max_length) {
  if (!chat_) return;
  // As Python finds it: what two renderings of texts that begin with other tokens have in common.
  const auto render = [&](const char* filler) {
    return tokenizer_.encode_content(chat_->render(prompt_, filler, filler)).ids;
  };
  const std::vector<int64_t> one = render("0"), other = render("1 2 3 4");
  const auto differ = std::mismatch(one.rbegin(), one.rend(), other.rbegin(), other.rend());
  const auto common = differ.first - one.rbegin();
  if (differ.first == one.rend() || differ.second == other.rend()) return;
  suffix_.assign(one.end() - common, one.end());
}

Encoding PairTokens::operator()(std::string_view first, std::string_view second) const {
  if (!chat_) {
    return prompt_.empty()
               ? tokenizer_.encode_pair(first, second, max_length_)
               : tokenizer_.encode_pair(prompt_ + std::string(first), second, max_length_);
  }
  Encoding encoding = tokenizer_.encode_content(chat_->render(prompt_, first, second), max_length_);
  if (static_cast<int64_t>(encoding.ids.size()) == max_length_) {  // it may have been cut
    const size_t kept = std::min(suffix_.size(), encoding.ids.size());
    std::copy_n(suffix_.rbegin(), kept, encoding.ids.rbegin());
  }
  return encoding;
}

}  // namespace sentence_transformers
