#!/bin/sh
# Installs from apt the servers that the tests run against, where that needs no question.
# Owns nothing that runs: whatever it installs is kept from starting. What it can't install it names
# in one line, and ends 0: the tests then say which of them need it.
# Called by `make test` and `make lint`.
set -u

missing=
[ -x /usr/sbin/dovecot ] && [ -e /usr/lib/dovecot/imap ] || missing="$missing dovecot-imapd"
[ -e /usr/lib/dovecot/lmtp ] || missing="$missing dovecot-lmtpd"
[ -x /usr/sbin/postfix ] || missing="$missing postfix"
[ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

refuse() {
    echo "cocmail: not installed, and not to be had without asking ($1):$missing" >&2
    exit 0
}

command -v apt-get >/dev/null || refuse "no apt-get here"
if [ "$(id -u)" = 0 ]; then
    root=
elif sudo -n true 2>/dev/null; then
    root="sudo -n"
else
    refuse "not root, and sudo would ask"
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    # Between here and the end of apt-get nothing that is installed gets started.
    printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null && $root chmod 755 "$policy"
    trap '$root rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
fi

echo "cocmail: installing from apt, to be started by the tests alone:$missing"
log=$(mktemp)
install() {
    # shellcheck disable=SC2086
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing \
        >"$log" 2>&1 </dev/null
}
install || { $root apt-get update -q >>"$log" 2>&1 </dev/null; install; } || {
    tail -n 5 "$log" >&2
    rm -f "$log"
    refuse "apt-get failed, see above"
}
rm -f "$log"
