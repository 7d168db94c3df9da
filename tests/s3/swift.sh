#!/bin/sh
# OpenStack Swift with its S3 API (Debian's packages) over TLS on loopback, for tests.
#
#   swift.sh install      installs the packages; needs root
#   swift.sh start DIR    starts one in DIR, waits until it answers, prints URL=, KEY=, SECRET= and
#                         CA= (the certificate to trust)
#   swift.sh stop DIR     ends it; DIR stays
#
# All that it writes lies in DIR, an absolute path without blanks.
set -eu

ready_seconds_max=60

die() {
  echo "swift.sh: $*" >&2
  exit 1
}

install_packages() {
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    swift-proxy swift-account swift-container swift-object memcached openssl
}

free_ports() {
  python3 - "$1" <<'END'
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in sockets))
END
}

write_proxy_settings() {
  cat >"$dir/etc/proxy.conf" <<END
[DEFAULT]
swift_dir = $dir/etc
bind_ip = 127.0.0.1
bind_port = $1
cert_file = $dir/etc/cert.pem
key_file = $dir/etc/key.pem
workers = 1
user = $(id -un)
[pipeline:main]
pipeline = catch_errors proxy-logging cache listing_formats bulk s3api tempauth copy slo dlo proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$2
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
check_bucket_owner = no
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
END
  for filter in catch_errors proxy_logging listing_formats bulk copy slo dlo; do
    printf '[filter:%s]\nuse = egg:swift#%s\n' "$(echo "$filter" | sed s/proxy_logging/proxy-logging/)" \
      "$filter" >>"$dir/etc/proxy.conf"
  done
}

# One of account, container and object: its settings, and a ring with this server alone.
write_storage_settings() {
  cat >"$dir/etc/$1.conf" <<END
[DEFAULT]
swift_dir = $dir/etc
devices = $dir/srv
mount_check = false
bind_ip = 127.0.0.1
bind_port = $2
workers = 1
user = $(id -un)
fallocate_reserve = 0
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
recon_cache_path = $dir/cache
END
  {
    swift-ring-builder "$dir/etc/$1.builder" create 4 1 1
    swift-ring-builder "$dir/etc/$1.builder" add "r1z1-127.0.0.1:$2/d1" 1
    # It warns, with a status of its own, that one device is few.
    swift-ring-builder "$dir/etc/$1.builder" rebalance || [ "$?" = 1 ]
  } >>"$dir/log/setup.log" 2>&1
}

# A process group of its own, since these servers end their whole process group with themselves.
daemon() {
  name=$1
  shift
  setsid "$@" >"$dir/log/$name.log" 2>&1 </dev/null &
  echo "$!" >"$dir/run/$name.pid"
}

answers() {
  python3 - "$1" <<'END' >/dev/null 2>&1
import ssl, sys, urllib.error, urllib.request
context = ssl._create_unverified_context()
try:
    urllib.request.urlopen(sys.argv[1], timeout=5, context=context)
except urllib.error.HTTPError as error:
    sys.exit(error.code >= 500)
END
}

start() {
  [ ! -e "$dir/run" ] || die "$dir holds an instance already"
  mkdir -p "$dir/etc" "$dir/run" "$dir/log" "$dir/srv/d1" "$dir/cache"
  # Whatever goes wrong leaves no process behind.
  trap 'stop' EXIT
  # shellcheck disable=SC2046
  set -- $(free_ports 5)
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$dir/etc/key.pem" -out "$dir/etc/cert.pem" \
    >"$dir/log/setup.log" 2>&1
  printf '[swift-hash]\nswift_hash_path_suffix = s\nswift_hash_path_prefix = p\n' >"$dir/etc/swift.conf"
  printf '[storage-policy:0]\nname = default\ndefault = yes\n' >>"$dir/etc/swift.conf"
  write_proxy_settings "$1" "$2"
  write_storage_settings account "$3"
  write_storage_settings container "$4"
  write_storage_settings object "$5"
  daemon memcached memcached -l 127.0.0.1 -p "$2" -m 32 -u "$(id -un)"
  for server in account container object proxy; do
    daemon "$server" "swift-$server-server" "$dir/etc/$server.conf" --verbose
  done
  waited=0
  until answers "https://127.0.0.1:$1/"; do
    kill -0 "$(cat "$dir/run/proxy.pid")" 2>/dev/null || die "the proxy ended; see $dir/log"
    waited=$((waited + 1))
    [ "$waited" -lt $((ready_seconds_max * 5)) ] || die "the proxy is not ready; see $dir/log"
    sleep 0.2
  done
  trap - EXIT
  echo "URL=https://127.0.0.1:$1"
  echo "KEY=test:tester"
  echo "SECRET=testing"
  echo "CA=$dir/etc/cert.pem"
}

stop() {
  for name in proxy object container account memcached; do
    [ -f "$dir/run/$name.pid" ] || continue
    pid=$(cat "$dir/run/$name.pid")
    rm -f "$dir/run/$name.pid"
    kill -s TERM -- "-$pid" 2>/dev/null || continue
    waited=0
    while kill -s 0 -- "-$pid" 2>/dev/null; do
      waited=$((waited + 1))
      [ "$waited" -lt 50 ] || kill -s KILL -- "-$pid" 2>/dev/null || true
      sleep 0.1
    done
  done
}

command=${1:-}
dir=${2:-}
case "$command" in
  install) install_packages ;;
  start | stop)
    case "$dir" in
      *[[:space:]]*) die "DIR must not hold blanks" ;;
      /*) ;;
      *) die "DIR must be an absolute path" ;;
    esac
    "$command" ;;
  *) die "usage: swift.sh install | start DIR | stop DIR" ;;
esac
