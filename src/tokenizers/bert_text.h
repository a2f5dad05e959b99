// BERT's text cleaning and word splitting in one pass: Hugging Face's BertNormalizer, then
// BertPreTokenizer.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/utf8.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers {

struct BertTextOptions {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool lowercase = true;
  std::optional<bool> strip_accents = std::nullopt;  // as `lowercase` says, if not given

  bool strips_accents() const { return strip_accents.value_or(lowercase); }
};

/// A BertNormalizer's fields in tokenizer.json, with its defaults.
BertTextOptions read_bert_text_options(const Config& normalizer);

/// Calls put(char32_t) for each code point of the normalized text; made anew for each text.
template <class Put>
class BertNormalizer {
 public:
  BertNormalizer(const BertTextOptions& options, Put put)
      : clean_(options.clean_text),
        chinese_(options.handle_chinese_chars),
        lowercase_(options.lowercase),
        strip_(options.strips_accents()),
        put_(std::move(put)) {}

  void normalize(std::string_view text) {
    for (size_t i = 0; i < text.size();) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte < 0x80) {
        ++i;
        ascii(byte);
      } else {
        other(decode_utf8(text, i));
      }
    }
    flush_pending();
  }

 private:
  void ascii(unsigned char c) {
    if (!pending_.empty()) flush_pending();
    const uint8_t flags = unicode::flags(c);
    if (clean_ && flags & (unicode::kDropped | unicode::kWhitespace)) {
      if (!(flags & unicode::kDropped)) put_(U' ');
    } else {
      put_(lowercase_ && flags & unicode::kLowercase ? c | 0x20u : c);
    }
  }

  void other(char32_t c) {
    const uint8_t flags = unicode::flags(c);
    if (clean_ && flags & (unicode::kDropped | unicode::kWhitespace)) {
      if (!(flags & unicode::kDropped)) ordered(U' ');
      return;
    }
    const bool alone = chinese_ && flags & unicode::kCjk;
    if (alone) ordered(U' ');
    strip_ ? decompose(c, flags) : lower(c);
    if (alone) ordered(U' ');
  }

  void decompose(char32_t c, uint8_t flags) {
    if (unicode::decompose_hangul(c, [this](char32_t jamo) { ordered(jamo); })) return;
    if (flags & unicode::kDecomposes) {
      for (const uint32_t part : unicode::decomposition(c)) ordered(part);
    } else {
      ordered(c);
    }
  }

  /// Canonical order: a run of combining characters is sorted by class. Nonspacing ones go away, so
  /// only the rare others wait.
  void ordered(char32_t c) {
    const uint8_t flags = unicode::flags(c);
    if (flags & unicode::kCombining) {
      if (!(flags & unicode::kNonspacing)) pending_.emplace_back(unicode::combining_class(c), c);
      return;
    }
    if (!pending_.empty()) flush_pending();
    if (!(flags & unicode::kNonspacing)) lower(c);
  }

  void flush_pending() {
    std::stable_sort(pending_.begin(), pending_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [order, c] : pending_) lower(c);
    pending_.clear();
  }

  void lower(char32_t c) {
    if (lowercase_ && unicode::flags(c) & unicode::kLowercase) {
      for (const uint32_t part : unicode::lowercase(c)) put_(part);
    } else {
      put_(c);
    }
  }

  const bool clean_, chinese_, lowercase_, strip_;
  Put put_;
  std::vector<std::pair<uint8_t, char32_t>> pending_;
};

/// BertPreTokenizer: words end at whitespace, and each punctuation mark is one. Calls
/// word(std::string_view bytes, size_t characters).
template <class Word>
class BertWords {
 public:
  explicit BertWords(Word word) : word_(std::move(word)) {}

  void put(char32_t c) {
    const uint8_t flags = unicode::flags(c);
    if (flags & (unicode::kWhitespace | unicode::kPunctuation)) {
      finish();
      if (flags & unicode::kWhitespace) return;
    }
    append_utf8(current_, c);
    ++characters_;
    if (flags & unicode::kPunctuation) finish();
  }

  void finish() {
    if (characters_ == 0) return;
    word_(std::string_view(current_), characters_);
    current_.clear();
    characters_ = 0;
  }

 private:
  Word word_;
  std::string current_;
  size_t characters_ = 0;
};

}  // namespace sentence_transformers
