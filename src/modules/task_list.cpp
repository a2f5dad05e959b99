#include "modules/task_list.h"

#include <algorithm>

#include "core/config_lists.h"

namespace sentence_transformers {

std::vector<std::string> read_tasks(const Config& config, const std::string& key) {
  const bool is_one = config.has(key) && config.json()[key].is_string();
  return is_one ? std::vector{config.require<std::string>(key)} : require_strings(config, key);
}

bool includes_task(const std::vector<std::string>& tasks, std::string_view task) {
  const std::string_view own = task.empty() ? "document" : task;
  return std::find(tasks.begin(), tasks.end(), own) != tasks.end();
}

}  // namespace sentence_transformers
