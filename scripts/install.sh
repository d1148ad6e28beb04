#!/bin/sh
# Installs ccproxy for the user who runs this; no root, no settings touched.
#
#   curl -fsSL https://…/install.sh | sh
#   curl -fsSL https://…/install.sh | sh -s -- --version 1.2.3 --dir ~/bin
#   sh install.sh --uninstall
# It downloads the archive for this machine, checks it against SHA256SUMS, tries the binary and only then puts
# it in place, at once: whatever fails before leaves things as they were.

set -eu

# Where releases are, as owner/name on GitHub; a release's own copy of this script has it filled in.
repository=''

program=ccproxy
version=
dir=
base=${CCPROXY_BASE_URL:-}
action=install
force=no
scratch=
made_dir=no

usage() {
  cat <<'END'
Usage: install.sh [options]

  --version X    install this version (default: the latest)
  --dir DIR      install into DIR (default: ~/.local/bin)
  --prefix DIR   install into DIR/bin
  --base-url URL download from URL/latest/download and URL/download/vX
                 (default: $CCPROXY_BASE_URL, else the project's releases)
  --force        install again where this version is installed already;
                 uninstall even where a service starts it
  --uninstall    remove the binary; settings and logins stay
  --help         show this

Environment: CCPROXY_REPOSITORY (owner/name on GitHub), CCPROXY_BASE_URL
END
}

say() {
  printf '%s\n' "$*"
}

fail() {
  printf 'Error: %s\n' "$*" >&2
  exit 1
}

wrong_usage() {
  printf 'Error: %s\n' "$*" >&2
  say 'Run it with --help to see what there is' >&2
  exit 2
}

clean_up() {
  [ -z "$scratch" ] || rm -rf "$scratch"
  scratch=
  # Only where it was made for this and nothing came into it.
  [ "$made_dir" = no ] || rmdir "$dir" 2>/dev/null || :
}

parse() {
  prefix=
  while [ $# -gt 0 ]; do
    case $1 in
    --version | --dir | --prefix | --base-url)
      [ $# -ge 2 ] || wrong_usage "$1 needs a value"
      name=$1 value=$2
      shift
      ;;
    --version=* | --dir=* | --prefix=* | --base-url=*)
      name=${1%%=*} value=${1#*=}
      ;;
    --uninstall) action=uninstall name= ;;
    --force) force=yes name= ;;
    --help | -h)
      usage
      exit 0
      ;;
    *) wrong_usage "Unknown argument \"$1\"" ;;
    esac
    shift
    [ -z "$name" ] || [ -n "$value" ] || wrong_usage "$name needs a value"
    case $name in
    --version) version=${value#v} ;;
    --dir) dir=$value ;;
    --prefix) prefix=$value ;;
    --base-url) base=$value ;;
    esac
  done
  case $version in
  *[!0-9A-Za-z.+-]*) wrong_usage "\"$version\" is no version" ;;
  esac
  [ -z "$dir" ] || [ -z "$prefix" ] || wrong_usage '--dir and --prefix exclude each other'
  [ -z "$prefix" ] || dir=$prefix/bin
  if [ -z "$dir" ]; then
    [ -n "${HOME:-}" ] || wrong_usage 'HOME is not set: say --dir'
    dir=$HOME/.local/bin
  fi
  # The place has to mean the same from everywhere.
  case $dir in
  /*) ;;
  *) dir=$PWD/$dir ;;
  esac
}

find_base() {
  if [ -z "$base" ]; then
    repository=${CCPROXY_REPOSITORY:-$repository}
    [ -n "$repository" ] || fail 'This copy does not know where releases are: set CCPROXY_REPOSITORY=owner/name or say --base-url'
    base=https://github.com/$repository/releases
  fi
  base=${base%/}
  # Sums that come the same way as what they are for are worth nothing without a server that proves who it is.
  case $base in
  *@*) fail "\"$base\" holds a user name, which may hide another host" ;;
  https://*) ;;
  http://127.0.0.1[:/]* | http://localhost[:/]* | 'http://[::1]'[:/]*) ;;
  http://*) fail "\"$base\" is not safe to install from: use https" ;;
  *) fail "\"$base\" is no https URL" ;;
  esac
}

# Before anything is touched: a machine without them is told so once, and at once.
find_tools() {
  fetcher=
  for tool in curl wget; do
    [ -n "$fetcher" ] || ! command -v "$tool" >/dev/null 2>&1 || fetcher=$tool
  done
  [ -n "$fetcher" ] || fail 'Neither curl nor wget is installed: install one of them'
  summer=
  for tool in sha256sum shasum openssl; do
    [ -n "$summer" ] || ! command -v "$tool" >/dev/null 2>&1 || summer=$tool
  done
  [ -n "$summer" ] || fail 'None of sha256sum, shasum and openssl is installed, so nothing can be checked: install one of them'
  for tool in tar gzip; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is not installed: install it"
  done
}

# Writes a URL to stdout, or with a second argument to that file.
fetch() {
  if [ "$fetcher" = wget ]; then
    # No -T: the wget of some busybox crashes on it (1.35, 2026-11).
    wget -q -t 3 -O "${2:--}" "$1"
    return
  fi
  quiet=--silent
  [ $# = 1 ] || [ ! -t 2 ] || quiet=--progress-bar
  case $base in
  https:*) protocols='=https' ;;
  *) protocols='=http,https' ;;
  esac
  curl --fail --location $quiet --show-error --proto "$protocols" --connect-timeout 20 \
    --speed-limit 1 --speed-time 60 --output "${2:--}" "$1"
}

sum_of() {
  case $summer in
  sha256sum) sha256sum <"$1" ;;
  shasum) shasum -a 256 <"$1" ;;
  openssl) openssl dgst -sha256 -r <"$1" ;;
  esac | cut -d ' ' -f 1
}

find_target() {
  system=$(uname -s)
  machine=$(uname -m)
  case $machine in
  x86_64 | amd64) arch=x64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) arch= ;;
  esac
  case $system in
  Linux) target=linux-$arch$(libc_suffix) ;;
  Darwin)
    # Under Rosetta an Apple processor calls itself an Intel one.
    [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || :)" != 1 ] || arch=arm64
    target=macos-$arch
    ;;
  MINGW* | MSYS* | CYGWIN*) fail "On Windows, unpack $program-…-windows-x64.zip from $base" ;;
  *) arch= ;;
  esac
  [ -n "$arch" ] || fail "There is no $program for $system on $machine: it is made for Linux and macOS on x86_64 and arm64, and for Windows"
}

# musl may be installed beside glibc; then glibc is what programs use.
libc_suffix() {
  getconf GNU_LIBC_VERSION >/dev/null 2>&1 && return
  case $(ldd --version 2>&1 || :) in
  *musl*) printf %s -musl ;;
  *) for loader in /lib/ld-musl-*; do [ ! -e "$loader" ] || printf %s -musl; done ;;
  esac
}

# Finds the version, unless it was said, and the sum of its archive.
find_release() {
  if [ -n "$version" ]; then
    place=$base/download/v$version
  else
    place=$base/latest/download
  fi
  sums=$(fetch "$place/SHA256SUMS") || fail "Cannot download $place/SHA256SUMS: see above"
  if [ -z "$version" ]; then
    version=$(printf '%s\n' "$sums" | sed -n "s/^[0-9a-f]\{64\} [ *]$program-\([0-9][0-9A-Za-z.+-]*\)-$target\.tar\.gz\$/\1/p")
    [ -n "$version" ] || fail "$place/SHA256SUMS names no archive for $target"
  fi
  archive=$program-$version-$target.tar.gz
  wanted=$(printf '%s\n' "$sums" | awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }')
  [ -n "$wanted" ] || fail "$place/SHA256SUMS does not name $archive"
}

# The version that a binary says it has, or nothing.
version_of() {
  "$1" --version 2>/dev/null </dev/null | sed -n "s/^$program \([^ ]*\).*/\1/p" || :
}

prepare_dir() {
  if [ ! -d "$dir" ]; then
    mkdir -p "$dir" || fail "Cannot make $dir: choose another place with --dir"
    made_dir=yes
  fi
  [ ! -d "$dir/$program" ] || fail "$dir/$program is a folder: choose another place with --dir"
  # Beside its destination: the last step has to be a rename within one file system.
  scratch=$(mktemp -d "$dir/.$program-install.XXXXXX") || {
    scratch=
    fail "Cannot write in $dir: choose another place with --dir"
  }
}

install() {
  find_base
  find_tools
  find_target
  find_release
  if [ "$force" = no ] && [ -x "$dir/$program" ] && [ "$(version_of "$dir/$program")" = "$version" ]; then
    say "$program $version is installed already: $dir/$program"
    advise
    return
  fi
  prepare_dir
  say "Downloading $archive"
  fetch "$base/download/v$version/$archive" "$scratch/archive" || fail "Cannot download $base/download/v$version/$archive: see above"
  sum=$(sum_of "$scratch/archive")
  [ "$sum" = "$wanted" ] || fail "$archive is not what SHA256SUMS says: its sum is $sum and should be $wanted"
  tar -xzOf "$scratch/archive" "${archive%.tar.gz}/$program" >"$scratch/$program" || fail "Cannot unpack $archive in $dir: is there space for it?"
  chmod 755 "$scratch/$program"
  found=$(version_of "$scratch/$program")
  [ "$found" = "$version" ] || fail "The binary does not run on this machine as $version: $("$scratch/$program" --version 2>&1 </dev/null || :)"
  mv -f "$scratch/$program" "$dir/$program" || fail "Cannot replace $dir/$program"
  made_dir=no
  say "Installed $program $version ($target): $dir/$program"
  advise
}

# Says what stands between the user and typing the program's name.
advise() {
  case :$PATH: in
  *:"$dir":*)
    other=$(command -v "$program" || :)
    [ "$other" = "$dir/$program" ] || [ -z "$other" ] || say "Another one comes first on your PATH: $other"
    return
    ;;
  esac
  say "$dir is not on your PATH. Add it and open a new terminal:"
  shell=${SHELL:-}
  case ${shell##*/} in
  bash) say "  echo 'export PATH=\"$dir:\$PATH\"' >> ~/.bashrc" ;;
  zsh) say "  echo 'export PATH=\"$dir:\$PATH\"' >> ~/.zshrc" ;;
  fish) say "  fish_add_path '$dir'" ;;
  *)
    say "  bash: echo 'export PATH=\"$dir:\$PATH\"' >> ~/.bashrc"
    say "  zsh:  echo 'export PATH=\"$dir:\$PATH\"' >> ~/.zshrc"
    say "  fish: fish_add_path '$dir'"
    ;;
  esac
}

# A service without its program would fail at every start, and only the program can take it back.
check_services() {
  real=$(cd "$dir" && pwd -P)/$program
  home=${HOME:-}
  for unit in "${XDG_CONFIG_HOME:-$home/.config}/systemd/user/$program.service" \
    "$home/Library/LaunchAgents/io.$program.agent.plist" "/etc/systemd/system/$program.service"; do
    [ -f "$unit" ] || continue
    case $(cat "$unit") in
    *"$dir/$program"* | *"$real"*) ;;
    *) continue ;;
    esac
    command="$dir/$program service uninstall"
    [ "$unit" != "/etc/systemd/system/$program.service" ] || command="sudo $command --system"
    fail "A service starts $dir/$program ($unit): run \"$command\" first, or say --force. Nothing was removed"
  done
}

uninstall() {
  if [ ! -e "$dir/$program" ] && [ ! -L "$dir/$program" ]; then
    say "$program is not installed in $dir"
    return
  fi
  [ ! -d "$dir/$program" ] || fail "$dir/$program is a folder: nothing was removed"
  [ "$force" = yes ] || check_services
  rm -f "$dir/$program" || fail "Cannot remove $dir/$program"
  say "Removed $dir/$program. Settings and logins stay in ${XDG_CONFIG_HOME:-~/.config}/ccproxy"
}

main() {
  parse "$@"
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  "$action"
}

# The last line, so that a script that was cut off on its way does nothing.
main "$@"
