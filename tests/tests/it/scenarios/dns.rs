//! dns: questions over UDP and TCP, in a network namespace of the scenario's own.

use super::harness::run;

const NETWORK: &str = include_str!("network.py");

/// A network namespace with nothing but a loopback, and questions to a name server there.
const OWN: &str = "
libc.unshare(0x40000000)
subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
number = 100


def wire(name):
    return b''.join(bytes([len(label)]) + label for label in name.split(b'.') if label) + b'\\0'


def question(name, kind=1, cls=1, count=1, flags=0x0100, raw=None):
    global number
    number += 1
    head = struct.pack('>HHHHHH', number, flags, count, 0, 0, 0)
    return head + (wire(name) if raw is None else raw) + struct.pack('>HH', kind, cls)


def asked(message, source, destination, l4, size, name, kind='A', cls='CLASS_INET', count=1, tid=None, **more):
    want('dns', 0, {
        'dns.id': struct.unpack('>H', message[:2])[0],
        'dns.question': {'class': cls, 'type': kind, 'name': name, 'size': len(message), 'count': count},
        'network.l3_protocol': 'ETH_P_IPV6' if ':' in destination[0] else 'ETH_P_IP',
        'network.l4_protocol': l4, 'network.source': end(source), 'network.destination': end(destination),
        'network.size': size, 'network.device': lo(), 'process.pid': os.getpid(), **more})
    if tid:
        wanted[-1][2] = tid


def udp(fd, message, to, how='sendto', **told):
    if how == 'send':
        assert fd.send(message) == len(message)
    elif how == 'sendmsg':
        assert fd.sendmsg([message[:5], message[5:]], [], 0, to) == len(message)
    else:
        assert fd.sendto(message, to) == len(message)
    header = 40 if ':' in to[0] else 20
    asked(message, fd.getsockname(), to, 'IP_PROTO_UDP', header + 8 + len(message), **told)


here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here.bind(('127.0.0.1', 0))
";

fn dns(test: &str, script: &str) {
    let script = format!("{NETWORK}\n{OWN}\n{script}");
    if let Some(scenario) = run(test, &script, true) {
        scenario.compare(&["dns"]);
    }
}

#[test]
fn questions_over_udp_are_told_however_they_are_sent() {
    dns(
        "dns_udp",
        "
server = ('127.0.0.1', 53)
udp(here, question(b'sendto.test'), server, name='sendto.test')
udp(here, question(b'sendmsg.test', 28), server, 'sendmsg', name='sendmsg.test', kind='AAAA')
connected = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
connected.connect(server)
udp(connected, question(b'Connected.Test', 16, 3, 2), server, 'send', name='Connected.Test', kind='TXT', cls='CLASS_CHAOS', count=2)
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
six.bind(('::1', 0))
udp(six, question(b'six.test', 65399, 300), ('::1', 53), name='six.test', kind='qtype(65399)', cls='qclass(300)')
# An IPv6 socket that speaks IPv4.
both = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
both.bind(('::ffff:127.0.0.1', 0))
message = question(b'mapped.test')
both.sendto(message, ('::ffff:127.0.0.1', 53))
asked(message, ('127.0.0.1', both.getsockname()[1]), server, 'IP_PROTO_UDP', 28 + len(message), 'mapped.test')
# Names that are no host names.
udp(here, question(b''), server, name='')
udp(here, question(b'', raw=b'\\x05a.b\\\\c\\x04\\x00\\xff \\x7f\\x00'), server, name=r'a\\x2eb\\x5cc.\\x00\\xff\\x20\\x7f')
longest = b'.'.join([b'x' * 63] * 3 + [b'y' * 61])
udp(here, question(longest), server, name=longest.decode())
# More than a question: what follows it is of no matter.
udp(here, question(b'long.test') + bytes(1200), server, name='long.test')
# Another port, and a thread.
here.sendto(question(b'elsewhere.test'), ('127.0.0.1', 5353))
thread = threading.Thread(target=lambda: udp(here, question(b'thread.test'), server, name='thread.test'))
thread.start()
thread.join()
",
    );
}

#[test]
fn a_socket_that_was_handed_on_tells_who_sent() {
    dns(
        "dns_passed",
        "
server = ('127.0.0.1', 53)
ours, theirs = socket.socketpair()
child = os.fork()
if child == 0:
    _, fds, _, _ = socket.recv_fds(theirs, 1, 1)
    passed = socket.socket(fileno=fds[0])
    passed.sendto(question(b'passed.test'), server)
    os._exit(0)
socket.send_fds(ours, [b'x'], [here.fileno()])
os.waitpid(child, 0)
message = question(b'passed.test')
asked(message, here.getsockname(), server, 'IP_PROTO_UDP', 28 + len(message), 'passed.test', tid=child, **{'process.pid': child})
",
    );
}

#[test]
fn questions_over_tcp_are_put_together() {
    dns(
        "dns_tcp",
        "
server = ('127.0.0.1', 53)
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.bind(server)
listener.listen(5)
HEADERS = 20 + 32
def framed(message):
    return struct.pack('>H', len(message)) + message
def client():
    fd = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    fd.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    fd.connect(server)
    return fd
# One message in one segment.
one = client()
message = question(b'one.test')
one.sendall(framed(message))
asked(message, one.getsockname(), server, 'IP_PROTO_TCP', HEADERS + 2 + len(message), 'one.test')
# Length, head and name apart.
split = client()
message = question(b'split.test', 15)
pieces = [framed(message)[:2], framed(message)[2:14], framed(message)[14:]]
for piece in pieces:
    split.send(piece)
asked(message, split.getsockname(), server, 'IP_PROTO_TCP', HEADERS + len(pieces[-1]), 'split.test', kind='MX')
# Several in one segment; then one that is far longer than its question.
several = client()
first, second = question(b'first.test'), question(b'second.test')
several.sendall(framed(first) + framed(second))
for message, name in ((first, 'first.test'), (second, 'second.test')):
    asked(message, several.getsockname(), server, 'IP_PROTO_TCP', HEADERS + 4 + len(first + second), name)
long = question(b'long.test') + bytes(9000)
several.sendall(framed(long))
after = question(b'after.test')
several.sendall(framed(after))
asked(long, several.getsockname(), server, 'IP_PROTO_TCP', HEADERS + 2 + len(long), 'long.test')
asked(after, several.getsockname(), server, 'IP_PROTO_TCP', HEADERS + 2 + len(after), 'after.test')
",
    );
}

#[test]
fn what_is_no_question_is_counted_and_no_event() {
    let script = format!(
        "{NETWORK}\n{OWN}\n{}",
        "
server = ('127.0.0.1', 53)
for message in (b'x', b'GET / HTTP/1.0\\r\\n\\r\\n', question(b'answer.test', flags=0x8180), question(b'none.test', count=0),
                question(b'', raw=b'\\xc0\\x0c'), question(b'', raw=b'\\x40abc\\0'), question(b'cut.test')[:-3]):
    here.sendto(message, server)
udp(here, question(b'whole.test'), server, name='whole.test')
"
    );
    let Some(scenario) = run("dns_malformed", &script, true) else { return };
    scenario.compare(&["dns"]);
    let stats = scenario.recorder.get("/stats");
    // Counted once a second.
    let unread = crate::host::until("the count of what is no question", || {
        let stats = scenario.recorder.get("/stats");
        stats["recorder"]["dns_unread"].as_u64().filter(|unread| *unread >= 7)
    });
    assert!(unread >= 7, "{stats:#}");
}
