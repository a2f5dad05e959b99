// One evaluation's results, as a dictionary and as a line of Python's csv files.
#pragma once

#include <sentence_transformers/evaluator.h>

#include <string>
#include <utility>
#include <vector>

namespace sentence_transformers {

/// str() of a Python float (and of a numpy.float64).
std::string python_str(double value);
/// str() of a numpy.float32.
std::string python_str(float value);

class Report {
 public:
  /// A value with its csv column and its key in the dictionary. Python keeps thresholds as
  /// numpy.float32, which prints fewer digits: pass these as float.
  void add(const std::string& column, const std::string& key, double value);
  void add(const std::string& column, const std::string& key, float value);
  void add_column(const std::string& column, double value);
  void add_metric(const std::string& key, double value);

  /// Appends the columns to context.output_path / file, after a header if the file is new, unless
  /// that is not wanted; returns the metrics with options.name in front.
  Metrics finish(const EvaluatorOptions& options, const EvaluationContext& context,
                 const std::string& file, const char* line_end = "\r\n") const;

 private:
  std::vector<std::pair<std::string, std::string>> columns_;  // name, text
  Metrics metrics_;
};

/// "name_key", or "key" without a name.
std::string prefixed(const std::string& name, const std::string& key);
/// "_name", or "" without one: the middle of a csv file's name.
std::string suffix(const std::string& name);

}  // namespace sentence_transformers
