#!/bin/sh
# A planted intrusion, in its own directory ($1): a service's child drops a program under a name of a kernel thread, a
# second stage reads what it should not, runs as another user, asks out, and leaves something behind.
set -u
cd "$1" || exit 1
cp /bin/sleep .kworkerd
chmod 755 .kworkerd
printf '#!/bin/sh\nid -u\ncat /etc/shadow\n' > stage2.sh
chmod +x stage2.sh
./stage2.sh >/dev/null
su nobody -s /bin/sh -c 'cat /etc/shadow' 2>/dev/null
python3 -c '
import socket
for port in (9, 4444):
    with socket.socket() as talk:
        talk.settimeout(0.2)
        try:
            talk.connect(("127.0.0.1", port))
        except OSError:
            pass
'
# More arguments than are recorded.
/bin/true $(seq 1 20000)
i=0
while [ $i -lt 40 ]; do
    ls / >/dev/null
    i=$((i + 1))
done
echo '* * * * * root ./.kworkerd' > cron.new
mv cron.new cron.d
sh -c 'exit 3'
sh -c 'kill -9 $$' 2>/dev/null
./.kworkerd 0.1
exit 0
