#!/usr/bin/env bash
# Completes in bash as a user would who has bash-completion and `source <(kubectl completion bash)`: fills in what bash
# tells a completion function of the line, calls the one that is registered for kubectl, and compares COMPREPLY.
# Needs kubectl and the plugins on PATH; BASH_COMPLETION names bash-completion's file.
set -u
# shellcheck source=/dev/null
source "$BASH_COMPLETION"
# shellcheck source=/dev/null
source <(kubectl completion bash)

failed=0

# Works only while bash itself calls a completion function.
# shellcheck disable=SC2317
compopt() { :; }

# complete_line LINE: the candidates for the end of the line, sorted, in one line. Descriptions are shown for several
# candidates only, and are cut off.
complete_line() {
    COMP_LINE=$1
    COMP_POINT=${#COMP_LINE}
    COMP_TYPE=9
    # bash itself breaks words at = and : too.
    read -r -a COMP_WORDS <<<"${COMP_LINE//=/ = }"
    [[ $COMP_LINE == *[\ =] ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    __start_kubectl
    local candidate
    for candidate in "${COMPREPLY[@]}"; do
        candidate=${candidate%% (*}
        echo "${candidate%"${candidate##*[![:space:]]}"}"
    done | sort | tr '\n' ' '
}

expect() {
    local found
    found=$(complete_line "$1")
    if [[ $found == "$2" ]]; then
        echo "ok: $1"
    else
        echo "FAILED: $1<Tab>: '$found' instead of '$2'"
        failed=1
    fi
}

expect "kubectl gcr-s" "gcr-secret "
expect "kubectl gcr-secret cr" "create "
expect "kubectl gcr-secret create --au" "--auth "
expect "kubectl gcr-secret create --auth " "json-key json-key-base64 "
expect "kubectl gcr-secret create --auth=json-key-" "json-key-base64 "
expect "kubectl gcr-secret create --dry-run=" "client none server "
expect "kubectl gcr-secret create -n kube-s" "kube-system "
expect "kubectl gcr-secret create --namespace=kube-s" "kube-system "
# The script of kubectl quotes what it offers.
expect "kubectl gcr-secret create -n default,kube-s" "default\\,kube-system "
expect "kubectl gcr-secret create -n default --serviceaccount def" "default "
expect "kubectl gcr-secret create --registry us.g" "us.gcr.io "
expect "kubectl gcr-patch-sa def" "default "
expect "kubectl gcr-patch-sa --remo" "--remove "
exit "$failed"
