// trainer_state.json: a run's state is refused, or taken, drawn, written and taken again.
#include <sentence_transformers/trainer.h>

#include "core/config.h"
#include "fuzz.h"
#include "training/run_log.h"
#include "training/run_state.h"

namespace sentence_transformers {

FUZZ_TARGET(trainer_state) {
  constexpr RunLimits kLimits{.max_steps = 1'000'000, .batches_an_epoch = 1'000};
  static const fuzz::Folder folder;
  const auto path = folder.write("trainer_state.json", input);
  RunState state;
  if (!fuzz::accepted([&] { state = read_run_state(read_json(path), path, kLimits); })) return;

  fuzz::require(state.step >= 0 && state.step <= kLimits.max_steps, "the step is one of the run");
  fuzz::require(state.best_checkpoint.find('/') == std::string::npos, "checkpoints lie beside it");
  RunLog log(folder.path());
  log.restore(state.history);
  fuzz::require(draw_curves(log.history()).ends_with("</svg>\n"), "curves are drawn");
  primary_metric(log.history());

  write_json(folder.path() / "written.json", to_json(state));
  const RunState again = read_run_state(read_json(folder.path() / "written.json"), path, kLimits);
  fuzz::require(to_json(again) == to_json(state), "a state is kept");
}

}  // namespace sentence_transformers
