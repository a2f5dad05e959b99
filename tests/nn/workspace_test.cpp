// Memory that tensors of one run use one after the other.
#include "nn/workspace.h"

#include <thread>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

constexpr int64_t kNumbers = 100'000;

at::Tensor filled(float value, int64_t numbers = kNumbers) {
  return empty_in_workspace({numbers}, at::kFloat).fill_(value);
}

TEST(Workspace, ReusesTheMemoryOfTensorsThatAreGone) {
  const Workspace workspace;
  const void* first = nullptr;
  {
    const at::Tensor a = filled(1), b = filled(2);
    first = a.const_data_ptr();
    EXPECT_NE(first, b.const_data_ptr());
    EXPECT_TRUE(a.eq(1).all().item<bool>());
    EXPECT_TRUE(b.eq(2).all().item<bool>());
  }
  const at::Tensor c = filled(3, kNumbers - 7), d = filled(4);
  EXPECT_TRUE(c.const_data_ptr() == first || d.const_data_ptr() == first);
  EXPECT_NE(c.const_data_ptr(), d.const_data_ptr());
  const void* large = c.const_data_ptr();
  const at::Tensor small = filled(5, 10);  // not in a piece thousands of times as large
  EXPECT_NE(small.const_data_ptr(), large);
}

TEST(Workspace, GrowsAPieceOfHalfTheSizeAtLeast) {
  const Workspace workspace;
  filled(1);
  const at::Tensor grown = filled(2, kNumbers + kNumbers / 2);
  EXPECT_TRUE(grown.eq(2).all().item<bool>());
  EXPECT_EQ(grown.sizes(), at::IntArrayRef({kNumbers + kNumbers / 2}));
}

TEST(Workspace, TensorsOutliveItAndLeaveTheirThread) {
  at::Tensor kept;
  {
    const Workspace workspace;
    kept = filled(6);
  }
  EXPECT_TRUE(kept.eq(6).all().item<bool>());
  at::Tensor made_elsewhere;
  std::thread([&] {
    const Workspace workspace;
    made_elsewhere = filled(7);
  }).join();
  EXPECT_TRUE(made_elsewhere.eq(7).all().item<bool>());
}

TEST(Workspace, TheInnerOneEndsFirst) {
  const Workspace outer;
  const at::Tensor a = filled(1);
  {
    const Workspace inner;
    EXPECT_NE(filled(2).const_data_ptr(), a.const_data_ptr());
  }
  EXPECT_TRUE(filled(3).eq(3).all().item<bool>());
  EXPECT_TRUE(a.eq(1).all().item<bool>());
}

TEST(Workspace, WithoutOneTensorsAreOrdinary) {
  const at::Tensor x = empty_in_workspace({2, 3}, at::kLong);
  EXPECT_EQ(x.sizes(), at::IntArrayRef({2, 3}));
  EXPECT_EQ(x.scalar_type(), at::kLong);
  EXPECT_TRUE(x.storage().resizable());
}

TEST(Workspace, EmptyTensors) {
  const Workspace workspace;
  EXPECT_EQ(empty_in_workspace({0, 3}, at::kFloat).sizes(), at::IntArrayRef({0, 3}));
}

}  // namespace
}  // namespace sentence_transformers
