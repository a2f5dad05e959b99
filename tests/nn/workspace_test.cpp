// Memory that tensors of one run use one after the other.
#include "nn/workspace.h"

#include <unistd.h>

#include <fstream>
#include <functional>
#include <thread>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

constexpr int64_t kNumbers = 100'000;

at::Tensor filled(float value, int64_t numbers = kNumbers) {
  return empty_in_workspace({numbers}, at::kFloat).fill_(value);
}

/// Each test in a thread of its own, with nothing kept yet.
void in_a_thread(const std::function<void()>& test) { std::thread(test).join(); }

TEST(Workspace, ReusesTheMemoryOfTensorsThatAreGone) {
  in_a_thread([] {
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
    EXPECT_TRUE(c.eq(3).all().item<bool>());
  });
}

TEST(Workspace, ASmallTensorLeavesALargePieceAlone) {
  in_a_thread([] {
    const void* large = filled(1).const_data_ptr();
    const at::Tensor small = filled(2, 10);
    EXPECT_NE(small.const_data_ptr(), large);
    EXPECT_EQ(filled(3).const_data_ptr(), large);
  });
}

TEST(Workspace, GrowsAPieceOfHalfTheSizeAtLeast) {
  in_a_thread([] {
    filled(1);
    const int64_t more = kNumbers + kNumbers / 2;
    const void* grown = filled(2, more).const_data_ptr();
    const at::Tensor again = filled(3);
    EXPECT_EQ(again.const_data_ptr(), grown);  // there is one piece, and no smaller one
    EXPECT_TRUE(again.eq(3).all().item<bool>());
  });
}

TEST(Workspace, KeepsSoMuchAndNoMore) {
  in_a_thread([] {
    constexpr int64_t kMegabytes = 1 << 18;  // numbers in one
    const auto resident = [] {
      std::ifstream file("/proc/self/statm");
      int64_t all = 0, pages = 0;
      file >> all >> pages;
      return pages * sysconf(_SC_PAGESIZE) / (1 << 20);
    };
    const int64_t before = resident();
    {
      const at::Tensor a = filled(1, 40 * kMegabytes), b = filled(2, 60 * kMegabytes);
      EXPECT_GE(resident(), before + 95);
    }
    EXPECT_LE(resident(), before + 20);
  });
}

TEST(Workspace, TensorsOutliveTheirThread) {
  at::Tensor kept;
  in_a_thread([&] { kept = filled(7); });
  EXPECT_TRUE(kept.eq(7).all().item<bool>());
}

TEST(Workspace, TensorsOfAnyTypeAndShape) {
  const at::Tensor x = empty_in_workspace({2, 3}, at::kLong).fill_(5);
  EXPECT_EQ(x.sizes(), at::IntArrayRef({2, 3}));
  EXPECT_EQ(x.scalar_type(), at::kLong);
  EXPECT_TRUE(x.is_contiguous());
  EXPECT_EQ(empty_in_workspace({0, 3}, at::kFloat).sizes(), at::IntArrayRef({0, 3}));
  EXPECT_EQ(empty_in_workspace({0, 3}, at::kFloat).numel(), 0);
}

}  // namespace
}  // namespace sentence_transformers
