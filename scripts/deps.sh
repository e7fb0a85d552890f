# shellcheck shell=bash
# What scripts/run and scripts/test share: packages and the build. To be sourced.
#
# CONTEND_NO_INSTALL=1   never install anything; the build says what it misses
# CONTEND_OS_RELEASE     read in place of /etc/os-release (for tests)

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
readonly root
targets=() # what build() builds; empty: everything

say() {
        printf 'contend: %s\n' "$*" >&2
}

# die CODE LINE
die() {
        say "$2"
        exit "$1"
}

# The list with the packages that $1 needs.
package_list() {
        local list=packages
        [[ $1 != peers ]] || list=packages-peers
        printf '%s\n' "$root/scripts/$list.txt"
}

# The packages that are needed for $1 and not there, one a line.
missing_packages() {
        local package program purposes
        while read -r package program purposes; do
                [[ $package != '#'* && " $purposes " == *" $1 "* ]] || continue
                [[ $program == - ]] || ! command -v -- "$program" >/dev/null || continue
                dpkg-query --show --showformat='${db:Status-Status}\n' -- "$package" 2>/dev/null |
                        grep -qx installed || printf '%s\n' "$package"
        done <"$(package_list "$1")"
}

# True on Debian, Ubuntu and what calls itself like them.
is_debian() {
        local file=${CONTEND_OS_RELEASE:-/etc/os-release} id
        [[ -r $file ]] || return 1
        id=$(sed -n 's/^ID\(_LIKE\)\?=//p' "$file" | tr -d "\"'" | tr '\n' ' ')
        [[ " $id " == *' debian '* || " $id " == *' ubuntu '* ]]
}

# install_packages PURPOSE: brings what is missing, or names it and exits 4.
install_packages() {
        local missing=() as_root=() names log
        [[ ${CONTEND_NO_INSTALL:-} != 1 ]] || return 0
        if ! is_debian; then
                names=$(awk -v word="$1" '!/^#/ && $0 ~ " " word "( |$)" { printf " %s", $1 }' \
                        "$(package_list "$1")")
                names+="; then run again with CONTEND_NO_INSTALL=1"
                die 4 "not Debian or Ubuntu: install what corresponds to$names"
        fi
        mapfile -t missing < <(missing_packages "$1")
        ((${#missing[@]})) || return 0
        if ((EUID != 0)); then
                command -v sudo >/dev/null ||
                        die 4 "not root and no sudo; as root: apt-get install ${missing[*]}"
                as_root=(sudo)
        fi
        say "installing ${missing[*]}"
        log=$(mktemp)
        if ! {
                "${as_root[@]}" apt-get update -q && apt_install "${missing[@]}"
        } </dev/null >"$log" 2>&1; then
                tail -n 20 -- "$log" >&2
                rm -f -- "$log"
                [[ $1 == peers ]] || die 4 "could not install ${missing[*]}"
                install_one_by_one "${missing[@]}"
                return
        fi
        rm -f -- "$log"
}

# Uses install_packages' as_root.
apt_install() {
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
                --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
}

# One that this distribution does not have must not keep the others away: peers are optional.
install_one_by_one() {
        local package
        for package; do
                apt_install "$package" </dev/null >/dev/null 2>&1 ||
                        say "could not install $package; going on without it"
        done
}

# build PRESET [FOLDER [CMAKE-ARGUMENT...]]: configures and builds, quietly unless it fails.
#
# $wanted_peers, where it is set, is the state of the peers' packages that the build must have been
# configured with: libraries that came later are not looked for otherwise.
build() {
        local preset=$1 folder=$root/build/${2:-$1} configure=() machine log
        shift $(($# > 1 ? 2 : 1))
        log=$folder/build.log
        mkdir -p -- "$folder" || return
        # The build is for this CPU (-march=native): a folder shared between machines, or moved, is
        # configured and built anew.
        machine=$(grep -m1 -E '^(flags|Features|isa)' /proc/cpuinfo | cksum)$root
        if [[ ! -e $folder/build.ninja || ! -e $folder/machine ]] ||
                [[ $(<"$folder/machine") != "$machine" ]] || ! has_wanted_peers "$folder"; then
                configure=(cmake --fresh --preset "$preset" -B "$folder" "$@")
                say "configuring $preset in build/${folder##*/}"
        fi
        if ! (
                cd -- "$root" || exit
                if ((${#configure[@]})); then
                        "${configure[@]}" && cmake --build "$folder" --target clean || exit
                fi
                cmake --build "$folder" --parallel "$(nproc)" ${targets[0]:+--target "${targets[@]}"}
        ) </dev/null >"$log" 2>&1; then
                cat -- "$log" >&2
                say "the build in build/${folder##*/} failed"
                return 1
        fi
        printf '%s\n' "$machine" >"$folder/machine"
        [[ -z ${wanted_peers-} ]] || printf '%s\n' "$wanted_peers" >"$folder/peers-wanted"
}

has_wanted_peers() {
        [[ -n ${wanted_peers-} ]] || return 0
        [[ -e $1/peers-wanted && $(<"$1/peers-wanted") == "$wanted_peers" ]]
}
