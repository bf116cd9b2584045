// schedules token issue: signs a bearer token with the settings' SECRET_KEY.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "api/token.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/settings_options.h"
#include "time/text.h"

namespace schedules::cli {
namespace {

struct TokenOptions {
  std::shared_ptr<SettingInputs> inputs;
  std::string role;
  std::string ttl = "1h";
  std::string subject = "cli";
};

int run_token(const TokenOptions& options, Output output) {
  const auto ttl = parse_duration(options.ttl);
  if (!ttl || *ttl < std::chrono::seconds(1)) return report_usage("--ttl needs a duration such as 1h or 30d");
  const auto settings = read_settings(options.inputs);
  if (!settings) return report(settings.error());
  if (settings->secret_key.empty()) {
    return report({.code = Code::missing_field,
                   .detail = "the key that signs is not known: set schedules_SECRET_KEY as the server has it",
                   .field = "schedules_SECRET_KEY"});
  }
  if (settings->jwt_algo != JwtAlgorithm::HS512) {
    return report({.code = Code::invalid_argument,
                   .detail = "tokens are signed with HS512 only, and the server's settings accept another algorithm",
                   .field = "schedules_JWT_ALGO"});
  }
  const auto role = options.role == "user" ? "reader" : options.role;
  const auto now = SystemClock().wall();
  const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(*ttl);
  const auto token =
      api::issue_token(settings->secret_key, {.role = role, .subject = options.subject, .lifetime = lifetime}, now);
  if (output == Output::json) {
    print_json(boost::json::object{
        {"token", token}, {"role", role}, {"sub", options.subject}, {"expires_at", format_time(now + lifetime)}});
  } else {
    print_line(token);
  }
  return kDone;
}

}  // namespace

void add_token(CLI::App& root, Session& session) {
  auto& group = add_group(root, "token", "Sign access tokens.");
  auto options = std::make_shared<TokenOptions>();
  auto& issue = add_command(group, session, "issue", "Print a signed bearer token.",
                            [options, &session] { return run_token(*options, session.output); });
  issue.add_option("--role", options->role, "what its bearer may do")
      ->required()
      ->check(CLI::IsMember({"reader", "user", "producer", "superuser"}))
      ->type_name("reader|producer|superuser");
  issue.add_option("--ttl", options->ttl, "how long it is valid")->type_name("DURATION")->capture_default_str();
  issue.add_option("--sub", options->subject, "whose it is")->type_name("NAME")->capture_default_str();
  add_output_option(issue, session);
  options->inputs = add_settings_options(issue);
}

}  // namespace schedules::cli
