#include "hub/settings.h"

#include <stdexcept>

#include "hub/hub_fixture.h"

namespace sentence_transformers {
namespace {

using namespace test;
using Paths = std::vector<fs::path>;

class HubSettingsTest : public testing::Test {
 protected:
  static void set(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }
  static HubSettings read(const HubOptions& options = {}) {
    return read_hub_settings(options, "Test");
  }
  HubEnvironment environment;
  TempDir dir;
};

TEST_F(HubSettingsTest, WithoutAnyVariable) {
  const HubSettings settings = read();
  EXPECT_TRUE(settings.endpoint.starts_with("https://"));
  EXPECT_EQ(settings.caches, Paths{});
  EXPECT_EQ(settings.token, "");
  EXPECT_FALSE(settings.offline);
  EXPECT_TRUE(settings.symlinks);
  EXPECT_EQ(settings.etag_timeout, 10);
  EXPECT_EQ(settings.download_timeout, 10);
}

TEST_F(HubSettingsTest, TheEndpointLosesItsSlash) {
  set("HF_ENDPOINT", "http://127.0.0.1:1//");
  EXPECT_EQ(read().endpoint, "http://127.0.0.1:1");
}

TEST_F(HubSettingsTest, CachesInTheirOrder) {
  set("HOME", "/home/me");
  EXPECT_EQ(read().caches, Paths{"/home/me/.cache/huggingface/hub"});
  set("XDG_CACHE_HOME", "/xdg");
  EXPECT_EQ(read().caches, Paths{"/xdg/huggingface/hub"});
  set("HF_HOME", "~/hf");
  EXPECT_EQ(read().caches, Paths{"/home/me/hf/hub"});
  set("HUGGINGFACE_HUB_CACHE", "/old");
  set("HF_HUB_CACHE", "$HOME/${XDG_CACHE_HOME}/$NONE/x");
  set("SENTENCE_TRANSFORMERS_HOME", "/st");
  EXPECT_EQ(read({.cache_folder = "/given"}).caches,
            (Paths{"/given", "/st", "/home/me//xdg/$NONE/x", "/old", "/home/me/hf/hub"}));
}

TEST_F(HubSettingsTest, TheTokenFromItsPlacesInTheirOrder) {
  const std::string home = dir.path().string();
  set("HF_HOME", home);
  EXPECT_EQ(read().token, "");
  write_file(dir.path() / "token", "from-file\n");
  EXPECT_EQ(read().token, "from-file");
  write_file(dir.path() / "other", " from-path ");
  set("HF_TOKEN_PATH", home + "/other");
  EXPECT_EQ(read().token, "from-path");
  set("HUGGING_FACE_HUB_TOKEN", "old");
  EXPECT_EQ(read().token, "old");
  set("HF_TOKEN", " new\r\n");
  EXPECT_EQ(read().token, "new");
  EXPECT_EQ(read({.token = "given\n"}).token, "given");
  EXPECT_EQ(read({.token = ""}).token, "");
  set("HF_HUB_DISABLE_IMPLICIT_TOKEN", "yes");
  EXPECT_EQ(read().token, "");
  EXPECT_EQ(read({.token = "given"}).token, "given");
}

TEST_F(HubSettingsTest, ATokenIsOneWord) {
  for (const std::string token : {"a b", "a\tb", "\xc3\xa4", "a\x01"}) {
    EXPECT_THROWS(std::invalid_argument, read({.token = token}), "[Test]", "token");
  }
}

TEST_F(HubSettingsTest, OfflineBySwitches) {
  EXPECT_TRUE(read({.local_files_only = true}).offline);
  for (const std::string value : {"1", "ON", "yes", "True"}) {
    set("HF_HUB_OFFLINE", value);
    EXPECT_TRUE(read().offline) << value;
  }
  set("TRANSFORMERS_OFFLINE", "1");
  for (const std::string value : {"0", "no"}) {
    set("HF_HUB_OFFLINE", value);
    EXPECT_FALSE(read().offline) << value;
  }
  set("HF_HUB_OFFLINE", "");
  EXPECT_TRUE(read().offline);
}

TEST_F(HubSettingsTest, TimeoutsAndLinks) {
  set("HF_HUB_ETAG_TIMEOUT", "3");
  set("HF_HUB_DOWNLOAD_TIMEOUT", "0");
  set("HF_HUB_DISABLE_SYMLINKS", "1");
  EXPECT_EQ(read().etag_timeout, 3);
  EXPECT_EQ(read().download_timeout, 10);
  EXPECT_FALSE(read().symlinks);
}

}  // namespace
}  // namespace sentence_transformers
