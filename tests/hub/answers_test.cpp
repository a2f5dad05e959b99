// What the Hub, or who stands in its place, may answer; where tokens go.
#include <sentence_transformers/error.h>

#include "hub/hub_fixture.h"

namespace sentence_transformers {
namespace {

using namespace test;
using HubAnswers = FaultyHubTest;

TEST_F(HubAnswers, TheTokenStaysWithTheHub) {
  HubServer storage;
  storage.store(files.at(kWeights));
  server.redirect_large_files_to(storage);
  expect_whole(load({.token = "secret"}));
  for (const ServerRequest& request : server.requests()) {
    EXPECT_EQ(request.header("authorization"), "Bearer secret") << request.path;
  }
  ASSERT_EQ(storage.requests().size(), 1u);
  EXPECT_EQ(storage.requests()[0].header("authorization"), "");
}

TEST_F(HubAnswers, RedirectsAtTheSameHostKeepTheToken) {
  server.change_answers([](const ServerRequest& request, ServerAnswer& answer) {
    if (request.path == "/api/models/org/m") {
      answer = {.status = 307, .headers = {{"Location", "/api/models/org/m/revision/main"}}};
    }
  });
  expect_whole(load({.token = "secret"}));
  EXPECT_EQ(server.requests()[1].path, "/api/models/org/m/revision/main");
  EXPECT_EQ(server.requests()[1].header("authorization"), "Bearer secret");
}

TEST_F(HubAnswers, RedirectsInACircleEnd) {
  spoil_all(kWeights, [](ServerAnswer& answer) {
    answer = {.status = 302, .headers = {{"Location", "?again"}}};
  });
  EXPECT_THROWS(LoadError, load(), kWeights, "more than 20 redirects");
}

TEST_F(HubAnswers, RedirectsLeadToTheWebAlone) {
  write_file(dir.path() / "file", files.at(kWeights));
  spoil_all(kWeights, [this](ServerAnswer& answer) {
    answer = {.status = 302, .headers = {{"Location", "file://" + (dir.path() / "file").string()}}};
  });
  EXPECT_THROWS(LoadError, load(), kWeights);
  expect_no_weights();
}

TEST_F(HubAnswers, AGatedModelAsksForTheLicence) {
  spoil_all(kWeights, [](ServerAnswer& answer) {
    answer = {.status = 403,
              .headers = {{"X-Error-Code", "GatedRepo"}, {"X-Error-Message", "Ask first"}}};
  });
  EXPECT_THROWS(LoadError, load(), "HTTP 403 (Ask first)", "access to \"org/m\" is restricted",
                "no token was sent", "accept the licence at " + server.url() + "/org/m",
                "HF_TOKEN");
  EXPECT_THROWS(LoadError, load({.token = "t"}), "a token was sent");
  EXPECT_EQ(weights_requests(), 2u);
  spoil_all("/api/", [](ServerAnswer& answer) {
    answer = {.status = 401, .headers = {{"X-Error-Code", "GatedRepo"}}};
  });
  EXPECT_THROWS(LoadError, resolve(), "HTTP 401", "accept the licence");
}

TEST_F(HubAnswers, AMissingModelMayBePrivate) {
  EXPECT_THROWS(
      LoadError, resolve_model("org/none", HubOptions{}),
      "[SentenceTransformer] no model \"org/none\"; looked at:", "/api/models/org/none: HTTP 404",
      "there is no \"org/none\" (revision \"main\")", "or it is private", "HF_TOKEN");
  EXPECT_EQ(server.requests().size(), 1u);
  spoil_all("/api/", [](ServerAnswer& answer) { answer = {.status = 401}; });
  EXPECT_THROWS(LoadError, resolve(), "HTTP 401", "or it is private");
}

TEST_F(HubAnswers, ABareNameIsTheOrganizationsOrAnOldModels) {
  server.add("sentence-transformers/m", "config.json", "{}");
  server.add("bert-base-uncased", "config.json", "{}");
  server.add("cross-encoder/m", "config.json", "{}");
  const fs::path hub = dir.path() / "hf/hub";
  EXPECT_EQ(resolve_model("m", HubOptions{}),
            hub / "models--sentence-transformers--m/snapshots" / commit);
  EXPECT_EQ(resolve_model("m", HubOptions{}, "cross-encoder"),
            hub / "models--cross-encoder--m/snapshots" / commit);
  EXPECT_EQ(resolve_model("bert-base-uncased", HubOptions{}),
            hub / "models--bert-base-uncased/snapshots" / commit);
}

TEST_F(HubAnswers, OfflineOnlyTheCacheIsRead) {
  const HubOptions offline{.local_files_only = true};
  EXPECT_THROWS(LoadError, resolve(offline), "no model \"org/m\"", repository().string(),
                "The Hub was not asked: HF_HUB_OFFLINE or local_files_only is set");
  EXPECT_EQ(server.requests().size(), 0u);
  load();
  server.forget_requests();
  EXPECT_EQ(resolve(offline), snapshot());
  setenv("HF_HUB_OFFLINE", "1", 1);
  EXPECT_EQ(resolve(), snapshot());
  EXPECT_EQ(resolve({.revision = "main"}), snapshot());
  EXPECT_EQ(resolve({.revision = commit}), snapshot());
  EXPECT_THROWS(LoadError, resolve({.revision = "v1"}), "no model \"org/m\"");
  EXPECT_EQ(server.requests().size(), 0u);
}

TEST_F(HubAnswers, WhatIsCachedServesWhileTheHubDoesNot) {
  load();
  spoil_all("/api/", [](ServerAnswer& answer) { answer = {.status = 500}; });
  server.forget_requests();
  EXPECT_EQ(resolve(), snapshot());
  EXPECT_EQ(server.requests().size(), 1u);
  setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1);
  EXPECT_EQ(resolve(), snapshot());
}

TEST_F(HubAnswers, AnAnswerOfSomebodyElseIsNone) {
  for (const std::string body : {"<html>", "{}", "[]", R"({"sha": 3})", R"({"sha": "../../x"})"}) {
    spoil_all("/api/", [body](ServerAnswer& answer) { answer = {.body = body}; });
    EXPECT_THROWS(LoadError, resolve(), "expected JSON with a commit", "is this the Hub?");
  }
  for (const std::string body : {"<html>", "{}", "[3]", R"([{"type": "file"}])",
                                 R"([{"type": "file", "path": "a", "oid": 3, "size": 1}])",
                                 R"([{"type": "file", "path": "a", "oid": "a", "size": -1}])",
                                 R"([{"type": "file", "path": "a", "oid": "a", "size": "1"}])"}) {
    spoil_all("/tree/", [body](ServerAnswer& answer) { answer = {.body = body}; });
    EXPECT_THROWS(LoadError, load(), "[Test]", "/tree/", "list of files");
  }
  spoil_all("/api/", [](ServerAnswer& answer) { answer = {.raw = "nonsense\r\n\r\n"}; });
  EXPECT_THROWS(LoadError, resolve(), "/api/models/org/m");
}

TEST_F(HubAnswers, AnEndlessAnswerIsLeft) {
  spoil_all("/tree/", [](ServerAnswer& answer) { answer.body.assign(70 << 20, ' '); });
  EXPECT_THROWS(LoadError, load(), "/tree/", "more than 67108864 bytes came");
}

TEST_F(HubAnswers, TheTreeStaysAtItsHostAndEnds) {
  HubServer other;
  spoil_all("/tree/", [&](ServerAnswer& answer) {
    answer.headers["Link"] = "<" + other.url() + "/next>; rel=\"next\"";
  });
  EXPECT_THROWS(LoadError, load(), "goes on at another host");
  EXPECT_EQ(other.requests().size(), 0u);
  spoil_all("/tree/", [this](ServerAnswer& answer) {
    answer = {.headers = {{"Link", "<" + server.url() + "/tree/x>; rel=\"next\""}}, .body = "[]"};
  });
  EXPECT_THROWS(LoadError, load(), "goes on without end");
}

/// Puts one more file into the list.
void add_entry(ServerAnswer& answer, const nlohmann::json& entry) {
  auto list = nlohmann::json::parse(answer.body);
  list.push_back(entry);
  answer.body = list.dump();
}

TEST_F(HubAnswers, PathsThatLeaveTheFolderAreRefused) {
  const std::string hash(40, 'a');
  for (const std::string& path :
       {std::string("../x"), std::string("/tmp/x"), std::string("a/../../../x"), std::string(".."),
        std::string("a\\..\\x"), std::string("C:/x"), std::string(""), std::string("a//x"),
        std::string("a\0x", 3)}) {
    spoil_all("/tree/", [&](ServerAnswer& answer) {
      add_entry(answer, {{"type", "file"}, {"path", path}, {"oid", hash}, {"size", 1}});
    });
    EXPECT_THROWS(LoadError, load(), "/tree/", nlohmann::json(path).dump(),
                  "expected a path inside the repository");
    EXPECT_FALSE(fs::exists(repository()));
  }
}

TEST_F(HubAnswers, HashesThatAreNoneAreRefused) {
  for (const auto& [entry, expected] :
       {std::pair{R"({"oid": "../../x", "size": 1})", "a git hash"},
        std::pair{R"({"oid": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "size": 1,
                      "lfs": {"oid": "../x", "size": 1}})",
                  "a SHA-256"},
        std::pair{R"({"oid": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "size": 1,
                      "xetHash": "../x"})",
                  "a Xet hash"}}) {
    auto json = nlohmann::json::parse(entry);
    json["type"] = "file";
    json["path"] = "a";
    spoil_all("/tree/", [&](ServerAnswer& answer) { add_entry(answer, json); });
    EXPECT_THROWS(LoadError, load(), "file \"a\": expected " + std::string(expected));
  }
}

}  // namespace
}  // namespace sentence_transformers
