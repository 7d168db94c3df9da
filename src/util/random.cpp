#include "util/random.h"

#include <openssl/rand.h>

#include "probackup/error.h"

namespace probackup {

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1)
    throw Error("the system's random generator gives no bytes");
  return out;
}

}  // namespace probackup
