#include "training/run_log.h"

#include <sentence_transformers/error.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "core/files.h"

namespace sentence_transformers {
namespace {

using Points = std::vector<std::pair<double, double>>;  // step, value

constexpr double kWidth = 640, kHeight = 240, kLeft = 64, kRight = 16, kTop = 28, kBottom = 34;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string text_at(double x, double y, const std::string& text, const char* anchor = "middle") {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\">" +
         text + "</text>\n";
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<') {
      result += "&lt;";
    } else if (c == '&') {
      result += "&amp;";
    } else if (static_cast<unsigned char>(c) >= ' ') {  // the others are none of XML's characters
      result += c;
    }
  }
  return result;
}

/// One diagram with its axes, whose upper edge is at `top`.
std::string diagram(const Points& points, const std::string& title, double top) {
  double least = std::numeric_limits<double>::infinity(), most = -least, last = 1;
  for (const auto& [step, value] : points) {
    least = std::min(least, value);
    most = std::max(most, value);
    last = std::max(last, step);
  }
  if (!(most > least)) {
    least -= 0.5;
    most += 0.5;
  }
  const double bottom = top + kHeight - kBottom, ceiling = top + kTop, right = kWidth - kRight;
  const auto x = [&](double step) { return kLeft + step / last * (right - kLeft); };
  const auto y = [&](double v) {
    return bottom - (v - least) / (most - least) * (bottom - ceiling);
  };
  std::string svg = text_at(kWidth / 2, top + 18, escaped(title));
  for (const double part : {0.0, 0.5, 1.0}) {
    const double value = least + part * (most - least), height = y(value);
    svg += "<path class=\"grid\" d=\"M" + number(kLeft) + " " + number(height) + "H" +
           number(right) + "\"/>\n" + text_at(kLeft - 6, height + 4, number(value), "end") +
           text_at(x(part * last), bottom + 18, number(std::round(part * last)));
  }
  svg += "<polyline points=\"";
  for (const auto& [step, value] : points) svg += number(x(step)) + "," + number(y(value)) + " ";
  svg += "\"/>\n";
  for (const auto& [step, value] : points) {
    if (points.size() > 40) break;
    svg += "<circle r=\"2.5\" cx=\"" + number(x(step)) + "\" cy=\"" + number(y(value)) + "\"/>\n";
  }
  return svg;
}

/// Messages may quote bytes of a file that are no UTF-8.
std::string line_text(const nlohmann::json& line) {
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void RunLog::add_training(const TrainingState& s) {
  add({{"step", s.step},
       {"epoch", s.epoch},
       {"loss", s.loss},
       {"learning_rate", s.learning_rate},
       {"grad_norm", s.grad_norm},
       {"steps_per_second", s.steps_per_second}});
}

void RunLog::add_bad_lines(const std::string& dataset, const ReadReport& report) {
  add({{"step", 0},
       {"dataset", dataset},
       {"bad_lines", report.bad_lines},
       {"messages", report.messages}});
}

void RunLog::add_shuffle_window(const std::string& dataset, int64_t examples) {
  add({{"step", 0}, {"dataset", dataset}, {"shuffle_window", examples}});
}

void RunLog::add_evaluation(const TrainingState& s, const std::string& primary_metric) {
  add({{"step", s.step},
       {"epoch", s.epoch},
       {"metrics", s.metrics},
       {"primary_metric", primary_metric}});
}

void RunLog::add(nlohmann::json line) {
  history_.push_back(std::move(line));
  if (folder_.empty()) return;
  const auto path = folder_ / "log.jsonl";
  std::ofstream file(path, std::ios::app);
  file << line_text(history_.back()) << "\n" << std::flush;
  if (!file) throw Error("[Trainer] " + path.string() + ": cannot be written");
}

void RunLog::restore(nlohmann::json history) {
  history_ = std::move(history);
  if (folder_.empty()) return;
  write_atomically(folder_ / "log.jsonl", [&](FileWriter& file) {
    for (const auto& line : history_) {
      const std::string text = line_text(line) + "\n";
      file.write(text.data(), text.size());
    }
  });
}

void RunLog::write_curves() const {
  if (folder_.empty() || history_.empty()) return;
  const std::string svg = draw_curves(history_);
  write_atomically(folder_ / "curves.svg",
                   [&](FileWriter& file) { file.write(svg.data(), svg.size()); });
}

std::optional<double> number_of(const nlohmann::json& line, const std::string& key) {
  const auto found = line.find(key);
  if (found == line.end() || !found->is_number()) return {};
  const double value = found->get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string primary_metric(const nlohmann::json& history) {
  std::string name;
  for (const auto& line : history) {
    const auto found = line.find("primary_metric");
    if (found != line.end() && found->is_string()) name = found->get<std::string>();
  }
  return name;
}

std::string draw_curves(const nlohmann::json& history) {
  const std::string metric = primary_metric(history);
  Points losses, values;
  for (const auto& line : history) {
    const auto step = number_of(line, "step"), loss = number_of(line, "loss");
    if (!step) continue;
    if (loss) losses.emplace_back(*step, *loss);
    const auto metrics = line.find("metrics");
    if (metrics == line.end()) continue;
    if (const auto value = number_of(*metrics, metric)) values.emplace_back(*step, *value);
  }
  std::string body;
  double height = 0;
  for (const auto& [points, title] : {std::pair(losses, std::string("loss")), {values, metric}}) {
    if (points.empty()) continue;
    body += diagram(points, title + " by step", height);
    height += kHeight;
  }
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(kWidth) + " " +
         number(std::max(height, 1.0)) +
         "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n"
         "<style>.grid{stroke:#ddd}polyline{fill:none;stroke:#1769aa;stroke-width:1.5}"
         "circle{fill:#1769aa}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" +
         body + "</svg>\n";
}

}  // namespace sentence_transformers
