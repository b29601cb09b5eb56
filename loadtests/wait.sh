#!/bin/sh
# sh loadtests/wait.sh [NAMESPACE] [JOB]: wait until the load test's Job has ended, whichever way. 0: its objectives held. 1: they did
# not, or it could not run; its last words are printed. 2: it has not ended after WAIT_MINUTES (105: the Job itself may take 90, and
# erase its people for 12).
set -eu
namespace=${1:-semblance}
job=${2:-loadtest}
asked=$((${WAIT_MINUTES:-105} * 12))
while [ "$asked" -gt 0 ]; do
  # `kubectl wait --for=condition=complete` waits on when the Job has failed.
  ended=$(kubectl -n "$namespace" get job "$job" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}')
  case " $ended " in
    *" Complete "*) exit 0 ;;
    *" Failed "*) kubectl -n "$namespace" logs "job/$job" --tail=40 >&2 || true; exit 1 ;;
  esac
  asked=$((asked - 1))
  sleep 5
done
echo "$job has not ended" >&2
exit 2
