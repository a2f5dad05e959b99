#include "training/model_card.h"

#include <sentence_transformers/version.h>

#include <set>
#include <sstream>

#include "core/files.h"
#include "training/run_log.h"

namespace sentence_transformers {
namespace {

std::string schedule_name(Schedule schedule) {
  switch (schedule) {
    case Schedule::linear:
      return "linear";
    case Schedule::cosine:
      return "cosine";
    case Schedule::constant:
      return "constant";
    case Schedule::constant_with_warmup:
      break;
  }
  return "constant_with_warmup";
}

/// What a card says of a kind of model.
struct Wording {
  const char *what, *tag, *pipeline, *type, *header, *call, *python, *result;
};

const Wording& wording(ModelKind kind) {
  static const Wording table[] = {
      {"sentence embedding model", "sentence-similarity", "sentence-similarity",
       "SentenceTransformer", "sentence_transformer.h",
       "model.encode({\"a sentence\", \"another one\"})",
       "model.encode([\"a sentence\", \"another one\"])", "embeddings"},
      {"cross-encoder", "cross-encoder", "text-ranking", "CrossEncoder", "cross_encoder.h",
       "model.predict({{\"a query\", \"a passage\"}})",
       "model.predict([(\"a query\", \"a passage\")])", "scores"},
      {"sparse encoder", "sparse-encoder", "feature-extraction", "SparseEncoder",
       "sparse_encoder.h", "model.encode({\"a sentence\", \"another one\"})",
       "model.encode([\"a sentence\", \"another one\"])", "embeddings"},
      {"multi-vector encoder", "multi-vector-encoder", "feature-extraction", "MultiVectorEncoder",
       "multi_vector_encoder.h",
       "model.similarity({model.encode_query(\"a query\")}, {model.encode_document(\"a "
       "passage\")})",
       "model.similarity([model.encode_query(\"a query\")], [model.encode_document(\"a "
       "passage\")])",
       "scores"},
  };
  return table[static_cast<size_t>(kind)];
}

/// The head that model hubs read.
void write_front_matter(std::ostream& out, const TrainerInternals& t, const Wording& words) {
  std::set<std::string> losses;
  int64_t examples = 0;
  for (const LoopTask& task : t.tasks) {
    losses.insert(task.loss_name);
    examples += task.dataset->size();
  }
  out << "---\ntags:\n- sentence-transformers\n- " << words.tag << "\n- dataset_size:" << examples
      << "\n";
  for (const std::string& loss : losses) out << "- loss:" << loss << "\n";
  out << "pipeline_tag: " << words.pipeline << "\nlibrary_name: sentence-transformers\n---\n\n";
}

void write_usage(std::ostream& out, const Wording& words) {
  out << "## Usage\n\n```cpp\n#include <sentence_transformers/" << words.header
      << ">\n\nsentence_transformers::" << words.type
      << " model(\"path/to/this/folder\");\nat::Tensor " << words.result << " = " << words.call
      << ";\n```\n\n```python\nfrom sentence_transformers import " << words.type
      << "\n\nmodel = " << words.type << "(\"path/to/this/folder\")\n"
      << words.result << " = " << words.python << "\n```\n\n";
}

void write_training(std::ostream& out, const TrainerInternals& t) {
  out << "## Training\n\n| dataset | examples | loss |\n| --- | --- | --- |\n";
  for (const LoopTask& task : t.tasks) {
    out << "| " << task.name << " | " << task.dataset->size() << " | " << task.loss_name << " |\n";
  }
  const TrainingArguments& a = t.arguments;
  out << "\n| argument | value |\n| --- | --- |\n| steps | " << t.state.step << " |\n| epochs | "
      << t.state.epoch << " |\n| per_device_train_batch_size | " << a.per_device_train_batch_size
      << " |\n| gradient_accumulation_steps | " << a.gradient_accumulation_steps
      << " |\n| learning_rate | " << a.learning_rate << " |\n| lr_scheduler_type | "
      << schedule_name(a.lr_scheduler_type) << " |\n| warmup_ratio | " << a.warmup_ratio
      << " |\n| warmup_steps | " << a.warmup_steps << " |\n| weight_decay | " << a.weight_decay
      << " |\n| max_grad_norm | " << a.max_grad_norm << " |\n| seed | " << a.seed << " |\n| bf16 | "
      << (a.bf16 ? "true" : "false") << " |\n\n";
}

void write_logs(std::ostream& out, const TrainerInternals& t) {
  if (t.history.empty()) return;
  const std::string metric = primary_metric(t.history);
  out << "### Log\n\n| epoch | step | loss |" << (metric.empty() ? "" : " " + metric + " |")
      << "\n| --- | --- | --- |" << (metric.empty() ? "" : " --- |") << "\n";
  const auto cell = [&](const std::optional<double>& value) {
    if (value) out << *value;
    out << " |";
  };
  for (const auto& line : t.history) {
    const auto epoch = number_of(line, "epoch"), step = number_of(line, "step");
    if (!epoch || !step) continue;  // of the data
    out << "| " << *epoch << " | " << static_cast<int64_t>(*step) << " | ";
    cell(number_of(line, "loss"));
    if (!metric.empty()) {
      out << " ";
      const auto metrics = line.find("metrics");
      cell(metrics == line.end() ? std::nullopt : number_of(*metrics, metric));
    }
    out << "\n";
  }
  out << "\n";
}

}  // namespace

void write_model_card(const std::filesystem::path& folder, const TrainerInternals& t,
                      ModelKind kind) {
  const Wording& words = wording(kind);
  std::ostringstream out;
  write_front_matter(out, t, words);
  out << "# " << folder.filename().string() << "\n\nA " << words.what
      << " trained with Sentence Transformers for C++ " << SENTENCE_TRANSFORMERS_VERSION << ".\n\n";
  write_usage(out, words);
  if (!t.state.metrics.empty()) {
    out << "## Evaluation\n\n| metric | value |\n| --- | --- |\n";
    for (const auto& [name, value] : t.state.metrics)
      out << "| " << name << " | " << value << " |\n";
    out << "\n";
  }
  write_training(out, t);
  write_logs(out, t);
  const std::string text = out.str();
  write_atomically(folder / "README.md",
                   [&](FileWriter& file) { file.write(text.data(), text.size()); });
}

}  // namespace sentence_transformers
