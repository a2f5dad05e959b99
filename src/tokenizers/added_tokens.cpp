#include "tokenizers/added_tokens.h"

#include <algorithm>

#include "core/utf8.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers {
namespace {

/// Where the code point before `end` begins.
size_t previous(std::string_view text, size_t end) {
  do {
    --end;
  } while (end > 0 && (text[end] & 0xC0) == 0x80);
  return end;
}

char32_t code_point_at(std::string_view text, size_t at) { return decode_utf8(text, at); }

bool is_word(char32_t c) { return unicode::kinds(c) & unicode::kWord; }

bool stands_alone(std::string_view text, size_t begin, size_t end) {
  return !(begin > 0 && is_word(code_point_at(text, previous(text, begin)))) &&
         !(end < text.size() && is_word(code_point_at(text, end)));
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& t) { return t.content.empty(); });
  size_t bytes = 1;
  for (const AddedToken& token : tokens_) bytes += token.content.size();
  size_t size = 16;
  while (size < bytes * 2) size *= 2;
  edges_.resize(size);
  token_at_.assign(1, 0);
  for (uint32_t i = 0; i < tokens_.size(); ++i) {
    uint32_t node = 0;
    for (const char byte : tokens_[i].content) node = add_child(node, static_cast<uint8_t>(byte));
    if (token_at_[node] == 0) token_at_[node] = i + 1;
  }
}

size_t AddedTokens::slot_of(uint64_t from_and_byte) const {
  const uint64_t hash = from_and_byte * 0x9E3779B97F4A7C15;
  size_t i = (hash ^ hash >> 32) & (edges_.size() - 1);
  while (edges_[i].to != 0 && edges_[i].from_and_byte != from_and_byte) {
    i = (i + 1) & (edges_.size() - 1);
  }
  return i;
}

uint32_t AddedTokens::child(uint32_t node, unsigned char byte) const {
  return node == 0 ? first_[byte] : edges_[slot_of(uint64_t{node} << 8 | byte)].to;
}

uint32_t AddedTokens::add_child(uint32_t node, unsigned char byte) {
  const uint64_t from_and_byte = uint64_t{node} << 8 | byte;
  const size_t slot = slot_of(from_and_byte);
  uint32_t& to = node == 0 ? first_[byte] : edges_[slot].to;
  if (to == 0) {
    to = static_cast<uint32_t>(token_at_.size());
    token_at_.push_back(0);
    if (node != 0) edges_[slot].from_and_byte = from_and_byte;
  }
  return to;
}

const AddedToken* AddedTokens::longest_at(std::string_view text) const {
  uint32_t node = 0, found = 0;
  for (const char byte : text) {
    node = child(node, static_cast<unsigned char>(byte));
    if (node == 0) break;
    if (token_at_[node] != 0) found = token_at_[node];
  }
  return found == 0 ? nullptr : &tokens_[found - 1];
}

bool AddedTokens::find(std::string_view input, size_t from, size_t done, Match& match) const {
  for (size_t i = from; i < input.size(); ++i) {
    if (first_[static_cast<unsigned char>(input[i])] == 0) continue;
    const AddedToken* token = longest_at(input.substr(i));
    if (!token) continue;
    size_t begin = i, end = i + token->content.size();
    const size_t next = end;
    if (token->ignored || (token->single_word && !stands_alone(input, begin, end))) {
      i = end - 1;  // it hides the tokens inside it
      continue;
    }
    if (token->lstrip) {
      while (begin > done && unicode::is_space(code_point_at(input, previous(input, begin)))) {
        begin = previous(input, begin);
      }
      begin = std::max(begin, done);
    }
    while (token->rstrip && end < input.size() && unicode::is_space(code_point_at(input, end))) {
      decode_utf8(input, end);
    }
    match = {begin, end, next, token->id};
    return true;
  }
  return false;
}

}  // namespace sentence_transformers
