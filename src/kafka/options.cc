#include "kafka/options.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace schedules::kafka {
namespace {

constexpr size_t kMaxTopicName = 249;
constexpr std::array<std::string_view, 4> kProtocols{"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) out += ',';
    out += part;
  }
  return out;
}

Result<std::string> protocol_of(const KafkaOptions& options) {
  auto protocol = options.security_protocol.empty() ? "plaintext" : to_lower(options.security_protocol);
  if (std::ranges::find(kProtocols, protocol) != kProtocols.end()) return protocol;
  return fail_field(Code::invalid_argument, "security_protocol",
                    "\"{}\" is none of plaintext, ssl, sasl_plaintext, sasl_ssl", options.security_protocol);
}

Status add_sasl(const KafkaOptions& options, Properties& out) {
  const std::string mechanism = options.sasl_mechanism.empty() ? "PLAIN" : options.sasl_mechanism;
  out.emplace_back("sasl.mechanism", mechanism);
  const bool by_password = mechanism == "PLAIN" || mechanism.starts_with("SCRAM-");
  if (by_password && (options.sasl_username.empty() || options.sasl_password.empty())) {
    return fail_field(Code::invalid_argument, options.sasl_username.empty() ? "sasl_username" : "sasl_password",
                      "is required for SASL {}", mechanism);
  }
  if (!options.sasl_username.empty()) out.emplace_back("sasl.username", options.sasl_username);
  if (!options.sasl_password.empty()) out.emplace_back("sasl.password", options.sasl_password);
  return {};
}

void add_tls(const KafkaOptions& options, Properties& out) {
  const auto add = [&out](std::string name, const std::string& value) {
    if (!value.empty()) out.emplace_back(std::move(name), value);
  };
  add("ssl.ca.location", options.ssl_ca_file);
  add("ssl.certificate.location", options.ssl_certificate_file);
  add("ssl.key.location", options.ssl_key_file);
  add("ssl.key.password", options.ssl_key_password);
}

}  // namespace

Result<Properties> properties_of(const KafkaOptions& options) {
  if (options.brokers.empty()) return fail_field(Code::invalid_argument, "brokers", "no Kafka brokers are named");
  auto protocol = protocol_of(options);
  if (!protocol) return fail(std::move(protocol.error()));
  Properties out{
      {"bootstrap.servers", join(options.brokers)},
      {"client.id", options.client_id},
      {"security.protocol", *protocol},
      {"socket.connection.setup.timeout.ms", std::to_string(std::max<int64_t>(options.connect_timeout.count(), 1'000))},
      {"socket.timeout.ms", std::to_string(options.request_timeout.count())},
      {"api.version.request.timeout.ms", std::to_string(options.request_timeout.count())},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
      {"socket.nagle.disable", "true"},
      {"socket.keepalive.enable", "true"},
      {"log.connection.close", "false"},
      // A topic is made on purpose or not at all: asking for one must not make it.
      {"allow.auto.create.topics", "false"}};
  if (protocol->starts_with("sasl_")) {
    if (auto added = add_sasl(options, out); !added) return fail(std::move(added.error()));
  }
  if (protocol->ends_with("ssl")) add_tls(options, out);
  return out;
}

bool is_topic_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (name.empty() || name.size() > kMaxTopicName || name == "." || name == "..") return false;
  return name.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace schedules::kafka
