// The expressions of chat templates: which message's content a tag shows.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tokenizers/chat_template.h"

namespace sentence_transformers {

/// What an expression stands for: messages of a role, one of them, their contents, or a text.
struct TemplateValue {
  enum Kind { messages, message, contents, text } kind = messages;
  std::string role = "";  // of messages that selectattr chose; empty for all
  ChatTemplate::Part part = {};
};

/// One tag of a template, read from a place on.
class TemplateExpression {
 public:
  TemplateExpression(std::string_view source, size_t at, const std::string& where,
                     const std::map<std::string, TemplateValue>& names)
      : source_(source), begin_(at), at_(at), where_(where), names_(names) {}

  /// `set NAME = ...`, which goes into `names`.
  void read_assignment(std::map<std::string, TemplateValue>& names);
  /// An expression that is a text. Throws UnsupportedError for another one.
  ChatTemplate::Part read_part();
  /// The tag's end, `kind` before }: its sign, '-' or '+', or a space where there is none.
  char read_end(char kind);
  /// Behind the tag.
  size_t at() const { return at_; }

 private:
  [[noreturn]] void refuse() const;
  void skip_spaces();
  bool skip(std::string_view token);
  std::string read_name();
  std::string read_string();
  void expect(std::string_view token);
  TemplateValue read_value();
  TemplateValue read_operand();
  void apply_filter(TemplateValue& value);
  void select(TemplateValue& value);
  void take_content(TemplateValue& value);

  std::string_view source_;
  size_t begin_, at_;
  int open_ = 0;  // parentheses
  const std::string& where_;
  const std::map<std::string, TemplateValue>& names_;
};

}  // namespace sentence_transformers
