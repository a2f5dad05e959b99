// Chat templates of rerankers: what is read, what is refused and how the refusal says it. What
// Jinja makes of whole templates is compared in rerankers_test.cpp.
#include "tokenizers/chat_template.h"

#include <sentence_transformers/error.h>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

const std::string kQuery = "{{ (messages | selectattr('role', 'eq', 'query') | first).content }}";
const std::string kDocument =
    "{{ messages | selectattr('role', 'eq', 'document') | map(attribute='content') | first }}";

std::string render(const std::string& source, std::string_view system = "") {
  return ChatTemplate(source, "x").render(system, " q ", "d\n");
}

TEST(ChatTemplate, PutsContentsInTheirPlaces) {
  EXPECT_EQ(render("a" + kQuery + "b" + kDocument + "c\n"), "a q bd\nc");
  EXPECT_EQ(render(kDocument + "{} { % }" + kQuery), "d\n{} { % } q ");
}

TEST(ChatTemplate, ASystemMessageMayBeMissing) {
  const std::string system =
      "{{ messages | selectattr('role', 'eq', 'system') | map(attribute='content') | first";
  EXPECT_EQ(render(system + " }}" + kQuery + kDocument, "s"), "s q d\n");
  EXPECT_EQ(render(system + " }}" + kQuery + kDocument), " q d\n");
  EXPECT_EQ(render(system + " | default('none') }}" + kQuery + kDocument), "none q d\n");
  EXPECT_EQ(render(system + " | default('none') }}" + kQuery + kDocument, "s"), "s q d\n");
}

TEST(ChatTemplate, RefusesWhatItDoesNotRead) {
  const std::string pair = kQuery + kDocument;
  const std::vector<std::string> sources = {
      "{% if messages %}a{% endif %}",
      "{% for m in messages %}{{ m.content }}{% endfor %}",
      "{{ messages }}",
      "{{ messages | first }}",
      "{{ messages[0].content }}",
      "{{ unknown }}",
      "{{ 'a' | upper }}",
      "{{ 'a' | first }}",
      "{{ 'a' | list }}",
      "{{ 'a\\q' }}",
      "{{ 'a",
      "{{ 'a' }",
      "{{ }}",
      "{{ messages | default('a') }}",
      "{{ messages | trim }}",
      "{{ messages | selectattr('role', 'ne', 'query') | first }}",
      "{{ messages | selectattr('name', 'eq', 'query') | first }}",
      "{{ messages | map(attribute='role') | first }}",
      "{{ (messages | selectattr('role', 'eq', 'system') | first).content }}",
      "{{ (messages | selectattr('role', 'eq', 'user') | first).content }}",
      "{{ (messages | selectattr('role', 'eq', 'query') | first).role }}",
      "{{ (messages | selectattr('role', 'eq', 'query')).content }}",
  };
  for (const std::string& source : sources) {
    EXPECT_THROWS(UnsupportedError, render(pair + source), "[ChatTemplate] x: \"",
                  "is not read here; known: {{ }} and {% set %}");
  }
  EXPECT_THROWS(UnsupportedError, render(pair + "{{ " + std::string(1'000'000, '(')),
                "[ChatTemplate] x: \" (((");
  EXPECT_THROWS(UnsupportedError, render(pair + "{# a"), "x: a comment has no end");
  const std::string name = "{% set a = '" + std::string(10'000, 'b') + "' %}";
  std::string often;
  for (int i = 0; i < 105; ++i) often += "{{a}}";
  EXPECT_THROWS(UnsupportedError, render(pair + name + often), "makes a text of more than 1048576");
  EXPECT_EQ(render(pair + name + often.substr(0, 500)).size(), 1'000'005);
  EXPECT_THROWS(UnsupportedError, render(kQuery), "x does not show both messages of a pair");
  EXPECT_THROWS(UnsupportedError, render(kDocument), "x does not show both messages of a pair");
}

}  // namespace
}  // namespace sentence_transformers
