#include "modules/ward_clusters.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace sentence_transformers {
namespace {

struct Merge {
  int64_t a, b;
  double height;
};

/// Distances between clusters, each named by one of its points: the triangle below the diagonal.
class Distances {
 public:
  Distances(const double* all, int64_t count) : values_(count * (count - 1) / 2) {
    for (int64_t i = 1; i < count; ++i) {
      std::copy(all + i * count, all + i * count + i, values_.begin() + i * (i - 1) / 2);
    }
  }
  double& operator()(int64_t i, int64_t j) {
    if (i < j) std::swap(i, j);
    return values_[i * (i - 1) / 2 + j];
  }

 private:
  std::vector<double> values_;
};

/// What is nearest to a cluster once two others, of those sizes and heights, have become one.
double merged_distance(double to_a, double to_b, double between, double size_a, double size_b,
                       double size) {
  const double share = 1 / (size_a + size_b + size);
  return std::sqrt((size + size_a) * share * to_a * to_a + (size + size_b) * share * to_b * to_b -
                   size * share * between * between);
}

/// Merges between points that stand for their clusters, as chains of nearest neighbours find them
/// (Murtagh, A survey of recent advances in hierarchical clustering algorithms, 1983).
std::vector<Merge> nearest_neighbour_chains(Distances distances, int64_t count) {
  std::vector<Merge> merges;
  std::vector<double> sizes(count, 1);  // 0 once a cluster is part of another
  std::vector<int64_t> chain;
  while (static_cast<int64_t>(merges.size()) < count - 1) {
    if (chain.empty()) {
      chain.push_back(std::find_if(sizes.begin(), sizes.end(), [](double s) { return s > 0; }) -
                      sizes.begin());
    }
    int64_t x, y = 0;
    double nearest;
    while (true) {
      x = chain.back();
      const bool has_previous = chain.size() > 1;
      if (has_previous) y = chain[chain.size() - 2];  // preferred among equals
      nearest = has_previous ? distances(x, y) : std::numeric_limits<double>::infinity();
      for (int64_t i = 0; i < count; ++i) {
        if (sizes[i] == 0 || i == x || !(distances(x, i) < nearest)) continue;
        nearest = distances(x, i);
        y = i;
      }
      if (has_previous && y == chain[chain.size() - 2]) break;
      chain.push_back(y);
    }
    chain.resize(chain.size() - 2);
    if (x > y) std::swap(x, y);
    merges.push_back({x, y, nearest});
    for (int64_t i = 0; i < count; ++i) {
      if (sizes[i] == 0 || i == x || i == y) continue;
      distances(i, y) =
          merged_distance(distances(i, x), distances(i, y), nearest, sizes[x], sizes[y], sizes[i]);
    }
    sizes[y] += sizes[x];
    sizes[x] = 0;
  }
  return merges;
}

/// Merges by rising height, of nodes: points, and then the merges themselves.
void number_nodes(std::vector<Merge>& merges, int64_t count) {
  std::stable_sort(merges.begin(), merges.end(),
                   [](const Merge& a, const Merge& b) { return a.height < b.height; });
  std::vector<int64_t> parents(2 * count - 1);
  std::iota(parents.begin(), parents.end(), int64_t{0});
  const auto root = [&](int64_t node) {
    while (parents[node] != node) node = parents[node] = parents[parents[node]];
    return node;
  };
  int64_t next = count;
  for (Merge& merge : merges) {
    const int64_t a = root(merge.a), b = root(merge.b);
    merge = {std::min(a, b), std::max(a, b), merge.height};
    parents[a] = parents[b] = next++;
  }
}

/// Numbers the clusters that stay below a height, children before what they are part of.
std::vector<int64_t> cut(const std::vector<Merge>& merges, int64_t count, double height) {
  std::vector<int64_t> clusters(count);
  std::vector<std::pair<int64_t, int>> way = {{2 * count - 2, 0}};  // a node, and how often seen
  int64_t leader = -1, last = -1;  // the node that the present cluster begins with, if any
  while (!way.empty()) {
    auto& [node, seen] = way.back();
    const Merge& merge = merges[node - count];
    if (leader == -1 && merge.height <= height) {
      leader = node;
      ++last;
    }
    const int64_t child = seen == 0 ? merge.a : merge.b;
    if (seen < 2) {
      ++seen;
      if (child >= count) way.emplace_back(child, 0);
      continue;
    }
    for (const int64_t point : {merge.a, merge.b}) {
      if (point >= count) continue;
      if (leader == -1) ++last;
      clusters[point] = last;
    }
    if (leader == node) leader = -1;
    way.pop_back();
  }
  return clusters;
}

}  // namespace

std::vector<int64_t> ward_clusters(const double* distances, int64_t count, int64_t wanted) {
  if (count == 1) return {0};
  std::vector<Merge> merges = nearest_neighbour_chains(Distances(distances, count), count);
  number_nodes(merges, count);
  // Below the k-th height there are count - k clusters, or fewer where heights are equal.
  const int64_t needed = std::max<int64_t>(count - wanted, 1);
  return cut(merges, count, merges[std::min(needed, count - 1) - 1].height);
}

}  // namespace sentence_transformers
