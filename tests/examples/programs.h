// Runs an example program as a user would, and reads what it prints.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

struct Result {
  int status;
  std::string output;
};

/// What a user may get wrong, and what the program says then.
struct Mistake {
  std::vector<std::string> arguments;
  const char* message;
};

inline std::string quoted(const std::string& word) { return "'" + word + "'"; }

inline Result run(const std::string& program, const std::vector<std::string>& arguments,
                  const std::string& redirection = "2>&1") {
  std::string command = quoted(EXAMPLES_FOLDER "/" + program);
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  command += " " + redirection;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  std::string output;
  char buffer[4096];
  while (const size_t size = std::fread(buffer, 1, sizeof buffer, pipe))
    output.append(buffer, size);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

/// Each ends with status 1 and its message.
inline void expect_mistakes(const std::string& program, const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    const Result result = run(program, mistake.arguments);
    EXPECT_EQ(result.status, 1) << program << ": " << result.output;
    EXPECT_NE(result.output.find(mistake.message), std::string::npos)
        << program << ": " << result.output;
  }
}

/// --help ends well and speaks of every flag.
inline void expect_help(const std::string& program, const std::vector<std::string>& flags) {
  const Result help = run(program, {"--help"});
  EXPECT_EQ(help.status, 0);
  for (const std::string& flag : flags) {
    EXPECT_NE(help.output.find(flag), std::string::npos) << program << " " << flag;
  }
}

inline std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

inline size_t find_line(const std::vector<std::string>& printed, const std::string& line,
                        size_t from = 0) {
  for (size_t i = from; i < printed.size(); ++i) {
    if (printed[i] == line) return i;
  }
  ADD_FAILURE() << "no line: " << line;
  return printed.size();
}
