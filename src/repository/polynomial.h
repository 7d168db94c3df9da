// Irreducible polynomials over GF(2): restic's config must hold one for its chunker, and ours seeds
// its own chunker with the same secret.
#pragma once

#include <cstdint>

namespace probackup {

// A polynomial of degree up to 63: bit i is the coefficient of x^i.
using Polynomial = std::uint64_t;

inline constexpr int chunker_degree = 53;

// Ben-Or's test (M. Ben-Or, "Probabilistic algorithms in finite fields", 1981).
bool is_irreducible(Polynomial f);
// A random irreducible polynomial of degree 53.
Polynomial random_polynomial();

}  // namespace probackup
