#!/bin/sh
# sh loadtests/run.sh [NAMESPACE] [FILE]: makes a file's Jobs anew, waits for the first of them and says what became of it.
# FILE: loadtests/kubernetes.yaml, or kubernetes-erase.yaml. 0: its objectives held (nobody is left). 1: one did not (somebody is).
# 2: nothing was judged, also when an earlier Job of this name is still going on: then it is left alone and nothing is made.
# A Job that ended is no answer to a new question, so those of the file that are there are removed first, with their pods.
set -u
here=$(dirname "$0")
namespace=${1:-semblance}
file=${2:-$here/kubernetes.yaml}
jobs=$(kubectl -n "$namespace" create --dry-run=client -f "$file" -o name) || exit 2
first=$(printf '%s\n' "$jobs" | head -n 1)
before=$(kubectl -n "$namespace" get "$first" --ignore-not-found \
  -o 'jsonpath={.metadata.uid}: {.status.conditions[?(@.status=="True")].type}') || exit 2
case "$before " in
  " " | *" Complete "* | *" Failed "*) ;;
  *)
    echo "$first is still going on: sh $here/wait.sh $namespace ${first##*/} ${before%%:*}, or" >&2
    echo "end it (it erases its people first): kubectl -n $namespace delete" $jobs "--cascade=foreground" >&2
    exit 2
    ;;
esac
# shellcheck disable=SC2086 - a name each
kubectl -n "$namespace" delete $jobs --ignore-not-found --cascade=foreground --timeout=15m || exit 2
made=$(kubectl -n "$namespace" create -f "$file" -o 'jsonpath={.metadata.name} {.metadata.uid}{"\n"}') || exit 2
# shellcheck disable=SC2046 - name and UID
set -- $(printf '%s\n' "$made" | head -n 1)
[ "$#" = 2 ] || { echo "kubectl did not say what it made: $made" >&2; exit 2; }
echo "made $1 $2; if this ends early: sh $here/wait.sh $namespace $1 $2" >&2
exec sh "$here/wait.sh" "$namespace" "$1" "$2"
