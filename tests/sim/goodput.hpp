#pragma once
// Goodput of one TCP connection by loss, round-trip time, buffer and congestion control: a table that is kept
// in the tree (goodput.txt), so that a change of the figures is seen in review, and compared in tests.

#include <string>

namespace sim {

/// Measures every cell and writes the table. 0, or 1 when the file cannot be written.
int write_goodput(const std::string& path);
/// Measures every cell and compares it with the table: a line per cell that deviates by more than the
/// tolerance, and an exit status.
int compare_goodput(const std::string& path);

} // namespace sim
