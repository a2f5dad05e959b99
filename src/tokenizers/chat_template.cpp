#include "tokenizers/chat_template.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <map>

#include "core/config.h"
#include "core/files.h"
#include "tokenizers/template_expression.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;
using Part = ChatTemplate::Part;

constexpr const char* kSpaces = " \t\n\r\f\v";
/// A name can stand for a long text and be shown many times.
constexpr size_t kLongestText = size_t{1} << 20;

/// Jinja reads \r\n as \n and drops one newline at the end.
std::string clean(const std::string& source) {
  std::string text;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      text += '\n';
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

/// Cuts a template at its tags, with what Hugging Face sets: the newline behind a block goes
/// (trim_blocks), and so do spaces before a block that begins its line (lstrip_blocks).
class Parser {
 public:
  Parser(std::string source, const std::string& where)
      : source_(std::move(source)), where_(where) {}

  void parse(std::vector<Part>& parts) {
    for (size_t at = 0; at < source_.size();) {
      const size_t tag = find_tag(at);
      std::string text = source_.substr(at, tag - at);
      const bool ends = tag == source_.size();
      if (!ends) trim_end(text, tag, at == 0 || source_[at - 1] == '\n');
      if (!text.empty()) parts.push_back({.text = text});
      if (ends) return;
      at = source_[tag + 1] == '#' ? skip_comment(tag) : read_tag(tag, parts);
    }
  }

 private:
  size_t find_tag(size_t from) const {
    for (size_t i = source_.find('{', from); i != source_.npos; i = source_.find('{', i + 1)) {
      if (i + 1 < source_.size() &&
          std::string_view("{%#").find(source_[i + 1]) != std::string::npos)
        return i;
    }
    return source_.size();
  }

  void trim_end(std::string& text, size_t tag, bool begins_line) const {
    const char kind = source_[tag + 1], sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
    if (sign == '-') {
      text.erase(text.find_last_not_of(kSpaces) + 1);
    } else if (kind != '{' && sign != '+') {
      const size_t newline = text.rfind('\n');
      const size_t line = newline == text.npos ? 0 : newline + 1;
      const bool is_blank = text.find_first_not_of(" \t", line) == text.npos;
      if (is_blank && (newline != text.npos || begins_line)) text.erase(line);
    }
  }

  /// Behind a tag that ends at `end`.
  size_t trim_start(size_t end, char sign, bool is_block) const {
    if (sign == '-') return std::min(source_.find_first_not_of(kSpaces, end), source_.size());
    return is_block && sign != '+' && end < source_.size() && source_[end] == '\n' ? end + 1 : end;
  }

  size_t skip_comment(size_t tag) const {
    const size_t end = source_.find("#}", tag + 2);
    if (end == source_.npos) {
      throw UnsupportedError("[ChatTemplate] " + where_ + ": a comment has no end");
    }
    return trim_start(end + 2, source_[end - 1], true);
  }

  size_t read_tag(size_t tag, std::vector<Part>& parts) {
    const bool is_block = source_[tag + 1] == '%';
    size_t at = tag + 2;
    if (at < source_.size() && (source_[at] == '-' || source_[at] == '+')) ++at;
    TemplateExpression expression(source_, at, where_, names_);
    if (is_block) {
      expression.read_assignment(names_);
    } else {
      parts.push_back(expression.read_part());
      shown_ += parts.back().text.size();
      if (shown_ > kLongestText) {
        throw UnsupportedError("[ChatTemplate] " + where_ + " makes a text of more than " +
                               std::to_string(kLongestText) + " bytes");
      }
    }
    const char sign = expression.read_end(is_block ? '%' : '}');
    return trim_start(expression.at(), sign, is_block);
  }

  const std::string source_;
  const std::string& where_;
  std::map<std::string, TemplateValue> names_;
  size_t shown_ = 0;  // bytes of literals that tags show
};

std::string trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == text.npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1));
}

}  // namespace

ChatTemplate::ChatTemplate(const std::string& source, const std::string& where) {
  Parser(clean(source), where).parse(parts_);
  const auto shows = [&](Part::Kind kind) {
    return std::any_of(parts_.begin(), parts_.end(),
                       [kind](const Part& part) { return part.kind == kind; });
  };
  if (!shows(Part::query) || !shows(Part::document)) {
    throw UnsupportedError("[ChatTemplate] " + where +
                           " does not show both messages of a pair, of roles query and document");
  }
  structured_ = source.find("content[0]") != source.npos;
}

std::optional<ChatTemplate> ChatTemplate::read(const fs::path& folder) {
  if (const fs::path own = folder / "chat_template.jinja"; file_exists(own)) {
    return ChatTemplate(read_file(own), own.string());
  }
  const fs::path file = folder / "tokenizer_config.json";
  if (!file_exists(file)) return std::nullopt;
  const Config config = Config::read(file);
  if (!config.has("chat_template")) return std::nullopt;
  return ChatTemplate(config.require<std::string>("chat_template"), config.name("chat_template"));
}

std::string ChatTemplate::render(std::string_view system, std::string_view query,
                                 std::string_view document) const {
  std::string text;
  for (const Part& part : parts_) {
    std::string_view content = part.text;
    if (part.kind == Part::system && !system.empty()) content = system;
    if (part.kind == Part::query) content = query;
    if (part.kind == Part::document) content = document;
    text += part.trimmed ? trim(content) : std::string(content);
  }
  return text;
}

}  // namespace sentence_transformers
