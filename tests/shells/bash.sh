#!/usr/bin/env bash
# Tests completion in bash for users who have bash-completion and ran `source <(kubectl completion bash)`: sets the
# variables that bash passes to a completion function, calls the function registered for kubectl, and compares COMPREPLY.
# Requires kubectl and the plugins on PATH; BASH_COMPLETION is the path of bash-completion's script.
set -u
# shellcheck source=/dev/null
source "$BASH_COMPLETION"
# shellcheck source=/dev/null
source <(kubectl completion bash)

failed=0

# The builtin fails outside a completion function that bash itself calls.
# shellcheck disable=SC2317
compopt() { :; }

# complete_line LINE: prints the sorted candidates for the end of the line, in one line. Removes the descriptions, which
# kubectl's script adds only if there are several candidates.
complete_line() {
    COMP_LINE=$1
    COMP_POINT=${#COMP_LINE}
    COMP_TYPE=9
    # bash also splits words at = and :.
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
# kubectl's script quotes its candidates.
expect "kubectl gcr-secret create -n default,kube-s" "default\\,kube-system "
expect "kubectl gcr-secret create -n default --serviceaccount def" "default "
expect "kubectl gcr-secret create --registry us.g" "us.gcr.io "
expect "kubectl gcr-patch-sa def" "default "
expect "kubectl gcr-patch-sa --remo" "--remove "
exit "$failed"
