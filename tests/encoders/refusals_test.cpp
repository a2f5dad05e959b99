// What the architectures refuse of a config.json, and that packed weights notice a change.
#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include "encoders/encoder.h"
#include "nn/packing.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

Weights weights_of(const std::string& folder) {
  return Weights({SafeTensors::open(golden("encoders/" + folder + "/model.safetensors"))});
}

Config config_of(const std::string& folder, const json& changes) {
  json content = golden_json("encoders/" + folder + "/config.json");
  for (const auto& [key, value] : changes.items()) {
    value.is_null() ? void(content.erase(key)) : void(content[key] = value);
  }
  return Config(content, "config.json");
}

struct Refusal {
  std::string folder, key;
  json value;
  std::string text;  // of the error
};

TEST(Architectures, RefuseSizesThatDoNotFit) {
  const std::vector<Refusal> cases = {
      {"albert_shared", "num_hidden_groups", 9, "expected 1 to 3"},
      {"deberta_v2_conv", "conv_groups", 5, "conv_groups that divide hidden_size"},
      {"deberta_v2_conv", "conv_kernel_size", 2, "expected an odd number"},
      {"deberta_v3", "max_position_embeddings", 5, "expected at least 2, and more positions"},
      {"deberta_v3", "position_buckets", 1, "expected at least 2, and more positions"},
      {"distilbert_base", "n_heads", 5, "5 does not divide dim 32"},
      {"eurobert_grouped", "num_key_value_heads", 3, "3 does not divide num_attention_heads 4"},
      {"gemma3_bidirectional", "head_dim", 7, "expected an even number from 2 on"},
      {"modernbert_old", "global_attn_every_n_layers", 0, "expected at least 1"},
      {"modernbert_layer_types", "layer_types", {"full_attention"}, "a list of 3 types"},
      {"mpnet_long", "relative_attention_num_buckets", 16, "expected at least 32"},
      {"mpnet_long", "max_position_embeddings", 2, "expected more than 2"},
      {"nomic_base", "num_attention_heads", 5, "5 does not divide hidden_size 32"},
      {"qwen3_grouped", "num_hidden_layers", 20000, "expected at most 10000"},
      {"roberta_one_type", "max_position_embeddings", 2, "expected more than pad_token_id + 1"},
      {"t5_relu", "relative_attention_num_buckets", 5, "expected an even number from 4 on"},
  };
  for (const auto& [folder, key, value, text] : cases) {
    SCOPED_TRACE(folder + " " + key);
    EXPECT_THROWS(LoadError, make_encoder(config_of(folder, {{key, value}}), weights_of(folder)),
                  "config.json: \"", text);
  }
}

TEST(Architectures, RefuseVariantsThatAreNotHere) {
  const json scaling = {{"type", "ntk"}, {"factor", 2.0}, {"mixed_b", 0.3}};
  const std::vector<Refusal> cases = {
      {"deberta_v2_conv", "conv_act", "no such", "no such"},
      {"gte_base", "layer_norm_type", "rms_norm", "known: layer_norm and rope"},
      {"gte_base", "logn_attention_scale", true, "expected false"},
      {"jina_geglu", "feed_forward_type", "swiglu", "known: geglu, reglu, original"},
      {"jina_geglu", "position_embedding_type", "relative_key", "known: absolute, alibi"},
      {"jina_post_norm", "feed_forward_type", "original", "known: geglu, reglu"},
      {"modernbert_layer_types", "layer_types", {"a", "b", "c"}, "known: full_attention"},
      {"new_packed", "rope_scaling", scaling, "mixed_b"},
      {"nomic_base", "mlp_fc1_bias", true, "is a variant that is not here"},
      {"nomic_base", "mlp_fc2_bias", true, "is a variant that is not here"},
      {"nomic_base", "num_experts", 8, "8 is a variant that is not here"},
      {"nomic_base", "prenorm", true, "is a variant that is not here"},
      {"nomic_base", "qkv_proj_bias", true, "is a variant that is not here"},
      {"nomic_base", "rotary_emb_fraction", 0.5, "0.5 is a variant that is not here"},
      {"nomic_base", "rotary_emb_interleaved", true, "is a variant that is not here"},
      {"nomic_base", "use_rms_norm", true, "is a variant that is not here"},
  };
  for (const auto& [folder, key, value, text] : cases) {
    SCOPED_TRACE(folder);
    const bool is_inside = key == "rope_scaling";
    EXPECT_THROWS(UnsupportedError,
                  make_encoder(config_of(folder, {{key, value}}), weights_of(folder)),
                  "config.json: \"" + key + (is_inside ? "." : "\""), text);
  }
}

TEST(Architectures, RefuseHeadsThatAreNotHere) {
  const std::vector<Refusal> cases = {
      {"deberta_v2_conv", "pooler_hidden_act", "no such", "no such"},
      {"eurobert_classifier", "classifier_pooling", "last", "known: bos, late, mean"},
      {"modernbert_biases", "classifier_pooling", "max", "known: cls, mean"},
  };
  for (const auto& [folder, key, value, text] : cases) {
    SCOPED_TRACE(folder);
    EXPECT_THROWS(UnsupportedError,
                  make_classifier(config_of(folder, {{key, value}}), weights_of(folder), {}),
                  "config.json: \"" + key + "\"", text);
  }
  EXPECT_THROWS(UnsupportedError,
                make_logit_scorer(config_of("t5_relu", {}), weights_of("t5_relu"), {}),
                "[CrossEncoder]", "\"t5\", which has no scores by logits here");
}

at::Tensor run(const Encoder& encoder) {
  const at::NoGradGuard no_grad;
  const std::vector<int64_t> text = {5, 20, 31, 8, 40, 22, 13, 60, 6};
  return encoder.forward(
      pack_tokens({text}, {std::vector<int64_t>(text.size())}, at::Device(at::kCPU)));
}

/// The authors' own files of NomicBERT have GPT-2's keys.
TEST(NomicBert, ReadsTheOlderKeys) {
  const auto wanted = make_encoder(config_of("nomic_base", {}), weights_of("nomic_base"));
  const json older = {{"hidden_size", nullptr},
                      {"n_embd", 32},
                      {"num_attention_heads", nullptr},
                      {"n_head", 2},
                      {"num_hidden_layers", nullptr},
                      {"n_layer", 2},
                      {"intermediate_size", nullptr},
                      {"n_inner", 24},
                      {"layer_norm_eps", nullptr},
                      {"layer_norm_epsilon", 1e-12},
                      {"max_position_embeddings", nullptr},
                      {"n_positions", 99},
                      {"rope_parameters", nullptr},
                      {"rotary_emb_base", 1000}};
  const auto found = make_encoder(config_of("nomic_base", older), weights_of("nomic_base"));
  EXPECT_EQ(found->max_positions(), 99);
  EXPECT_TRUE(at::equal(run(*found), run(*wanted)));
}

/// What was made of relative positions at packing is not used once their parameters change.
TEST(DebertaV2, NoticesParametersThatChangedSincePacking) {
  const auto load = [] {
    return make_encoder(config_of("deberta_v3", {}), weights_of("deberta_v3"));
  };
  const auto packed = load(), plain = load();
  packed->eval();
  plain->eval();
  pack_weights(*packed, {}, [] {});
  const at::Tensor before = run(*packed);
  for (const auto& encoder : {packed, plain}) {
    const at::NoGradGuard no_grad;
    for (const auto& p : encoder->named_parameters()) {
      if (p.key() == "encoder.rel_embeddings.weight") p.value().copy_(p.value().flip(0));
    }
  }
  EXPECT_GT(largest_difference(run(*packed), before), 1e-2);
  EXPECT_LE(largest_difference(run(*packed), run(*plain)), 1e-4);
}

}  // namespace
}  // namespace sentence_transformers
