// Cuts texts between UTF-8 characters.
#include "core/quoted.h"

namespace sentence_transformers {

std::string shortened(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  size_t length = most;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  return std::string(text.substr(0, length)) + "...";
}

std::string in_quotes(std::string_view text, size_t most) {
  return '"' + shortened(text, most) + '"';
}

}  // namespace sentence_transformers
