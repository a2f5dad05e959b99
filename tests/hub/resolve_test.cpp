// Every place and layout in which a model is looked for.
#include "hub/resolve.h"

#include <sentence_transformers/error.h>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

// No test of this program asks the real Hub; those with a server of their own clear this again.
const int kOffline = setenv("HF_HUB_OFFLINE", "1", 1);

constexpr const char* kVariables[] = {"SENTENCE_TRANSFORMERS_HOME",
                                      "HF_HUB_CACHE",
                                      "HUGGINGFACE_HUB_CACHE",
                                      "HF_HOME",
                                      "XDG_CACHE_HOME",
                                      "HOME"};

/// An empty current folder and none of the variables set, put back at the end.
class ResolveTest : public testing::Test {
 protected:
  void SetUp() override {
    old_folder_ = fs::current_path();
    fs::create_directories(at("here"));
    fs::current_path(at("here"));
    for (const char* name : kVariables) {
      if (const char* value = std::getenv(name)) old_[name] = value;
      unsetenv(name);
    }
  }
  void TearDown() override {
    fs::current_path(old_folder_);
    for (const char* name : kVariables) {
      old_.count(name) ? setenv(name, old_[name].c_str(), 1) : unsetenv(name);
    }
  }

  fs::path at(const fs::path& path) const { return dir_.path() / path; }
  void set(const char* name, const fs::path& path) { setenv(name, at(path).c_str(), 1); }
  /// A folder with a model in it.
  fs::path model(const fs::path& path, const std::string& file = "modules.json") {
    write_file(at(path) / file, "[]");
    return at(path);
  }
  static fs::path resolve(const std::string& name, std::optional<std::string> cache = {}) {
    return resolve_model(name, cache);
  }

 private:
  TempDir dir_;
  fs::path old_folder_;
  std::map<std::string, std::string> old_;
};

TEST_F(ResolveTest, TakesAFolder) {
  ASSERT_EQ(kOffline, 0);
  EXPECT_EQ(resolve(model("a").string()), at("a"));
  EXPECT_EQ(resolve(model("b", "config.json").string()), at("b"));
  EXPECT_EQ(resolve("../a"), "../a");
  EXPECT_EQ(resolve("../a/"), "../a/");
  model("here/org/name");
  EXPECT_EQ(resolve("org/name"), "org/name");
  fs::current_path(at("a"));
  EXPECT_EQ(resolve("."), ".");
}

TEST_F(ResolveTest, RefusesWhatIsNoModelFolder) {
  EXPECT_THROWS(LoadError, resolve(""), "[SentenceTransformer]", "found \"\"");
  fs::create_directories(at("empty"));
  EXPECT_THROWS(LoadError, resolve(at("empty").string()), at("empty").string(),
                "expected modules.json or config.json in this folder");
  write_file(at("model.safetensors"), "");
  EXPECT_THROWS(LoadError, resolve(at("model.safetensors").string()), at("model.safetensors"),
                "expected a model's folder, found a file");
  model("here/models/org/name");  // an empty folder of that name comes first, and says so
  fs::create_directories("org/name");
  EXPECT_THROWS(LoadError, resolve("org/name"), "org/name: expected modules.json");
}

TEST_F(ResolveTest, LooksIntoModels) {
  model("here/models/all-MiniLM-L6-v2");
  EXPECT_EQ(resolve("all-MiniLM-L6-v2"), "models/all-MiniLM-L6-v2");
  EXPECT_EQ(resolve("sentence-transformers/all-MiniLM-L6-v2"), "models/all-MiniLM-L6-v2");
  model("here/models/org/all-MiniLM-L6-v2", "config.json");
  EXPECT_EQ(resolve("org/all-MiniLM-L6-v2"), "models/org/all-MiniLM-L6-v2");
}

/// Every place beside the current folder, first the one that is asked first.
struct Place {
  const char* variable;  // "" for the argument cache_folder
  const char* value;
  const char* cache;
};
constexpr Place kPlaces[] = {
    {"", "given", "given"},
    {"SENTENCE_TRANSFORMERS_HOME", "st", "st"},
    {"HF_HUB_CACHE", "hub_cache", "hub_cache"},
    {"HF_HOME", "hf", "hf/hub"},
    {"XDG_CACHE_HOME", "xdg", "xdg/huggingface/hub"},
    {"HOME", "home", "home/.cache/huggingface/hub"},
};

class EachPlace : public ResolveTest, public testing::WithParamInterface<Place> {
 protected:
  fs::path resolve_there(const std::string& name) {
    if (!*GetParam().variable) return resolve(name, at(GetParam().value).string());
    set(GetParam().variable, GetParam().value);
    return resolve(name);
  }
  fs::path cache(const std::string& below) { return fs::path(GetParam().cache) / below; }
};

TEST_P(EachPlace, FindsTheCommitOfMain) {
  const fs::path repository = cache("models--sentence-transformers--m");
  model(repository / "snapshots/111");
  model(repository / "snapshots/222");
  write_file(at(repository) / "refs/main", "111\n");
  fs::last_write_time(at(repository) / "snapshots/222",
                      fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(resolve_there("m"), at(repository) / "snapshots/111");
  EXPECT_EQ(resolve_there("sentence-transformers/m"), at(repository) / "snapshots/111");
  EXPECT_THROWS(LoadError, resolve_there("other/m"), "no model \"other/m\"");
}

TEST_P(EachPlace, FindsTheNewestSnapshotWithoutMain) {
  const fs::path snapshots = cache("models--org--m") / "snapshots";
  const auto now = fs::file_time_type::clock::now();
  for (const auto& [name, hours] : {std::pair{"old", 1}, {"new", 3}, {"older", 2}}) {
    fs::last_write_time(model(snapshots / name), now + std::chrono::hours(hours));
  }
  fs::create_directories(at(snapshots) / "empty");
  fs::last_write_time(at(snapshots) / "empty", now + std::chrono::hours(9));
  EXPECT_EQ(resolve_there("org/m"), at(snapshots) / "new");
}

TEST_P(EachPlace, FindsPlainFolders) {
  const fs::path full = model(cache("org/m"), "config.json");
  EXPECT_EQ(resolve_there("org/m"), full);
  const fs::path bare = model(cache("sentence-transformers/n"));
  EXPECT_EQ(resolve_there("n"), bare);
  const fs::path old = model(cache("sentence-transformers_o"));
  EXPECT_EQ(resolve_there("o"), old);
  EXPECT_EQ(resolve_there("sentence-transformers/o"), old);
  const fs::path own = model(cache("p"));
  EXPECT_EQ(resolve_there("p"), own);
}

TEST_P(EachPlace, IsNamedWhereNothingIsFound) {
  EXPECT_THROWS(LoadError, resolve_there("m"), "no model \"m\"; looked at:\n  m\n  models/m\n",
                "\n  " + at(cache("models--sentence-transformers--m")).string() + "\n",
                "\n  " + at(cache("models--m")).string() + "\n",
                "\n  " + at(cache("sentence-transformers/m")).string() + "\n",
                "\n  " + at(cache("sentence-transformers_m")).string() + "\n",
                "\n  " + at(cache("m")).string());
}

INSTANTIATE_TEST_SUITE_P(Resolve, EachPlace, testing::ValuesIn(kPlaces), [](const auto& info) {
  return *info.param.variable ? std::string(info.param.variable) : "cache_folder";
});

TEST_F(ResolveTest, AsksThePlacesInTheirOrder) {
  for (const Place& place : kPlaces) {
    model(fs::path(place.cache) / "org/m");
    if (*place.variable) set(place.variable, place.value);
  }
  model("here/models/org/m");
  const std::string given = at("given").string();
  EXPECT_EQ(resolve("org/m", given), "models/org/m");
  fs::remove_all(at("here/models"));
  EXPECT_EQ(resolve("org/m", given), at("given/org/m"));
  for (size_t i = 1; i < std::size(kPlaces); ++i) {
    EXPECT_EQ(resolve("org/m"), at(kPlaces[i].cache) / "org/m");
    unsetenv(kPlaces[i].variable);
  }
  EXPECT_THROWS(LoadError, resolve("org/m"), "looked at:\n  org/m\n  models/org/m\n  models/m");
}

TEST_F(ResolveTest, TakesAnEmptyVariableAsUnset) {
  setenv("SENTENCE_TRANSFORMERS_HOME", "", 1);
  setenv("HF_HUB_CACHE", "", 1);
  setenv("HF_HOME", "", 1);
  set("HOME", "home");
  model("home/.cache/huggingface/hub/org/m");
  EXPECT_EQ(resolve("org/m"), at("home/.cache/huggingface/hub/org/m"));
}

TEST_F(ResolveTest, RefsThatLeadElsewhereAreIgnored) {
  model("evil");
  model("st/models--org--m/snapshots/good");
  set("SENTENCE_TRANSFORMERS_HOME", "st");
  for (const std::string text :
       {"../../../evil", "/", "missing", "", "\n", "good/../../../../evil"}) {
    write_file(at("st/models--org--m/refs/main"), text);
    EXPECT_EQ(resolve("org/m"), at("st/models--org--m/snapshots/good")) << text;
  }
  write_file(at("st/models--org--m/refs/main"), at("evil").string());
  EXPECT_EQ(resolve("org/m"), at("st/models--org--m/snapshots/good"));
}

TEST_F(ResolveTest, PathsAreNoNamesOfModels) {
  model("st/x");
  model("here/models/x");
  set("SENTENCE_TRANSFORMERS_HOME", "st");
  for (const std::string& name :
       {std::string("../x"), std::string("./x"), std::string("a/b/x"), std::string("org\\x"),
        std::string("x/"), std::string("..x"), at("none/x").string()}) {
    EXPECT_THROWS(LoadError, resolve(name), "no model \"" + name + "\"", "looked at:\n  " + name);
    try {
      resolve(name);
    } catch (const LoadError& e) {
      EXPECT_TRUE(std::string(e.what()).ends_with("looked at:\n  " + name)) << e.what();
    }
  }
}

TEST_F(ResolveTest, NamesDoNotClimb) {
  model("here");
  model("here/models");
  model("st");
  set("SENTENCE_TRANSFORMERS_HOME", "st");
  fs::create_directories(at("here/models/org"));
  fs::create_directories(at("st/org"));
  for (const std::string name : {"org/..", "org/.", "none/..", "none/."}) {
    EXPECT_THROWS(LoadError, resolve(name), "no model \"" + name + "\"");
  }
}

TEST_F(ResolveTest, SaysWhyItCouldNotLook) {
  fs::create_symlink("loop", at("loop"));
  EXPECT_THROWS(LoadError, resolve(at("loop").string()), "no model",
                at("loop").string() + " (Too many levels of symbolic links)");
  fs::create_directories("models");
  fs::create_symlink("m", "models/m");
  EXPECT_THROWS(LoadError, resolve("m"), "models/m (Too many levels of symbolic links)");
  EXPECT_THROWS(LoadError, resolve(std::string(300, 'n')), "(File name too long)");
  model("locked");
  model("st/models--org--m/snapshots/1");
  set("SENTENCE_TRANSFORMERS_HOME", "st");
  EXPECT_EQ(resolve("org/m"), at("st/models--org--m/snapshots/1"));
  {
    const WithoutRights guard(at("locked"), at(""));
    EXPECT_THROWS(LoadError, resolve(at("locked").string()), "in this folder (Permission denied)");
  }
  {
    const WithoutRights guard(at("st/models--org--m/snapshots"), at(""));
    EXPECT_THROWS(LoadError, resolve("org/m"), "no model \"org/m\"");
  }
  const WithoutRights guard(at("st"), at(""));
  EXPECT_THROWS(LoadError, resolve("org/m"),
                at("st/models--org--m").string() + " (Permission denied)");
}

TEST_F(ResolveTest, AReferenceThatIsNoCommitIsRefused) {
  model("st/models--org--m/snapshots/1");
  set("SENTENCE_TRANSFORMERS_HOME", "st");
  write_file(at("st/models--org--m/refs/main"), "1");
  fs::resize_file(at("st/models--org--m/refs/main"), 20'000'000'000);
  EXPECT_THROWS(LoadError, resolve("org/m"), "refs/main: is longer than 4096 bytes");
}

}  // namespace
}  // namespace sentence_transformers
