# What scenarios of sockets use beside the prelude: addresses as the kernel takes them, and both ends as the kernel
# tells them.
import socket, struct, subprocess

SOL_SOCKET = 1
NR |= dict(accept=43, setsockopt=54, sendto=44, sendmsg=46)


def in4(ip, port):
    return struct.pack('=HH4s8x', 2, socket.htons(port), socket.inet_aton(ip))


def in6(ip, port):
    return struct.pack('=HHI16sI', 10, socket.htons(port), 0, socket.inet_pton(10, ip), 0)


def un(name):
    return struct.pack('=H', 1) + name


def made(family, kind=socket.SOCK_STREAM, protocol=0):
    fd = call('socket', family, kind, protocol)
    assert fd >= 0, fd
    return fd


def ends(fd):
    """Both ends of a socket; the descriptor stays open."""
    own = socket.socket(fileno=os.dup(fd))
    with own:
        local = own.getsockname()
        try:
            peer = own.getpeername()
        except OSError:
            peer = None
    return local, peer


def netns():
    return os.stat('/proc/self/ns/net').st_ino


def end(address):
    return {'ip': address[0], 'port': address[1]}


def addr(family, ip='<nil>', port=0):
    return {'family': family, 'ip': ip, 'port': port}


def lo(index=1):
    return {'netns': netns(), 'ifindex': index, 'ifname': 'lo' if index else ''}
