#!/bin/sh
# Stands in for Alpine's apk where Alpine cannot be had: `apk [OPTION...] add NAME[=VERSION]...`.
# The repository is /srv/packages/NAME/VERSION, a file with the program's name and text.
# What it leaves where, and what it says, is what apk-tools 3.0 does with the same arguments.
set -eu
cache=/var/cache/apk update=
while [ "$1" != add ]; do
    case $1 in
    --cache-dir) cache=$2 && shift ;;
    --update-cache) update=yes ;;
    --no-progress) ;;
    *) echo "ERROR: command line: unrecognized option '$1'" && exit 1 ;;
    esac
    shift
done
shift
[ -d "$cache" ] || { echo "ERROR: Unable to open cache: No such file or directory" && exit 1; }
[ ! "$update" ] || ls -R /srv/packages > "$cache/APKINDEX.1.tar.gz"
[ -e "$cache/APKINDEX.1.tar.gz" ] || { echo "ERROR: unable to select packages:" && exit 1; }
for wish; do
    name=${wish%%=*} there=$(ls "/srv/packages/${wish%%=*}" 2> /dev/null || true)
    if [ ! "$there" ]; then
        printf 'ERROR: unable to select packages:\n  %s (no such package):\n    required by: world[%s]\n' "$name" "$wish"
        exit 1
    fi
    case $wish in *=*) version=${wish#*=} ;; *) version=$(echo "$there" | sort | tail -n 1) ;; esac
    if [ ! -e "/srv/packages/$name/$version" ]; then
        newest=$(echo "$there" | sort | tail -n 1)
        printf 'ERROR: unable to select packages:\n  %s-%s:\n    breaks: world[%s]\n' "$name" "$newest" "$wish"
        exit 1
    fi
    how=cached file=$cache/$name-$version.1.apk
    [ -e "$file" ] || { how=downloaded && cp "/srv/packages/$name/$version" "$file"; }
    mkdir -p /usr/bin /lib/apk/db /etc/apk
    cp "$file" "/usr/bin/$name" && chmod 755 "/usr/bin/$name"
    echo "P:$name V:$version $how" >> /lib/apk/db/installed
    echo "$wish" >> /etc/apk/world
    echo "installed $name at $(date)" >> /var/log/apk.log
    echo "Installing $name ($version)"
done
