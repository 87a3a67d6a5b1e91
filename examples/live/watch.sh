#!/bin/sh
# Prints live events of CrisisLens, a line of JSON each, over server-sent events. Needs a POSIX shell and curl.
#
#   watch.sh [ADDRESS [EMAIL [PASSWORD]]]
#
# What is not given is taken from CRISISLENS_URL, CRISISLENS_EMAIL and CRISISLENS_PASSWORD; CRISISLENS_STREAM chooses
# another stream or a filter, such as '/api/sse/items?hazard=flood'. Goes on after cuts where it was: each event once.
set -u

url=${1:-${CRISISLENS_URL:-http://127.0.0.1:8000}}
email=${2:-${CRISISLENS_EMAIL:?give an e-mail address: watch.sh ADDRESS EMAIL PASSWORD}}
password=${3:-${CRISISLENS_PASSWORD:?give a password: watch.sh ADDRESS EMAIL PASSWORD}}
stream=${CRISISLENS_STREAM:-/api/sse/stream}

say() { echo "watch: $*" >&2; }
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

# Secrets go through standard input: arguments of a program can be seen by others on the machine.
sign_in() {
  answer=$(
    printf '{"email":"%s","password":"%s"}' "$(quoted "$email")" "$(quoted "$password")" |
      curl -sS -m 30 -w '\n%{http_code}' -H 'content-type: application/json' --data-binary @- "$url/api/auth/login"
  ) || return 1
  case ${answer##*
} in
    200) token=$(printf '%s' "$answer" | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p') ;;
    4*) say "cannot sign in: $answer"; exit 1 ;;
    *) return 1 ;;
  esac
}

folder=$(mktemp -d) || exit 1
mkfifo "$folder/events" || exit 1
curl_pid=
trap '[ -z "$curl_pid" ] || kill "$curl_pid" 2>/dev/null; rm -r "$folder"' EXIT
trap 'exit 0' INT TERM

token= last= wait_s=1
while :; do
  if [ -n "$token" ] || sign_in; then
    # The mark before the status keeps what a cut broke off from looking like a whole event.
    {
      printf 'header = "Authorization: Bearer %s"\n' "$token"
      [ -z "$last" ] || printf 'header = "Last-Event-ID: %s"\n' "$last"
    } | curl -sSN -w '~\nstatus: %{http_code}\n' -K - "$url$stream" >"$folder/events" &
    curl_pid=$!
    kind= id= data= status= refusal=
    while IFS= read -r line; do
      case $line in
        'event: '*) kind=${line#event: } ;;
        'id: '*) id=${line#id: } ;;
        'data: '*) data=${line#data: } ;;
        'status: '*) status=${line#status: } ;;
        '{'*) refusal=${line%\~} ;;
        '')
          # Only what has come whole counts: what a cut broke off comes again.
          case $kind in
            connection) wait_s=1 ;;
            joined_room) say "joined at ${id}" ;;
            resync | error) say "$data" ;;
            going_away | '') ;;
            *) printf '%s\n' "$data" ;;
          esac
          [ -z "$id" ] || last=$id
          kind= id= data=
          ;;
      esac
    done <"$folder/events"
    wait "$curl_pid"
    curl_pid=
    case $status in
      401) token= ;;
      408 | 429) ;;
      4*) say "refused ($status): $refusal"; exit 1 ;;
    esac
  fi
  say "cut off; again in $wait_s s"
  sleep "$wait_s" &
  wait $!
  wait_s=$((wait_s < 16 ? wait_s * 2 : 30))
done
