// Which set of loops is used.
#include <cstdlib>

#include "kernels/loops.h"

namespace sentence_transformers::kernels {
namespace {

/// best() in a process of its own, since it decides once.
void expect_best(const char* variable, const std::string& value, const Kernels* wanted) {
  EXPECT_EXIT(
      {
        unsetenv("SENTENCE_TRANSFORMERS_PLAIN");
        unsetenv("SENTENCE_TRANSFORMERS_KERNELS");
        if (variable) setenv(variable, value.c_str(), 1);
        std::exit(best() == wanted ? 0 : 1);
      },
      testing::ExitedWithCode(0), "")
      << value;
}

TEST(Dispatch, TheEnvironmentChoosesTheSet) {
  const auto sets = available();
  expect_best(nullptr, "", sets.empty() ? nullptr : sets[0]);
  for (const Kernels* set : sets) expect_best("SENTENCE_TRANSFORMERS_KERNELS", set->name, set);
  expect_best("SENTENCE_TRANSFORMERS_KERNELS", "plain", nullptr);
  expect_best("SENTENCE_TRANSFORMERS_KERNELS", "avx1024", nullptr);
  expect_best("SENTENCE_TRANSFORMERS_PLAIN", "1", nullptr);
}

TEST(Dispatch, SetsAreComplete) {
  for (const Kernels* set : available()) {
    EXPECT_TRUE(set->lanes == 8 || set->lanes == 16);
    EXPECT_TRUE(set->attention_f32 && set->attention_f32_fast && set->attention_bf16);
    EXPECT_TRUE(set->norm_f32 && set->norm_bf16 && set->rotate_f32 && set->rotate_bf16);
    EXPECT_TRUE(set->linear_f32 && set->quantize_rows && set->linear_int8);
    EXPECT_EQ(set->linear_bf16 != nullptr, std::string(set->name) == "avx512_bf16");
    EXPECT_TRUE(set->pack_f32 && set->pack_bf16 && set->pack_int8);
  }
}

}  // namespace
}  // namespace sentence_transformers::kernels
