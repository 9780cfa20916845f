"""Makes each call natively, in DIR/native, and by int 0x80 with the number of the 32-bit table, in DIR/compat."""
import mmap, platform, resource, socket

CODE = bytes.fromhex('5355 8b07 8b5f04 8b4f08 8b570c 8b7710 8b6f18 8b7f14 cd80 5d5b 4898 c3')
LOW = mmap.mmap(-1, 1 << 16, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40, prot=7)
BASE = ctypes.addressof(ctypes.c_char.from_buffer(LOW))
assert BASE < 1 << 32
LOW[:len(CODE)] = CODE
stub = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)(BASE)
ARGUMENTS, BUFFERS, ARRAY = 0x800, 0x1000, 0xe00
MODE, results = 'native', {'native': [], 'compat': []}
NR.update(
    setuid=105, setgid=106, setreuid=113, setregid=114, setfsuid=122, setfsgid=123, setpgid=109, capget=125,
    capset=126, setsockopt=54, accept=43, pkey_mprotect=329, rt_sigqueueinfo=129, sendto=44,
    delete_module=176, finit_module=313)


class Low:
    """What one call passes by address, below 4 GiB; the same bytes again for each call."""

    def __init__(self):
        self.at = BUFFERS

    def put(self, data):
        at, self.at = self.at, (self.at + len(data) + 64) & ~15
        LOW[at:at + len(data) + 1] = data + b'\0'
        return BASE + at


def int80(number, *args):
    low = Low()
    words = [low.put(arg) if isinstance(arg, bytes) else (arg or 0) & 0xffffffff for arg in args]
    if isinstance(number, tuple):  # socketcall: its arguments are an array
        number, which = number
        LOW[ARRAY:ARRAY + 24] = struct.pack('6I', *words, *[0] * (6 - len(words)))
        words = [which, BASE + ARRAY]
    elif number == 90:
        LOW[ARRAY:ARRAY + 24] = struct.pack('6I', *words)
        words = [BASE + ARRAY]
    LOW[ARGUMENTS:ARGUMENTS + 28] = struct.pack('7I', number, *words, *[0] * (6 - len(words)))
    return stub(BASE + ARGUMENTS)


def both(number, name, *args, compat=None):
    """`compat`: the arguments of the 32-bit call, where they are others."""
    if MODE == 'native':
        low = Low()
        args = [low.put(arg) if isinstance(arg, bytes) else arg for arg in args]
        ret = call(name, *args)
    else:
        ret = int80(number, *(args if compat is None else compat))
    results[MODE].append((name, ret))
    return ret


def closed(fd):
    if fd >= 0:
        os.close(fd)


def files():
    O = os.O_CREAT | os.O_WRONLY
    closed(both(5, 'open', b'a', O, 0o640))
    closed(both(8, 'creat', b'b', 0o600))
    closed(both(295, 'openat', AT_FDCWD, b'c', O, 0o604))
    closed(both(437, 'openat2', AT_FDCWD, b'd', struct.pack('QQQ', O, 0o600, 0), 24))
    both(5, 'open', b'absent', os.O_RDONLY, 0)
    both(5, 'open', 16, os.O_RDONLY, 0)
    fd = os.open('a', os.O_RDWR)
    here = os.open('.', os.O_RDONLY)
    both(9, 'link', b'a', b'hard')
    both(303, 'linkat', here, b'a', here, b'hard2', 0)
    both(38, 'rename', b'hard', b'moved')
    both(302, 'renameat', here, b'moved', AT_FDCWD, b'moved2')
    both(353, 'renameat2', AT_FDCWD, b'b', here, b'c', 2)
    both(10, 'unlink', b'hard2')
    both(301, 'unlinkat', here, b'moved2', 0)
    both(39, 'mkdir', b'sub', 0o750)
    both(296, 'mkdirat', here, b'sub2', 0o700)
    both(12, 'chdir', b'sub')
    both(133, 'fchdir', here)
    both(40, 'rmdir', b'sub')
    both(301, 'unlinkat', AT_FDCWD, b'sub2', AT_REMOVEDIR)
    both(15, 'chmod', b'a', 0o600)
    both(94, 'fchmod', fd, 0o644)
    both(306, 'fchmodat', here, b'a', 0o640)
    both(452, 'fchmodat2', here, b'a', 0o604, AT_SYMLINK_NOFOLLOW)
    for number in (182, 212):
        both(number, 'chown', b'a', 5, 6)
        both(number, 'chown', b'a', -1, 7)
    for number in (16, 198):
        both(number, 'lchown', b'a', 8, -1)
    for number in (95, 207):
        both(number, 'fchown', fd, -1, 9)
    both(298, 'fchownat', here, b'a', 10, -1, 0)
    both(92, 'truncate', b'a', 10)
    both(92, 'truncate', b'a', -1)
    both(93, 'ftruncate', fd, 20)
    both(193, 'truncate', b'a', 5 << 32 | 7, compat=(b'a', 7, 5))
    both(194, 'ftruncate', fd, 6 << 32, compat=(fd, 0, 6))
    both(30, 'utime', b'a', struct.pack('qq', 1000, -5), compat=(b'a', struct.pack('ii', 1000, -5)))
    for number, name, first in ((271, 'utimes', ()), (299, 'futimesat', (here,))):
        both(number, name, *first, b'a', struct.pack('4q', 1, 2, -3, 4),
             compat=(*first, b'a', struct.pack('4i', 1, 2, -3, 4)))
    both(320, 'utimensat', here, b'a', struct.pack('4q', 1, 2, 3, (1 << 30) - 2), 0,
         compat=(here, b'a', struct.pack('4i', 1, 2, 3, (1 << 30) - 2), 0))
    both(412, 'utimensat', AT_FDCWD, b'a', struct.pack('4q', 1 << 33, 2, 3, 4), AT_SYMLINK_NOFOLLOW)
    both(226, 'setxattr', b'a', b'user.a', b'value', 5, 1)
    both(227, 'lsetxattr', b'a', b'user.a', b'val', 3, 0)
    both(228, 'fsetxattr', fd, b'user.b', b'v', 1, 0)
    both(235, 'removexattr', b'a', b'user.a')
    both(236, 'lremovexattr', b'a', b'user.b')
    both(237, 'fremovexattr', fd, b'user.b')
    both(21, 'mount', b'none', b'absent', b'tmpfs', 0, None)
    both(52, 'umount2', b'absent', 2)
    both(22, 'umount2', b'absent', 0, compat=(b'absent',))
    with nobody():
        both(5, 'open', b'a', os.O_WRONLY, 0)
        both(10, 'unlink', b'a')
    os.close(fd)
    os.close(here)


def credentials():
    for number, name in ((23, 'setuid'), (213, 'setuid'), (46, 'setgid'), (214, 'setgid'), (138, 'setfsuid'),
                         (215, 'setfsuid'), (139, 'setfsgid'), (216, 'setfsgid')):
        both(number, name, 0)
    for number, name in ((70, 'setreuid'), (203, 'setreuid'), (71, 'setregid'), (204, 'setregid')):
        both(number, name, -1, 0)
    for number, name in ((164, 'setresuid'), (208, 'setresuid'), (170, 'setresgid'), (210, 'setresgid')):
        both(number, name, -1, 1234, 0)
        both(number, name, -1, 0, -1)
    header, data = ctypes.create_string_buffer(struct.pack('II', 0x20080522, 0)), ctypes.create_string_buffer(24)
    assert call('capget', header, data) == 0
    both(185, 'capset', header.raw[:8], data.raw)


def sockets():
    for by in (lambda direct, called: direct, lambda direct, called: (102, called)):
        unix = struct.pack('=H', 1) + f's{bool(by(0, 1))}'.encode()
        inet = struct.pack('=H', 2) + struct.pack('>H', 1) + bytes([127, 0, 0, 1]) + bytes(8)
        one, two = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_INET)
        both(by(361, 2), 'bind', one.fileno(), unix, len(unix))
        both(by(362, 3), 'connect', two.fileno(), inet, 16)
        both(by(362, 3), 'connect', -1, inet, 16)
        both(by(366, 14), 'setsockopt', two.fileno(), 1, 9, struct.pack('I', 1), 4)
        one.listen()
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(unix[2:].decode())
            closed(both(by(364, 18), 'accept4', one.fileno(), None, None, 0))
        one.close()
        two.close()
        os.unlink(unix[2:].decode())


def others():
    both(37, 'kill', os.getpid(), 0)
    both(238, 'tkill', os.getpid(), 0)
    both(270, 'tgkill', os.getpid(), os.getpid(), 0)
    both(172, 'prctl', 15, b'renamed', 0, 0, 0)
    both(172, 'prctl', 38, 0, 0, 0, 0)
    big = (1 << 64) - 1
    both(75, 'setrlimit', 4, struct.pack('QQ', 0, big), compat=(4, struct.pack('II', 0, (1 << 32) - 1)))
    both(340, 'prlimit64', 0, 4, struct.pack('QQ', 0, big), None)
    both(26, 'ptrace', -1, 1 << 21, 0, 0)
    both(125, 'mprotect', BASE + 0x8000, 4096, 7)
    both(357, 'bpf', -1, b'\0' * 16, 16)
    both(129, 'delete_module', b'no_such_module', 0o4000)
    both(350, 'finit_module', -1, b'', 0)


for MODE in results:
    os.mkdir(MODE)
    os.chdir(MODE)
    call('rmdir', f'/tacho-{MODE}'.encode())
    files()
    credentials()
    sockets()
    others()
    call('rmdir', f'/tacho-{MODE}-ends'.encode())
    os.chdir(DIR)
notes['same'] = [pair for pair in zip(*results.values()) if pair[0] != pair[1]]
notes['calls'] = len(results['native'])
