// A terminal that is none: what a program would show on one.
#pragma once

#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace sentence_transformers::test {

/// What `draw` writes to stderr while that is a terminal of so many columns (0: it does not know).
template <class F>
std::string on_terminal(unsigned short columns, F&& draw) {
  int leader = -1, terminal = -1;
  const winsize size = {24, columns, 0, 0};
  if (openpty(&leader, &terminal, nullptr, nullptr, &size) != 0) return "";
  std::fflush(stderr);
  const int old = dup(STDERR_FILENO);
  dup2(terminal, STDERR_FILENO);
  draw();
  std::fflush(stderr);
  dup2(old, STDERR_FILENO);
  close(terminal);  // so that reading ends
  std::string text;
  char part[4096];
  for (ssize_t count; (count = read(leader, part, sizeof part)) > 0;) {
    text.append(part, static_cast<size_t>(count));
  }
  close(old);
  close(leader);
  return text;
}

}  // namespace sentence_transformers::test
