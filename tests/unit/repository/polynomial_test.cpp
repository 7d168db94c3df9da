#include "repository/polynomial.h"

#include <bit>

#include "catch.h"

using namespace probackup;

TEST_CASE("the irreducible polynomials of each small degree are as many as Gauss counted") {
  // (1/n) * sum over d | n of moebius(d) * 2^(n/d)
  constexpr int counts[] = {0, 2, 1, 2, 3, 6, 9, 18, 30, 56, 99, 186, 335};
  for (int n = 1; n <= 12; ++n) {
    int found = 0;
    for (Polynomial f = Polynomial{1} << n; f < Polynomial{2} << n; ++f) found += is_irreducible(f);
    CAPTURE(n);
    CHECK(found == counts[n]);
  }
}

TEST_CASE("known polynomials of degree 53 are told apart") {
  CHECK(is_irreducible(0x3DA3358B4DC173));
  CHECK_FALSE(is_irreducible(0x3DA3358B4DC172));  // divisible by x
  CHECK_FALSE(is_irreducible(0x3DA3358B4DC173 ^ 2));
  CHECK_FALSE(is_irreducible(0));
  CHECK_FALSE(is_irreducible(1));
}

TEST_CASE("a random polynomial is irreducible, of degree 53, and new each time") {
  Polynomial a = random_polynomial(), b = random_polynomial();
  CHECK(is_irreducible(a));
  CHECK(std::bit_width(a) == 54);
  CHECK(a != b);
}
