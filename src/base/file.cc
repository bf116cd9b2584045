#include "base/file.h"

#include <fstream>
#include <iostream>
#include <sstream>

namespace schedules {

Result<std::string> read_file(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file || !(text << file.rdbuf())) return fail(Code::io_error, "cannot read {}", path);
  return text.str();
}

}  // namespace schedules
