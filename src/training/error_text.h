// What went wrong inside LibTorch, without its C++ stack frames.
#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <string>

namespace sentence_transformers {

inline std::string reason_of(const std::exception& error) {
  const auto* own = dynamic_cast<const c10::Error*>(&error);
  std::string text = own ? own->what_without_backtrace() : error.what();
  // Some texts of c10d carry the frames inside.
  for (const char* frames : {"\nException raised from", "\nframe #"}) {
    text = text.substr(0, text.find(frames));
  }
  constexpr size_t kLongest = 600;
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

}  // namespace sentence_transformers
