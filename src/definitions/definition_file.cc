#include "definitions/definition_file.h"

#include <charconv>
#include <filesystem>
#include <map>

#include <yaml-cpp/yaml.h>
#include <boost/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "definitions/schedule_field.h"

namespace schedules {
namespace {

namespace json = boost::json;

constexpr int kMaxDepth = 32;
constexpr size_t kMaxNodes = 1'000'000;  // aliases can multiply a small file
constexpr size_t kMaxFileBytes = 16UL * 1024 * 1024;

// Names that the original's examples use for ours.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kAliases{
    {{"payload", "event_payload"},
     {"headers", "event_headers"},
     {"entity_id", "event_entity_id"},
     {"correlation_id", "event_correlation_id"},
     {"entity_type", "event_type"},
     {"action", "event_action"},
     {"every", "every_seconds"},
     {"jitter", "jitter_seconds"},
     {"late_after_seconds", "late_after"},
     {"catch_up_window_seconds", "catch_up_window"},
     {"max_runtime_seconds", "max_runtime"},
     {"retry_delay", "retry_delay_seconds"}}};

std::string text_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

class TooLarge : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A plain scalar means what YAML 1.2 says; a quoted one is a text.
json::value scalar(const YAML::Node& node) {
  const auto& text = node.Scalar();
  if (node.Tag() == "!") return json::string(text);
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const auto* end = text.data() + text.size();
  int64_t whole = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, whole); error == std::errc{} && at == end)
    return whole;
  const bool numeric = text.find_first_not_of("0123456789.eE+-") == std::string::npos;
  double number = 0;
  if (numeric) {
    if (const auto [at, error] = std::from_chars(text.data(), end, number); error == std::errc{} && at == end) {
      return number;
    }
  }
  return json::string(text);
}

json::value to_json(const YAML::Node& node, int depth, size_t& nodes) {
  if (depth > kMaxDepth) throw TooLarge("it is nested too deep");
  if (++nodes > kMaxNodes) throw TooLarge("it has too many values");
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return scalar(node);
    case YAML::NodeType::Sequence: {
      json::array out;
      for (const auto& item : node) out.push_back(to_json(item, depth + 1, nodes));
      return out;
    }
    case YAML::NodeType::Map: {
      json::object out;
      for (const auto& item : node) out[item.first.Scalar()] = to_json(item.second, depth + 1, nodes);
      return out;
    }
    default:
      return nullptr;
  }
}

class FileReader {
 public:
  FileReader(std::string file, std::string owner) : file_(std::move(file)), owner_(std::move(owner)) {}

  DefinitionFiles read(const YAML::Node& root) {
    if (!root.IsMap()) {
      out_.faults.push_back(
          {.code = Code::invalid_argument, .detail = file_ + ": a map with \"definitions\" is needed", .field = ""});
      return std::move(out_);
    }
    top(root);
    const auto list = root["definitions"];
    if (!list.IsDefined() || (!list.IsSequence() && !list.IsNull())) {
      fault(root, Code::missing_field, "definitions", "a list \"definitions\" is needed");
    } else {
      for (const auto& item : list) definition(item);
    }
    return std::move(out_);
  }

 private:
  void fault(const YAML::Node& node, Code code, std::string_view field, std::string_view detail) {
    out_.faults.push_back({.code = code,
                           .detail = fmt::format("{}:{}: {}", file_, node.Mark().line + 1, detail),
                           .field = std::string(field)});
  }

  void top(const YAML::Node& root) {
    static constexpr std::array<std::string_view, 4> kTop{"version", "owner", "module_name", "definitions"};
    for (const auto& item : root) {
      const auto& key = item.first.Scalar();
      if (std::ranges::find(kTop, key) == kTop.end()) unknown(item.first, key, kTop);
    }
    if (const auto version = root["version"]; version.IsDefined() && version.Scalar() != "1") {
      fault(version, Code::invalid_argument, "version", "only version 1 is known");
    }
    for (const auto* name : {"owner", "module_name"}) {
      if (owner_.empty() && root[name].IsDefined() && root[name].IsScalar()) owner_ = root[name].Scalar();
    }
    if (owner_.empty()) {
      fault(root, Code::missing_field, "owner", "whose definitions these are has to be said: \"owner\" or --owner");
    }
  }

  void unknown(const YAML::Node& node, const std::string& key, std::span<const std::string_view> known) {
    const auto near = nearest(key, known);
    fault(node, Code::unknown_field, key,
          near.empty() ? "no such key" : fmt::format("no such key; did you mean {}?", near));
  }

  void definition(const YAML::Node& node) {
    if (!node.IsMap()) return fault(node, Code::wrong_type, "definitions", "a definition is a map");
    json::object body;
    for (const auto& field : schedule_fields()) body[field.name] = json::parse(field.fallback);
    body["owner"] = owner_;
    rule_given_ = false;
    const size_t faults_before = out_.faults.size();
    std::optional<std::string> category;
    std::string class_name;
    for (const auto& item : node) {
      const auto& key = item.first.Scalar();
      if (key.starts_with("next_fires")) continue;
      if (key == "class_name") {
        class_name = item.second.IsScalar() ? item.second.Scalar() : "";
      } else if (key == "category") {
        category = item.second.Scalar();
      } else {
        member(key, item, body);
      }
    }
    if (category && body["tags"].as_array().empty()) body["tags"] = json::array{*category};
    finish(node, std::move(body), std::move(class_name), faults_before);
  }

  void member(const std::string& key, const YAML::detail::iterator_value& item, json::object& body) {
    const auto alias = std::ranges::find(kAliases, key, &std::pair<std::string_view, std::string_view>::first);
    const auto name = alias == kAliases.end() ? std::string_view(key) : alias->second;
    const auto* field = name == "owner" ? nullptr : find_schedule_field(name);
    if (field == nullptr) {
      std::vector<std::string_view> known{"class_name", "category"};
      for (const auto& row : schedule_fields()) known.push_back(row.name);
      for (const auto& row : kAliases) known.push_back(row.first);
      return unknown(item.first, key, known);
    }
    rule_given_ = rule_given_ || name == "cron_expression" || name == "every_seconds" || name == "execution_time";
    auto value = normal_value(*field, to_json(item.second, 0, nodes_));
    if (!value) return fault(item.second, value.error().code, key, value.error().detail);
    body[name] = std::move(*value);
  }

  void finish(const YAML::Node& node, json::object body, std::string class_name, size_t faults_before) {
    if (!body["execution_time"].is_null()) body["one_time"] = true;
    const auto type = text_at(body, "event_type");
    const auto action = text_at(body, "event_action");
    if (type.empty()) fault(node, Code::missing_field, "event_type", "event_type is missing");
    if (action.empty()) fault(node, Code::missing_field, "event_action", "event_action is missing");
    auto name = text_at(body, "name");
    if (name.empty()) name = fmt::format("{}.{}", type, action);
    body["name"] = name;
    // One that is there but faulty has been told already.
    if (!rule_given_) {
      fault(node, Code::missing_field, "cron_expression",
            name + ": cron_expression, every_seconds or execution_time is needed");
    }
    if (out_.faults.size() > faults_before) return;
    if (class_name.empty()) class_name = class_name_of(name);
    out_.definitions.push_back({.name = name,
                                .class_name = std::move(class_name),
                                .where = fmt::format("{}:{}", file_, node.Mark().line + 1),
                                .owner = owner_,
                                .body = json::serialize(body)});
  }

  std::string file_;
  std::string owner_;
  size_t nodes_ = 0;
  bool rule_given_ = false;  ///< by the definition that is being read
  DefinitionFiles out_;
};

// Names and classes are unique over all files.
void refuse_twins(DefinitionFiles& files) {
  std::map<std::string, std::string> seen;
  std::erase_if(files.definitions, [&](const Definition& definition) {
    for (const auto& key : {"name " + definition.name, "class " + definition.class_name}) {
      const auto [other, fresh] = seen.emplace(key, definition.where);
      if (fresh) continue;
      files.faults.push_back(
          {.code = Code::already_exists,
           .detail = fmt::format("{} is defined twice: {} and {}", definition.name, other->second, definition.where),
           .field = "name"});
      return true;
    }
    return false;
  });
}

DefinitionFiles read_definition_file(const std::string& path, const std::string& owner) {
  const auto text = read_file(path);
  if (!text) return {.definitions = {}, .faults = {text.error()}};
  if (text->size() > kMaxFileBytes) {
    return {.definitions = {},
            .faults = {{.code = Code::too_long, .detail = path + " is larger than 16 MiB", .field = ""}}};
  }
  return read_definition_text(*text, path, owner);
}

Result<std::vector<Definition>> strict(DefinitionFiles files) {
  if (files.faults.empty()) return std::move(files.definitions);
  Error first = std::move(files.faults.front());
  first.more.assign(std::make_move_iterator(files.faults.begin() + 1), std::make_move_iterator(files.faults.end()));
  return fail(std::move(first));
}

}  // namespace

std::string class_name_of(std::string_view name) {
  std::string out;
  bool starts_word = true;
  for (const char letter : name) {
    const bool is_word =
        (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    if (is_word) out += starts_word && letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    starts_word = !is_word;
  }
  return out + "ScheduledEvent";
}

void append(DefinitionFiles& all, DefinitionFiles some) {
  std::ranges::move(some.definitions, std::back_inserter(all.definitions));
  std::ranges::move(some.faults, std::back_inserter(all.faults));
  refuse_twins(all);
}

DefinitionFiles read_definition_text(const std::string& text, const std::string& file, const std::string& owner) {
  const auto broken = [](Code code, std::string detail) {
    return DefinitionFiles{.definitions = {}, .faults = {{.code = code, .detail = std::move(detail), .field = ""}}};
  };
  try {
    return FileReader(file, owner).read(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    return broken(Code::invalid_argument, fmt::format("{}:{}: {}", file, error.mark.line + 1, error.msg));
  } catch (const TooLarge& error) {
    return broken(Code::too_long, fmt::format("{}: {}", file, error.what()));
  }
}

DefinitionFiles read_definition_folder(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  DefinitionFiles all;
  if (!fs::is_directory(path, error)) {
    append(all, read_definition_file(path, ""));
  } else {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
      const auto kind = entry.path().extension();
      if (entry.is_regular_file(error) && (kind == ".yaml" || kind == ".yml" || kind == ".json"))
        files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const auto& file : files) append(all, read_definition_file(file, ""));
  }
  return all;
}

Result<std::vector<Definition>> parse_definitions(const std::string& text, const std::string& file,
                                                  const std::string& owner) {
  return strict(read_definition_text(text, file, owner));
}

Result<std::vector<Definition>> read_definitions(const std::string& path, const std::string& owner) {
  return strict(read_definition_file(path, owner));
}

Result<std::vector<Definition>> read_all_definitions(const std::vector<std::string>& paths, const std::string& owner) {
  DefinitionFiles all;
  for (const auto& path : paths) append(all, read_definition_file(path, owner));
  return strict(std::move(all));
}

}  // namespace schedules
