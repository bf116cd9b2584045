#include "config/toml_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <toml++/toml.h>

#include "base/text.h"

namespace schedules::config {
namespace {

constexpr size_t kMaxFileBytes = 1024 * 1024;

class Flattener {
 public:
  explicit Flattener(const std::string& name) : name_(name) {}

  void table(const toml::table& table, bool top) {
    for (const auto& [key, node] : table) {
      const std::string_view word = key.str();
      const auto line = key.source().begin.line;
      if (const auto* inner = node.as_table()) {
        if (top && to_lower(word) == "schedules") {
          this->table(*inner, false);
        } else {
          fault(line, word, "no such table; settings stand at top level or under [schedules]");
        }
        continue;
      }
      entry(word, node, line);
    }
  }
  TomlFile take() && { return std::move(out_); }

 private:
  void fault(unsigned line, std::string_view key, std::string_view what) {
    out_.faults.push_back(Error{.code = Code::invalid_argument,
                                .detail = fmt::format("{} (from {}:{})", what, name_, line),
                                .field = std::string(key)});
  }

  void entry(std::string_view key, const toml::node& node, unsigned line) {
    TomlEntry entry{.key = std::string(key), .line = line};
    using Form = TomlEntry::Form;
    if (const auto* text = node.as_string()) {
      entry.text = text->get();
    } else if (const auto* whole = node.as_integer()) {
      entry.text = std::to_string(whole->get());
      entry.form = Form::integer;
    } else if (const auto* number = node.as_floating_point()) {
      entry.text = fmt::format("{}", number->get());
      entry.form = Form::number;
    } else if (const auto* flag = node.as_boolean()) {
      entry.text = flag->get() ? "true" : "false";
      entry.form = Form::boolean;
    } else if (const auto* list = node.as_array()) {
      entry.form = Form::list;
      if (!list_text(*list, entry.text)) return fault(line, key, "a list may hold texts only");
    } else {
      return fault(line, key, "a date or time is no setting's value; write it as a text");
    }
    out_.entries.push_back(std::move(entry));
  }

  static bool list_text(const toml::array& list, std::string& out) {
    out = "[";
    for (const auto& item : list) {
      const auto* text = item.as_string();
      if (text == nullptr) return false;
      if (out.size() > 1) out += ',';
      append_json_string(out, text->get());
    }
    out += ']';
    return true;
  }

  const std::string& name_;
  TomlFile out_;
};

}  // namespace

Result<TomlFile> parse_toml(std::string_view text, const std::string& name) {
  toml::table parsed;
  try {
    parsed = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    return fail(Code::invalid_argument, "{}:{}:{}: {}", name, error.source().begin.line, error.source().begin.column,
                error.description());
  }
  Flattener flattener(name);
  flattener.table(parsed, true);
  return std::move(flattener).take();
}

Result<TomlFile> read_toml(const std::string& path) {
  std::error_code gone;
  const auto size = std::filesystem::file_size(path, gone);
  if (gone) return fail(Code::not_found, "cannot read {}: {}", path, gone.message());
  if (size > kMaxFileBytes) return fail(Code::too_long, "{} is larger than 1 MiB", path);
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail(Code::io_error, "cannot read {}", path);
  return parse_toml(text.str(), path);
}

}  // namespace schedules::config
