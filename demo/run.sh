#!/usr/bin/env bash
# Shows lsfs on the sample drive: mount, ask, search by mkdir, edit, unmount.
# Every command is printed as you would type it, followed by what it really prints.
# Ends with 0 when all answers are what the truth of the sample drive says.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$root/.venv/bin:$PATH"
failed=0

if ! command -v lsfs >/dev/null; then
  echo "demo: lsfs is not installed here: run 'make setup' first" >&2
  exit 1
fi
if [[ ! -e /dev/fuse ]]; then
  echo "demo: /dev/fuse is missing, so nothing can be mounted." >&2
  echo "      In a container, start it with: --device /dev/fuse --cap-add SYS_ADMIN" >&2
  exit 1
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/lsfs demo.XXXXXX")
export LSFS_STATE="$work/state"
export XDG_CONFIG_HOME="$work/config" # no settings of the user

# shellcheck disable=SC2317 # the traps call it
leave() {
  local code=$?
  trap - EXIT INT TERM
  cd /
  if mountpoint -q "$work/mnt"; then
    lsfs umount "$work/mnt" >/dev/null 2>&1 || fusermount3 -uz "$work/mnt" || true
  fi
  if mountpoint -q "$work/mnt"; then
    echo "demo: $work/mnt is still mounted, so $work was left alone" >&2
  else
    rm -rf --one-file-system "$work"
  fi
  exit "$code"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

quoted() { # the words as one would type them
  local word out=()
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_./:=+@%,-]+$ ]]; then
      out+=("$word")
    elif [[ $word =~ [\"\$\`\\] ]]; then
      out+=("'${word//\'/\'\\\'\'}'")
    else
      out+=("\"$word\"")
    fi
  done
  echo "${out[*]}"
}

say() { printf '\n# %s\n' "$*"; }
type_and_run() {
  printf '$ %s\n' "$(quoted "$@")"
  "$@"
}
fail() {
  printf 'FAIL: %s\n' "$*"
  failed=1
}

# judge QUESTION CHECK...: asks once more for JSON and lets check.py compare it with the truth
judge() {
  local question=$1
  shift
  lsfs --quiet --json --drive mnt ask "$question" >answer.json || true
  python "$root/demo/check.py" answer.json truth.json "$@" || failed=1
}

ask() {
  local question=$1
  shift
  type_and_run lsfs --drive mnt ask "$question" || true # 1 is "nothing found", judged below
  judge "$question" "$@"
}

cd "$work"
mkdir mnt

say "A drive to play with: the papers of a joinery firm, 2019 to 2026"
python "$root/demo/sample_drive.py" drive --truth truth.json
type_and_run ls drive

say "Mount it, and wait until everything has been read"
type_and_run lsfs mount drive mnt
type_and_run lsfs --drive mnt status --wait

say "Ask for files"
ask "contracts from 2023" --contracts-of 2023

say "Ask for a fact; the answer names the page"
rent="What is the monthly rent in the Harbour Street lease?"
ask "$rent" --fact "$rent"

say "Another; the language model may sum up what a quote bears"
boxes="Where are the first-aid boxes?"
ask "$boxes" --fact "$boxes"

say "Ask for something that is in no file"
ask "What is the name of the director's dog?" --nothing

say "Sum up a document, in its own words, with the pages"
type_and_run lsfs --drive mnt summarize "Legal/Harbour Street lease.pdf" | tee summary.txt
if grep -qE "EUR 1,450|1,450 EUR" summary.txt; then echo "PASS: the summary has the rent"; else fail "the summary lacks the rent"; fi

say "A search is a directory"
type_and_run mkdir "mnt/.lsfs/search/termination notice period"
printf '$ ls -l "mnt/.lsfs/search/termination notice period" | head -n 8\n'
{ ls -l "mnt/.lsfs/search/termination notice period" || fail "it cannot be listed"; } >listing.txt
head -n 8 listing.txt
if ! compgen -G "mnt/.lsfs/search/termination notice period/*" >/dev/null; then
  fail "the directory of the search is empty"
fi

say "A question is a file; all documents are grouped, and readable as text"
printf '$ echo "%s" > mnt/.lsfs/ask/boxes\n' "$boxes"
echo "$boxes" >mnt/.lsfs/ask/boxes
type_and_run cat mnt/.lsfs/ask/boxes.md | tee asked.txt
if grep -q "band saw" asked.txt; then echo "PASS: the file holds the answer"; else fail "no answer in the file"; fi
type_and_run ls mnt/.lsfs/by/type mnt/.lsfs/by/date/2023
printf '$ head -n 6 "mnt/.lsfs/pages/Legal/Harbour Street lease.pdf/0002.md"\n'
head -n 6 "mnt/.lsfs/pages/Legal/Harbour Street lease.pdf/0002.md" | tee page.txt
grep -qi "rent" page.txt || fail "page 2 of the lease does not speak of rent"

say "Change a file in the mount; the search knows"
line="The spare key of the glue cupboard hangs behind the blue kettle."
printf '$ echo "%s" >> "mnt/Notes/workshop rules.txt"\n' "$line"
echo "$line" >>"mnt/Notes/workshop rules.txt"
type_and_run lsfs --drive mnt status --wait
type_and_run lsfs --drive mnt search -k 2 "spare key of the glue cupboard" | tee found.txt || true
if grep -q "workshop rules.txt" found.txt; then
  echo "PASS: the new line is found"
else
  fail "the new line is not found"
fi

say "Say what to do: it is shown as commands first"
type_and_run lsfs --drive mnt do --dry-run "make a folder Rules and move workshop rules.txt into it" | tee do.txt
if grep -qF "lsfs mv 'Notes/workshop rules.txt' 'Rules/workshop rules.txt'" do.txt; then
  echo "PASS: the prompt was understood"
else
  fail "the prompt was not understood"
fi
type_and_run lsfs --drive mnt do who changed workshop rules.txt

say "Nothing is lost: what a file held is a version, and comes back"
rules="Notes/workshop rules.txt"
type_and_run lsfs --drive mnt history "$rules"
type_and_run lsfs --drive mnt diff "$rules" | tee changed.txt
if grep -qF "+$line" changed.txt; then echo "PASS: the diff has the new line"; else fail "the diff lacks the new line"; fi
type_and_run lsfs --drive mnt snapshot before-the-accident
printf '$ rm -r mnt/Contracts; echo oops > "mnt/%s"\n' "$rules"
find drive/Contracts -type f -exec sha256sum {} + | sort >before.txt
rm -r mnt/Contracts
echo oops >"mnt/$rules"
printf '$ ls mnt/.lsfs/at/before-the-accident/Contracts | head -n 4\n'
ls mnt/.lsfs/at/before-the-accident/Contracts | head -n 4
type_and_run lsfs --drive mnt restore before-the-accident | tail -n 4
find drive/Contracts -type f -exec sha256sum {} + | sort | cmp - before.txt || fail "the contracts are not as they were"
type_and_run lsfs --drive mnt rollback "$rules" --back 1
type_and_run lsfs --drive mnt rollback "$rules" --back 1
type_and_run lsfs --drive mnt log -n 3
type_and_run lsfs --drive mnt fsck

say "Done"
type_and_run lsfs umount mnt
if mountpoint -q mnt; then
  fail "mnt is still mounted"
fi
if ! tail -n 1 "drive/Notes/workshop rules.txt" | grep -qF "$line"; then
  fail "the new line is not in the file of the source folder"
fi

if ((failed)); then
  printf '\nThe demo FAILED; see above.\n'
else
  printf '\nThe demo passed: every answer is what the sample drive says.\n'
fi
exit "$failed"
