#!/bin/sh
# Puts a folder into a shared library, or brings the library in step with it.
#   library.sh FOLDER LIBRARY      LIBRARY: s3://bucket/name (keys from the environment), file:///path
set -eu
folder=$1 library=$2

lsfs index "$folder" --library "$library"
lsfs library check "$library"
