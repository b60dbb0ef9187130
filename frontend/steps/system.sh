#!/bin/sh
# Install packages of the image's distribution into the image itself, so that the step's changes are
# the same whenever and wherever it runs.
#
#     system.sh apt|apk REPORT NAME...
#
# Everything that is not to be in the image stands below /dev or /tmp, which are no part of it. When
# the package manager fails, what it said goes to REPORT, as in places.py.
set -u

own=/dev/uv-frontend
log=/tmp/log
manager=$1
report=$own/reports/$2
shift 2
rm -f "$report"

# Escape standard input for a string of JSON.
json() {
    tr -d '\000-\010\013-\037' | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/ /g' |
        awk '{ printf "%s\\n", $0 }'
}

fail() {
    said=$(grep -E '^(E: |ERROR: |  [^ ].* \(no such package\))' "$log" | head -n 3 | json)
    output=$(tail -n 40 "$log" | json)
    printf '{"kind": "system", "package": "", "detail": "%s", "output": "%s"}' \
        "$said" "$output" > "$report.tmp" && mv "$report.tmp" "$report"
    exit 1
}

# Run a command, pass on what it says, and end this step if it fails.
run() {
    { "$@" 2>&1 || echo failed > /tmp/failed; } | tee "$log"
    [ ! -e /tmp/failed ] || fail
}

# Both package managers take one file of certificates.
if [ -s "$own/ca.pem" ]; then
    cat "$own/ca.pem" /etc/ssl/certs/ca-certificates.crt > /tmp/ca.pem 2> /dev/null
    export SSL_CERT_FILE=/tmp/ca.pem
fi

# What package scripts write to and differs from one moment to the next: it stays as it is.
moment='/etc/machine-id /var/log/alternatives.log /var/log/apk.log /var/log/dpkg.log
        /var/log/fontconfig.log'
mkdir -p /tmp/before
for file in $moment; do
    [ ! -e "$file" ] || cp -p "$file" /tmp/before/
done

: > /tmp/begin

case $manager in
apt)
    mkdir -p "$own/cache/archives/partial" "$own/cache/lists/partial" /tmp/apt
    # Images remove downloaded packages after each installation; here the cache keeps them.
    cat > /tmp/apt.conf <<END
#clear DPkg::Post-Invoke;
#clear APT::Update::Post-Invoke;
APT::Keep-Downloaded-Packages "true";
Binary::apt-get::APT::Keep-Downloaded-Packages "true";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Retries "3";
Dir::Cache "$own/cache";
Dir::State::Lists "$own/cache/lists";
Dir::Log "/tmp/apt";
DPkg::Use-Pty "false";
DPkg::Options { "--log=/tmp/dpkg.log"; "--force-confdef"; "--force-confold"; };
END
    if [ -e /tmp/ca.pem ]; then
        echo 'Acquire::https::CAInfo "/tmp/ca.pem";' >> /tmp/apt.conf
    fi
    if [ -s "$own/files/sources.list" ]; then
        cat >> /tmp/apt.conf <<END
Acquire::Check-Valid-Until "false";
Dir::Etc::SourceList "$own/files/sources.list";
Dir::Etc::SourceParts "/dev/null";
END
    fi
    # For programs that apt starts; what the image is set to comes after it, and before -c.
    export APT_CONFIG=/tmp/apt.conf
    run apt-get -q -c /tmp/apt.conf update
    run apt-get -q -y -c /tmp/apt.conf install "$@"
    ;;
apk)
    mkdir -p "$own/cache"
    run apk --no-progress --cache-dir "$own/cache" --update-cache add "$@"
    ;;
esac

# What is left of the moment: logs, backups, and caches that name inodes and times.
for file in $moment; do
    rm -f "$file"
    [ ! -e "/tmp/before/${file##*/}" ] || cp -p "/tmp/before/${file##*/}" "$file"
done
rm -f /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache /var/lib/dpkg/*-old /var/cache/debconf/*-old
find / -xdev -newer /tmp/begin -exec touch -h -d @315532800 {} +
