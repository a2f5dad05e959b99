// Several texts as one row of tokens, without padding.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace sentence_transformers {

/// `count` texts of `length` tokens each that stand side by side from token `offset` on.
struct LengthGroup {
  int64_t offset, count, length;
};

/// The tokens of N texts, T in all, text after text. Texts of equal length are neighbours, so that
/// each LengthGroup of them is a dense [count, length] block.
struct TokenBatch {
  at::Tensor ids = {};        // [T] int64
  at::Tensor type_ids = {};   // [T] int64
  at::Tensor positions = {};  // [T] int64, 0 at each text's first token
  std::vector<LengthGroup> groups = {};
  /// Of each text how many of its first tokens are attended to; the others attend to those, as the
  /// tokens of a query expansion do. Empty: all.
  std::vector<int64_t> attended = {};
  /// Of what an encoder gives in the end, only each text's first row is read; the others may be
  /// anything.
  bool first_alone = false;

  int64_t texts() const;
};

/// Packs token id lists, in their order; equal lengths must stand side by side for the groups to be
/// large. Of empty lists the group has a length of 0, which encoders do not take.
TokenBatch pack_tokens(const std::vector<std::vector<int64_t>>& ids,
                       const std::vector<std::vector<int64_t>>& type_ids, at::Device device);

/// The rows of x [T, D] of each text's first token: [N, D].
at::Tensor first_tokens(const at::Tensor& x, const std::vector<LengthGroup>& groups);
/// The rows of each text's last token; of the last that is not `padding_id`, if that is given (of a
/// text that is nothing else the first).
at::Tensor last_tokens(const at::Tensor& x, const TokenBatch& batch,
                       std::optional<int64_t> padding_id = std::nullopt);
/// The mean of each text's rows: [N, D].
at::Tensor mean_tokens(const at::Tensor& x, const TokenBatch& batch);

}  // namespace sentence_transformers
