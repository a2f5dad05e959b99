// Attention of every set against softmax in double precision.
#include "kernels/loops.h"

namespace sentence_transformers::kernels {
namespace {

enum class Bias { none, dense, by_distance };

struct Case {
  int64_t length, head_size;
  int64_t heads = 1, first = 0, last = -1;  // -1: to the end
  int64_t left = Attention<float>::kUnlimited, right = Attention<float>::kUnlimited;
  Bias bias = Bias::none;
  float size = 1;  // of queries and keys
  int64_t attended = Attention<float>::kUnlimited;
};

/// One problem's numbers, with a gap behind each token that must stay as it is.
template <class T>
struct Problem {
  static constexpr int64_t kGap = 3;
  Attention<T> a{};
  std::vector<T> queries, keys, values;
  std::vector<float> bias;
  Guarded<T> out;

  explicit Problem(const Case& c) : out(c.length * (c.heads * c.head_size + kGap)) {
    Random random(static_cast<uint64_t>(c.length * 1000 + c.head_size));
    a.query_stride = a.out_stride = c.heads * c.head_size + kGap;
    a.key_stride = a.value_stride = c.head_size + kGap;
    queries = random.numbers<T>(c.length * a.query_stride, c.size);
    keys = random.numbers<T>(c.length * a.key_stride, c.size);
    values = random.numbers<T>(c.length * a.value_stride);
    a.queries = queries.data();
    a.keys = keys.data();
    a.values = values.data();
    a.out = out.data();
    a.length = c.length;
    a.first = c.first;
    a.last = c.last < 0 ? c.length : c.last;
    a.head_size = c.head_size;
    a.heads = c.heads;
    a.scale = 3 / std::sqrt(static_cast<float>(c.head_size));
    a.left = c.left;
    a.right = c.right;
    a.attended = c.attended;
    if (c.bias == Bias::none) return;
    const bool dense = c.bias == Bias::dense;
    a.bias_step = dense ? c.length : -1;
    a.bias_head_step = dense ? c.length * c.length : 2 * c.length - 1;
    bias = random.numbers(c.heads * a.bias_head_step, 2);
    a.bias = bias.data() + (dense ? 0 : c.length - 1);
  }

  std::vector<double> expected(int64_t i, int64_t head) const {
    const int64_t from = std::max<int64_t>(0, i - a.left);
    const int64_t to = std::min({a.length, a.attended, i + a.right + 1});
    std::vector<double> scores, result(static_cast<size_t>(a.head_size));
    double top = -std::numeric_limits<double>::infinity(), total = 0;
    for (int64_t j = from; j < to; ++j) {
      double score = 0;
      for (int64_t k = 0; k < a.head_size; ++k) {
        score += static_cast<double>(widen(queries[i * a.query_stride + head * a.head_size + k])) *
                 widen(keys[j * a.key_stride + k]);
      }
      score *= a.scale;
      if (a.bias) score += a.bias[head * a.bias_head_step + i * a.bias_step + j];
      scores.push_back(score);
      top = std::max(top, score);
    }
    for (double& score : scores) total += score = std::exp(score - top);
    for (int64_t j = from; j < to; ++j) {
      for (int64_t k = 0; k < a.head_size; ++k) {
        result[k] += scores[j - from] / total * widen(values[j * a.value_stride + k]);
      }
    }
    return result;
  }

  float result(int64_t i, int64_t head, int64_t k) const {
    return widen(out.numbers[i * a.out_stride + head * a.head_size + k]);
  }
  bool is_nan(int64_t i) const {
    bool all = true;
    for (int64_t k = 0; k < a.head_size; ++k) all = all && std::isnan(result(i, 0, k));
    return all;
  }
  bool is_finite(int64_t i) const {
    bool all = true;
    for (int64_t k = 0; k < a.head_size; ++k) all = all && std::isfinite(result(i, 0, k));
    return all;
  }

  void run(void (*attend)(const Attention<T>&, float*)) {
    Guarded<float> scratch(attention_scratch(a.length, a.head_size));
    attend(a, scratch.data());
    EXPECT_TRUE(scratch.intact());
  }

  /// Runs, and compares about `samples` queries of each head and all that must stay.
  void check(void (*attend)(const Attention<T>&, float*), double tolerance, int64_t samples) {
    run(attend);
    EXPECT_TRUE(out.intact());
    for (int64_t i = 0; i < a.length; ++i) {
      const bool wanted = i >= a.first && i < a.last;
      for (int64_t c = wanted ? a.heads * a.head_size : 0; c < a.out_stride; ++c) {
        ASSERT_EQ(widen(out.numbers[i * a.out_stride + c]), kCanary) << i << ' ' << c;
      }
    }
    const int64_t step = std::max<int64_t>(1, (a.last - a.first) / samples);
    for (int64_t head = 0; head < a.heads; ++head) {
      for (int64_t i = a.first + (a.length + head) % step; i < a.last; i += step) {
        const auto wanted = expected(i, head);
        for (int64_t k = 0; k < a.head_size; ++k) {
          ASSERT_NEAR(result(i, head, k), wanted[k], tolerance) << i << ' ' << head << ' ' << k;
        }
      }
    }
  }
};

class Attend : public EachSet {
 protected:
  void check(const Case& c, int64_t samples = 7) {
    SCOPED_TRACE("head size " + std::to_string(c.head_size) + ", length " +
                 std::to_string(c.length) + ", heads " + std::to_string(c.heads) + ", queries " +
                 std::to_string(c.first) + " to " + std::to_string(c.last) + ", left " +
                 std::to_string(c.left) + ", right " + std::to_string(c.right) + ", bias " +
                 std::to_string(static_cast<int>(c.bias)) + ", attended " +
                 std::to_string(c.attended));
    Problem<float>(c).check(loops.attention_f32, 5e-6, samples);
    Problem<float>(c).check(loops.attention_f32_fast, 2e-2, samples);
    Problem<uint16_t>(c).check(loops.attention_bf16, 2e-2, samples);
  }
  /// f(problem, function) for each of the three functions.
  template <class F>
  void with_each(const Case& c, F f) {
    Problem<float> exact(c), fast(c);
    Problem<uint16_t> half(c);
    f(exact, loops.attention_f32);
    f(fast, loops.attention_f32_fast);
    f(half, loops.attention_bf16);
  }
};

TEST_P(Attend, EveryHeadSizeAndLength) {
  for (int64_t head_size = 16; head_size <= 256; head_size += 16) {
    for (int64_t length = 1; length <= 130; ++length) {
      const bool once_wrote_past_scratch = head_size >= 160 && length >= 49 && length <= 64;
      if (head_size == 32 || length <= 20 || once_wrote_past_scratch ||
          (length + head_size / 16) % 5 == 0) {
        check({.length = length, .head_size = head_size}, 3);
      }
    }
  }
}

TEST_P(Attend, LongTexts) {
  for (const int64_t length : {1023, 1024, 1025, 1100, 2500}) {
    for (const int64_t head_size : {16, 64}) check({.length = length, .head_size = head_size}, 9);
  }
  check({.length = 1100, .head_size = 256}, 5);
}

TEST_P(Attend, WindowsAndCausal) {
  constexpr int64_t kAll = Attention<float>::kUnlimited;
  for (const int64_t length : {1, 5, 17, 64, 130, 1030, 2100}) {
    for (const int64_t left : {int64_t{0}, int64_t{1}, int64_t{5}, int64_t{64}, kAll}) {
      for (const int64_t right : {int64_t{0}, int64_t{1}, int64_t{5}, int64_t{64}, kAll}) {
        check({.length = length, .head_size = 32, .left = left, .right = right}, 12);
      }
    }
  }
}

TEST_P(Attend, Bias) {
  for (const int64_t length : {1, 7, 16, 50, 130, 1030}) {
    for (const Bias bias : {Bias::dense, Bias::by_distance}) {
      check({.length = length, .head_size = 48, .bias = bias}, 12);
      check({.length = length, .head_size = 16, .heads = 3, .left = 5, .bias = bias}, 12);
      check({.length = length, .head_size = 16, .heads = 2, .left = 5, .right = 20, .bias = bias});
    }
  }
}

TEST_P(Attend, OnlyTheFirstTokensAreAttendedTo) {
  constexpr int64_t kAll = Attention<float>::kUnlimited;
  for (const int64_t length : {2, 17, 32, 130, 1030, 2100}) {
    for (const int64_t attended : {int64_t{1}, length / 2, length - 1, length}) {
      check({.length = length, .head_size = 32, .heads = 2, .attended = attended}, 12);
      check({.length = length, .head_size = 16, .right = 0, .attended = attended}, 12);
      check({.length = length, .head_size = 16, .bias = Bias::by_distance, .attended = attended});
      check({.length = length,
             .head_size = 16,
             .left = length - attended,  // the last query sees the last key
             .right = attended > length / 2 ? kAll : 1,
             .bias = Bias::dense,
             .attended = attended},
            12);
    }
  }
}

TEST_P(Attend, HeadsThatShareKeysAndPartsOfTexts) {
  for (int64_t heads = 1; heads <= 4; ++heads) {
    for (const int64_t length : {9, 100, 1030, 2200}) {
      check({.length = length, .head_size = 32, .heads = heads}, 4);
      for (const int64_t first : {int64_t{0}, length / 3, length - 1}) {
        for (const int64_t last : {first + 1, std::min(first + 8, length), length}) {
          Case c = {
              .length = length, .head_size = 16, .heads = heads, .first = first, .last = last};
          check(c, 4);
          c.right = 0;
          check(c, 4);
        }
      }
    }
  }
}

TEST_P(Attend, NoQueriesWriteNothing) {
  with_each({.length = 9, .head_size = 16, .first = 4, .last = 4},
            [](auto& problem, auto attend) { problem.check(attend, 0, 1); });
}

TEST_P(Attend, LargeScores) {
  for (const int64_t length : {20, 1100}) {
    with_each({.length = length, .head_size = 32, .size = 1000}, [&](auto& problem, auto attend) {
      problem.run(attend);
      for (int64_t i = 0; i < length; ++i) ASSERT_TRUE(problem.is_finite(i)) << i;
    });
  }
}

template <class Vector>
void set(Vector& numbers, int64_t at, float x) {
  numbers[at] = narrow<typename Vector::value_type>(x);
}

TEST_P(Attend, NanInAQueryIsItsOwn) {
  for (const int64_t length : {20, 1100}) {
    with_each({.length = length, .head_size = 32}, [&](auto& problem, auto attend) {
      set(problem.queries, 11 * problem.a.query_stride + 5, NAN);
      problem.run(attend);
      for (int64_t i = 0; i < length; ++i) {
        ASSERT_TRUE(i == 11 ? problem.is_nan(i) : problem.is_finite(i)) << i;
      }
    });
  }
}

TEST_P(Attend, NanInAKeyOrValueReachesWhoSeesIt) {
  for (const int64_t length : {20, 64, 1100}) {
    for (const int64_t at : {int64_t{10}, int64_t{11}, length - 3}) {
      for (const auto& [left, right] : {std::pair{5, 3}, {2000, 0}, {2000, 2000}}) {
        SCOPED_TRACE(std::to_string(length) + ' ' + std::to_string(at) + ' ' +
                     std::to_string(left) + ' ' + std::to_string(right));
        const Case c = {.length = length, .head_size = 32, .left = left, .right = right};
        const auto sees = [at = at, left = left, right = right](int64_t i) {
          return at >= i - left && at <= i + right;
        };
        with_each(c, [&](auto& problem, auto attend) {
          set(problem.keys, at * problem.a.key_stride + 5, NAN);
          problem.run(attend);
          for (int64_t i = 0; i < length; ++i) {
            ASSERT_TRUE(sees(i) ? problem.is_nan(i) : problem.is_finite(i)) << i;
          }
        });
        for (const float bad : {NAN, kInfinity, 3e38f}) {
          with_each(c, [&](auto& problem, auto attend) {
            set(problem.values, at * problem.a.value_stride + 5, bad);
            problem.run(attend);
            for (int64_t i = 0; i < length; ++i) {
              if (!sees(i)) {  // as if it were not there
                ASSERT_LT(std::fabs(problem.result(i, 0, 5)), 1.1f) << i;
              } else if (std::isnan(bad)) {
                ASSERT_TRUE(std::isnan(problem.result(i, 0, 5))) << i;
              }
              ASSERT_TRUE(std::isfinite(problem.result(i, 0, 4))) << i;
            }
          });
        }
      }
    }
  }
}

TEST_P(Attend, InfiniteScores) {
  for (const int64_t length : {20, 1100}) {
    const Case c = {.length = length, .head_size = 32, .bias = Bias::dense};
    with_each(c, [&](auto& problem, auto attend) {
      const auto row = [&](int64_t i) { return problem.bias.begin() + i * length; };
      std::fill(row(3), row(4), -kInfinity);      // sees nothing
      row(4)[7] = kInfinity;                      // no finite largest
      std::fill(row(5), row(6) - 2, -kInfinity);  // sees the last two
      std::fill(row(6) + 2, row(7), -kInfinity);  // sees the first two
      std::fill(row(7), row(8), -3.4e38f);        // all alike
      problem.run(attend);
      for (const int64_t i : {3, 4}) EXPECT_TRUE(problem.is_nan(i)) << i;
      for (const int64_t i : {2, 5, 6, 8}) {
        const auto wanted = problem.expected(i, 0);
        for (int64_t k = 0; k < 32; ++k) {
          ASSERT_NEAR(problem.result(i, 0, k), wanted[k], 2e-2) << i;
        }
      }
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Attend, testing::ValuesIn(available()), set_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Attend);

}  // namespace
}  // namespace sentence_transformers::kernels
