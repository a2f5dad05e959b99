// Base64 (RFC 4648), as tokenizer.json spells character maps.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sentence_transformers {

/// The bytes, or nothing if `text` is no base64 with its padding.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace sentence_transformers
