// The public trainers: what the loop needs to know of each kind of model.
#include <sentence_transformers/multi_vector_trainer.h>
#include <sentence_transformers/sparse_trainer.h>
#include <sentence_transformers/trainer.h>

#include <stdexcept>
#include <type_traits>

#include "training/distributed.h"
#include "training/model_card.h"
#include "training/trainer_internals.h"

namespace sentence_transformers {
namespace {

template <class Model>
TrainedModel wrap(Model& model) {
  return {.named_parameters = [&] { return model.named_parameters(); },
          .saved_parameters =
              [](const std::filesystem::path& folder) {
                return Model(folder.string(), {.device = "cpu"}).named_parameters();
              },
          .train = [&](bool on) { model.train(on); },
          .set_dropout = [&](double probability) { model.set_dropout(probability); },
          .set_gradient_checkpointing = [&](bool on) { model.set_gradient_checkpointing(on); },
          .set_autocast = [&](bool on) { model.set_autocast(on); },
          .save = [&](const std::filesystem::path& folder) { model.save_pretrained(folder); },
          .folder = model.path(),
          .device = model.device()};
}

template <class Model>
constexpr ModelKind kKind =
    std::is_same_v<Model, CrossEncoder>         ? ModelKind::cross_encoder
    : std::is_same_v<Model, MultiVectorEncoder> ? ModelKind::multi_vector_encoder
    : std::is_same_v<Model, SparseEncoder>      ? ModelKind::sparse_encoder
                                                : ModelKind::sentence_transformer;

NamedTensors parameters_of(const Loss& loss) { return loss.named_parameters(); }
NamedTensors parameters_of(const CrossEncoderLoss&) { return {}; }
NamedTensors parameters_of(const MultiVectorLoss&) { return {}; }
NamedTensors parameters_of(const SparseLoss&) { return {}; }

template <class Model, class LossType>
std::vector<LoopTask> wrap(const Model& model, const std::vector<TrainingTask<LossType>>& tasks) {
  std::vector<LoopTask> result;
  for (const auto& task : tasks) {
    if (!task.dataset || !task.loss) {
      throw std::invalid_argument("[Trainer] expected a dataset and a loss, found none");
    }
    result.push_back(
        {.name = task.name,
         .dataset = task.dataset,
         .prompts = task.prompts,
         .routes = task.routes,
         .loss_name = task.loss->name(),
         .loss = [&model, loss = task.loss](const Batch& b) { return loss->forward(model, b); },
         .loss_parameters = parameters_of(*task.loss)});
  }
  return result;
}

template <class Model>
std::optional<LoopEvaluator> wrap(const Model& model,
                                  std::shared_ptr<const Evaluator<Model>> evaluator) {
  if (!evaluator) return {};
  return LoopEvaluator{
      .evaluate = [&model,
                   evaluator](const EvaluationContext& c) { return (*evaluator)(model, c); },
      .primary_metric = [evaluator](const Metrics& m) { return evaluator->primary_metric(m); }};
}

}  // namespace

template <class Model, class LossType>
Trainer<Model, LossType>::Trainer(Model& model, TrainingArguments arguments,
                                  std::vector<Task> tasks,
                                  std::shared_ptr<const Evaluator<Model>> evaluator)
    : internals_(std::make_unique<TrainerInternals>(wrap(model), std::move(arguments),
                                                    wrap(model, tasks),
                                                    wrap(model, std::move(evaluator)))) {}

template <class Model, class LossType>
Trainer<Model, LossType>::~Trainer() = default;

template <class Model, class LossType>
void Trainer<Model, LossType>::add_callback(std::shared_ptr<TrainerCallback> callback) {
  internals_->callbacks.push_back(std::move(callback));
}

template <class Model, class LossType>
TrainingResult Trainer<Model, LossType>::train() {
  return internals_->run(std::nullopt);
}

template <class Model, class LossType>
TrainingResult Trainer<Model, LossType>::resume(const std::filesystem::path& checkpoint) {
  return internals_->run(checkpoint);
}

template <class Model, class LossType>
Metrics Trainer<Model, LossType>::evaluate() const {
  if (!internals_->evaluator) {
    throw std::invalid_argument("[Trainer::evaluate] there is no evaluator");
  }
  return internals_->evaluator->evaluate({});
}

template <class Model, class LossType>
void Trainer<Model, LossType>::save_model(const std::filesystem::path& folder) const {
  if (rank() != 0) return;
  internals_->model.save(folder);
  write_model_card(folder, *internals_, kKind<Model>);
}

template class Trainer<SentenceTransformer, Loss>;
template class Trainer<CrossEncoder, CrossEncoderLoss>;
template class Trainer<MultiVectorEncoder, MultiVectorLoss>;
template class Trainer<SparseEncoder, SparseLoss>;

}  // namespace sentence_transformers
