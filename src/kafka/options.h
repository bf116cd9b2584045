// How to reach a Kafka cluster: addresses, security, limits of time. Plain values.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace schedules::kafka {

struct KafkaOptions {
  std::vector<std::string> brokers;  ///< host:port
  std::string client_id = "stufio-schedules";
  std::string security_protocol;  ///< plaintext, ssl, sasl_plaintext or sasl_ssl; empty: plaintext
  std::string sasl_mechanism;     ///< PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, …; empty: PLAIN where SASL is on
  std::string sasl_username;
  std::string sasl_password;
  std::string ssl_ca_file;           ///< PEM; empty: the system's
  std::string ssl_certificate_file;  ///< PEM, where brokers want to know clients by certificate
  std::string ssl_key_file;          ///< PEM
  std::string ssl_key_password;
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds request_timeout{5'000};
};

using Properties = std::vector<std::pair<std::string, std::string>>;

/// The client library's properties which say the same. Errors: invalid_argument, field and value named.
Result<Properties> properties_of(const KafkaOptions& options);

/// Whether a broker could have a topic of this name: 1 to 249 of a-z A-Z 0-9 . _ -, and not "." or "..".
bool is_topic_name(std::string_view name);

}  // namespace schedules::kafka
