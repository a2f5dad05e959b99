#include "nn/onednn.h"

#include <ATen/Context.h>

#include <cstdlib>

namespace sentence_transformers::onednn {

const std::optional<Operators>& operators() {
  static const std::optional<Operators> found = []() -> std::optional<Operators> {
    if (std::getenv("SENTENCE_TRANSFORMERS_PLAIN") || !at::globalContext().hasMKLDNN()) return {};
    auto& dispatcher = c10::Dispatcher::singleton();
    const auto reorder = dispatcher.findSchema({"mkldnn::_reorder_linear_weight", ""});
    const auto pointwise = dispatcher.findSchema({"mkldnn::_linear_pointwise", ""});
    if (!reorder || !pointwise) return {};
    try {
      return Operators{reorder->typed<Reorder>(), pointwise->typed<Pointwise>()};
    } catch (const c10::Error&) {  // another signature than the one this was written for
      return {};
    }
  }();
  return found;
}

}  // namespace sentence_transformers::onednn
