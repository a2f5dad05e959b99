// NFC, NFD, NFKC, NFKD: Unicode's normalization forms (Unicode 3.11 and 3.12).
#include <algorithm>

#include "core/utf8.h"
#include "tokenizers/normalizers/makers.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers {
namespace {

/// Puts code points into canonical order and, if asked, composes them, a run at a time: a starter
/// and the combining marks behind it.
class Composer {
 public:
  Composer(bool compose, std::string& text) : compose_(compose), text_(text) {}

  void put(char32_t c) {
    const uint8_t order = unicode::combining_class(c);
    if (order == 0) finish_run(c);
    run_.push_back({order, c});
  }

  void finish() {
    sort();
    for (const Mark& mark : run_) append_utf8(text_, mark.c);
    run_.clear();
  }

 private:
  struct Mark {
    uint8_t order;
    char32_t c;
  };

  void sort() {
    const auto marks = run_.begin() + (!run_.empty() && run_.front().order == 0);
    std::stable_sort(marks, run_.end(),
                     [](const Mark& a, const Mark& b) { return a.order < b.order; });
    if (!compose_ || run_.empty() || run_.front().order != 0) return;
    size_t kept = 1;
    uint8_t before = 0;  // class of the last mark that stays
    for (size_t i = 1; i < run_.size(); ++i) {
      const Mark mark = run_[i];
      const char32_t whole =
          mark.order > before || kept == 1 ? unicode::composition(run_.front().c, mark.c) : 0;
      if (whole) {
        run_.front().c = whole;
      } else {
        before = mark.order;
        run_[kept++] = mark;
      }
    }
    run_.resize(kept);
  }

  /// The starter `next` follows: it may join a run that is one starter alone, else begins its own.
  void finish_run(char32_t& next) {
    sort();
    if (compose_ && run_.size() == 1 && run_.front().order == 0) {
      if (const char32_t whole = unicode::composition(run_.front().c, next)) {
        next = whole;
        run_.clear();
        return;
      }
    }
    for (const Mark& mark : run_) append_utf8(text_, mark.c);
    run_.clear();
  }

  const bool compose_;
  std::string& text_;
  std::vector<Mark> run_;
};

class UnicodeForm : public Normalizer {
 public:
  UnicodeForm(bool compatibility, bool compose)
      : compatibility_(compatibility), compose_(compose) {}

  void normalize(NormalizedText& text) const override {
    const std::string_view view = text.view();
    if (is_normalized(view)) return;
    std::string normalized;
    normalized.reserve(view.size() + view.size() / 8);
    Composer composer(compose_, normalized);
    const auto put = [&](char32_t c) { composer.put(c); };
    for (size_t i = 0; i < view.size();) {
      const char32_t c = decode_utf8(view, i);
      if (c < 0x80 || unicode::decompose_hangul(c, put)) {
        if (c < 0x80) put(c);
        continue;
      }
      const auto parts =
          compatibility_ ? unicode::compatibility_decomposition(c) : std::span<const uint32_t>();
      if (!parts.empty()) {
        for (const uint32_t part : parts) put(part);
      } else if (unicode::flags(c) & unicode::kDecomposes) {
        for (const uint32_t part : unicode::decomposition(c)) put(part);
      } else {
        put(c);
      }
    }
    composer.finish();
    text.replace(std::move(normalized));
  }

 private:
  /// True only if nothing would change.
  bool is_normalized(std::string_view text) const {
    for (size_t i = 0; i < text.size();) {
      if (static_cast<unsigned char>(text[i]) < 0x80) {
        ++i;
        continue;
      }
      if (compatibility_ || !compose_) return false;
      if (unicode::kinds(decode_utf8(text, i)) & unicode::kUnstable) return false;
    }
    return true;
  }

  bool compatibility_, compose_;
};

}  // namespace

std::unique_ptr<Normalizer> make_nfc(const Config&) {
  return std::make_unique<UnicodeForm>(false, true);
}
std::unique_ptr<Normalizer> make_nfd(const Config&) {
  return std::make_unique<UnicodeForm>(false, false);
}
std::unique_ptr<Normalizer> make_nfkc(const Config&) {
  return std::make_unique<UnicodeForm>(true, true);
}
std::unique_ptr<Normalizer> make_nfkd(const Config&) {
  return std::make_unique<UnicodeForm>(true, false);
}

}  // namespace sentence_transformers
