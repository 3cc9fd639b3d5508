#!/bin/sh
# Gives each name a token, written into a file of its own that only you can read.
#   members.sh LIBRARY DIRECTORY NAME…      LIBRARY: a folder, s3://…, file:///…
# Who has one keeps it: lsfs member remove NAME ends it. LSFS_EXPIRES says how long a token is good for.
set -eu
library=$1 directory=$2
shift 2

umask 077
mkdir -p "$directory"
case $library in *://*) ;; *) lsfs init "$library" >/dev/null ;; esac
for name in "$@"; do
    [ -s "$directory/$name" ] && continue
    lsfs member add "$name" --drive "$library" --expires "${LSFS_EXPIRES:-90d}" --quiet >"$directory/$name"
done
lsfs member list --drive "$library"
