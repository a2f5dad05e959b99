// Bytes that come late, cut, wrong, or not at all: nothing half-written is ever loaded.
#include <sentence_transformers/error.h>

#include <chrono>

#include "hub/hub_fixture.h"

namespace sentence_transformers {
namespace {

using namespace test;
using Transfer = FaultyHubTest;

TEST_F(Transfer, ACutTransferGoesOnWhereItWas) {
  spoil(1, [](ServerAnswer& answer) { answer.cut_after = 100000; });
  expect_whole(load());
  EXPECT_EQ(ranges(), (std::vector<std::string>{"", "bytes=100000-"}));
}

TEST_F(Transfer, ManyCutsCountOnlyWhileNothingComes) {
  spoil(10, [](ServerAnswer& answer) { answer.cut_after = 20000; });
  expect_whole(load());
  EXPECT_EQ(ranges().size(), 11u);
  EXPECT_EQ(ranges().back(), "bytes=200000-");
}

TEST_F(Transfer, AServerWithoutRangesStartsAgain) {
  int count = 0;
  server.change_answers([&](const ServerRequest& request, ServerAnswer& answer) {
    if (!is_weights(request)) return;
    if (count++ == 0) answer.cut_after = 100000;
    if (count > 1) answer = {.body = files.at(kWeights)};
  });
  expect_whole(load());
  EXPECT_EQ(ranges(), (std::vector<std::string>{"", "bytes=100000-"}));
}

TEST_F(Transfer, APartFromElsewhereIsNotTaken) {
  int count = 0;
  server.change_answers([&](const ServerRequest& request, ServerAnswer& answer) {
    if (!is_weights(request)) return;
    if (count++ == 0) answer.cut_after = 100000;
    if (count == 2) answer.headers["Content-Range"] = "bytes 5-399999/400000";
  });
  expect_whole(load());
  EXPECT_EQ(ranges(), (std::vector<std::string>{"", "bytes=100000-", ""}));
}

TEST_F(Transfer, ARefusedRangeStartsAgain) {
  int count = 0;
  server.change_answers([&](const ServerRequest& request, ServerAnswer& answer) {
    if (!is_weights(request)) return;
    if (count++ == 0) answer.cut_after = 100000;
    if (count == 2) answer = {.status = 416};
  });
  expect_whole(load());
  EXPECT_EQ(ranges(), (std::vector<std::string>{"", "bytes=100000-", ""}));
}

TEST_F(Transfer, AWrongHashIsRefused) {
  spoil(9, [](ServerAnswer& answer) { answer.body[200000] ^= 1; });
  EXPECT_THROWS(LoadError, load(), "[Test]", kWeights,
                "expected SHA-256 " + sha256_of(files.at(kWeights)) + ", found ");
  expect_no_weights();
  EXPECT_EQ(weights_requests(), 2u);
  server.change_answers(nullptr);
  expect_whole(load());
}

TEST_F(Transfer, AWrongGitHashIsRefused) {
  spoil_all("/config.json", [](ServerAnswer& answer) { answer.body = "[]"; });
  EXPECT_THROWS(LoadError, load(), "expected git's SHA-1 " + git_hash_of("{}") + ", found ");
  EXPECT_FALSE(fs::exists(snapshot() / "config.json"));
}

TEST_F(Transfer, BytesThatWereWrongOnceAreFetchedAgain) {
  fs::create_directories(repository() / "blobs");
  write_file(incomplete(), std::string(1000, 'x'));
  expect_whole(load());
  EXPECT_EQ(ranges(), (std::vector<std::string>{"bytes=1000-", ""}));
}

TEST_F(Transfer, ALeftoverThatIsTooLongIsForgotten) {
  fs::create_directories(repository() / "blobs");
  write_file(incomplete(), std::string(500000, 'x'));
  expect_whole(load());
  EXPECT_EQ(ranges(), (std::vector<std::string>{""}));
}

TEST_F(Transfer, ATruncatedFileIsRefused) {
  spoil(99, [](ServerAnswer& answer) { answer = {.body = answer.body.substr(0, 1000)}; });
  EXPECT_THROWS(LoadError, load(), kWeights, "expected 400000 bytes, found 1000");
  expect_no_weights();
}

TEST_F(Transfer, AFileThatIsTooLongIsRefused) {
  spoil(99, [](ServerAnswer& answer) { answer.body += "x"; });
  EXPECT_THROWS(LoadError, load(), kWeights, "expected 400000 bytes, found more");
  expect_no_weights();
}

TEST_F(Transfer, ASlowServerIsLeftAndAskedAgain) {
  setenv("HF_HUB_DOWNLOAD_TIMEOUT", "1", 1);
  spoil(1, [](ServerAnswer& answer) { answer.stall_after = 100000; });
  const auto start = std::chrono::steady_clock::now();
  expect_whole(load());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
  EXPECT_EQ(ranges(), (std::vector<std::string>{"", "bytes=100000-"}));
}

TEST_F(Transfer, ASilentHubTimesOut) {
  setenv("HF_HUB_ETAG_TIMEOUT", "1", 1);
  spoil_all("/api/", [](ServerAnswer& answer) { answer.stall_after = 0; });
  const auto start = std::chrono::steady_clock::now();
  const HubAnswer answer = hub_snapshot("org/m", std::nullopt, settings(), false, 2, "Test");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
  EXPECT_TRUE(answer.folder.empty());
  EXPECT_NE(answer.problem.find("/api/models/org/m"), std::string::npos) << answer.problem;
  EXPECT_NE(answer.problem.find("after 2 tries"), std::string::npos) << answer.problem;
}

TEST_F(Transfer, TooManyRequestsWait) {
  spoil(1,
        [](ServerAnswer& answer) { answer = {.status = 429, .headers = {{"Retry-After", "1"}}}; });
  const auto start = std::chrono::steady_clock::now();
  expect_whole(load());
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_EQ(weights_requests(), 2u);
}

TEST_F(Transfer, TooLongAWaitIsLeftToTheCaller) {
  spoil(9, [](ServerAnswer& answer) {
    answer = {.status = 429, .headers = {{"Retry-After", "1000"}}};
  });
  EXPECT_THROWS(LoadError, load(), "HTTP 429", "too many requests", "the Hub asks to wait 1000 s",
                "HF_TOKEN");
  EXPECT_EQ(weights_requests(), 1u);
}

TEST_F(Transfer, ServerErrorsAreTriedAgain) {
  spoil(3, [](ServerAnswer& answer) { answer = {.status = 503}; });
  expect_whole(load());
  EXPECT_EQ(weights_requests(), 4u);
}

TEST_F(Transfer, ServerErrorsAreToldAfterTheLastTry) {
  spoil(99, [](ServerAnswer& answer) { answer = {.status = 500}; });
  EXPECT_THROWS(LoadError, load(), kWeights, "HTTP 500 after 6 tries", "try again later");
  EXPECT_EQ(weights_requests(), 6u);
  spoil_all("/tree/", [](ServerAnswer& answer) { answer = {.status = 502}; });
  fs::remove_all(repository());
  EXPECT_THROWS(LoadError, load(), "[Test]", "/tree/", "HTTP 502 after 6 tries");
}

TEST_F(Transfer, NoConnectionIsTold) {
  setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1);
  const HubAnswer answer = hub_snapshot("org/m", std::nullopt, settings(), false, 3, "Test");
  EXPECT_NE(answer.problem.find("http://127.0.0.1:1/api/models/org/m: "), std::string::npos);
  EXPECT_NE(answer.problem.find("after 3 tries. Is there a network"), std::string::npos)
      << answer.problem;
}

}  // namespace
}  // namespace sentence_transformers
