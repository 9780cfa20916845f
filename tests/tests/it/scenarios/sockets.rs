//! bind, connect, accept.

use super::harness::check;

const NETWORK: &str = include_str!("network.py");

fn sockets(test: &str, kinds: &[&str], script: &str) {
    check(test, kinds, &format!("{NETWORK}\n{script}"));
}

#[test]
fn ip_sockets_tell_both_ends_from_bind_to_accept() {
    sockets(
        "sockets_ip",
        &["bind", "connect", "accept"],
        "
for family, name, l3, pack, ip, nothing in (
    (socket.AF_INET, 'AF_INET', 'ETH_P_IP', in4, '127.0.0.1', '0.0.0.0'),
    (socket.AF_INET6, 'AF_INET6', 'ETH_P_IPV6', in6, '::1', '::'),
):
    server = made(family)
    passed = pack(ip, 0)
    ret = call('bind', server, passed, len(passed))
    (_, port, *_), _ = ends(server)
    tcp = {'network.l3_protocol': l3, 'network.l4_protocol': 'IP_PROTO_TCP', 'network.size': 0,
        'tacho.detail.socket': 'SOCK_STREAM', 'tacho.detail.protocol': 'IP_PROTO_TCP', 'tacho.detail.netns': netns(),
        'tacho.detail.path': None, 'tacho.detail.local_path': None, 'tacho.detail.peer_pid': None}
    want('bind', ret, {'bind.addr': addr(name, ip, 0), 'tacho.detail.local': {'ip': ip, 'port': port},
        'network.source': {'ip': ip, 'port': port}, 'network.destination': {'ip': nothing, 'port': 0},
        'network.device': lo(0), **tcp})
    assert call('listen', server, 5) == 0
    # Twice the same address.
    second = made(family)
    passed = pack(ip, port)
    ret = call('bind', second, passed, len(passed))
    assert ret == -errno.EADDRINUSE
    want('bind', ret, {'bind.addr': addr(name, ip, port), 'tacho.errno': 'EADDRINUSE', **tcp})
    for number in ('accept', 'accept4'):
        client = made(family)
        ret = call('connect', client, passed, len(passed))
        assert ret == 0, ret
        local, peer = ends(client)
        assert peer[:2] == (ip, port)
        want('connect', ret, {'tacho.detail.addr': addr(name, ip, port), 'tacho.detail.local': end(local),
            'network.source': end(local), 'network.destination': end(peer), 'network.device': lo(), **tcp})
        # The caller does not ask for the peer's address.
        args = (None, None) if number == 'accept' else (None, None, os.O_CLOEXEC)
        ret = call(number, server, *args)
        assert ret >= 0, ret
        want('accept', ret, {'tacho.detail.addr': addr(name, *end(local).values()),
            'tacho.detail.local': end(peer), 'network.source': end(local), 'network.destination': end(peer),
            'network.device': lo(), **tcp})
    # Nobody waits.
    os.set_blocking(server, False)
    ret = call('accept4', server, None, None, 0)
    assert ret == -errno.EAGAIN
    want('accept', ret, {'tacho.errno': 'EAGAIN', 'tacho.detail.addr': addr(name),
        'tacho.detail.local': {'ip': ip, 'port': port}, **tcp})
",
    );
}

#[test]
fn connections_that_fail_or_are_under_way_tell_where_to() {
    sockets(
        "sockets_failures",
        &["bind", "connect", "accept"],
        "
# A port that is bound, and at which nobody listens.
taken = made(socket.AF_INET)
want('bind', call('bind', taken, in4('127.0.0.1', 0), 16), {})
(_, port), _ = ends(taken)
client = made(socket.AF_INET)
ret = call('connect', client, in4('127.0.0.1', port), 16)
assert ret == -errno.ECONNREFUSED
want('connect', ret, {'tacho.detail.addr': addr('AF_INET', '127.0.0.1', port), 'tacho.errno': 'ECONNREFUSED',
    'network.destination': {'ip': '127.0.0.1', 'port': port}, 'network.l4_protocol': 'IP_PROTO_TCP'})
# A full backlog does not answer: the connection stays under way.
server = made(socket.AF_INET)
want('bind', call('bind', server, in4('127.0.0.1', 0), 16), {})
(_, port), _ = ends(server)
assert call('listen', server, 0) == 0
rets = []
for _ in range(3):
    client = made(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    rets.append(call('connect', client, in4('127.0.0.1', port), 16))
    local, _ = ends(client)
    want('connect', rets[-1], {'tacho.detail.addr': addr('AF_INET', '127.0.0.1', port), 'tacho.detail.local': end(local),
        'tacho.errno': 'EINPROGRESS' if rets[-1] else None, 'network.source': end(local)})
assert -errno.EINPROGRESS in rets, rets
# An association is undone.
udp = made(socket.AF_INET, socket.SOCK_DGRAM)
ret = call('connect', udp, in4('127.0.0.1', port), 16)
local, _ = ends(udp)
want('connect', ret, {'tacho.detail.addr': addr('AF_INET', '127.0.0.1', port), 'tacho.detail.local': end(local),
    'network.l4_protocol': 'IP_PROTO_UDP', 'tacho.detail.socket': 'SOCK_DGRAM'})
ret = call('connect', udp, struct.pack('=H14x', 0), 16)
assert ret == 0
want('connect', ret, {'tacho.detail.addr': addr('AF_UNSPEC'), 'tacho.detail.socket': 'SOCK_DGRAM'})
# Not a socket, and no descriptor at all.
want('connect', call('connect', os.open('.', os.O_RDONLY), in4('127.0.0.1', port), 16), {
    'tacho.errno': 'ENOTSOCK', 'tacho.detail.addr': addr('AF_INET', '127.0.0.1', port), 'tacho.detail.netns': None})
want('bind', call('bind', 999, in4('127.0.0.1', port), 16), {'tacho.errno': 'EBADF'})
want('accept', call('accept', 999, None, None), {'tacho.errno': 'EBADF', 'tacho.detail.netns': None})
# A port that only root may have: the child is told apart by its ids.
with nobody():
    low = made(socket.AF_INET)
    want('bind', call('bind', low, in4('127.0.0.1', 7), 16), {
        'tacho.errno': 'EACCES', 'bind.addr': addr('AF_INET', '127.0.0.1', 7), 'process.credentials.euid': 65534})
",
    );
}

#[test]
fn unix_sockets_tell_paths_abstract_names_and_peers() {
    sockets(
        "sockets_unix",
        &["bind", "connect", "accept"],
        "
me = os.getpid()
for kind, text in ((socket.SOCK_STREAM, 'SOCK_STREAM'), (socket.SOCK_SEQPACKET, 'SOCK_SEQPACKET')):
    name = path('s%d' % kind)
    shown = os.fsdecode(name)
    unix = {'tacho.detail.addr': addr('AF_UNIX'), 'tacho.detail.socket': text, 'network': None}
    server = made(socket.AF_UNIX, kind)
    want('bind', call('bind', server, un(name + b'\\0'), len(name) + 3), {
        'tacho.detail.path': shown, 'tacho.detail.local_path': shown, **unix})
    assert call('listen', server, 5) == 0
    # One client without a name, one with an abstract one.
    for given in (None, b'\\0client-%d-%d' % (me, kind)):
        own = None if given is None else '@' + given[1:].decode()
        client = made(socket.AF_UNIX, kind)
        if given:
            want('bind', call('bind', client, un(given), 2 + len(given)), {
                'tacho.detail.path': own, 'tacho.detail.local_path': own, **unix})
        want('connect', call('connect', client, un(name + b'\\0'), len(name) + 3), {
            'tacho.detail.path': shown, 'tacho.detail.local_path': own, 'tacho.detail.peer_pid': me, **unix})
        want('accept', call('accept4', server, None, None, 0), {
            'tacho.detail.path': own, 'tacho.detail.local_path': shown, 'tacho.detail.peer_pid': me, **unix})
# The kernel chooses a name.
auto = made(socket.AF_UNIX, socket.SOCK_DGRAM)
ret = call('bind', auto, un(b''), 2)
chosen, _ = ends(auto)
want('bind', ret, {'tacho.detail.path': None, 'tacho.detail.local_path': '@' + chosen[1:].decode(), 'tacho.detail.socket': 'SOCK_DGRAM'})
absent = path('absent')
want('connect', call('connect', made(socket.AF_UNIX), un(absent + b'\\0'), len(absent) + 3), {
    'tacho.errno': 'ENOENT', 'tacho.detail.path': os.fsdecode(absent)})
",
    );
}

#[test]
fn options_that_matter_are_told_and_others_are_counted() {
    use super::harness::run;
    let script = "
fd = made(socket.AF_INET)
text = {'tacho.detail.socket': 'SOCK_STREAM', 'tacho.detail.netns': netns()}
def option(level, number, value, members):
    ret = call('setsockopt', fd, level, number, value, len(value))
    want('setsockopt', ret, {**members, **text})
    return ret
mark = struct.pack('=I', 0x1234)
assert option(SOL_SOCKET, 36, mark, {'tacho.detail.level': 'SOL_SOCKET', 'tacho.detail.option': 'SO_MARK',
    'tacho.detail.value': mark.hex(), 'tacho.detail.length': 4}) == 0
assert option(SOL_SOCKET, 25, b'lo\\0', {'tacho.detail.option': 'SO_BINDTODEVICE', 'tacho.detail.value': b'lo\\0'.hex(),
    'network.device.netns': netns(), 'network.device.ifindex': 1}) == 0
code = ctypes.create_string_buffer(struct.pack('=HBBI', 6, 0, 0, 0xffffffff))
program = struct.pack('=HxxxxxxQ', 1, ctypes.addressof(code))
assert option(SOL_SOCKET, 26, program, {'tacho.detail.option': 'SO_ATTACH_FILTER', 'tacho.detail.length': 16,
    'tacho.detail.value': program.hex()}) == 0
assert option(SOL_SOCKET, 44, struct.pack('=i', 1), {'tacho.detail.option': 'SO_LOCK_FILTER'}) == 0
ret = option(SOL_SOCKET, 27, struct.pack('=i', 0), {'tacho.detail.option': 'SO_DETACH_FILTER', 'tacho.errno': 'EPERM'})
assert ret == -errno.EPERM, ret
assert option(6, 31, b'nosuch', {'tacho.detail.level': 'SOL_TCP', 'tacho.detail.option': 'TCP_ULP',
    'tacho.detail.value': b'nosuch'.hex()}) < 0
# A key: its value is nowhere. It is refused or not by what the kernel was built with.
key = b'hush' * 54
option(6, 14, key, {'tacho.detail.option': 'TCP_MD5SIG', 'tacho.detail.length': len(key), 'tacho.detail.value': ''})
# What everybody does.
for _ in range(25):
    assert call('setsockopt', fd, SOL_SOCKET, 2, struct.pack('=i', 1), 4) == 0
    assert call('setsockopt', fd, 6, 1, struct.pack('=i', 1), 4) == 0
with nobody():
    want('setsockopt', call('setsockopt', fd, 0, 19, struct.pack('=i', 1), 4), {
        'tacho.detail.level': 'SOL_IP', 'tacho.detail.option': 'IP_TRANSPARENT', 'tacho.errno': 'EPERM'})
";
    let Some(scenario) = run("setsockopt", &format!("{NETWORK}\n{script}"), false) else { return };
    scenario.compare(&["setsockopt"]);
    let stats = scenario.recorder.get("/stats");
    assert!(stats["recorder"]["socket_options_left_out"].as_u64().unwrap() >= 50, "{stats:#}");
    assert!(!format!("{:?}", scenario.events).contains(&"68757368".repeat(2)), "a key was kept");
}
