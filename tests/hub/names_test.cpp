#include "hub/names.h"

#include "support.h"

namespace sentence_transformers {
namespace {

TEST(Names, RepositoriesAsTheHubHasThem) {
  for (const std::string name :
       {"a", "org/m", "bert-base-uncased", "BAAI/bge-small-en-v1.5", "_a/b_", "a.b/c"}) {
    EXPECT_TRUE(is_repository_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(""), std::string("a/b/c"), std::string("/a"), std::string("a/"),
        std::string("a--b"), std::string("a..b"), std::string("a/b.git"), std::string("-a"),
        std::string("a-"), std::string(".a"), std::string("a b"), std::string("a?b"),
        std::string("\xc3\xa4"), std::string(97, 'a')}) {
    EXPECT_FALSE(is_repository_name(name)) << name;
  }
}

TEST(Names, ABareNameGetsTheOrganizationUnlessItIsAnOldModels) {
  EXPECT_EQ(full_repository_name("all-MiniLM-L6-v2", "sentence-transformers"),
            "sentence-transformers/all-MiniLM-L6-v2");
  EXPECT_EQ(full_repository_name("ms-marco", "cross-encoder"), "cross-encoder/ms-marco");
  EXPECT_EQ(full_repository_name("bert-base-uncased", "sentence-transformers"),
            "bert-base-uncased");
  EXPECT_EQ(full_repository_name("XLNet-Base-Cased", "sentence-transformers"), "XLNet-Base-Cased");
  EXPECT_EQ(full_repository_name("org/m", "sentence-transformers"), "org/m");
  EXPECT_EQ(full_repository_name("m", ""), "m");
}

TEST(Names, PathsStayInside) {
  for (const std::string path :
       {"a", "a/b.json", "1_Pooling/config.json", "a..b", "...", "ab:c", "\xc3\xa4 b"}) {
    EXPECT_TRUE(is_safe_path(path)) << path;
  }
  for (const std::string& path :
       {std::string(""), std::string("/"), std::string("/a"), std::string(".."), std::string("."),
        std::string("a/../b"), std::string("a/.."), std::string("./a"), std::string("a//b"),
        std::string("a/"), std::string("a\\b"), std::string("C:/a"), std::string("c:a"),
        std::string("a\nb"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_safe_path(path)) << path;
  }
  EXPECT_TRUE(is_revision("refs/pr/4"));
  EXPECT_FALSE(is_revision("../main"));
}

TEST(Names, AddressesAreQuoted) {
  EXPECT_EQ(url_quoted("a/b c%\xc3\xa4~-._", true), "a/b%20c%25%C3%A4~-._");
  EXPECT_EQ(url_quoted("refs/pr/4", false), "refs%2Fpr%2F4");
}

}  // namespace
}  // namespace sentence_transformers
