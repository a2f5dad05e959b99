#include <sentence_transformers/base_model.h>

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
  return internals_->folder.transformer->tokenizer();
}
c10::Device BaseModel::device() const { return internals_->placement.device(); }
at::ScalarType BaseModel::dtype() const { return internals_->placement.dtype(); }
const std::filesystem::path& BaseModel::path() const { return internals_->path; }

std::vector<std::pair<std::string, at::Tensor>> BaseModel::named_parameters() const {
  return named_parameters_of(internals_->folder);
}
void BaseModel::train(bool on) { internals_->placement.train(internals_->folder.modules, on); }
bool BaseModel::is_training() const { return internals_->folder.transformer->is_training(); }
void BaseModel::set_dropout(double probability) {
  sentence_transformers::set_dropout(internals_->folder.modules, probability);
}
void BaseModel::set_gradient_checkpointing(bool on) {
  internals_->folder.transformer->encoder().gradient_checkpointing = on;
}
void BaseModel::set_autocast(bool on) { internals_->placement.autocast = on; }

}  // namespace sentence_transformers
