#include "training/agreement.h"

#include <sentence_transformers/error.h>

#include <sstream>

#include "core/xxh64.h"
#include "training/distributed.h"

namespace sentence_transformers {
namespace {

/// A checksum of the examples, in their order.
int64_t digest(const Dataset& dataset) {
  uint64_t hash = 0;
  const auto reader = dataset.read();
  for (Example example; reader->next(example);) {
    for (const std::string& text : example.texts) hash = xxh64(text.data(), text.size(), hash);
    hash = xxh64(example.labels.data(), example.labels.size() * sizeof(float), hash);
  }
  return static_cast<int64_t>(hash);
}

int64_t digest(const std::string& text) {
  return static_cast<int64_t>(xxh64(text.data(), text.size()));
}

/// Whatever decides about batches, steps, and when the processes wait for each other.
std::string text_of(const TrainingArguments& a) {
  std::ostringstream text;
  for (const auto value :
       {a.max_steps, a.per_device_train_batch_size, a.gradient_accumulation_steps, a.warmup_steps,
        a.shuffle_buffer, a.eval_steps, a.save_steps, a.logging_steps, static_cast<int64_t>(a.seed),
        static_cast<int64_t>(a.lr_scheduler_type), static_cast<int64_t>(a.batch_sampler),
        static_cast<int64_t>(a.multi_dataset_batch_sampler),
        static_cast<int64_t>(a.dataloader_drop_last), static_cast<int64_t>(a.eval_strategy),
        static_cast<int64_t>(a.save_strategy), static_cast<int64_t>(a.load_best_model_at_end)}) {
    text << value << " ";
  }
  text.precision(17);
  for (const double value :
       {a.num_train_epochs, a.learning_rate, a.warmup_ratio, a.weight_decay, a.adam_beta1,
        a.adam_beta2, a.adam_epsilon, a.max_grad_norm, a.dropout.value_or(-1)}) {
    text << value << " ";
  }
  return text.str();
}

struct Fact {
  std::string what;
  int64_t value;
  bool is_count = false;
};

void compare(const std::vector<Fact>& facts) {
  std::vector<int64_t> numbers;
  for (const Fact& fact : facts) numbers.push_back(fact.value);
  const auto all = gather_numbers(numbers);
  for (size_t r = 1; r < all.size(); ++r) {
    for (size_t i = 0; i < facts.size(); ++i) {
      if (all[r][i] == all[0][i]) continue;
      const std::string who = "[Trainer] process " + std::to_string(r) + " has ";
      const std::string why = "; all processes need the same data and arguments";
      if (!facts[i].is_count) {
        throw Error(who + "other " + facts[i].what + " than process 0" + why);
      }
      throw Error(who + std::to_string(all[r][i]) + " " + facts[i].what + ", process 0 has " +
                  std::to_string(all[0][i]) + why);
    }
  }
}

}  // namespace

void check_agreement(const TrainerInternals& trainer) {
  if (world_size() == 1) return;
  // Counts come first: what is compared after them must be as many numbers everywhere.
  compare({{"datasets", static_cast<int64_t>(trainer.tasks.size()), true},
           {"parameters", static_cast<int64_t>(trainer.parameters().size()), true},
           {"devices", static_cast<int64_t>(trainer.model.device.type())},
           {"arguments", digest(text_of(trainer.arguments))}});
  std::vector<Fact> facts;
  for (const LoopTask& task : trainer.tasks) {
    facts.push_back({"examples in " + task.name, task.dataset->size(), true});
    facts.push_back({"examples in " + task.name, digest(*task.dataset)});
    facts.push_back({"losses for " + task.name, digest(task.loss_name)});
    std::string prompts;
    for (const std::string& prompt : task.prompts) prompts += prompt + '\0';
    facts.push_back({"prompts for " + task.name, digest(prompts)});
    std::string routes;
    for (const std::string& route : task.routes) routes += route + '\0';
    facts.push_back({"routes for " + task.name, digest(routes)});
  }
  compare(facts);
}

}  // namespace sentence_transformers
