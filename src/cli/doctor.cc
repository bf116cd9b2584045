// schedules doctor: looks at everything that has to be right before and while a server runs, and says what to do.
#include <filesystem>
#include <fstream>

#include <curl/curl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/reach.h"
#include "cli/settings_options.h"
#include "cli/version.h"
#include "time/text.h"
#include "time/zone.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1024UL * 1024;
constexpr uint64_t kLowDisk = 1024 * kMiB;
constexpr uint64_t kNoDisk = 100 * kMiB;
constexpr size_t kShortKey = 32;
constexpr std::chrono::seconds kSkew{2};
constexpr std::chrono::milliseconds kReachLimit{2000};

enum class Grade : uint8_t { ok, warn, fail };
constexpr std::array<std::string_view, 3> kGrades{"ok", "warn", "FAIL"};

struct Finding {
  std::string what;
  Grade grade = Grade::ok;
  std::string detail;
  std::string advice;
};

class Doctor {
 public:
  Doctor(Session& session, bool server_named) : session_(session), server_named_(server_named) {}

  int run(const Result<Settings>& settings) {
    if (settings) {
      note("settings", Grade::ok, fmt::format("{} settings agree", setting_table().size()));
      data_dir(*settings);
      access(*settings);
      descriptors(*settings);
      servers(*settings);
    } else {
      note("settings", Grade::fail, settings.error().detail, settings.error().field);
      for (const auto& fault : settings.error().more) note("settings", Grade::fail, fault.detail, fault.field);
    }
    clock();
    zones();
    server();
    return print();
  }

 private:
  void note(std::string what, Grade grade, std::string detail, std::string advice = "") {
    findings_.push_back({std::move(what), grade, std::move(detail), std::move(advice)});
  }

  // The nearest directory that exists: the rest is made at the first start.
  static fs::path existing_part(fs::path path) {
    std::error_code error;
    path = fs::absolute(path, error);
    while (!path.empty() && !fs::exists(path, error) && path.has_parent_path() && path != path.parent_path()) {
      path = path.parent_path();
    }
    return path;
  }

  void data_dir(const Settings& settings) {
    const auto place = existing_part(settings.data_dir);
    if (access_denied(place)) {
      return note("data directory", Grade::fail, fmt::format("{} cannot be written", place.string()),
                  "change its owner or mode, or set schedules_DATA_DIR");
    }
    struct statvfs disk{};
    if (statvfs(place.c_str(), &disk) != 0) return note("data directory", Grade::warn, "free space is not known");
    const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize;
    const auto detail = fmt::format("{} can be written, {} MiB are free", settings.data_dir, grouped(free / kMiB));
    if (free < kNoDisk)
      return note("data directory", Grade::fail, detail, "make room: an accepted event must reach the disk");
    note("data directory", free < kLowDisk ? Grade::warn : Grade::ok, detail,
         free < kLowDisk ? "less than 1 GiB is left" : "");
  }

  static bool access_denied(const fs::path& place) { return ::access(place.c_str(), W_OK | X_OK) != 0; }

  void access(const Settings& settings) {
    const auto auth = find_setting("AUTH");
    const auto detail = fmt::format("schedules_AUTH={} on {}", show_setting(settings, *auth), settings.listen);
    if (settings.auth != AuthMode::none && !settings.secret_key.empty() && settings.secret_key.size() < kShortKey) {
      return note("access", Grade::warn, detail + ", with a short schedules_SECRET_KEY",
                  "a key of 64 random bytes cannot be guessed: openssl rand -base64 64");
    }
    if (!settings.jwt_public_key_file.empty() && ::access(settings.jwt_public_key_file.c_str(), R_OK) != 0) {
      return note("access", Grade::fail, settings.jwt_public_key_file + " cannot be read",
                  "correct schedules_JWT_PUBLIC_KEY_FILE");
    }
    note("access", Grade::ok, detail);
  }

  void descriptors(const Settings& settings) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    // Stores and brokers need some beside the connections.
    const auto wanted = static_cast<uint64_t>(settings.max_connections) + 512;
    const bool enough = limit.rlim_max >= wanted;
    note("file descriptors", enough ? Grade::ok : Grade::warn,
         fmt::format("{} are allowed, {} may be needed", grouped(limit.rlim_max), grouped(wanted)),
         enough ? "" : "raise the limit (ulimit -n, LimitNOFILE=) or lower schedules_MAX_CONNECTIONS");
  }

  void servers(const Settings& settings) {
    const auto each = [&](const char* name, const std::vector<HostPort>& endpoints) {
      if (endpoints.empty()) return;
      std::string trouble;
      for (const auto& endpoint : endpoints) {
        if (const auto reached = reach(endpoint, kReachLimit); !reached) trouble += reached.error().detail + "; ";
      }
      note(name, trouble.empty() ? Grade::ok : Grade::fail,
           trouble.empty() ? fmt::format("{} of {} answer", endpoints.size(), endpoints.size()) : trouble,
           trouble.empty() ? "" : "is it running, is the address right, does a firewall stand between?");
    };
    each("mongodb",
         settings.mongo_url.starts_with("mongodb+srv") ? std::vector<HostPort>{} : endpoints_of(settings.mongo_url));
    each("redis", endpoints_of(settings.redis_url));
    each("clickhouse", endpoints_of(settings.clickhouse_url));
    std::vector<HostPort> brokers;
    for (const auto& broker : settings.kafka_brokers) brokers.push_back(parse_host_port(broker).value_or(HostPort{}));
    each("kafka", brokers);
    collector(settings);
  }

  // Without it events go on, only their traces are lost.
  void collector(const Settings& settings) {
    for (const auto& endpoint : endpoints_of(settings.otlp_endpoint, 80)) {
      const auto reached = reach(endpoint, kReachLimit);
      note("otlp", reached ? Grade::ok : Grade::warn, reached ? "the collector answers" : reached.error().detail,
           reached ? "" : "spans are dropped; correct schedules_OTLP_ENDPOINT, or empty it");
    }
  }

  void clock() {
    timex state{};
    const bool known = adjtimex(&state) >= 0;
    const bool synchronised = known && (state.status & STA_UNSYNC) == 0;
    const auto now = SystemClock().wall();
    if (now < from_micros(1'735'689'600'000'000)) {  // 2025
      return note("clock", Grade::fail, "it says " + format_time(now), "set the clock: events fire by it");
    }
    note("clock", synchronised ? Grade::ok : Grade::warn,
         fmt::format("{}, {}", format_time(now), synchronised ? "synchronised" : "not known to be synchronised"),
         synchronised ? "" : "run chrony or systemd-timesyncd: events fire by this clock");
  }

  void zones() {
    const auto count = zone_names().size();
    const bool enough = count > 100;
    note("time zones", enough ? Grade::ok : Grade::fail, fmt::format("{} are known", count),
         enough ? "" : "install the package tzdata");
  }

  void server() {
    auto client = Client::open(session_);
    if (!client) return note("server", Grade::fail, client.error().detail);
    const auto health = client->exchange({.path = "/healthz", .timeout = std::chrono::seconds(5)});
    if (!health) {
      return note("server", server_named_ ? Grade::fail : Grade::warn, health.error().detail,
                  "start it: schedules serve");
    }
    const auto answer = parse_answer(health->body);
    const auto theirs = answer && answer->is_object() ? text_at(answer->get_object(), "version") : std::string();
    const bool same = theirs.empty() || theirs == version();
    note("server", same ? Grade::ok : Grade::warn,
         fmt::format("{} answers{}", client->server(), theirs.empty() ? "" : ", version " + theirs),
         same ? "" : fmt::format("this program is version {}: use the same on both sides", version()));
    skew(*health);
    const auto ready = client->exchange({.path = "/readyz", .timeout = std::chrono::seconds(5)});
    if (ready && ready->status != 200) {
      note("server", Grade::fail, "it is not ready", "schedules status says which part is missing");
    }
  }

  void skew(const Reply& reply) {
    const auto date = reply.headers.find("date");
    if (date == reply.headers.end()) return;
    const auto theirs = curl_getdate(date->second.c_str(), nullptr);
    if (theirs < 0) return;
    const auto difference = SystemClock().wall() - from_micros(int64_t{theirs} * 1'000'000);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(difference);
    if (seconds > kSkew || seconds < -kSkew) {
      note("clock", Grade::warn, fmt::format("it is {} s apart from the server's", seconds.count()),
           "times given here may mean others there");
    }
  }

  int print() const {
    bool failed = false;
    json::array rows;
    std::vector<std::vector<std::string>> table{{"CHECK", "RESULT", "DETAIL", "WHAT TO DO"}};
    for (const auto& finding : findings_) {
      const auto grade = kGrades[static_cast<size_t>(finding.grade)];
      failed = failed || finding.grade == Grade::fail;
      rows.push_back(json::object{{"check", finding.what},
                                  {"result", finding.grade == Grade::fail ? "fail" : grade},
                                  {"detail", finding.detail},
                                  {"advice", finding.advice}});
      table.push_back({finding.what, std::string(grade), printable(finding.detail), printable(finding.advice)});
    }
    if (session_.output == Output::json) {
      print_json(json::object{{"healthy", !failed}, {"version", version()}, {"checks", std::move(rows)}});
    } else {
      print_table(table);
    }
    return failed ? kFailed : kDone;
  }

  Session& session_;
  bool server_named_;
  std::vector<Finding> findings_;
};

}  // namespace

void add_doctor(CLI::App& root, Session& session) {
  auto inputs = std::make_shared<std::shared_ptr<SettingInputs>>();
  const auto usual = session.server;
  const bool from_environment = std::ranges::any_of(process_environment(), [](const auto& pair) {
    return (pair.first == "schedules_SERVER" || pair.first == "SCHEDULES_SERVER") && !pair.second.empty();
  });
  auto& command = add_command(root, session, "doctor", "Check settings, disk, clock and servers; say what to do.",
                              [inputs, &session, usual, from_environment] {
                                Doctor doctor(session, from_environment || session.server != usual);
                                return doctor.run(read_settings(*inputs));
                              });
  add_client_options(command, session);
  *inputs = add_settings_options(command);
}

}  // namespace schedules::cli
