#!/bin/sh
# From a bare Debian 12 (root, or a user with sudo) to a running probackup.
#   sh tests/setup.sh demo   installs packages, builds, runs `probackup demo`
#   sh tests/setup.sh test   installs packages, builds, passes the tests
# PROBACKUP_PRESET names the build preset (default: release for demo, dev for test).
# PROBACKUP_SKIP_REDMINE=1 leaves the real Redmine out of the tests, PROBACKUP_SKIP_S3=1 the S3 servers.
set -eu
cd "$(dirname "$0")/.."

build_packages="g++ cmake ninja-build ccache pkg-config git ca-certificates
  libcli11-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev nlohmann-json3-dev libzstd-dev
  libsimdjson-dev libfmt-dev libpugixml-dev libcpp-httplib-dev libtomlplusplus-dev libxlsxwriter-dev"
test_packages="catch2 restic openssl nghttp2-server python3 python3-jsonschema python3-openpyxl python3-yaml"

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Asks the network only for what is missing.
install() {
  missing=""
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  as_root apt-get update -q
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

build() {
  cmake --preset "$1" >/dev/null
  cmake --build "build/$1" -j "$(nproc)"
}

case "${1:-}" in
demo)
  # shellcheck disable=SC2086
  install $build_packages
  preset=${PROBACKUP_PRESET:-release}
  cmake --preset "$preset" -DPB_TESTS=OFF >/dev/null
  cmake --build "build/$preset" -j "$(nproc)" --target probackup
  exec "build/$preset/src/cli/probackup" demo --no-wait
  ;;
test)
  # shellcheck disable=SC2086
  install $build_packages $test_packages
  if [ "${PROBACKUP_SKIP_REDMINE:-}" != 1 ] && [ -f tests/redmine/redmine.sh ]; then
    as_root bash tests/redmine/redmine.sh install || echo "SKIP: the real Redmine does not install here"
  fi
  if [ "${PROBACKUP_SKIP_S3:-}" != 1 ]; then
    for store in radosgw swift; do
      as_root sh "tests/s3/$store.sh" install || echo "SKIP: $store does not install here"
    done
  fi
  preset=${PROBACKUP_PRESET:-dev}
  cmake --preset "$preset" -DPB_TESTS=ON >/dev/null
  build "$preset"
  ctest --test-dir "build/$preset" -j2 --output-on-failure
  ;;
*)
  echo "usage: sh tests/setup.sh demo|test" >&2
  exit 2
  ;;
esac
