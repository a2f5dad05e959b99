// Texts of files as error texts show them: short, whatever the file holds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sentence_transformers {

/// How much of a file's text an error text shows, in bytes.
inline constexpr size_t kMostShown = 100;

/// At most `most` bytes of the text, "..." behind them if there is more; never half a character.
std::string shortened(std::string_view text, size_t most = kMostShown);

/// The same between quotes.
std::string in_quotes(std::string_view text, size_t most = kMostShown);

}  // namespace sentence_transformers
