// Hierarchical clustering by Ward's method.
#pragma once

#include <cstdint>
#include <vector>

namespace sentence_transformers {

/// At most `wanted` clusters of `count` points, of which `distances` [count, count] has all
/// distances: of each point its cluster, numbered from 0. Merges, the height at which the tree is
/// cut, and numbers are those of scipy's linkage and fcluster (criterion "maxclust"), which leave
/// fewer clusters where heights are equal. Both counts are at least 1.
std::vector<int64_t> ward_clusters(const double* distances, int64_t count, int64_t wanted);

}  // namespace sentence_transformers
