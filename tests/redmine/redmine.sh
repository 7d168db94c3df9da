#!/bin/sh
# A real Redmine (Debian's packages redmine, redmine-sqlite and puma) on loopback, for tests.
#
#   redmine.sh install           installs the packages; needs root
#   redmine.sh start DIR PORT    makes an instance in DIR unless it holds one, starts it, waits until
#                                it answers, prints URL=, KEY= (the administrator's API key) and PID=
#   redmine.sh run DIR FILE.rb   runs Ruby code inside the instance of DIR
#   redmine.sh stop DIR          ends it; DIR stays
#
# Everything an instance has (database, attachments, secrets, log) lies in DIR, so several of them can
# run side by side. DIR must be an absolute path without blanks.
set -eu

app=/usr/share/redmine
ready_seconds_max=120

die() {
  echo "redmine.sh: $*" >&2
  exit 1
}

install_packages() {
  debconf-set-selections <<'END'
redmine redmine/instances/default/dbconfig-install boolean true
redmine redmine/instances/default/database-type select sqlite3
redmine redmine/instances/default/default-language select en
redmine redmine/default-language select en
END
  apt-get update -q
  # Debian 12's newest bundler does not fit its own Redmine.
  BUNDLER_VERSION=2.3.15 DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends redmine redmine-sqlite puma
}

# Runs a command of the application for the instance in $dir, as the owner of Debian's installation
# where this is root.
inside() {
  set -- env RAILS_ENV=production REDMINE_LANG=en BUNDLER_VERSION=2.3.15 SCHEMA=/dev/null \
    X_DEBIAN_SITEID="../../../..$dir" HOME="$dir" "$@"
  cd "$app"
  if [ "$(id -u)" = 0 ]; then
    set -- setpriv --reuid=www-data --regid=www-data --clear-groups "$@"
  fi
  exec "$@"
}

make_instance() {
  mkdir -p "$dir/config" "$dir/files" "$dir/log" "$dir/tmp"
  printf 'production:\n  adapter: sqlite3\n  database: %s\n  timeout: 20000\n' \
    "$dir/redmine.sqlite3" >"$dir/config/database.yml"
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$dir/config/secret_key.txt"
  cat >"$dir/setup.rb" <<'END'
Setting.rest_api_enabled = '1'
Setting.login_required = '1'
admin = User.find_by_login('admin')
admin.password = admin.password_confirmation = SecureRandom.hex(12)
admin.must_change_passwd = false
admin.save!
File.write(File.join(Redmine.root, 'key'), admin.api_key)
END
  [ "$(id -u)" != 0 ] || chown -R www-data:www-data "$dir"
  # In two steps: classes that the migration loaded do not see the columns that it added.
  for task in db:migrate redmine:load_default_data; do
    (inside bundle exec rake -s "$task") >>"$dir/setup.log" 2>&1 ||
      die "the database could not be made; see $dir/setup.log"
  done
  (inside bundle exec rails runner "$dir/setup.rb") >>"$dir/setup.log" 2>&1 ||
    die "the instance could not be set up; see $dir/setup.log"
}

# Asks over HTTP without curl, which need not be installed.
answers() {
  python3 - "http://127.0.0.1:$1/issues.json?limit=1" "$(cat "$dir/key")" <<'END' 2>/dev/null
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"X-Redmine-API-Key": sys.argv[2]})
sys.exit(urllib.request.urlopen(request, timeout=20).status != 200)
END
}

start() {
  [ -f "$dir/key" ] || make_instance
  (inside puma -e production -b "tcp://127.0.0.1:$1" -t 1:4 config.ru) \
    >"$dir/puma.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >"$dir/pid"
  waited=0
  until answers "$1"; do
    kill -0 "$pid" 2>/dev/null || die "Redmine ended; see $dir/puma.log"
    waited=$((waited + 1))
    [ "$waited" -lt "$((ready_seconds_max * 5))" ] || die "Redmine does not answer; see $dir/puma.log"
    sleep 0.2
  done
  echo "URL=http://127.0.0.1:$1"
  echo "KEY=$(cat "$dir/key")"
  echo "PID=$pid"
}

stop() {
  [ -f "$dir/pid" ] || return 0
  pid=$(cat "$dir/pid")
  rm -f "$dir/pid"
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$pid"
}

command=${1:-}
dir=${2:-}
case "$command" in
  install) install_packages ;;
  start | run | stop)
    case "$dir" in
      *[[:space:]]*) die "DIR must not hold blanks" ;;
      /*) ;;
      *) die "DIR must be an absolute path" ;;
    esac
    case "$command" in
      start) start "${3:?PORT}" ;;
      run) (inside bundle exec rails runner "${3:?FILE.rb}") ;;
      stop) stop ;;
    esac ;;
  *) die "usage: redmine.sh install | start DIR PORT | run DIR FILE.rb | stop DIR" ;;
esac
