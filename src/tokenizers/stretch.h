// What flows between the stages: a stretch of text, and who takes it.
#pragma once

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sentence_transformers {

/// A part of a text. Some stages treat the part with which the whole text begins in another way.
struct Stretch {
  std::string_view text;
  bool at_start = false;

  /// The part [begin, end) of this one.
  Stretch part(size_t begin, size_t end) const {
    return {text.substr(begin, end - begin), at_start && begin == 0};
  }
};

/// A function that is called with stretches while its caller runs: a reference, never kept.
class StretchSink {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, StretchSink>)
  StretchSink(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Stretch stretch) {
          (*static_cast<std::remove_reference_t<F>*>(object))(stretch);
        }) {}

  void operator()(Stretch stretch) const { call_(object_, stretch); }

 private:
  void* object_;
  void (*call_)(void*, Stretch);
};

}  // namespace sentence_transformers
