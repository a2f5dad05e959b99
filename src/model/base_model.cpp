#include <sentence_transformers/base_model.h>
#include <sentence_transformers/error.h>

#include "encoders/encoder.h"
#include "model/internals.h"

namespace sentence_transformers {

BaseModel::BaseModel(std::unique_ptr<Internals> internals) : internals_(std::move(internals)) {}
BaseModel::BaseModel(BaseModel&&) noexcept = default;
BaseModel& BaseModel::operator=(BaseModel&&) noexcept = default;
BaseModel::~BaseModel() = default;

const std::map<std::string, std::string>& BaseModel::prompts() const {
  return internals_->folder.prompts;
}
const std::optional<std::string>& BaseModel::default_prompt_name() const {
  return internals_->folder.default_prompt_name;
}
const Tokenizer& BaseModel::tokenizer() const {
  const ModelFolder& folder = internals_->folder;
  for (const InputModule* input : folder.inputs()) {
    if (const Tokenizer* tokenizer = input->tokenizer()) return *tokenizer;
  }
  throw UnsupportedError("[BaseModel::tokenizer] " + internals_->path.string() + ": the model's " +
                         folder.modules.front()->type() +
                         " looks up whole words; known: Hugging Face's tokenizers");
}
c10::Device BaseModel::device() const { return internals_->placement.device(); }
at::ScalarType BaseModel::dtype() const { return internals_->placement.dtype(); }
const std::filesystem::path& BaseModel::path() const { return internals_->path; }

std::vector<std::pair<std::string, at::Tensor>> BaseModel::named_parameters() const {
  return named_parameters_of(internals_->folder);
}
void BaseModel::train(bool on) { internals_->placement.train(internals_->folder.modules, on); }
bool BaseModel::is_training() const { return internals_->folder.modules.front()->is_training(); }
void BaseModel::set_dropout(double probability) {
  sentence_transformers::set_dropout(internals_->folder.modules, probability);
}
void BaseModel::set_gradient_checkpointing(bool on) {
  for (const auto& module : internals_->folder.modules) {
    for (const auto& part : module->modules()) {
      if (auto* encoder = dynamic_cast<Encoder*>(part.get())) encoder->gradient_checkpointing = on;
    }
  }
}
void BaseModel::set_autocast(bool on) { internals_->placement.autocast = on; }

}  // namespace sentence_transformers
