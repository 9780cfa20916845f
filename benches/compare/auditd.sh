#!/bin/sh
# auditd with ausearch over a workload, for the figures beside benches/compare. Not part of any test run: it replaces the
# audit rules of the machine, and after it new tasks stay slower until `auditctl -a never,task` or a reboot. Use a virtual
# machine that can be thrown away:
#   benches/compare/auditd.sh COMMAND...     as root, with auditd installed and running (log_format = RAW)
# It records opens, execs, forks and exits without loss (back-pressure on), and prints what an event costs: bytes of log,
# processor time of auditd, and the time of ausearch by pid and by file. Tried with auditd 3.0.9 of Debian 12 on Linux 6.18;
# what else runs on the machine is counted too.
set -eu

[ $# -gt 0 ] || { echo "usage: $0 COMMAND..." >&2; exit 2; }
log=/var/log/audit/audit.log
hertz=$(getconf CLK_TCK)

ticks() { awk '{ print $14 + $15 }' "/proc/$(pidof auditd)/stat"; }
size() { cat "$log".* "$log" 2>/dev/null | wc -c; }

auditctl -D >/dev/null
auditctl -e 1 >/dev/null
auditctl -b 65536 --backlog_wait_time 60000 >/dev/null
auditctl -f 1 >/dev/null
auditctl -a always,exit -F arch=b64 -S open,openat,openat2,creat -k compare >/dev/null
auditctl -a always,exit -F arch=b64 -S execve,execveat,fork,vfork,clone,clone3,exit_group -k compare >/dev/null
auditctl --reset-lost >/dev/null

bytes=$(size)
used=$(ticks)
begun=$(date +%s.%N)
"$@"
ended=$(date +%s.%N)
sleep 2 # auditd writes what it has
bytes=$(($(size) - bytes))
used=$(($(ticks) - used))
auditctl -D >/dev/null

events=$(ausearch --input-logs -k compare --raw 2>/dev/null | grep -c 'type=SYSCALL' || true)
awk -v events="$events" -v bytes="$bytes" -v used="$used" -v hertz="$hertz" -v begun="$begun" -v ended="$ended" 'BEGIN {
    if (events < 1) events = 1
    printf "events %d, %.0f a second\n", events, events / (ended - begun)
    printf "bytes an event %.0f, auditd microseconds an event %.1f\n", bytes / events, used / hertz * 1e6 / events
}'
auditctl -s | grep -E '^(lost|backlog) '

pid=$(ausearch --input-logs -k compare --raw 2>/dev/null | sed -n 's/.* pid=\([0-9]*\) .*/\1/p' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
file=$(ausearch --input-logs -k compare --raw 2>/dev/null | sed -n 's/.*type=PATH .* name="\([^"]*\)".*/\1/p' | tail -n 1)
for question in "-p $pid" "-f $file"; do
    begun=$(date +%s.%N)
    # shellcheck disable=SC2086 # two words
    ausearch --input-logs $question --raw >/dev/null 2>&1 || true
    awk -v question="$question" -v begun="$begun" -v ended="$(date +%s.%N)" \
        'BEGIN { printf "ausearch %s: %.2f s\n", question, ended - begun }'
done
