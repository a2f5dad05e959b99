#include "tokenizers/template_expression.h"

#include <sentence_transformers/error.h>

#include <algorithm>

#include "core/quoted.h"

namespace sentence_transformers {
namespace {

using Part = ChatTemplate::Part;

bool is_space(char c) { return std::string_view(" \t\n\r\f\v").find(c) != std::string_view::npos; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

void TemplateExpression::refuse() const {
  const size_t end = std::min(source_.find('}', begin_), source_.size());
  throw UnsupportedError("[ChatTemplate] " + where_ + ": " +
                         in_quotes(source_.substr(begin_, end - begin_)) +
                         " is not read here; known: {{ }} and {% set %} of messages by their role, "
                         "with selectattr, map, first, default and trim");
}

void TemplateExpression::skip_spaces() {
  while (at_ < source_.size() && is_space(source_[at_])) ++at_;
}

/// Takes the token if it stands here; a word only as a whole.
bool TemplateExpression::skip(std::string_view token) {
  skip_spaces();
  if (!source_.substr(at_).starts_with(token)) return false;
  const size_t end = at_ + token.size();
  if (is_word(token[0]) && end < source_.size() && is_word(source_[end])) return false;
  at_ = end;
  return true;
}

void TemplateExpression::expect(std::string_view token) {
  if (!skip(token)) refuse();
}

std::string TemplateExpression::read_name() {
  skip_spaces();
  const size_t begin = at_;
  while (at_ < source_.size() && is_word(source_[at_])) ++at_;
  if (at_ == begin) refuse();
  return std::string(source_.substr(begin, at_ - begin));
}

std::string TemplateExpression::read_string() {
  skip_spaces();
  if (at_ >= source_.size() || (source_[at_] != '"' && source_[at_] != '\'')) refuse();
  const char quote = source_[at_++];
  std::string text;
  for (; at_ < source_.size() && source_[at_] != quote; ++at_) {
    if (source_[at_] != '\\') {
      text += source_[at_];
      continue;
    }
    const std::map<char, char> escapes = {
        {'n', '\n'}, {'t', '\t'}, {'"', '"'}, {'\'', '\''}, {'\\', '\\'}};
    const auto found = ++at_ < source_.size() ? escapes.find(source_[at_]) : escapes.end();
    if (found == escapes.end()) refuse();
    text += found->second;
  }
  if (at_ >= source_.size()) refuse();
  ++at_;
  return text;
}

void TemplateExpression::read_assignment(std::map<std::string, TemplateValue>& names) {
  expect("set");
  const std::string name = read_name();
  expect("=");
  names[name] = read_value();
}

Part TemplateExpression::read_part() {
  const TemplateValue value = read_value();
  if (value.kind != TemplateValue::text) refuse();
  return value.part;
}

char TemplateExpression::read_end(char kind) {
  char sign = ' ';
  if (skip("-")) {
    sign = '-';
  } else if (skip("+")) {
    sign = '+';
  }
  const char end[] = {kind, '}', '\0'};
  expect(end);
  return sign;
}

TemplateValue TemplateExpression::read_value() {
  TemplateValue value = read_operand();
  while (true) {
    if (skip("|")) {
      apply_filter(value);
    } else if (skip(".")) {
      expect("content");
      if (value.kind != TemplateValue::message) refuse();
      take_content(value);
    } else {
      return value;
    }
  }
}

TemplateValue TemplateExpression::read_operand() {
  if (skip("(")) {
    constexpr int kDeepest = 100;  // of what recurses
    if (++open_ > kDeepest) refuse();
    const TemplateValue value = read_value();
    expect(")");
    --open_;
    return value;
  }
  skip_spaces();
  if (at_ < source_.size() && (source_[at_] == '"' || source_[at_] == '\'')) {
    return {TemplateValue::text, "", {.text = read_string()}};
  }
  if (skip("messages")) return {};
  const auto found = names_.find(read_name());
  if (found == names_.end()) refuse();
  return found->second;
}

/// `selectattr("role", "eq", ROLE)`
void TemplateExpression::select(TemplateValue& value) {
  expect("(");
  if (value.kind != TemplateValue::messages || read_string() != "role") refuse();
  expect(",");
  const std::string test = read_string();
  if (test != "eq" && test != "==" && test != "equalto") refuse();
  expect(",");
  value.role = read_string();
  expect(")");
}

/// A message of a role becomes the text that it holds.
void TemplateExpression::take_content(TemplateValue& value) {
  const std::map<std::string, Part::Kind> roles = {
      {"system", Part::system}, {"query", Part::query}, {"document", Part::document}};
  const auto role = roles.find(value.role);
  // A system message may be missing: its content is asked for by map, which allows for that.
  if (role == roles.end() ||
      (value.kind == TemplateValue::message && role->second == Part::system)) {
    refuse();
  }
  if (skip("[")) {
    expect("0");
    expect("]");
    expect(".");
    expect("text");
  }
  value = {TemplateValue::text, "", {.kind = role->second}};
}

void TemplateExpression::apply_filter(TemplateValue& value) {
  if (skip("selectattr")) {
    select(value);
  } else if (skip("list")) {
    if (value.kind == TemplateValue::text) refuse();
  } else if (skip("map")) {
    expect("(");
    expect("attribute");
    expect("=");
    if (value.kind != TemplateValue::messages || read_string() != "content") refuse();
    expect(")");
    value.kind = TemplateValue::contents;
  } else if (skip("first")) {
    if (value.kind == TemplateValue::contents) {
      take_content(value);
    } else if (value.kind == TemplateValue::messages) {
      value.kind = TemplateValue::message;
    } else {
      refuse();
    }
  } else if (skip("default")) {
    expect("(");
    const std::string text = read_string();
    expect(")");
    if (value.kind != TemplateValue::text) refuse();
    if (value.part.kind == Part::system && value.part.text.empty()) value.part.text = text;
  } else if (skip("trim")) {
    if (value.kind != TemplateValue::text) refuse();
    value.part.trimmed = true;
  } else {
    refuse();
  }
}

}  // namespace sentence_transformers
