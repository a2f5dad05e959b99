#include "modules/input_module.h"

#include <stdexcept>

namespace sentence_transformers {

void InputModule::set_max_seq_length(int64_t length, const std::string& function) {
  throw std::invalid_argument("[" + function + "] " + type() +
                              " takes texts of any length; expected no limit, found " +
                              std::to_string(length));
}

}  // namespace sentence_transformers
