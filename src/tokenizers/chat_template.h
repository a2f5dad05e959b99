// How a reranker's chat template puts a query and a document into one text.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sentence_transformers {

/// A Jinja template of the form that published rerankers have: text, `{{ ... }}`, `{% set %}` and
/// comments, where each message is chosen by its role, as in
/// `messages | selectattr("role", "eq", "query") | map(attribute="content") | first`.
/// It has no branches and no loops, so that it is a list of parts.
class ChatTemplate {
 public:
  /// `where` begins error texts. Throws UnsupportedError, quoting the place, for anything else that
  /// Jinja has, and for a template that does not show both the query and the document.
  ChatTemplate(const std::string& source, const std::string& where);

  /// The template that a model's folder has: chat_template.jinja, or else chat_template of
  /// tokenizer_config.json, or nothing.
  static std::optional<ChatTemplate> read(const std::filesystem::path& folder);

  /// An empty `system` is none.
  std::string render(std::string_view system, std::string_view query,
                     std::string_view document) const;

  /// Does it take contents as lists, `content[0].text`?
  bool structured() const { return structured_; }

  /// Literal text, or the content of the message of a role.
  struct Part {
    enum Kind { literal, system, query, document } kind = literal;
    std::string text = "";  // of a literal; where there is no system message
    bool trimmed = false;
  };

 private:
  std::vector<Part> parts_;
  bool structured_ = false;
};

}  // namespace sentence_transformers
