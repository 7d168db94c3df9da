#include "repository/polynomial.h"

#include <bit>
#include <cstring>
#include <string>

#include "probackup/error.h"
#include "util/random.h"

namespace probackup {
namespace {

// One in 53 is irreducible, and we try odd ones: a thousand misses mean a broken generator.
constexpr int tries_max = 10'000;

int degree(Polynomial f) {
  return 63 - std::countl_zero(f);
}  // -1 for zero

Polynomial modulo(Polynomial a, Polynomial f) {
  for (int shift = degree(a) - degree(f); shift >= 0; shift = degree(a) - degree(f))
    a ^= f << shift;
  return a;
}

// a * b mod f, for a and b of lower degree than f.
Polynomial multiply(Polynomial a, Polynomial b, Polynomial f) {
  Polynomial product = 0;
  for (; b != 0; b >>= 1) {
    if (b & 1) product ^= a;
    a <<= 1;
    if (degree(a) == degree(f)) a ^= f;
  }
  return product;
}

Polynomial greatest_common_divisor(Polynomial a, Polynomial b) {
  while (b != 0) {
    Polynomial rest = modulo(a, b);
    a = b;
    b = rest;
  }
  return a;
}

}  // namespace

bool is_irreducible(Polynomial f) {
  int n = degree(f);
  if (n < 1 || n > 62) return false;
  if (n == 1) return true;
  const Polynomial x = 2;
  // x^(2^i) + x is the product of all irreducible polynomials whose degree divides i.
  Polynomial power = x;
  for (int i = 1; i <= n / 2; ++i) {
    power = multiply(power, power, f);
    if (greatest_common_divisor(f, power ^ modulo(x, f)) != 1) return false;
  }
  return true;
}

Polynomial random_polynomial() {
  constexpr Polynomial top = Polynomial{1} << chunker_degree;
  for (int i = 0; i < tries_max; ++i) {
    Polynomial f = 0;
    std::string bytes = random_bytes(sizeof f);
    std::memcpy(&f, bytes.data(), sizeof f);
    f = (f & (top - 1)) | top | 1;
    if (is_irreducible(f)) return f;
  }
  throw Error("no irreducible polynomial found: the random generator is broken");
}

}  // namespace probackup
