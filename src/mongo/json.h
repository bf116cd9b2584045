// JSON objects as BSON documents, so that other programs and operators see fields and not text; and back. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "mongo/bson.h"

namespace schedules::mongo {

inline constexpr int kMaxJsonLevels = 32;  ///< as at the API's door

/// nullopt where BSON cannot hold it as it is: no object, deeper than kMaxJsonLevels, a key that is empty, begins with
/// '$' or has a zero byte in it, an integer beyond 64 bits, or a document of more than `most_bytes`.
std::optional<Document> document_of_json(std::string_view json, size_t most_bytes);

/// What JSON has no type for becomes text: an ObjectId its hex digits, a date RFC 3339, binary base64; a decimal and other
/// types of BSON are refused. Errors: invalid_argument (which names the place), out_of_range (too deep, or longer than
/// `most_bytes`), invalid_utf8.
Result<std::string> json_of_document(std::string_view document, size_t most_bytes);

}  // namespace schedules::mongo
