#!/bin/sh
# A Ceph object store of one node with its S3 gateway (Debian's packages), on loopback, for tests.
#
#   radosgw.sh install      installs the packages; needs root
#   radosgw.sh start DIR    starts one in DIR, waits until it answers, prints URL=, KEY=, SECRET=
#   radosgw.sh stop DIR     ends it; DIR stays
#
# Its objects are kept in memory. All that it writes lies in DIR, an absolute path without blanks.
set -eu

ready_seconds_max=120
key=testaccess
secret=testsecret

die() {
  echo "radosgw.sh: $*" >&2
  exit 1
}

install_packages() {
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    radosgw ceph-mon ceph-osd ceph-common
}

free_ports() {
  python3 - "$1" <<'END'
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in sockets))
END
}

write_settings() {
  cat >"$dir/ceph.conf" <<END
[global]
fsid = $1
mon host = [v2:127.0.0.1:$2,v1:127.0.0.1:$3]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
run dir = $dir/run
admin socket = $dir/run/\$name.asok
log file = $dir/log/\$name.log
crash dir = $dir/log
mon data = $dir/mon
mon initial members = a
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 2
mon data avail crit = 1
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 2
osd pool default pgp num = 2
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
[client.rgw.a]
ms mon client mode = crc
rgw data = $dir/rgw
rgw frontends = beast endpoint=127.0.0.1:$4
rgw run sync thread = false
rgw enable usage log = false
rgw enable ops log = false
END
}

# Runs a daemon of the cluster in the background and keeps its process id.
daemon() {
  name=$1
  shift
  "$@" -f -c "$dir/ceph.conf" >"$dir/log/$name.out" 2>&1 </dev/null &
  echo "$!" >"$dir/run/$name.pid"
}

# Tries a command until it succeeds, as long as the daemon runs.
wait_for() {
  daemon_name=$1
  shift
  waited=0
  until "$@" >/dev/null 2>&1; do
    kill -0 "$(cat "$dir/run/$daemon_name.pid")" 2>/dev/null || die "$daemon_name ended; see $dir/log"
    waited=$((waited + 1))
    [ "$waited" -lt $((ready_seconds_max * 5)) ] || die "$daemon_name is not ready; see $dir/log"
    sleep 0.2
  done
}

answers() {
  python3 -c 'import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=5)' "$1"
}

osd_is_up() {
  ceph -c "$dir/ceph.conf" --connect-timeout 5 osd stat | grep -q '1 up'
}

start() {
  [ ! -e "$dir/run" ] || die "$dir holds an instance already"
  mkdir -p "$dir/run" "$dir/log" "$dir/mon" "$dir/osd" "$dir/rgw"
  # Whatever goes wrong leaves no process behind.
  trap 'stop' EXIT
  # shellcheck disable=SC2046
  set -- $(free_ports 3)
  port=$3
  fsid=$(cat /proc/sys/kernel/random/uuid)
  write_settings "$fsid" "$@"
  monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$1,v1:127.0.0.1:$2]" \
    "$dir/monmap" >"$dir/log/setup.log" 2>&1
  ceph-mon -i a --mkfs --monmap "$dir/monmap" -c "$dir/ceph.conf" >>"$dir/log/setup.log" 2>&1
  daemon mon ceph-mon -i a
  osd_id=$(cat /proc/sys/kernel/random/uuid)
  wait_for mon ceph -c "$dir/ceph.conf" --connect-timeout 5 osd new "$osd_id"
  ceph-osd -i 0 --mkfs --osd-uuid "$osd_id" -c "$dir/ceph.conf" >>"$dir/log/setup.log" 2>&1
  daemon osd ceph-osd -i 0
  wait_for osd osd_is_up
  radosgw-admin -c "$dir/ceph.conf" -n client.rgw.a user create --uid=test --display-name=test \
    --access-key="$key" --secret-key="$secret" >>"$dir/log/setup.log" 2>&1
  daemon radosgw radosgw -n client.rgw.a
  wait_for radosgw answers "http://127.0.0.1:$port/"
  trap - EXIT
  echo "URL=http://127.0.0.1:$port"
  echo "KEY=$key"
  echo "SECRET=$secret"
}

stop() {
  for name in radosgw osd mon; do
    [ -f "$dir/run/$name.pid" ] || continue
    pid=$(cat "$dir/run/$name.pid")
    rm -f "$dir/run/$name.pid"
    kill "$pid" 2>/dev/null || continue
    waited=0
    while kill -0 "$pid" 2>/dev/null; do
      waited=$((waited + 1))
      [ "$waited" -lt 50 ] || kill -9 "$pid" 2>/dev/null || true
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
  *) die "usage: radosgw.sh install | start DIR | stop DIR" ;;
esac
