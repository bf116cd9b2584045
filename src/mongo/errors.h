// The driver's and the server's errors as ours. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace schedules::mongo {

/// Whose error it is: a server's code and text, or the driver's own, as where nobody answers.
enum class ErrorSource : uint8_t { server, driver, selection };

/// unavailable (away, too slow, not the primary, refuses us: what was sent may have been done or not), already_exists
/// (a unique index; see is_duplicate_of), disk_full, payload_too_large, io_error (everything else).
Error error_of(ErrorSource source, int64_t code, std::string_view message);

/// The server's code that an error carries in its detail; 0: none.
int64_t server_code(const Error& error);
/// Whether it says that this index, "name_1", has the value already.
bool is_duplicate_of(const Error& error, std::string_view index);

inline constexpr int64_t kNamespaceNotFound = 26;
inline constexpr int64_t kIndexNotFound = 27;
inline constexpr int64_t kNamespaceExists = 48;
inline constexpr int64_t kIndexOptionsConflict = 85;
inline constexpr int64_t kIndexKeySpecsConflict = 86;
inline constexpr int64_t kDuplicateKey = 11'000;

}  // namespace schedules::mongo
