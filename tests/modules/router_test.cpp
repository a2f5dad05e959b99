// Routers: which route a task takes, saving, training, and what they refuse.
#include "modules/router.h"

#include <ATen/ATen.h>
#include <sentence_transformers/losses.h>
#include <sentence_transformers/trainer.h>

#include <set>

#include "modules/first_modules.h"

namespace sentence_transformers {
namespace {

using namespace test;
using json = nlohmann::ordered_json;

at::Tensor wanted(const std::string& key) { return first_modules_results().get(key).clone(); }

TEST(Routers, QueriesAndDocumentsTakeTheirRoutes) {
  const SentenceTransformer model = FirstModules("router").load();
  const auto texts = first_modules_texts();
  EXPECT_LE(largest_difference(model.encode_query(texts), wanted("router.query")), 1e-5);
  EXPECT_LE(largest_difference(model.encode_document(texts), wanted("router.document")), 1e-5);
  EXPECT_LE(largest_difference(model.encode_query(texts, with_task("document")),
                               wanted("router.document")),
            1e-5);
  EXPECT_EQ(model.similarity_fn(), SimilarityFunction::cosine);
}

TEST(Routers, UnknownTasksAreNamed) {
  const std::vector<std::string> no_texts;
  const SentenceTransformer asym = FirstModules("asym").load();
  EXPECT_THROWS(std::invalid_argument, asym.encode("a", with_task("other")),
                "[SentenceTransformer::encode] the model has no route for the task \"other\"; "
                "known: query, doc");
  EXPECT_THROWS(std::invalid_argument, asym.encode(no_texts, with_task("other")), "\"other\"");
  EXPECT_THROWS(std::invalid_argument, asym.encode_document("a"), "\"document\"");
  EXPECT_THROWS(std::invalid_argument, asym.forward({"a"}, "", "other"),
                "[SentenceTransformer::forward] ", "\"other\"");
  const SentenceTransformer mapped = FirstModules("mapped").load();
  EXPECT_THROWS(std::invalid_argument, mapped.encode("a"), "no default_route; expected a task");
  EXPECT_THROWS(std::invalid_argument, mapped.encode("a", with_task("x")),
                "known: short, long, document, query");
}

TEST(Routers, RulesGoByTaskAndModality) {
  const FirstModules folder("mapped");
  const auto query = wanted("mapped.query"), document = wanted("mapped.document");
  const auto routes = [&](const json& mappings, const json& default_route,
                          const std::string& task) -> std::string {
    json config = folder.read("router_config.json");
    config["parameters"]["route_mappings"] = mappings;
    config["parameters"]["default_route"] = default_route;
    folder.write("router_config.json", config);
    const at::Tensor found = folder.load().encode(first_modules_texts(), with_task(task));
    return largest_difference(found, query) < 1e-5      ? "short"
           : largest_difference(found, document) < 1e-5 ? "long"
                                                        : "none";
  };
  EXPECT_EQ(routes({{"('q', 'text')", "short"}, {"('q', None)", "long"}}, nullptr, "q"), "short");
  EXPECT_EQ(routes({{"('q', 'image')", "short"}, {"('q', None)", "long"}}, nullptr, "q"), "long");
  EXPECT_EQ(routes({{"('q', None)", "short"}, {"(None, \"text\")", "long"}}, nullptr, "x"), "long");
  EXPECT_EQ(routes({{"(None, 'text')", "short"}, {"(None, None)", "long"}}, nullptr, ""), "short");
  EXPECT_EQ(routes({{"(None, ('text',))", "short"}, {"(None, None)", "long"}}, nullptr, "short"),
            "long");
  EXPECT_EQ(routes({{"(None, ('text', 'image'))", "short"}}, "long", ""), "long");
  EXPECT_EQ(routes(json::object(), "long", "short"), "short");
  EXPECT_EQ(routes(nullptr, nullptr, "long"), "long");
}

TEST(Routers, TheFirstRouteIsTheDefaultWhereNoneIsNamed) {
  const FirstModules folder("router");
  json config = folder.read("router_config.json");
  config["parameters"] = {{"allow_empty_key", true}};
  folder.write("router_config.json", config);
  EXPECT_LE(largest_difference(folder.load().encode(first_modules_texts()), wanted("router.query")),
            1e-5);
}

TEST(Routers, ReadManyKeysInLinearTime) {
  const FirstModules folder("mapped");
  std::string text = folder.read("router_config.json").dump(), more;
  for (int i = 0; i < 100'000; ++i) more += "\"unused" + std::to_string(i) + "\":\"x\",";
  const std::string begin = "\"types\":{";
  text.insert(text.find(begin) + begin.size(), more);
  write_file(folder.path() / "router_config.json", text);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(folder.load().get_embedding_dimension(), 8);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(Routers, RunAsAModule) {
  const FirstModules folder("mapped");
  Router router(folder.path(), {});
  router.eval();
  EXPECT_EQ(router.output_sizes({}), (FeatureSizes{0, 8}));
  Features features{.batch = pack_tokens({{}}, {{}}, at::kCPU), .task = "query"};
  router.forward(features);
  EXPECT_LE(largest_difference(features.sentence_embedding[0], wanted("mapped.query")[2]), 1e-5);
  EXPECT_THROWS(
      std::invalid_argument,
      [&] {
        features.task = "";
        router.forward(features);
      }(),
      "[Router] ");
}

TEST(Routers, SharedModulesStayShared) {
  const TempDir target;
  const FirstModules folder("mapped");
  SentenceTransformer model = folder.load();
  std::set<std::string> names;
  for (const auto& [name, parameter] : model.named_parameters()) names.insert(name);
  EXPECT_EQ(names, (std::set<std::string>{
                       "sub_modules.short.0.embedding.weight", "sub_modules.short.1.linear.bias",
                       "sub_modules.short.1.linear.weight", "sub_modules.long.1.linear.bias",
                       "sub_modules.long.1.linear.weight"}));
  model.save_pretrained(target.path());
  EXPECT_TRUE(fs::exists(target.path() / "short_0_StaticEmbedding"));
  EXPECT_FALSE(fs::exists(target.path() / "long_0_StaticEmbedding"));
  std::ifstream in(target.path() / "router_config.json");
  EXPECT_EQ(json::parse(in).at("structure").at("long"),
            (json{"short_0_StaticEmbedding", "long_1_Dense"}));
}

TEST(Routers, TrainEachColumnOnItsRoute) {
  const FirstModules folder("asym");
  SentenceTransformer model = folder.load();
  std::map<std::string, at::Tensor> before;
  for (const auto& [name, parameter] : model.named_parameters()) {
    before[name] = parameter.detach().clone();
  }
  const auto loss = std::make_shared<MultipleNegativesRankingLoss>();
  Batch batch;
  batch.examples = {Example{.texts = {"the dog", "a cat"}}, Example{.texts = {"the sun", "good"}}};
  batch.tasks = {"query", "doc"};
  model.train();
  loss->forward(model, batch).backward();
  for (const auto& [name, parameter] : model.named_parameters()) {
    EXPECT_TRUE(parameter.grad().defined()) << name;
    EXPECT_GT(parameter.grad().abs().sum().item<double>(), 0) << name;
  }
  Batch wrong = batch;
  wrong.tasks = {"query"};
  EXPECT_THROWS(std::invalid_argument, loss->forward(model, wrong),
                "[Batch] expected a task for each of 2 texts of an example, found 1");

  const TempDir target;
  TrainingArguments arguments;
  arguments.output_dir = target.path() / "run";
  arguments.num_train_epochs = 1;
  SentenceTransformerTrainer trainer(model, arguments,
                                     {{.dataset = std::make_shared<ListDataset>(batch.examples),
                                       .loss = loss,
                                       .routes = {"query", "doc"}}});
  trainer.train();
  for (const auto& [name, parameter] : model.named_parameters()) {
    EXPECT_GT(largest_difference(parameter.detach(), before[name]), 0) << name;
  }
}

TEST(Routers, SayWhatTheyCannotRead) {
  const auto refuses = [](const std::function<void(json&)>& change, const std::string& message) {
    const FirstModules folder("mapped");
    json config = folder.read("router_config.json");
    change(config);
    folder.write("router_config.json", config);
    EXPECT_THROWS(Error, folder.load(), message);
  };
  refuses([](json& c) { c.erase("types"); }, "\"types\" is missing");
  refuses([](json& c) { c["structure"] = json::object(); }, "\"structure\": expected a route");
  refuses([](json& c) { c["structure"]["short"] = json::array(); },
          "\"structure.short\": expected a module");
  refuses([](json& c) { c["structure"]["a.b"] = {"long_1_Dense"}; },
          "\"structure.a.b\": expected a plain name, found \"a.b\"");
  refuses([](json& c) { c["structure"]["a/b"] = {"long_1_Dense"}; }, "expected a plain name");
  refuses([](json& c) { c["structure"]["short"] = {".."}; }, "expected a plain name, found \"..\"");
  refuses([](json& c) { c["structure"]["short"] = {"."}; }, "expected a plain name, found \".\"");
  refuses([](json& c) { c["structure"]["short"] = {"other"}; }, "\"types.other\" is missing");
  refuses([](json& c) { c["structure"]["short"] = {"long_1_Dense"}; },
          "\"types.long_1_Dense\" is \"sentence_transformers.base.modules.dense.Dense\"; known as "
          "the first module");
  refuses([](json& c) { c["types"]["long_1_Dense"] = "other.Dense"; }, "trust_remote_code");
  refuses([](json& c) { c["types"]["long_1_Dense"] = "sentence_transformers.models.Other"; },
          "[Router] ");
  refuses([](json& c) { c["structure"]["long"] = {"short_0_StaticEmbedding"}; },
          "expected equal sizes");
  refuses(
      [](json& c) {
        c["structure"]["short"] = {"short_0_StaticEmbedding", "short_1_Dense", "long_1_Dense"};
      },
      "\"in_features\": expected 8");
  refuses(
      [](json& c) {
        c["structure"]["more"] = {"short_0_StaticEmbedding", "short_1_Dense", "short_1_Dense"};
      },
      "\"short_1_Dense\" stands behind embeddings of another size in another route");
  refuses([](json& c) { c["parameters"]["default_route"] = "x"; },
          "\"parameters.default_route\" names \"x\"; known routes: ");
  refuses([](json& c) { c["parameters"]["route_mappings"]["(None, None)"] = "x"; },
          "\"parameters.route_mappings\" names \"x\"");
  refuses([](json& c) { c["parameters"]["other"] = 1; }, "\"parameters.other\" is not known");
  for (const std::string key : {"", "query", "(None)", "('a', 'b'", "('a', 'b') + 1", "('a', ())",
                                "('a\\'', None)", "('a', ('b' 'c'))", "(1, None)"}) {
    refuses([&](json& c) { c["parameters"]["route_mappings"][key] = "short"; },
            "\"parameters.route_mappings\": expected keys such as");
  }
}

}  // namespace
}  // namespace sentence_transformers
