# shellcheck shell=bash
# What a script needs from the system: says what is missing and why, and installs it with apt
# where it may. To be sourced; says everything with the name of the script in front.

# Programs of administrators, and a Rust that was installed for this user only.
PATH=$PATH:/usr/sbin:/sbin:${HOME:-/nonexistent}/.cargo/bin
RUST_MIN=1.85

missing=()

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# need PACKAGE WHY PROBE...: unless the command PROBE succeeds, the package is missing.
need() {
    local package=$1 why=$2
    shift 2
    "$@" >/dev/null 2>&1 && return
    missing+=("$package")
    say "missing: $package ($why)"
}

# As root, by whatever way there is. Fails if there is none.
as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
        say "needs root for this: $*"
        sudo "$@"
    else
        return 1
    fi
}

install_missing() {
    ((${#missing[@]})) || return 0
    local command=(apt-get install -y -qq --no-install-recommends "${missing[@]}")
    say "installing: ${missing[*]}"
    if ! command -v apt-get >/dev/null; then
        say "this is not a Debian; please install what these packages are called here"
        exit 1
    fi
    # The list of packages of a fresh machine is empty or old.
    as_root apt-get update -qq || true
    if ! as_root env DEBIAN_FRONTEND=noninteractive "${command[@]}" >&2; then
        say "not done. As root, please: apt-get install ${missing[*]}"
        exit 1
    fi
    missing=()
}

# unpack FOLDER WHY PACKAGE...: packages that are only unpacked there, with what they depend on
# and are not installed, since that would replace something of the host, such as its mail
# server. Where that does not work nothing is said but a word: the tests skip.
unpack() {
    local folder=$1 why=$2 deb
    shift 2
    [[ -e $folder/unpacked ]] && return
    command -v apt-get >/dev/null || return 0
    say "unpacking into $folder: $* ($why)"
    mkdir -p "$folder/debs/partial"
    if apt-get install -y -qq --no-install-recommends --download-only -o Debug::NoLocking=true \
        -o Dir::Cache::archives="$PWD/$folder/debs" "$@" >&2; then
        for deb in "$folder"/debs/*.deb; do
            dpkg -x "$deb" "$folder"
        done
        touch "$folder/unpacked"
    else
        say "not done: $*"
    fi
    rm -rf "$folder/debs"
}

# at_least WANTED VERSION
at_least() { [[ $(printf '%s\n' "$@" | sort -V | head -n 1) == "$1" ]]; }

# need_rust [TOOL PACKAGE]...: cargo and rustc that are new enough; and these tools of cargo.
need_rust() {
    local version='' tool
    command -v cargo >/dev/null && version=$(rustc --version 2>/dev/null | cut -d ' ' -f 2)
    if [[ -z $version ]] && command -v apt-get >/dev/null; then
        as_root apt-get update -qq || true
        version=$(LC_ALL=C apt-cache policy rustc | sed -n 's/^  Candidate: \([0-9.]*\).*/\1/p')
        if [[ -n $version ]] && at_least "$RUST_MIN" "$version"; then
            need cargo "builds the programs" command -v cargo
            need rustc "builds the programs" command -v rustc
        fi
    fi
    if [[ -z $version ]] || ! at_least "$RUST_MIN" "$version"; then
        say "needs Rust $RUST_MIN or newer; ${version:+there is only $version; }install it with" \
            "rustup from the Rust project (Debian 13 has it: apt-get install cargo rustc)"
        exit 1
    fi
    while (($#)); do
        tool=$1
        if command -v rustup >/dev/null; then
            cargo "$tool" --version >/dev/null 2>&1 || rustup component add "${tool/fmt/rustfmt}"
        else
            need "$2" "cargo $tool" cargo "$tool" --version
        fi
        shift 2
    done
}

need_build() {
    need gcc "links the programs" command -v gcc
    need pkg-config "finds libtcl" command -v pkg-config
    need tcl-dev "the language of the policies" \
        sh -c 'pkg-config --exists tcl || pkg-config --exists tcl9.0 || pkg-config --exists tcl8.6'
}
