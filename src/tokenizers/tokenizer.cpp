#include <sentence_transformers/error.h>
#include <sentence_transformers/tokenizer.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <unordered_map>

#include "core/quoted.h"
#include "tokenizers/tokenizer_files.h"

namespace sentence_transformers {
namespace {

int64_t count_specials(const std::vector<TemplatePiece>& pieces) {
  return std::count_if(pieces.begin(), pieces.end(),
                       [](const auto& p) { return p.kind == TemplatePiece::special; });
}

}  // namespace

struct Tokenizer::Impl {
  explicit Impl(TokenizerParts parts)
      : pipeline(std::move(parts.pipeline)),
        decoder(std::move(parts.decoder)),
        post_processor(std::move(parts.post_processor)),
        model_max_length(parts.model_max_length),
        cleans_up(parts.cleans_up),
        keeps_end(parts.keeps_end),
        named_tokens(std::move(parts.named_tokens)),
        vocabulary(std::move(parts.vocabulary)),
        ids(std::move(parts.index)) {
    // Ids may have holes, but one number in a file must not take gigabytes.
    id_limit = 4 * static_cast<int64_t>(vocabulary.size() + parts.added_tokens.size()) + 65536;
    const bool repeats = ids.size() != vocabulary.size();
    for (const auto& [token, id] : vocabulary) {
      if (!repeats || ids[token] == id) add(token, id);
    }
    std::vector<AddedToken> raw, normalized;
    for (AddedToken& token : parts.added_tokens) {
      add(added_contents.emplace_back(token.content), token.id);
      ids.emplace(added_contents.back(), token.id);
      if (token.special) special[token.id] = true;
      if (token.normalized) normalize(token);
      (token.normalized ? normalized : raw).push_back(std::move(token));
    }
    raw_added = AddedTokens(std::move(raw));
    normalized_added = AddedTokens(std::move(normalized));
  }

  /// `token` stays where it is.
  void add(const std::string& token, int64_t id) {
    if (id >= id_limit) {
      throw LoadError("[Tokenizer] token " + in_quotes(token) + " has the id " +
                      std::to_string(id) + "; expected less than " + std::to_string(id_limit) +
                      " for a vocabulary of this size");
    }
    if (id >= static_cast<int64_t>(tokens.size())) {
      tokens.resize(id + 1);
      special.resize(id + 1);
    }
    tokens[id] = &token;
  }

  /// From here on the token goes by its normalized text. Hugging Face's `decode` spells it so too,
  /// and then takes it for a special one only if that text is one.
  void normalize(AddedToken& token) {
    std::string content = std::move(token.content);
    pipeline->normalize({content, true},
                        [&](Stretch text) { token.content = std::string(text.text); });
    if (token.content != content) spelled_otherwise[token.id] = token.content;
  }

  /// What decode makes of an id, or nothing for a hole or a special token that is to be skipped.
  const std::string* spelling(int64_t id, bool skip_special_tokens) const {
    const auto other = spelled_otherwise.find(id);
    if (other != spelled_otherwise.end()) return &other->second;
    return skip_special_tokens && special[id] ? nullptr : tokens[id];
  }

  std::vector<int64_t> content_ids(std::string_view text) const {
    std::vector<int64_t> found;
    const auto token = [&](int64_t id) { found.push_back(id); };
    raw_added.split(
        {text, true},
        [&](Stretch part) {
          if (normalized_added.empty()) return pipeline->encode(part, found);
          pipeline->normalize(part, [&](Stretch normalized) {
            normalized_added.split(
                normalized, [&](Stretch piece) { pipeline->encode_normalized(piece, found); },
                token);
          });
        },
        token);
    return found;
  }

  /// Leaves `count` ids.
  void cut(std::vector<int64_t>& content, int64_t count) const {
    const auto surplus = static_cast<int64_t>(content.size()) - count;
    if (keeps_end && surplus > 0) content.erase(content.begin(), content.begin() + surplus);
    content.resize(count);
  }

  void check_id(int64_t id) const {
    if (id >= 0 && id < static_cast<int64_t>(tokens.size())) return;
    throw std::invalid_argument("[Tokenizer] id " + std::to_string(id) +
                                " is outside the vocabulary of " + std::to_string(tokens.size()));
  }

  static Encoding assemble(const std::vector<TemplatePiece>& pieces,
                           const std::vector<int64_t>& first, const std::vector<int64_t>& second,
                           int64_t untruncated_length) {
    Encoding encoding;
    encoding.untruncated_length = untruncated_length;
    const size_t size = first.size() + second.size() + pieces.size();
    encoding.ids.reserve(size);
    encoding.type_ids.reserve(size);
    for (const TemplatePiece& piece : pieces) {
      if (piece.kind == TemplatePiece::special) {
        encoding.ids.push_back(piece.id);
      } else {
        const auto& content = piece.kind == TemplatePiece::first ? first : second;
        encoding.ids.insert(encoding.ids.end(), content.begin(), content.end());
      }
      encoding.type_ids.resize(encoding.ids.size(), piece.type_id);
    }
    return encoding;
  }

  /// Room for content beside the special tokens.
  static int64_t room(const char* function, int64_t max_length, int64_t specials) {
    if (max_length >= specials) return max_length - specials;
    throw std::invalid_argument(std::string("[") + function + "] max_length " +
                                std::to_string(max_length) + " leaves no place for the " +
                                std::to_string(specials) + " special tokens");
  }

  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<Decoder> decoder;
  Template post_processor;
  std::optional<int64_t> model_max_length;
  bool cleans_up, keeps_end;
  std::map<std::string, std::string> named_tokens;
  int64_t id_limit;
  const Vocabulary vocabulary;
  std::deque<std::string> added_contents;
  TokenIndex ids;                          // views into these two
  std::vector<const std::string*> tokens;  // by id, in these two; null for a hole
  std::vector<bool> special;
  std::unordered_map<int64_t, std::string> spelled_otherwise;  // normalized added tokens
  AddedTokens raw_added, normalized_added;
};

Tokenizer::Tokenizer(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::from_pretrained(const std::filesystem::path& folder, bool do_lower_case) {
  return Tokenizer(std::make_unique<const Impl>(read_tokenizer_files(folder, do_lower_case)));
}

Tokenizer Tokenizer::from_pretrained(const std::filesystem::path& folder, bool do_lower_case,
                                     const std::vector<std::string>& special_tokens) {
  TokenizerParts parts = read_tokenizer_files(folder, do_lower_case);
  for (const std::string& word : special_tokens) make_special(parts, word);
  return Tokenizer(std::make_unique<const Impl>(std::move(parts)));
}

Tokenizer Tokenizer::from_file(const std::filesystem::path& file) {
  return Tokenizer(std::make_unique<const Impl>(read_tokenizer_json(file)));
}

Encoding Tokenizer::encode(std::string_view text, int64_t max_length) const {
  const auto& pieces = impl_->post_processor.single;
  const int64_t specials = count_specials(pieces);
  const int64_t room = Impl::room("Tokenizer::encode", max_length, specials);
  std::vector<int64_t> content = impl_->content_ids(text);
  const auto whole = static_cast<int64_t>(content.size());
  impl_->cut(content, std::min(whole, room));
  return Impl::assemble(pieces, content, {}, whole + specials);
}

Encoding Tokenizer::encode_pair(std::string_view first, std::string_view second,
                                int64_t max_length) const {
  const auto& pieces = impl_->post_processor.pair;
  const int64_t specials = count_specials(pieces);
  const int64_t room = Impl::room("Tokenizer::encode_pair", max_length, specials);
  std::vector<int64_t> a = impl_->content_ids(first), b = impl_->content_ids(second);
  auto n = static_cast<int64_t>(a.size()), m = static_cast<int64_t>(b.size());
  const int64_t whole = n + m + specials;
  // "longest_first" in closed form: the shorter side keeps all it can have, up to half of the room;
  // the odd token goes to the longer side, or to the second text if both are cut.
  if (n + m > room) {
    const bool swapped = n > m;
    int64_t& shorter = swapped ? m : n;
    int64_t& longer = swapped ? n : m;
    shorter = std::min(shorter, room / 2);
    longer = room - shorter;
  }
  impl_->cut(a, n);
  impl_->cut(b, m);
  return Impl::assemble(pieces, a, b, whole);
}

Encoding Tokenizer::encode_content(std::string_view text, int64_t max_length) const {
  Encoding encoding;
  encoding.ids = impl_->content_ids(text);
  encoding.untruncated_length = static_cast<int64_t>(encoding.ids.size());
  impl_->cut(encoding.ids, std::min(encoding.untruncated_length,
                                    Impl::room("Tokenizer::encode_content", max_length, 0)));
  encoding.type_ids.resize(encoding.ids.size());
  return encoding;
}

std::string Tokenizer::decode(const std::vector<int64_t>& ids, bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  for (const int64_t id : ids) {
    impl_->check_id(id);
    if (const std::string* token = impl_->spelling(id, skip_special_tokens)) {
      tokens.push_back(*token);
    }
  }
  std::string text = decode_tokens(impl_->decoder.get(), std::move(tokens));
  return impl_->cleans_up ? without_extra_spaces(std::move(text)) : text;
}

std::vector<std::string> Tokenizer::tokenize(std::string_view text, int64_t max_length) const {
  std::vector<std::string> tokens;
  for (const int64_t id : encode(text, max_length).ids) tokens.push_back(id_to_token(id));
  return tokens;
}

int64_t Tokenizer::count_tokens(std::string_view text) const {
  return static_cast<int64_t>(impl_->content_ids(text).size()) +
         count_specials(impl_->post_processor.single);
}

const std::string& Tokenizer::id_to_token(int64_t id) const {
  static const std::string hole;
  impl_->check_id(id);
  return impl_->tokens[id] ? *impl_->tokens[id] : hole;
}

std::optional<int64_t> Tokenizer::token_to_id(std::string_view token) const {
  const auto found = impl_->ids.find(token);
  return found == impl_->ids.end() ? std::nullopt : std::optional<int64_t>(found->second);
}

std::optional<std::string> Tokenizer::named_token(const std::string& name) const {
  const auto found = impl_->named_tokens.find(name);
  return found == impl_->named_tokens.end() ? std::nullopt : std::optional(found->second);
}

int64_t Tokenizer::vocab_size() const { return static_cast<int64_t>(impl_->tokens.size()); }

std::optional<int64_t> Tokenizer::model_max_length() const { return impl_->model_max_length; }

bool Tokenizer::is_special(int64_t id) const {
  impl_->check_id(id);
  return impl_->special[id];
}

}  // namespace sentence_transformers
