#!/bin/sh
# sh loadtests/wait.sh NAMESPACE JOB UID: waits until this one Job has ended, as run.sh does, which says the line. 0: its objectives
# held. 1: one did not. 2: nothing was judged: it said so itself, was ended, is not there any more, or another has its name, or it has
# not ended after WAIT_MINUTES (105: the Job itself may take 90, and erase its people for 12). Its last words are printed.
set -u
if [ "$#" != 3 ] || [ -z "$3" ]; then
  sed -n '2s/^# //p' "$0" >&2
  exit 2
fi
namespace=$1 job=$2 uid=$3
asked=$((${WAIT_MINUTES:-105} * 12))
while [ "$asked" -gt 0 ]; do
  # `kubectl wait --for=condition=complete` waits on when the Job has failed. A server that does not answer is asked again.
  if now=$(kubectl -n "$namespace" get job "$job" --ignore-not-found \
    -o 'jsonpath={.metadata.uid}: {.status.conditions[?(@.status=="True")].type}'); then
    case "$now " in
      "$uid:"*" Complete "* | "$uid:"*" Failed "*) break ;;
      "$uid:"*) ;;
      *) echo "$job $uid is not there any more${now:+; $job is ${now%%:*} now}" >&2; exit 2 ;;
    esac
  fi
  asked=$((asked - 1))
  sleep 5
done
[ "$asked" -gt 0 ] || { echo "$job has not ended" >&2; exit 2; }
pod="batch.kubernetes.io/controller-uid=$uid"
kubectl -n "$namespace" logs -l "$pod" --tail=60 >&2 || true
case "$now " in *" Complete "*) exit 0 ;; esac
# That a Job failed says not why: its pod's exit code does, and a pod that was ended from outside has another or is gone.
code=$(kubectl -n "$namespace" get pods -l "$pod" \
  -o 'jsonpath={.items[*].status.containerStatuses[*].state.terminated.exitCode}') || exit 2
[ "$code" = 1 ] && exit 1
echo "$job judged nothing (exit code ${code:-unknown})" >&2
exit 2
