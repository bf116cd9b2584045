// What two settings must agree on.
#include <algorithm>

#include "config/settings.h"

namespace schedules {
namespace {

class Faults {
 public:
  template <class... Args>
  void add(std::string_view name, fmt::format_string<Args...> text, Args&&... args) {
    Error fault{.code = Code::invalid_argument,
                .detail = fmt::format(text, std::forward<Args>(args)...),
                .field = fmt::format("schedules_{}", name)};
    if (!first_) {
      first_ = std::move(fault);
    } else {
      first_->more.push_back(std::move(fault));
    }
  }
  [[nodiscard]] Status status() && {
    if (first_) return fail(std::move(*first_));
    return {};
  }

 private:
  std::optional<Error> first_;
};

bool is_web(const std::string& url) { return url.starts_with("http://") || url.starts_with("https://"); }

bool symmetric(JwtAlgorithm algorithm) { return algorithm <= JwtAlgorithm::HS512; }

void check_auth(const Settings& settings, Faults& faults) {
  const auto listen = parse_host_port(settings.listen);
  if (settings.auth == AuthMode::none) {
    if (listen && !is_loopback(listen->host)) {
      faults.add("AUTH",
                 "none is refused on {}, which other machines can reach: set schedules_AUTH=token and "
                 "schedules_SECRET_KEY, or listen on 127.0.0.1",
                 settings.listen);
    }
    return;
  }
  if (symmetric(settings.jwt_algo) && settings.secret_key.empty()) {
    faults.add("SECRET_KEY", "it is needed where schedules_AUTH is not none and schedules_JWT_ALGO is an HS one");
  }
  if (!symmetric(settings.jwt_algo) && settings.jwt_public_key_file.empty()) {
    faults.add("JWT_PUBLIC_KEY_FILE", "it is needed where schedules_JWT_ALGO is an RS or ES one");
  }
  if (settings.auth == AuthMode::stufio && settings.mongo_url.empty()) {
    faults.add("MONGO_URL", "it is needed where schedules_AUTH is stufio: users are looked up there");
  }
}

void check_kafka(const Settings& settings, Faults& faults) {
  if (settings.kafka_brokers.empty()) return;
  const bool sasl = settings.kafka_security_protocol >= KafkaSecurity::sasl_plaintext;
  if (sasl && settings.kafka_sasl_username.empty()) {
    faults.add("KAFKA_SASL_USERNAME", "it is needed where schedules_KAFKA_SECURITY_PROTOCOL is a sasl one");
  }
  if (sasl && settings.kafka_sasl_password.empty()) {
    faults.add("KAFKA_SASL_PASSWORD", "it is needed where schedules_KAFKA_SECURITY_PROTOCOL is a sasl one");
  }
  if (settings.kafka_ssl_certificate_file.empty() != settings.kafka_ssl_key_file.empty()) {
    faults.add("KAFKA_SSL_KEY_FILE",
               "a certificate and its key go together: set schedules_KAFKA_SSL_CERTIFICATE_FILE too");
  }
  if (settings.kafka_default_replication_factor == 0) {
    faults.add("KAFKA_DEFAULT_REPLICATION_FACTOR", "it is a number of copies, or -1");
  }
}

void check_tracing(const Settings& settings, Faults& faults) {
  for (std::string_view rest = settings.otlp_headers; !rest.empty();) {
    const auto one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const auto equals = one.find('=');
    if (equals == std::string_view::npos || equals == 0 || one.substr(0, equals).find_first_of(": ") != one.npos) {
      return faults.add("OTLP_HEADERS", "it is name=value,name=value");
    }
  }
}

}  // namespace

Status check_settings(const Settings& settings) {
  Faults faults;
  check_auth(settings, faults);
  check_kafka(settings, faults);
  check_tracing(settings, faults);
  if (settings.default_target == TargetKind::kafka && settings.kafka_brokers.empty()) {
    faults.add("DEFAULT_TARGET", "kafka needs schedules_KAFKA_BROKERS");
  }
  if (settings.default_target == TargetKind::webhook) {
    faults.add("DEFAULT_TARGET", "webhook cannot be a default: each event names its own address");
  }
  // A far event must be seen by at least one transfer before it is due.
  if (settings.transfer_horizon_seconds <= settings.clickhouse_sync_interval) {
    faults.add("TRANSFER_HORIZON_SECONDS",
               "{} s must be longer than schedules_CLICKHOUSE_SYNC_INTERVAL, {} s, or far events come too late",
               settings.transfer_horizon_seconds, settings.clickhouse_sync_interval);
  }
  if (!settings.alert_url.empty() && !is_web(settings.alert_url)) {
    faults.add("ALERT_URL", "a webhook's address begins with http:// or https://");
  }
  if (!settings.public_url.empty() && !is_web(settings.public_url)) {
    faults.add("PUBLIC_URL", "it is the address of this server: it begins with http:// or https://");
  }
  if (settings.redis_wait_replicas > 0 && settings.redis_url.empty()) {
    faults.add("REDIS_WAIT_REPLICAS", "it needs schedules_REDIS_URL");
  }
  return std::move(faults).status();
}

}  // namespace schedules
